"""Clocks that jump while processes run: each process reads how wrong its machine's clock is, and the database's `now()` reads it from a table of its own.

What has begun keeps its time, as it would: in the database a jump counts from the moment at which it came.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

DATABASE = "database"
LEAPS = (-3600.0, -600.0, 600.0, 3600.0)  # seconds
_FUNCTIONS = ("now", "transaction_timestamp", "statement_timestamp", "clock_timestamp")
_PLACE = """
CREATE SCHEMA clock;
CREATE TABLE clock.jumps (at timestamptz PRIMARY KEY, seconds double precision NOT NULL);
INSERT INTO clock.jumps VALUES ('-infinity', 0);
"""
_FUNCTION = """
CREATE FUNCTION clock.{name}() RETURNS timestamptz LANGUAGE sql {kind} AS $$
  SELECT pg_catalog.{name}() + make_interval(secs => (SELECT seconds FROM clock.jumps WHERE at <= pg_catalog.{name}() ORDER BY at DESC LIMIT 1)) $$;
"""
_PATH = "search_path = clock, public, pg_catalog"
_JUMP = "INSERT INTO clock.jumps VALUES (pg_catalog.clock_timestamp(), %s)"


def install(database: str) -> None:
    """From its next session on, the database's time is ours to set."""
    from django.db import connection

    _place()
    with connection.cursor() as cursor:
        cursor.execute(f'ALTER DATABASE "{database}" SET {_PATH}')
    connection.close()


@contextmanager
def here() -> Iterator[None]:
    """This session's time is ours to set, until the end."""
    from django.db import connection

    _place()
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"SET {_PATH}")
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET search_path; DROP SCHEMA clock CASCADE")


def _place() -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(_PLACE)
        for name in _FUNCTIONS:
            kind = "VOLATILE" if name == "clock_timestamp" else "STABLE"
            cursor.execute(_FUNCTION.format(name=name, kind=kind))


def leap(seconds: float) -> None:
    """The database's clock is wrong by that from now on."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(_JUMP, [seconds])


class Clocks:
    """How wrong each clock is, in seconds; those of processes lie in files, which they read whenever they ask for the time."""

    def __init__(self, folder: Path, names: dict[str, float]) -> None:
        self.folder, self.names = folder, list(names)
        for name, seconds in names.items():
            self._write(name, seconds)

    def path(self, name: str) -> Path:
        return self.folder / f"{name}.clock"

    def jump(self, chance: random.Random, counts: Counter[str]) -> None:
        """One clock by chance, the database's among them, is wrong by something else from now on, forwards or back."""
        name, seconds = chance.choice([*self.names, DATABASE]), chance.choice(LEAPS)
        if name == DATABASE:
            leap(seconds)
        else:
            self._write(name, seconds)
        counts[f"clock jumps: {name}"] += 1

    def _write(self, name: str, seconds: float) -> None:
        fresh = self.path(name).with_suffix(".new")
        fresh.write_text(str(seconds))
        fresh.replace(self.path(name))


class Wrong:
    """The clock of one process: what its file says at every look."""

    def __init__(self, path: Path) -> None:
        self.path, self._time = path, time.time

    def seconds(self) -> float:
        return float(self.path.read_text())

    def time(self) -> float:
        return self._time() + self.seconds()
