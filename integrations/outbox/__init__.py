"""Brings signed documents to the ledgers: makes the deliveries, claims those that are due, and parks what needs a person.

Any number of processes may do this at once. A claim is a lease with a fence; every write after it must hold the same fence. All time is the database's.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models.functions import Now

from integrations import booking, connections
from integrations.accounting.base import Accounting
from integrations.booking import DATABASE_GONE, FencedOff, Lease
from integrations.errors import Misconfigured
from integrations.models import AttemptOutcome, Connection, Delivery, DeliveryState
from integrations.outbox.claims import claim, release, worker
from integrations.outbox.queue import dispatch, glance, idempotency_key, recover
from orders import documents, events, intake
from ordersync_site import logs

if TYPE_CHECKING:
    from django.contrib.auth.models import User

__all__ = [
    "NotRetried",
    "Tally",
    "claim",
    "dispatch",
    "glance",
    "idempotency_key",
    "recover",
    "release",
    "tick",
    "unpark",
    "worker",
]

log = logging.getLogger(__name__)


class NotRetried(Exception):
    """A parked delivery that may not go again: `words` says why, `fix` what to do instead."""

    def __init__(self, words: str, fix: str) -> None:
        super().__init__(words)
        self.words, self.fix = words, fix


@dataclass(slots=True)
class Tally:
    """What a tick did: documents by what became of each."""

    booked: int = 0
    failed: int = 0
    unknown: int = 0
    waiting: int = 0
    words: list[str] = field(default_factory=list)

    def add(self, outcome: AttemptOutcome) -> None:
        match outcome:
            case AttemptOutcome.BOOKED | AttemptOutcome.FOUND:
                self.booked += 1
            case AttemptOutcome.REFUSED | AttemptOutcome.CONFLICT | AttemptOutcome.BUG:
                self.failed += 1
            case AttemptOutcome.UNKNOWN:
                self.unknown += 1
            case _:
                self.waiting += 1


def tick(seconds: float = 45) -> Tally:
    """Carry what is due, for at most that long. Safe at any time, in any number of processes; the next tick goes on where this one stopped."""
    deadline = time.monotonic() + seconds
    tally = Tally()
    while time.monotonic() < deadline:
        fresh, lapsed, due = glance()
        moved = (recover() if lapsed else 0) + (dispatch() if fresh else 0)
        moved += sum([_drain(Connection.objects.get(pk=pk), deadline, tally) for pk in due])
        if not moved:
            break
    return tally


def unpark(delivery: Delivery, by: User | None, why: str = "") -> None:
    """Let a parked delivery go again; the ledger is looked up before anything is sent. Raises NotRetried."""
    with transaction.atomic():
        held = (
            Delivery.objects.select_for_update(no_key=True, of=("self",))
            .select_related("document__booking")
            .get(pk=delivery.pk)
        )
        document = held.document
        if held.state != DeliveryState.PARKED or document is None:
            raise NotRetried(f"{held} does not wait for a person.", fix="Nothing to do.")
        if document.booking.refused_at:
            raise NotRetried(
                f"{document.reference} was definitely refused.",
                fix="Correct the order and approve it again: that signs a new revision.",
            )
        Delivery.objects.filter(pk=held.pk).update(
            state=DeliveryState.WAITING, sent=True, not_before=Now(), words="", fix="", ended_at=None
        )
        intake.receive_outcome(document, documents.Report(outcome="waiting"))
        events.record(
            document,
            "retried",
            by=by,
            why=why,
            words=f"{document.reference} is looked up in the ledger and sent if it is not there.",
        )


def _drain(connection: Connection, deadline: float, tally: Tally) -> int:
    """One claim's worth of one connection; how many deliveries moved (or, without budget, 1 after a short wait for it)."""
    ledger = _adapter(connection)
    if ledger is None:
        return 0
    leases, wait = claim(connection, ledger.concurrency, metered=connections.is_metered(ledger))
    if wait:
        time.sleep(max(0.0, min(wait, 1.0, deadline - time.monotonic())))
        return 1
    todo = list(leases)
    while todo and todo[0].has_time and time.monotonic() < deadline:
        lease = todo.pop(0)
        with logs.about(f"delivery-{lease.delivery_id}"):
            halts = _halts(lease, ledger, tally)
        if halts:
            break
    release(todo)
    return len(leases)


def _halts(lease: Lease, ledger: Accounting, tally: Tally) -> bool:
    try:
        reply = booking.post(lease, ledger)
    except FencedOff:
        log.warning("Delivery %s: the lease was lost before the call.", lease.delivery_id)
        return False
    tally.add(reply.outcome)
    if reply.words:
        tally.words.append(reply.words)
    return reply.halts


def _adapter(connection: Connection) -> Accounting | None:
    try:
        return connections.adapter_of(connection)
    except Misconfigured as error:
        connections.pause(connection, error.words, error.fix)
    except DATABASE_GONE:
        raise
    except Exception as error:
        log.exception("Connection %s: its adapter cannot be made.", connection)
        connections.pause(
            connection,
            f"A fault in the adapter “{connection.kind}”: {type(error).__name__}: {error}",
            "Report it, with these words.",
        )
    return None
