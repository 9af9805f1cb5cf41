"""What runs by the clock: each job an idempotent tick with a budget, one at a time in a cluster, that leaves a Run and never raises.

django-q2 is only clock and doorbell; `manage.py run_jobs` does the same work without it. Whatever rings, the truth is in the tables.
"""

from __future__ import annotations

import hashlib
import logging
import os
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import connection as database
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django_q.models import Task
from django_q.tasks import async_task

from integrations import alerts, connections, handover, inbox, outbox, stocktaking, writeback
from integrations.errors import Misconfigured, Trouble
from integrations.models import Connection, Run
from orders import intake, mappings, outgoing, queue, review
from orders.models import Invoice, Progress, State
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a tick did. `fault`: the job itself broke, rather than a record in it."""

    done: int = 0
    failed: int = 0
    words: str = ""
    fault: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job: what it does in words, how often the clock rings it, and its work for a number of seconds.

    `everywhere`: each cluster may be at it at the same time, because its records are claimed one by one; any other job is done by one process at a time.
    """

    words: str | Promise
    minutes: int
    work: Callable[[float], Result]
    everywhere: bool = False


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


def rhythm() -> dict[str, int]:
    """How many minutes lie between two turns of each job."""
    return {name: job.minutes for name, job in JOBS.items()}


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


def _inbox(seconds: float) -> Result:
    done, failed = inbox.process(seconds)
    return Result(done=done, failed=failed)


def _imports(seconds: float) -> Result:
    done, failed = inbox.work(seconds)
    return Result(done=done, failed=failed)


def _outbox(seconds: float) -> Result:
    tally = outbox.tick(seconds)
    return Result(done=tally.booked, failed=tally.failed + tally.unknown, words=" ".join(dict.fromkeys(tally.words)))


def _writeback(seconds: float) -> Result:
    tally = writeback.tick(seconds)
    return Result(done=tally.told, failed=tally.failed, words=" ".join(dict.fromkeys(tally.words)))


def _read_back(seconds: float) -> Result:
    """Ask the ledgers how their documents stand: open invoices often, all of the last weeks daily, older ones monthly, the longest unread first."""
    deadline, done, words = time.monotonic() + seconds, 0, []
    for there in Connection.objects.filter(active=True, paused_at=None).exclude(ledger=None).select_related("ledger"):
        try:
            while time.monotonic() < deadline and (read := _read_some(there)):
                done += read
        except Trouble as error:
            words.append(f"{there}: {error.words}")
            if isinstance(error, Misconfigured):
                connections.pause(there, error.words, error.fix)
    return Result(done=done, failed=len(words), words=" ".join(words))


def _read_some(there: Connection) -> int:
    if there.ledger is None:
        return 0
    young = Q(document__posting_on__gte=timezone.localdate() - timedelta(days=45))
    open_ones = Q(state__in=["open", "draft"], kind__in=outgoing.SALES, read_at__lt=Now() - timedelta(minutes=15))
    settled = ~Q(state__in=["deleted", "voided"]) & (
        young & Q(read_at__lt=Now() - timedelta(days=1)) | Q(read_at__lt=Now() - timedelta(days=30))
    )
    rows = Invoice.objects.filter(open_ones | settled, ledger=there.ledger).order_by("read_at")[:100]
    asked = dict(rows.values_list("pk", "document__reference"))
    if not asked:
        return 0
    states = connections.adapter_of(there).read(sorted(set(asked.values())))
    intake.receive_states(there.ledger, states)
    return Invoice.objects.filter(pk__in=asked).update(read_at=Now())


def _choices(seconds: float) -> Result:
    """Once a day for each ledger, paused or not: a picker must not offer what is gone. What waits for a mapping to what is gone is checked again."""
    deadline, done, words = time.monotonic() + seconds, 0, []
    stale = Q(choices_at=None) | Q(choices_at__lt=Now() - timedelta(days=1))
    for there in Connection.objects.filter(stale, active=True).exclude(ledger=None).select_related("ledger"):
        if time.monotonic() > deadline:
            break
        try:
            gone = connections.ask_again(there)
        except Trouble as error:
            words.append(f"{there}: {error.words}")
            continue
        done += 1
        if gone and there.ledger is not None:
            mappings.moved(there.ledger)
    return Result(done=done, failed=len(words), words=" ".join(words))


def _stock(seconds: float) -> Result:
    deadline, done, words = time.monotonic() + seconds, 0, []
    for there in Connection.objects.filter(active=True, paused_at=None).exclude(ledger=None).select_related("ledger"):
        try:
            done += stocktaking.count(there, deadline)
        except Trouble as error:
            words.append(f"{there}: {error.words}")
    return Result(done=done, failed=len(words), words=" ".join(words))


def _settle(seconds: float) -> Result:
    """What changes by time alone: a hold that is over, and an unknown outcome that has lasted too long."""
    deadline, done = time.monotonic() + seconds, 0
    for model in queue.KINDS.values():
        stale = model._default_manager.filter(progress=Progress.UNKNOWN, progress_at__lt=Now() - queue.UNKNOWN_FOR)
        done += stale.update(progress=Progress.FAILED, progress_at=Now())
        over = model._default_manager.filter(state=State.HELD, held_until__lte=Now()).order_by("held_until")
        for record in over[:500]:
            if time.monotonic() > deadline:
                break
            review.wake(record)
            done += 1
    return Result(done=done)


def _bulk(seconds: float) -> Result:
    approved, left_out = review.bulk.work(seconds)
    return Result(done=approved, words=f"{left_out} left out" if left_out else "")


def _janitor(seconds: float) -> Result:
    """Remove the traces of jobs that went well after two days, of all jobs after thirty, and imported files after their days."""
    old = Q(started_at__lt=Now() - timedelta(days=30)) | Q(
        started_at__lt=Now() - timedelta(days=2), failed=0, ended_at__isnull=False
    )
    done = Run.objects.filter(old).delete()[0]
    done += Task.objects.filter(stopped__lt=Now() - timedelta(days=7)).delete()[0]
    return Result(done=done + inbox.tidy())


def _files(seconds: float) -> Result:
    made, asked = handover.tick(seconds)
    return Result(done=made + asked)


def _alerts(seconds: float) -> Result:
    try:
        return Result(done=alerts.tell(rhythm()))
    except alerts.NotTold as error:
        return Result(failed=1, words=str(error))


JOBS: dict[str, Job] = {
    "inbox": Job(words=_("Takes in what the stores sent."), minutes=1, work=_inbox),
    "imports": Job(
        words=_("Reads and takes in the large files that people bring."), minutes=1, work=_imports, everywhere=True
    ),
    "outbox": Job(words=_("Brings signed documents to the ledgers."), minutes=1, work=_outbox, everywhere=True),
    "writeback": Job(words=_("Tells the stores what they wish to know."), minutes=1, work=_writeback),
    "read_back": Job(words=_("Asks the ledgers how their documents stand."), minutes=1, work=_read_back),
    "choices": Job(
        words=_("Asks the ledgers for their accounts, tax codes and items, and finds mappings to what is gone."),
        minutes=60,
        work=_choices,
    ),
    "stock": Job(
        words=_("Reads what the ledgers count, where they are asked to, and proposes what differs from the stores."),
        minutes=60,
        work=_stock,
    ),
    "settle": Job(words=_("Ends holds whose time is over, and shows what stays unknown."), minutes=1, work=_settle),
    "bulk": Job(words=_("Approves the sets that people confirmed."), minutes=1, work=_bulk),
    "files": Job(
        words=_("Makes the files that are due for ledgers without a line, and asks for what nobody acknowledged."),
        minutes=5,
        work=_files,
    ),
    "alerts": Job(words=_("Tells the IT lead, once, what needs a person."), minutes=1, work=_alerts),
    "janitor": Job(
        words=_("Removes old traces of jobs, and imported files whose time is over."), minutes=60, work=_janitor
    ),
}
