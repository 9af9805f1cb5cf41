"""Which crimes there are, and who commits which: as planned for a call, or by chance from a seed."""

from __future__ import annotations

import random
import threading
from collections import defaultdict, deque
from collections.abc import Mapping

ANY = "*"
HONEST = ""

# It takes effect, and we do not learn it.
LOST = "resets, though done"
HANGS_DONE = "hangs, though done"
BAD_GATEWAY_DONE = "502, though done"
HALF_DONE = "half a body, though done"
NONSENSE_DONE = "nonsense, though done"
DONE = (LOST, HANGS_DONE, BAD_GATEWAY_DONE, HALF_DONE, NONSENSE_DONE)

# It takes no effect, and we do not learn that either.
BROKEN = "resets"
HANGS = "hangs"
BAD_GATEWAY = "502"
HALF = "half a body"
NONSENSE = "nonsense"
UNDONE = (BROKEN, HANGS, BAD_GATEWAY, HALF, NONSENSE)

# A clear no for now.
BUSY = "429"
BUSY_FOR = "429 for seconds"
BUSY_UNTIL = "429 until a date"
DOWN = "503"
NOT_NOW = (BUSY, BUSY_FOR, BUSY_UNTIL, DOWN)

# A clear no.
REFUSES = "422"
LOCKED_OUT = "401"

# Lies and disorder.
DOUBLES = "does it twice"
LATE = "resets, and does it later"  # after the next `late` requests
FAKE = "says done, and is not"
OTHER_TOTAL = "says another total"
OTHER_ID = "names another"
WAITS = "lets the next one pass first"
LIES = (DOUBLES, LATE, FAKE, OTHER_TOTAL, OTHER_ID, WAITS)


class Crimes:
    """What is done to the next calls. Thread-safe; a plan is used up before chance has its turn."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._plans: dict[tuple[str, str], deque[str]] = defaultdict(deque)
        self._dice: random.Random | None = None
        self._chances: dict[str, float] = {}
        self._calls: frozenset[str] = frozenset()

    def plan(self, call: str, *crimes: str, key: str = ANY) -> None:
        """The next calls of that name and key, or of any key, go like this; HONEST is one that goes well."""
        with self._lock:
            self._plans[call, key].extend(crimes)

    def by_chance(self, seed: int, chances: Mapping[str, float], *calls: str) -> None:
        """From now on each crime comes with its chance, at these calls or at all."""
        with self._lock:
            self._dice, self._chances = random.Random(seed), dict(chances)  # noqa: S311
            self._calls = frozenset(calls)

    def honest(self) -> None:
        """No more crimes."""
        with self._lock:
            self._plans.clear()
            self._dice = None

    def next(self, call: str, key: str) -> str:
        with self._lock:
            for name in ((call, key), (call, ANY)):
                if self._plans[name]:
                    return self._plans[name].popleft()
            if self._dice is None or (self._calls and call not in self._calls):
                return HONEST
            cast, names = self._dice.random(), iter(self._chances.items())
            for crime, chance in names:
                cast -= chance
                if cast < 0:
                    return crime
            return HONEST
