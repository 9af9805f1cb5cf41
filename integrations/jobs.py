"""What runs by the clock: each job an idempotent tick with a budget, one at a time in a cluster, that leaves a Run and never raises.

django-q2 is only clock and doorbell; `manage.py run_jobs` does the same work without it. Whatever rings, the truth is in the tables.
"""

from __future__ import annotations

import hashlib
import logging
import os
import socket

from django.conf import settings
from django.db import connection as database
from django.db import transaction
from django_q.tasks import async_task

from integrations.rounds import JOBS, Job, Result, rhythm
from ordersync_site import logs
from ordersync_site.redaction import redact

log = logging.getLogger(__name__)

BUDGET_SECONDS = 45.0

# One statement takes the lock and writes the Run, one ends both: an idle tick stays cheap. The lock dies with its connection.
_BEGIN = """
INSERT INTO integrations_run (job, worker, started_at, done, failed, words)
SELECT %s, %s, clock_timestamp(), 0, 0, '' WHERE pg_try_advisory_lock(%s) RETURNING id"""
_END = """
UPDATE integrations_run SET ended_at = clock_timestamp(), done = %s, failed = %s, words = %s WHERE id = %s
RETURNING pg_advisory_unlock(%s)"""


def run(name: str, seconds: float | None = None) -> Result | None:
    """One tick of a job, for at most that long; None if another process is at it. Never raises for what goes wrong: the Run and the result say it."""
    job = JOBS[name]
    lock = _lock(name, group(os.getpgid(0)) if job.everywhere else "")
    try:
        run_id = _begun(name, lock)
        if run_id is None:
            return None
        with logs.about(f"{name}-{run_id}"):
            result = _worked(name, job, budget() if seconds is None else seconds)
        _ended(run_id, result, lock)
    except Exception as error:
        log.exception("Job %s: the database did not answer.", name)
        database.close()
        return _fault(error)
    except BaseException:  # django-q2's time limit is one and the process lives on: its lock must not
        database.close()
        raise
    return result


def tick(name: str) -> str:
    """What the clock and the bell call; what it did, in words."""
    result = run(name)
    return "already running" if result is None else f"{result.done} done, {result.failed} failed"


def ring(name: str) -> None:
    """Wake a job once the transaction commits. May be lost or come twice: the clock rings anyway."""
    transaction.on_commit(lambda: _ring(name), robust=True)


def budget() -> float:
    """Seconds for one tick: well within the heartbeat's limit, so that a busy cluster is never taken for a dead one."""
    return min(BUDGET_SECONDS, settings.ORDERSYNC_HEARTBEAT_LIMIT / 2)


def worker() -> str:
    """This process, by host, process group and number; the supervisor knows its cluster by the group."""
    return f"{group(os.getpgid(0))}{os.getpid()}"


def group(number: int) -> str:
    """How the workers of one process group on this host begin."""
    return f"{socket.gethostname()[:60]}:{number}:"


def _ring(name: str) -> None:
    try:
        async_task("integrations.jobs.tick", name, task_name=name, save=False)
    except Exception as error:  # a bell: whatever its broker does, the clock does the work
        log.warning("The bell for %s did not ring: %s", name, error)


def _begun(name: str, lock: int) -> int | None:
    with database.cursor() as cursor:
        cursor.execute(_BEGIN, [name, worker(), lock])
        row = cursor.fetchone()
    return row[0] if row else None


def _worked(name: str, job: Job, seconds: float) -> Result:
    try:
        return job.work(seconds)
    except Exception as error:
        log.exception("Job %s broke off.", name)
        return _fault(error)


def _ended(run_id: int, result: Result, lock: int) -> None:
    with database.cursor() as cursor:
        cursor.execute(_END, [result.done, result.failed, result.words[:1000], run_id, lock])


def _fault(error: Exception) -> Result:
    return Result(failed=1, words=redact(f"{type(error).__name__}: {error}"), fault=True)


def _lock(name: str, cluster: str) -> int:
    return int.from_bytes(hashlib.sha256(f"ordersync.job.{name}{cluster}".encode()).digest()[:8], signed=True)


__all__ = ["JOBS", "Job", "Result", "budget", "group", "rhythm", "ring", "run", "tick", "worker"]
