"""Attempts: written before a call and closed once after it, for several deliveries in as many statements as for one."""

from __future__ import annotations

import dataclasses
import json
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection as database
from django.db import transaction

from integrations.accounting.base import Accounting
from integrations.booking import known
from integrations.booking.calls import Load, prepared
from integrations.booking.lease import CALL_SECONDS, HELD, LEASE_SECONDS, Lease, Reply, names
from integrations.models import AttemptOutcome
from orders import documents, incoming
from orders.models import Document
from ordersync_site import logs

log = logging.getLogger(__name__)

# The lease begins anew with the attempt, in one statement: neither without the other.
_OPEN = f"""
WITH renewed AS (
  UPDATE integrations_delivery d
     SET tries = tries + 1, sent = d.sent OR NOT d.id = ANY(%(asked)s), leased_until = now() + make_interval(secs => %(seconds)s)
   WHERE {HELD} AND leased_until > now() + make_interval(secs => %(call)s) RETURNING d.id, d.fence, d.document_id)
INSERT INTO integrations_attempt (delivery_id, fence, call, request_hash, started_at, outcome, words, reply, personal)
SELECT renewed.id, renewed.fence, CASE WHEN renewed.id = ANY(%(asked)s) THEN 'find' ELSE 'book' END, doc.hash, now(), '', '', '{{}}', ''
  FROM renewed JOIN orders_document doc ON doc.id = renewed.document_id ORDER BY renewed.id RETURNING delivery_id, id"""  # noqa: S608

_CLOSE = """
UPDATE integrations_attempt a SET ended_at = now(), outcome = told.outcome, words = told.words, reply = told.reply, personal = told.personal
  FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::jsonb[], %s::text[]) AS told (id, outcome, words, reply, personal) WHERE a.id = told.id"""

# What was written down as sent and was not: as it was before.
_WITHDRAW = f"""
UPDATE integrations_delivery d
   SET state = CASE WHEN unknown_since IS NULL THEN 'waiting' ELSE 'unknown' END, sent = d.sent AND d.id = ANY(%(asked)s),
       tries = tries - 1, not_before = least(not_before, now()), leased_until = NULL, worker = '' WHERE {HELD}"""  # noqa: S608


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """A document whose attempt is open. `load` is what is sent, or the reply that makes sending needless: it is not what was signed."""

    lease: Lease
    row: Document
    attempt: int
    load: Load


def begin(leases: Sequence[Lease], ledger: Accounting) -> list[Sending]:
    """Commit the attempts, and that they are sent, before anything is sent; the leases begin anew, so that the calls have all of it. Leaves out what was lost."""
    rows = documents.to_send([lease.document_id for lease in leases if lease.signed is None])
    rows |= {lease.document_id: lease.signed.row for lease in leases if lease.signed}
    loads = prepared(leases, ledger, rows)
    ends = time.monotonic() + LEASE_SECONDS
    attempts = _opened(leases)
    sendings = [
        Sending(
            lease=dataclasses.replace(lease, ends=ends),
            row=rows[lease.document_id],
            attempt=attempts[lease.delivery_id],
            load=load,
        )
        for lease, load in zip(leases, loads, strict=True)
        if lease.delivery_id in attempts
    ]
    _tell_begun(leases, sendings)
    return sendings


def _opened(leases: Sequence[Lease]) -> dict[int, int]:
    """The attempts by their deliveries; none for whoever lost the lease."""
    asked = [lease.delivery_id for lease in leases if lease.ask]
    with database.cursor() as cursor:
        cursor.execute(_OPEN, {**names(leases), "asked": asked, "seconds": LEASE_SECONDS, "call": CALL_SECONDS})
        return dict(cursor.fetchall())


def _tell_begun(leases: Sequence[Lease], sendings: Sequence[Sending]) -> None:
    for one in sendings:
        with logs.about(f"delivery-{one.lease.delivery_id}"):
            call = "find" if one.lease.ask else "book"
            log.info("Attempt %d: %s %s of order %s.", one.attempt, call, one.row.reference, one.row.order_id)
    for lost in {lease.delivery_id for lease in leases} - {one.lease.delivery_id for one in sendings}:
        log.warning("Delivery %s: the lease was lost before the call.", lost)


def close(answers: Sequence[tuple[Sending, Reply]]) -> None:
    """Keep the answers first and by themselves: they are true, whoever holds the leases by now."""
    told = [(sending.attempt, reply.outcome, reply.words[:1000], *_said(reply)) for sending, reply in answers]
    with database.cursor() as cursor:
        cursor.execute(_CLOSE, [list(column) for column in zip(*told, strict=True)])
    for sending, reply in answers:
        with logs.about(f"delivery-{sending.lease.delivery_id}"):
            log.info("Attempt %d: %s.", sending.attempt, reply.outcome)


def withdraw(sendings: Sequence[Sending]) -> None:
    """Nothing was sent after all: close the attempts with that, and give the deliveries back as they were."""
    leases = [sending.lease for sending in sendings]
    asked = [lease.delivery_id for lease in leases if lease.ask]
    with transaction.atomic():
        close([(sending, Reply(outcome=AttemptOutcome.UNSENT)) for sending in sendings])
        with database.cursor() as cursor:
            cursor.execute(_WITHDRAW, {**names(leases), "asked": asked})


def _said(reply: Reply) -> tuple[str, str]:
    """What is kept of an answer: in the open, and of persons."""
    if reply.asks:
        return json.dumps({"asks": known.asked(reply.asks)}), known.labels(reply.asks)
    said = incoming.plain(reply.booked) if reply.booked else {}
    said |= {"untranslated": reply.untranslated} if reply.untranslated else {}
    return json.dumps(said), ""
