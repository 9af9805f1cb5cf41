"""Brings signed documents to the ledgers: makes the deliveries, claims those that are due, and parks what needs a person.

Any number of processes may do this at once, and each in several lanes. A claim is a lease with a fence; every write after it must hold the same fence. All
time is the database's.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models.functions import Now

from integrations import writeback
from integrations.booking import idempotency_key, known
from integrations.models import Connection, Delivery, DeliveryState
from integrations.outbox.carrying import Tally, carry
from integrations.outbox.claims import claim, release, worker
from integrations.outbox.queue import dispatch, glance, recover
from orders import documents, events, intake

if TYPE_CHECKING:
    from django.contrib.auth.models import User

__all__ = [
    "NotRetried",
    "Tally",
    "answer",
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


class NotRetried(Exception):
    """A parked delivery that may not go again: `words` says why, `fix` what to do instead."""

    def __init__(self, words: str, fix: str) -> None:
        super().__init__(words)
        self.words, self.fix = words, fix


def tick(seconds: float = 45) -> Tally:
    """Carry what is due, for at most that long. Safe at any time, in any number of processes; the next tick goes on where this one stopped."""
    deadline = time.monotonic() + seconds
    tally = Tally()
    while time.monotonic() < deadline:
        fresh, lapsed, due = glance()
        moved = (recover() if lapsed else 0) + (dispatch() if fresh else 0)
        moved += sum([carry(Connection.objects.get(pk=pk), count, deadline, tally) for pk, count in due.items()])
        if not moved:
            break
    return tally


def unpark(delivery: Delivery, by: User | None, why: str = "") -> None:
    """Let a parked delivery go again; the ledger is looked up before anything is sent. Raises NotRetried."""
    with transaction.atomic():
        held = (
            Delivery.objects.select_for_update(no_key=True, of=("self",))
            .select_related("document__booking", "errand__order")
            .get(pk=delivery.pk)
        )
        document = held.document
        if held.state != DeliveryState.PARKED:
            raise NotRetried(f"{held} does not wait for a person.", fix="Nothing to do.")
        if document is None:
            writeback.unpark(held)
            events.record(
                held, "retried", by=by, why=why, words="The store is looked at, and told if it does not know."
            )
            return
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


def answer(delivery: Delivery, theirs: str, by: User | None, why: str = "") -> int:
    """What a person says to a parked delivery's question: which record of the ledger is our customer or item ("" for none: make it).

    Every document that waits for the same answer goes again; how many there were. Raises NotRetried where nothing is asked.
    """
    told = known.question(delivery)
    if told is None:
        raise NotRetried(f"{delivery} asks nothing.", fix="Nothing to do.")
    with transaction.atomic():
        waiting = known.same_question(delivery.connection, told["noun"], told["ours"])
        known.decide(delivery.connection, told["noun"], told["ours"], theirs.strip(), by=by, why=why)
        for row in waiting:
            unpark(row, by, why)
    return len(waiting)
