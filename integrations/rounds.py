"""What each job does when its turn comes, how often that is, and in which words people are told of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django_q.models import Task

from integrations import alerts, connections, handover, inbox, outbox, stocktaking, writeback
from integrations.errors import Misconfigured, Trouble
from integrations.models import Connection, Run
from orders import intake, mappings, outgoing, queue, review
from orders.models import Invoice, Progress, State


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


def rhythm() -> dict[str, int]:
    """How many minutes lie between two turns of each job."""
    return {name: job.minutes for name, job in JOBS.items()}


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
