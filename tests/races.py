"""Several threads at once, each with a connection of its own; and sessions that stand still in the middle of a transaction."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from time import monotonic, sleep

from django.db import connection


def race(calls: Sequence[Callable[[], object]]) -> list[object]:
    """Run all calls at the same moment, each in a thread; for each what it returned, or the exception that it raised."""
    gate = threading.Barrier(len(calls))

    def run(call: Callable[[], object]) -> object:
        gate.wait(10)
        return _result(call)

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(run, calls))


def start(call: Callable[[], object]) -> Future[object]:
    """Run the call in a thread beside us; its future holds what it returned, or the exception."""
    threads = ThreadPoolExecutor(1)
    started = threads.submit(_result, call)
    threads.shutdown(wait=False)
    return started


def wait_until_blocked(future: Future[object]) -> None:
    """Return once some session waits for a lock that ours holds. Raises AssertionError if the call ended without waiting."""
    until = monotonic() + 10
    while monotonic() < until:
        assert not future.done(), f"it did not wait: {future.result()!r}"
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))")
            if cursor.fetchone():
                return
        sleep(0.02)
    raise AssertionError("nobody waits for us")


def _result(call: Callable[[], object]) -> object:
    try:
        return call()
    except Exception as error:
        return error
    finally:
        connection.close()
