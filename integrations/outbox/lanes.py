"""Carries what is due at one connection, in as many lanes at once as its ledger bears and this process may use.

A lane is a thread with a database connection, an adapter and leases of its own; the database counts the lanes of all processes together.
"""

from __future__ import annotations

import contextvars
import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from django.conf import settings
from django.db import connection as database

from integrations import booking, connections
from integrations.accounting.base import Accounting
from integrations.booking import DATABASE_GONE, FencedOff, Lease
from integrations.errors import Misconfigured
from integrations.models import AttemptOutcome, Connection
from integrations.outbox.claims import BATCH, claim, release
from ordersync_site import logs

log = logging.getLogger(__name__)


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

    def join(self, other: Tally) -> None:
        """Add what another lane did."""
        self.booked += other.booked
        self.failed += other.failed
        self.unknown += other.unknown
        self.waiting += other.waiting
        self.words += other.words


def carry(connection: Connection, due: int, deadline: float, tally: Tally) -> int:
    """Carry what is due there, about `due` deliveries; how many moved (or, without budget, 1 after a short wait for it).

    One lane makes one claim, in this thread; several go on until nothing is left for them, each with a fair share at a time.
    """
    ledger = _adapter(connection)
    if ledger is None:
        return 0
    lanes = min(ledger.concurrency, settings.ORDERSYNC_LANES, due)
    if lanes <= 1:
        return _Lane(connection, ledger, BATCH, deadline, threading.Event()).turn(tally)
    return _side_by_side(connection, lanes, max(1, min(BATCH, due // lanes)), deadline, tally)


def _side_by_side(connection: Connection, lanes: int, share: int, deadline: float, tally: Tally) -> int:
    halted, moved = threading.Event(), 0
    with ThreadPoolExecutor(lanes, thread_name_prefix="lane") as threads:
        begun = [
            threads.submit(contextvars.copy_context().run, _lane, connection, share, deadline, halted)
            for _ in range(lanes)
        ]
    for future in begun:  # whoever met a fault raises it here, when all are at rest
        done, theirs = future.result()
        tally.join(theirs)
        moved += done
    return moved


def _lane(connection: Connection, share: int, deadline: float, halted: threading.Event) -> tuple[int, Tally]:
    """A lane from its first claim until nothing is left for it."""
    tally, moved = Tally(), 0
    try:
        ledger = _adapter(connection)
        lane = _Lane(connection, ledger, share, deadline, halted) if ledger else None
        while lane and lane.is_open and (done := lane.turn(tally)):
            moved += done
    except BaseException:
        halted.set()
        raise
    finally:
        database.close()
    return moved, tally


@dataclass(slots=True)
class _Lane:
    """Claims and carries, one document after the other. `halted` is shared: where the ledger has no answer for one lane, none begins another call."""

    connection: Connection
    ledger: Accounting
    share: int
    deadline: float
    halted: threading.Event

    @property
    def is_open(self) -> bool:
        return time.monotonic() < self.deadline and not self.halted.is_set()

    def turn(self, tally: Tally) -> int:
        """One claim's worth; how many deliveries moved."""
        metered = connections.is_metered(self.ledger)
        leases, wait = claim(self.connection, self.ledger.concurrency, self.share, metered=metered)
        if wait:
            time.sleep(max(0.0, min(wait, 1.0, self.deadline - time.monotonic())))
            return 1
        todo = list(leases)
        while todo and todo[0].has_time and self.is_open:
            lease = todo.pop(0)
            with logs.about(f"delivery-{lease.delivery_id}"):
                if _halts(lease, self.ledger, tally):
                    self.halted.set()
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
