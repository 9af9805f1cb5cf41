"""Carries what is due at one connection: claims, opens attempts, hands loads to the lanes, and writes down together what came back together.

The lanes call the ledger and nothing else; all that is written is written here, by one thread, while they wait for their answers. A ledger that bears several
calls always finds the next one ready.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.conf import settings

from integrations import booking, connections
from integrations.accounting.base import Accounting, batch_of
from integrations.booking import Lease, Reply, Sending
from integrations.models import AttemptOutcome, Connection
from integrations.outbox.claims import BATCH, claim, release
from integrations.outbox.lanes import Done, Here, Lanes, Load, Threads
from integrations.outbox.queue import SEEN
from ordersync_site import logs

AHEAD = 15  # documents at most that wait for each lane with their attempts open, so that it need not wait for the database between two calls


@dataclass(slots=True)
class Tally:
    """What a tick did: documents by what became of each."""

    booked: int = 0
    failed: int = 0
    unknown: int = 0
    waiting: int = 0
    words: list[str] = field(default_factory=list)

    def add(self, reply: Reply) -> None:
        match reply.outcome:
            case AttemptOutcome.BOOKED | AttemptOutcome.FOUND:
                self.booked += 1
            case AttemptOutcome.REFUSED | AttemptOutcome.CONFLICT | AttemptOutcome.BUG:
                self.failed += 1
            case AttemptOutcome.UNKNOWN:
                self.unknown += 1
            case _:
                self.waiting += 1
        self.words += [reply.words] if reply.words else []


def carry(connection: Connection, due: int, deadline: float, tally: Tally) -> int:
    """Carry what is due there, about `due` deliveries; how many moved (or, without budget, 1 after a short wait for it).

    One document at a time is carried in this thread, and one claim of them; several at once until nothing is left.
    """
    ledger = connections.ready(connection)
    if ledger is None:
        return 0
    batch, most = batch_of(ledger), settings.ORDERSYNC_LANES
    calls = most if due >= SEEN else -(-due // batch)
    count = max(1, min(ledger.concurrency, most, calls))
    if most <= 1 or due <= 1 or count * batch <= 1:
        return _Trip(connection, ledger, batch, deadline, tally).run()
    others = [connections.ready(connection) for _ in range(count - 1)]
    beside = [ledger, *(other for other in others if other)]
    return _Trip(connection, ledger, batch, deadline, tally, beside=beside).run()


class _Trip:
    """From the first claim until nothing is left. `halted`: where the ledger has no answer for one call, no other is begun."""

    def __init__(
        self,
        connection: Connection,
        ledger: Accounting,
        batch: int,
        deadline: float,
        tally: Tally,
        beside: Sequence[Accounting] = (),
    ) -> None:
        self._connection, self._ledger, self._batch, self._deadline, self._tally = (
            connection,
            ledger,
            batch,
            deadline,
            tally,
        )
        self._wanted = self._granted = max(1, len(beside))
        self._ahead, self._most_ahead = min(1, len(beside)), max(1, AHEAD // batch)
        self._lanes: Lanes = Threads(self._send, beside) if beside else Here(self._send, ledger)
        self._beside, self._came_short = bool(beside), False
        self._halted = threading.Event()
        self._claimed: deque[Lease] = deque()
        self._under_way = self._moved = 0

    @property
    def _is_open(self) -> bool:
        return time.monotonic() < self._deadline and not self._halted.is_set()

    def run(self) -> int:
        """How many deliveries moved."""
        try:
            self._claim()
            self._fill()
            while done := self._lanes.finished():
                dry = self._lanes.ran_dry()
                self._write_down(done)
                if dry:  # the next one ready was not enough
                    self._ahead = min(2 * self._ahead + 1, self._most_ahead)
                self._claim()
                self._fill()
        except BaseException:
            self._halted.set()
            raise
        finally:
            self._lanes.close()
        release(self._claimed)
        return self._moved

    @property
    def _room(self) -> int:
        """How many documents more may be opened."""
        return self._granted * self._batch * (1 + self._ahead) - self._under_way

    def _claim(self) -> None:
        """As many as there is room for. In this thread at least BATCH at a time, and again only where there were as many."""
        count = self._room - len(self._claimed)
        if not self._beside:
            count = 0 if self._claimed or self._came_short else max(BATCH, count)
        if count <= 0 or not self._is_open:
            return
        metered = connections.is_metered(self._ledger)
        leases, wait = claim(self._connection, self._ledger.concurrency, count, lanes=self._wanted, metered=metered)
        self._moved += len(leases)
        self._came_short = len(leases) < count
        if leases:
            self._granted = leases[0].lanes
            self._lanes.allow(self._granted)
            self._claimed.extend(leases)
        elif wait and not self._under_way:
            time.sleep(max(0.0, min(wait, 1.0, self._deadline - time.monotonic())))
            self._moved += 1

    def _fill(self) -> None:
        """Open attempts, and hand them over, as far as there is room and time."""
        while self._is_open and self._claimed and self._claimed[0].has_time and self._room > 0:
            some = [self._claimed.popleft() for _ in range(min(self._room, len(self._claimed)))]
            for load in self._loads(booking.begin(some, self._ledger)):
                self._under_way += len(load)
                self._lanes.begin(load)

    def _loads(self, sendings: Sequence[Sending]) -> list[Load]:
        """What goes in one call: what was tried before by itself, the rest as many as the ledger takes, the oldest first."""
        alone = [sending for sending in sendings if sending.lease.alone]
        rest = [sending for sending in sendings if not sending.lease.alone]
        rest.sort(key=lambda sending: (sending.row.issued_on, sending.row.pk))
        batches = [rest[start : start + self._batch] for start in range(0, len(rest), self._batch)]
        return [*([sending] for sending in alone), *batches]

    def _send(self, load: Load, ledger: Accounting) -> list[Reply] | None:
        """One call, in a lane; None where it is too late for it."""
        if not self._is_open or not all(sending.lease.has_time for sending in load):
            return None
        with logs.about(_named(load)):
            replies = booking.send(load, ledger)
        if any(reply.halts for reply in replies):
            self._halted.set()
        return replies

    def _write_down(self, done: Sequence[Done]) -> None:
        self._under_way -= sum(len(one.load) for one in done)
        calls = [(one.load, one.replies) for one in done if one.replies is not None]
        for reply in booking.conclude(calls) if calls else ():
            self._tally.add(reply)
        for one in done:
            if one.fault is not None:
                raise one.fault
        if unsent := [sending for one in done if one.replies is None for sending in one.load]:
            booking.withdraw(unsent)


def _named(load: Load) -> str:
    first = load[0].lease
    return f"delivery-{first.delivery_id}" if len(load) == 1 else f"connection-{first.connection_id}"
