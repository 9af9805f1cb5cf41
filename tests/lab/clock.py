"""Time that moves when the test says so: in the database by functions of its own before PostgreSQL's, in Python by patches. No test waits."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

_PLACE = """
CREATE SCHEMA IF NOT EXISTS lab_clock;
CREATE TABLE IF NOT EXISTS lab_clock.moved (seconds double precision NOT NULL);
DELETE FROM lab_clock.moved;
INSERT INTO lab_clock.moved VALUES (0);
CREATE OR REPLACE FUNCTION lab_clock.now() RETURNS timestamptz LANGUAGE sql STABLE AS
  'SELECT pg_catalog.now() + make_interval(secs => seconds) FROM lab_clock.moved';
CREATE OR REPLACE FUNCTION lab_clock.statement_timestamp() RETURNS timestamptz LANGUAGE sql STABLE AS
  'SELECT pg_catalog.statement_timestamp() + make_interval(secs => seconds) FROM lab_clock.moved';
CREATE OR REPLACE FUNCTION lab_clock.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS
  'SELECT pg_catalog.clock_timestamp() + make_interval(secs => seconds) FROM lab_clock.moved';
"""
_MOVE = "UPDATE lab_clock.moved SET seconds = seconds + %s"


class Clock:
    """What `time.monotonic`, `time.sleep`, `timezone.now` and the database's `now()` say; `advance` moves all of them, `sleep` is an advance."""

    def __init__(self) -> None:
        self.moved = 0.0
        self._now, self._monotonic, self._sleep = timezone.now, time.monotonic, time.sleep
        self._thread = threading.get_ident()

    def now(self) -> dt.datetime:
        return self._now() + dt.timedelta(seconds=self.moved)

    def monotonic(self) -> float:
        return self._monotonic() + self.moved

    def sleep(self, seconds: float) -> None:
        """An advance; for the threads of the lab's servers a real one."""
        if threading.get_ident() == self._thread:
            self.advance(seconds)
        else:
            self._sleep(seconds)

    def advance(self, seconds: float) -> None:
        self.moved += seconds
        with connection.cursor() as cursor:
            cursor.execute(_MOVE, [seconds])


@contextmanager
def virtual(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    """A clock that holds for this process and for every connection that it opens; needs `django_db(transaction=True)`."""
    clock = Clock()
    with connection.cursor() as cursor:
        cursor.execute(_PLACE)
    with monkeypatch.context() as patch:
        patch.setattr(timezone, "now", clock.now)
        patch.setattr(time, "monotonic", clock.monotonic)
        patch.setattr(time, "sleep", clock.sleep)
        patch.setitem(connection.settings_dict, "OPTIONS", _ahead(connection.settings_dict["OPTIONS"]))
        connection.close()
        try:
            yield clock
        finally:
            connection.close()
    with connection.cursor() as cursor:
        cursor.execute("DROP SCHEMA lab_clock CASCADE")


def _ahead(options: dict[str, Any]) -> dict[str, Any]:
    more = "-c search_path=lab_clock,pg_catalog,public"
    return {**options, "options": f"{options.get('options', '')} {more}".strip()}
