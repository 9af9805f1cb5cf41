"""Which rows of a file the record at hand was made of: noted by whatever yields rows, asked by whoever takes the records."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


class TooMany(Exception):
    """There are more rows than whoever reads wants to read at once."""


@dataclass(slots=True)
class Trace:
    """The rows of the record at hand, and how many were read; `most` ends the reading with TooMany."""

    rows: Sequence[int] = ()
    count: int = 0
    most: int | None = None

    def read(self, row: int) -> None:
        """Another row was read. Raises TooMany."""
        self.rows = (row,)
        self.count += 1
        if self.most is not None and self.count > self.most:
            raise TooMany


_current: ContextVar[Trace | None] = ContextVar("trace", default=None)


def current() -> Trace | None:
    """The trace of the reading that is under way, if somebody asked for one."""
    return _current.get()


@contextmanager
def traced(trace: Trace) -> Iterator[Trace]:
    """Whatever is read within notes its rows here."""
    token = _current.set(trace)
    try:
        yield trace
    finally:
        _current.reset(token)
