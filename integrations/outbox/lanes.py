"""Lanes: the calls of a ledger that are under way, side by side in threads of their own, or one by one in the thread that asks."""

from __future__ import annotations

import contextvars
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from django.db import connection as database

from integrations.accounting.base import Accounting
from integrations.booking import Reply, Sending

Load = Sequence[Sending]  # what goes in one call
Carry = Callable[[Load, Accounting], list[Reply] | None]  # the replies, or None where nothing was sent


@dataclass(slots=True)
class Done:
    """A load that came back; `fault`: what was raised on the way."""

    load: Load
    replies: list[Reply] | None = None
    fault: BaseException | None = None


class Lanes(Protocol):
    """Where loads are sent."""

    def begin(self, load: Load) -> None:
        """Send it as soon as a lane is free."""

    def finished(self) -> list[Done]:
        """Those that have come back: at least one, as long as any is under way, and more while enough wait for a lane; none where none is under way."""

    def ran_dry(self) -> bool:
        """Whether the lanes waited for loads rather than loads for lanes."""

    def allow(self, count: int) -> None:
        """So many calls at once from now on, at most one a ledger's adapter."""

    def close(self) -> None:
        """Come to rest. What still waits for a lane is carried, and may find that it shall not be sent."""


class Here:
    """One lane, in this thread: what was begun has come back."""

    def __init__(self, carry: Carry, ledger: Accounting) -> None:
        self._carry, self._ledger = carry, ledger
        self._done: list[Done] = []
        self._spent, self._since = 0.0, time.monotonic()

    def begin(self, load: Load) -> None:
        begun = time.monotonic()
        self._done.append(Done(load, self._carry(load, self._ledger)))
        self._spent += time.monotonic() - begun

    def finished(self) -> list[Done]:
        done, self._done = self._done, []
        return done

    def ran_dry(self) -> bool:
        """Less of the time since it was last asked was spent on calls than on all else."""
        now = time.monotonic()
        calls, all_else = self._spent, now - self._since - self._spent
        self._spent, self._since = 0.0, now
        return calls < all_else

    def allow(self, count: int) -> None:
        """It is one, always."""

    def close(self) -> None:
        """It is at rest between two calls."""


class Threads:
    """A lane for each adapter, with a thread and, where its calls need one, a database connection of its own."""

    def __init__(self, carry: Carry, ledgers: Sequence[Accounting]) -> None:
        self._carry = carry
        self._todo: deque[Load] = deque()
        self._done: list[Done] = []
        self._news = threading.Condition()
        self._half, self._under_way, self._busy, self._allowed, self._open = 0, 0, 0, len(ledgers), True
        self._threads = [self._thread(ledger) for ledger in ledgers]
        for thread in self._threads:
            thread.start()

    def begin(self, load: Load) -> None:
        with self._news:
            self._todo.append(load)
            self._half = len(self._todo) // 2
            self._under_way += 1
            self._news.notify_all()

    def finished(self) -> list[Done]:
        with self._news:
            self._news.wait_for(lambda: (len(self._todo) <= self._half and self._done) or not self._under_way)
            done, self._done = self._done, []
            self._under_way -= len(done)
        return done

    def ran_dry(self) -> bool:
        with self._news:
            return self._busy < self._allowed and not self._todo

    def allow(self, count: int) -> None:
        with self._news:
            self._allowed = count
            self._news.notify_all()

    def close(self) -> None:
        with self._news:
            self._open = False
            self._news.notify_all()
        for thread in self._threads:
            thread.join()

    def _thread(self, ledger: Accounting) -> threading.Thread:
        context = contextvars.copy_context()  # what is logged in a lane belongs to what began it
        return threading.Thread(target=context.run, args=(self._lane, ledger), name="lane")

    def _lane(self, ledger: Accounting) -> None:
        try:
            while (load := self._next()) is not None:
                self._back(self._carried(load, ledger))
        finally:
            database.close()

    def _carried(self, load: Load, ledger: Accounting) -> Done:
        try:
            return Done(load, self._carry(load, ledger))
        except BaseException as fault:
            return Done(load, fault=fault)

    def _next(self) -> Load | None:
        with self._news:
            self._news.wait_for(lambda: self._busy < self._allowed if self._todo else not self._open)
            if not self._todo:
                return None
            self._busy += 1
            return self._todo.popleft()

    def _back(self, done: Done) -> None:
        with self._news:
            self._busy -= 1
            self._done.append(done)
            self._news.notify_all()
