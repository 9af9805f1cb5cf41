"""Claims: a lease with a fence on deliveries that are due, their documents taken in the same transaction."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Sequence
from typing import Any

from django.db import connection as database
from django.db import transaction
from django.db.models import Case, Value, When
from django.db.models.functions import Now

from integrations import connections
from integrations.booking import DATABASE_GONE, LEASE_SECONDS, Lease, end
from integrations.models import Connection, DeliveryState
from integrations.outbox.queue import DUE
from orders import documents, intake
from orders.models import Document

log = logging.getLogger(__name__)

BATCH = 10

_CLAIM = f"""
WITH others AS MATERIALIZED (
  SELECT count(DISTINCT worker) AS n FROM integrations_delivery
   WHERE connection_id = %(connection)s AND state = 'leased' AND leased_until >= now() AND worker <> %(worker)s),
picked AS MATERIALIZED (
  SELECT d.id, d.state = 'unknown' OR d.sent AS ask FROM integrations_delivery d JOIN orders_booking b ON b.document_id = d.document_id
   WHERE d.connection_id = %(connection)s AND {DUE}
   ORDER BY d.not_before, d.id LIMIT (SELECT CASE WHEN n < %(concurrency)s THEN %(count)s ELSE 0 END FROM others) FOR UPDATE OF d SKIP LOCKED)
UPDATE integrations_delivery d
   SET state = 'leased', fence = fence + 1, leased_until = now() + make_interval(secs => %(seconds)s), worker = %(worker)s
  FROM picked WHERE d.id = picked.id RETURNING d.id, d.document_id, d.fence, picked.ask"""  # noqa: S608


def claim(
    connection: Connection, concurrency: int, count: int = BATCH, *, metered: bool = False
) -> tuple[list[Lease], float]:
    """Lease deliveries that are due, and take their documents, in one transaction; and the seconds until the connection's budget allows one more (0: now).

    At most `concurrency` workers hold leases of one connection at a time. What `take` refuses is ended here and not returned. Each lease costs one call of the
    budget; `metered`: the adapter's session charges every call by itself.
    """
    ends = time.monotonic() + LEASE_SECONDS
    with transaction.atomic(), database.cursor() as cursor:
        # Locked first and by itself: the claim's own snapshot must be younger than the lock, or it would count the others' leases as they were.
        is_open, tokens = connections.locked_budget(connection)
        if not is_open:
            return [], 0.0
        if tokens is not None and tokens < 1:
            return [], (1 - tokens) * 60 / (connection.calls_per_minute or 1)
        count = count if tokens is None else min(count, int(tokens))
        values: dict[str, Any] = {
            "connection": connection.pk,
            "worker": worker(),
            "concurrency": concurrency,
            "count": count,
            "seconds": LEASE_SECONDS,
        }
        cursor.execute(_CLAIM, values)
        leases = [
            Lease(delivery_id=pk, document_id=document, connection_id=connection.pk, fence=fence, ask=ask, ends=ends)
            for pk, document, fence, ask in sorted(cursor.fetchall())
        ]
        if tokens is not None and leases:
            left = tokens if metered else tokens - len(leases)
            Connection.objects.filter(pk=connection.pk).update(tokens=left, refilled_at=Now())
        return _taken(leases), 0.0


def release(leases: Sequence[Lease]) -> None:
    """Give back what was claimed and not begun."""
    back = Case(When(unknown_since=None, then=Value(DeliveryState.WAITING)), default=Value(DeliveryState.UNKNOWN))
    for lease in leases:
        end(lease, state=back)


def worker() -> str:
    """Who holds a lease: this thread of this process on this host."""
    return f"{socket.gethostname()[:60]}:{os.getpid()}:{threading.get_ident()}"


def _taken(leases: list[Lease]) -> list[Lease]:
    """The leases that may be carried out. What may be in the ledger already was taken before and is only looked up."""
    answers = {answer.document_id: answer for answer in _take([lease.document_id for lease in leases if not lease.ask])}
    for lease in leases:
        answer = answers.get(lease.document_id)
        if answer and not answer.ok:
            state = DeliveryState.UNDONE if answer.why == "voided" else DeliveryState.PARKED
            if answer.why == "stuck":
                told = documents.Report(outcome="stuck", words=answer.words, fix=answer.fix)
                intake.receive_outcome(Document.objects.get(pk=lease.document_id), told)
            end(lease, state=state, words=answer.words[:1000], fix=answer.fix[:500], ended_at=Now())
    return [lease for lease in leases if lease.ask or answers[lease.document_id].ok]


def _take(ids: list[int]) -> list[documents.Taken]:
    """Take them together; if that fails, one by one, so that a bug stops one document and not the queue."""
    try:
        with transaction.atomic():
            return documents.take(ids) if ids else []
    except DATABASE_GONE:
        raise
    except Exception as error:
        if len(ids) > 1:
            return [answer for pk in ids for answer in _take([pk])]
        log.exception("Document %s cannot be taken.", ids[0])
        words = f"A fault in ordersync stopped this document: {type(error).__name__}: {error}"
        return [
            documents.Taken(
                document_id=ids[0], why="stuck", words=words, fix="Report it, with these words; then retry."
            )
        ]
