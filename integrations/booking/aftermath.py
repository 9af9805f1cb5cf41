"""Writes down what came of a call: the delivery, the connection's health, the binding and the office's report, all or nothing."""

from __future__ import annotations

import logging
import random
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Coalesce, Now

from integrations import connections
from integrations.accounting.base import Booked
from integrations.booking import known
from integrations.booking.lease import DATABASE_GONE, FencedOff, Hold, Lease, Reply, end, ours, theirs
from integrations.models import AttemptOutcome, Connection, Delivery, DeliveryState
from orders import documents, intake, outgoing
from orders.models import Document

log = logging.getLogger(__name__)

LONGEST_WAIT = 24 * 60 * 60
LONGEST_BACKOFF = 300  # of our own accord: all is drained within ten minutes once the other side is well again


def settle(lease: Lease, row: Document, reply: Reply) -> None:
    """Write it down, unless the lease was lost. What cannot be written down is parked, and a retry looks it up."""
    try:
        with transaction.atomic():
            _write_back(lease, row, reply)
    except FencedOff:
        log.warning(
            "Document %s: the lease was lost before %s was written down; the next look-up decides.",
            row.reference,
            reply.outcome,
        )
    except DATABASE_GONE:
        raise
    except Exception as error:
        log.exception("Document %s: %s could not be written down.", row.reference, reply.outcome)
        _park(
            lease,
            row,
            f"The ledger answered “{reply.outcome}”, and a fault in ordersync kept it from being written down: {type(error).__name__}: {error}",
        )


def _park(lease: Lease, row: Document, words: str) -> None:
    fix = "Report it, with these words; then retry: the ledger is looked up first."
    with transaction.atomic():
        if end(lease, state=DeliveryState.PARKED, words=words[:1000], fix=fix, sent=True):
            intake.receive_outcome(row, documents.Report(outcome="stuck", words=words[:1000], fix=fix))


def _write_back(lease: Lease, row: Document, reply: Reply) -> None:
    """The delivery's next state, the connection's health and the office's report, all or nothing. Raises FencedOff."""
    delivery = Delivery.objects.select_for_update(of=("self",), no_key=True).get(pk=lease.delivery_id)
    state, report, fields = next_state(delivery, reply)
    if not end(lease, state=state, words=reply.words[:1000], fix=reply.fix[:500], **fields):
        raise FencedOff
    tell_connection(lease, reply)
    if reply.booked:
        _bind(lease, row, reply.booked)
    if report:
        intake.receive_outcome(
            row, documents.Report(outcome=report, words=reply.words[:1000], fix=reply.fix[:500], booked=reply.booked)
        )


def next_state(delivery: Delivery, reply: Reply) -> tuple[DeliveryState, str, dict[str, Any]]:
    """The state to go to, what to report ("" nothing), and other fields of the delivery."""
    was_unknown = delivery.unknown_since is not None
    later = {"not_before": Now() + _wait(delivery.tries, first=10, longest=LONGEST_BACKOFF)}
    match reply.outcome:
        case AttemptOutcome.BOOKED | AttemptOutcome.FOUND:
            return DeliveryState.BOOKED, "booked", {"ended_at": Now(), "unknown_since": None}
        case AttemptOutcome.ABSENT:
            cleared = {"sent": False, "unknown_since": None, "not_before": Now()}
            return DeliveryState.WAITING, "waiting" if was_unknown else "", cleared
        case AttemptOutcome.HANDED_OUT:  # never retried by itself: whoever acknowledges it wakes it
            return DeliveryState.HANDED_OUT, "stuck" if reply.late else "handed_out", {"unknown_since": None}
        case AttemptOutcome.UNKNOWN:
            later = {"not_before": Now() + _wait(delivery.tries, first=5, longest=LONGEST_BACKOFF)}
            since = {"unknown_since": Coalesce("unknown_since", Now())}
            return DeliveryState.UNKNOWN, "" if was_unknown else "unknown", later | since
        case AttemptOutcome.UNAVAILABLE | AttemptOutcome.MISCONFIGURED:
            return DeliveryState.UNKNOWN if was_unknown else DeliveryState.WAITING, "", later
        case AttemptOutcome.REFUSED:
            return DeliveryState.PARKED, "refused", {"unknown_since": None}
        case _:  # a conflict, a bug: it may stand there, so the document is not refused, it is stuck
            return DeliveryState.PARKED, "stuck", {"unknown_since": None}


def tell_connection(lease: Hold, reply: Reply) -> None:
    row = Connection.objects.filter(pk=lease.connection_id)
    match reply.outcome:
        case AttemptOutcome.UNAVAILABLE | AttemptOutcome.UNKNOWN:
            asked = reply.retry_after
            wait = (
                _wait(row.get().failures, first=5, longest=LONGEST_BACKOFF)
                if asked is None
                else timedelta(seconds=min(max(asked, 0), LONGEST_WAIT))
            )
            row.update(failures=F("failures") + 1, not_before=Now() + wait)
        case AttemptOutcome.MISCONFIGURED:
            connections.pause(row.get(), reply.words, reply.fix)
        case AttemptOutcome.BUG:
            return
        case _:
            row.update(failures=0, last_success_at=Now())


def _wait(failures: int, *, first: int, longest: int) -> timedelta:
    """Twice as long each time, give or take a quarter, so that many do not come back together."""
    return timedelta(seconds=min(first * 2 ** min(failures, 20), longest) * random.uniform(0.75, 1.25))  # noqa: S311


def _bind(lease: Lease, row: Document, booked: Booked) -> None:
    here = outgoing.Bound(noun="document", ours=ours(row.kind, row.reference), theirs=theirs(row.kind, booked.id))
    known.keep(lease.connection_id, [here, *booked.bound])
