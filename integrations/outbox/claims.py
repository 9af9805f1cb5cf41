"""Claims: a lease with a fence on deliveries that are due, their documents taken in the same transaction."""

from __future__ import annotations

import dataclasses
import logging
import os
import socket
import threading
import time
from collections.abc import Sequence
from typing import Any

from django.db import connection as database
from django.db import transaction
from django.db.models.functions import Now

from integrations import connections
from integrations.booking import DATABASE_GONE, HELD, LEASE_SECONDS, Lease, end, names
from integrations.models import Connection, DeliveryState
from integrations.outbox.queue import DUE
from orders import documents, intake
from orders.models import Document

log = logging.getLogger(__name__)

BATCH = 20

# A worker's name ends with the number of its lanes: so many calls may it have under way while it holds a lease.
_CLAIM = f"""
WITH others AS MATERIALIZED (
  SELECT coalesce(sum(lanes), 0) AS n FROM (
    SELECT DISTINCT worker, coalesce(nullif(split_part(worker, '*', 2), '')::integer, 1) AS lanes FROM integrations_delivery
     WHERE connection_id = %(connection)s AND state = 'leased' AND leased_until >= now() AND split_part(worker, '*', 1) <> %(worker)s) one),
granted AS MATERIALIZED (SELECT least(%(lanes)s, %(concurrency)s - n) AS lanes FROM others),
picked AS MATERIALIZED (
  SELECT d.id, d.state = 'unknown' OR d.sent AS ask FROM integrations_delivery d JOIN orders_booking b ON b.document_id = d.document_id
   WHERE d.connection_id = %(connection)s AND {DUE}
   ORDER BY d.not_before, d.id LIMIT (SELECT CASE WHEN lanes > 0 THEN %(count)s ELSE 0 END FROM granted) FOR UPDATE OF d SKIP LOCKED)
UPDATE integrations_delivery d
   SET state = 'leased', fence = fence + 1, leased_until = now() + make_interval(secs => %(seconds)s), worker = %(worker)s || '*' || granted.lanes
  FROM picked, granted WHERE d.id = picked.id RETURNING d.id, d.document_id, d.fence, picked.ask, d.tries, granted.lanes"""  # noqa: S608

# It was due, and keeps its place; a clock that jumped back meanwhile makes it wait no more.
_RELEASE = f"""
UPDATE integrations_delivery d SET state = CASE WHEN unknown_since IS NULL THEN 'waiting' ELSE 'unknown' END, not_before = least(not_before, now()),
       leased_until = NULL, worker = '' WHERE {HELD}"""  # noqa: S608


def claim(
    connection: Connection, concurrency: int, count: int = BATCH, *, lanes: int = 1, metered: bool = False
) -> tuple[list[Lease], float]:
    """Lease deliveries that are due, and take their documents, in one transaction; and the seconds until the connection's budget allows one more (0: now).

    At most `concurrency` calls of one connection are under way at a time: a worker that holds leases may have as many as it was granted of the `lanes` it wants.
    What `take` refuses is ended here and not returned. Each lease costs one call of the budget; `metered`: the adapter's session charges every call by itself.
    """
    with transaction.atomic():
        # Locked first and by itself: the claim's own snapshot must be younger than the lock, or it would count the others' leases as they were.
        is_open, tokens = connections.locked_budget(connection)
        if not is_open:
            return [], 0.0
        if tokens is not None and tokens < 1:
            return [], (1 - tokens) * 60 / (connection.calls_per_minute or 1)
        values: dict[str, Any] = {
            "connection": connection.pk,
            "worker": worker(),
            "concurrency": concurrency,
            "lanes": lanes,
            "count": count if tokens is None else min(count, int(tokens)),
            "seconds": LEASE_SECONDS,
        }
        leases = _leased(values)
        if tokens is not None and leases:
            left = tokens if metered else tokens - len(leases)
            Connection.objects.filter(pk=connection.pk).update(tokens=left, refilled_at=Now())
        return leases, 0.0


def _leased(values: dict[str, Any]) -> list[Lease]:
    """Those that may be carried; where everything that was claimed ended here, the next ones."""
    ends = time.monotonic() + LEASE_SECONDS
    while True:
        with database.cursor() as cursor:
            cursor.execute(_CLAIM, values)
            rows = sorted(cursor.fetchall())
        leases = [
            Lease(
                delivery_id=pk, document_id=document, connection_id=values["connection"], fence=fence, ask=ask, ends=ends,
                alone=ask or tries > 0, lanes=granted,
            )
            for pk, document, fence, ask, tries, granted in rows
        ]  # fmt: skip
        if kept := _taken(leases):
            return kept
        if not leases:
            return []


def release(leases: Sequence[Lease]) -> None:
    """Give back what was claimed and not begun."""
    if leases:
        with database.cursor() as cursor:
            cursor.execute(_RELEASE, names(leases))


def worker() -> str:
    """Who holds a lease: this thread of this process on this host."""
    return f"{socket.gethostname()[:60]}:{os.getpid()}:{threading.get_ident()}"


def _taken(leases: list[Lease]) -> list[Lease]:
    """The leases that may be carried out. What may be in the ledger already was taken before and is only looked up."""
    if not leases:
        return []
    answers = {answer.document_id: answer for answer in _take([lease.document_id for lease in leases if not lease.ask])}
    for lease in leases:
        answer = answers.get(lease.document_id)
        if answer and not answer.ok:
            state = DeliveryState.UNDONE if answer.why == "voided" else DeliveryState.PARKED
            if answer.why == "stuck":
                told = documents.Report(outcome="stuck", words=answer.words, fix=answer.fix)
                intake.receive_outcome(Document.objects.get(pk=lease.document_id), told)
            end(lease, state=state, words=answer.words[:1000], fix=answer.fix[:500], ended_at=Now())
    return [
        lease if lease.ask else dataclasses.replace(lease, signed=answers[lease.document_id].signed)
        for lease in leases
        if lease.ask or answers[lease.document_id].ok
    ]


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
