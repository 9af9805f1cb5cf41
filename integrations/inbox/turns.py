"""Works on the imports that are under way, each in its turn, so that no file keeps another waiting for longer than one chunk."""

from __future__ import annotations

import logging
import time
from contextlib import ExitStack, suppress
from datetime import timedelta

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from integrations.inbox import taking
from integrations.inbox.reading import Gone, Reading, asked
from integrations.stores.base import ENCODING, Unreadable
from orders.models import ENDED, ImportJob, ImportPiece, ImportRecord, ImportState
from ordersync_site import logs

log = logging.getLogger(__name__)

TRIES = 5
AT_WORK = (ImportState.READING, ImportState.RUNNING)
LEASES = 0x494D50  # the first key of an import's advisory lock; the second is the job's id


def work(seconds: float = 45) -> tuple[int, int]:
    """Take turns for at most that long: how many jobs came to an end of their phase, and how many failed."""
    deadline, tally = time.monotonic() + seconds, [0, 0]
    with Desk() as desk:
        while time.monotonic() < deadline and (job := desk.next()) is not None:
            with logs.about(f"import-{job.pk}"):
                desk.turn(job, tally)
    return tally[0], tally[1]


class Desk:
    """The jobs that this process has taken. A lease is an advisory lock: it ends with the process, at once, however that ends."""

    def __init__(self) -> None:
        self.readings: dict[int, Reading] = {}
        self.leased: set[int] = set()

    def __enter__(self) -> Desk:
        return self

    def __exit__(self, *_error: object) -> None:
        with ExitStack() as stack:
            for pk in list(self.leased):
                stack.callback(self.leave, pk)

    def next(self) -> ImportJob | None:
        """The job whose turn is the longest ago and that nobody else is at."""
        waiting = ImportJob.objects.filter(state__in=AT_WORK).order_by(F("turn_at").asc(nulls_first=True), "pk")
        for pk in waiting.values_list("pk", flat=True)[:100]:
            if pk in self.leased or self.lease(pk):
                ImportJob.objects.filter(pk=pk).update(turn_at=Now(), large=True)
                return ImportJob.objects.select_related("shop__ledger").get(pk=pk)
        return None

    def turn(self, job: ImportJob, tally: list[int]) -> None:
        """One chunk of one job."""
        try:
            if self.step(job):
                self.leave(job.pk)
                tally[0] += 1
        except (OperationalError, InterfaceError):
            raise
        except Gone:
            self.leave(job.pk)
            ImportRecord.objects.filter(job=job, job__state=ImportState.CANCELLED).delete()
        except Exception as error:
            self.leave(job.pk)
            fail(job, in_words(error))
            tally[1] += 1

    def leave(self, pk: int) -> None:
        """End what is open of the job, and its lease."""
        if reading := self.readings.pop(pk, None):
            reading.close()
        if pk in self.leased:
            self.leased.discard(pk)
            with suppress(OperationalError, InterfaceError), connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [LEASES, pk])

    def lease(self, pk: int) -> bool:
        """Whether the job is ours from here on."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [LEASES, pk])
            taken = bool(cursor.fetchone()[0])
        if taken:
            self.leased.add(pk)
            ImportJob.objects.filter(pk=pk).update(attempts=F("attempts") + 1)
        return taken

    def step(self, job: ImportJob) -> bool:
        """The job's next chunk; True once it needs no more work before a person decides. Raises Gone, Unreadable."""
        if job.attempts > TRIES:
            raise Unreadable(
                "Each attempt to work on it ended the process that tried. Divide the file into smaller ones."
            )
        if job.state == ImportState.RUNNING:
            return taking.take(job)
        if job.read and job.confirmed_at:
            return taking.start(job)
        if job.read:
            return taking.weigh(job)
        reading = self.readings[job.pk] = self.readings.get(job.pk) or Reading(job)
        reading.job = job
        return read_on(reading)


def read_on(reading: Reading) -> bool:
    """Read the next records. True if people have to be asked before anything else. Raises Unreadable, TooMany, Gone."""
    try:
        ended = reading.step()
    except Unreadable:
        reading.job.asks = asked(reading)
        if ENCODING not in reading.job.asks:
            raise
        ended = True  # in other letters it may well be readable
    if ended:
        reading.close()
    if ended and reading.job.asks:
        ask(reading.job)
        return True
    return False


def ask(job: ImportJob) -> None:
    """Back to the person, with questions; read anew with the answers."""
    forget(job)
    job.state = ImportState.UPLOADED
    ImportJob.objects.filter(pk=job.pk, state=ImportState.READING).update(
        state=job.state, asks=job.asks, staged=0, read=False, done=0, totals={}
    )


def forget(job: ImportJob) -> None:
    """What was staged of it goes."""
    ImportRecord.objects.filter(job=job).delete()
    job.staged, job.done, job.read, job.totals = 0, 0, False, {}


def fail(job: ImportJob, words: str) -> None:
    """End the job with the reason, unless somebody ended it before."""
    job.state, job.words, job.ended_at = ImportState.FAILED, words[:1000], timezone.now()
    ImportRecord.objects.filter(job=job).delete()
    ImportJob.objects.filter(pk=job.pk, state__in=[*AT_WORK, ImportState.UPLOADED]).update(
        state=job.state, words=job.words, ended_at=job.ended_at
    )


def in_words(error: Exception) -> str:
    """Why a job failed: the sentence for its file, or that the fault is ours."""
    if isinstance(error, Unreadable):
        return str(error)
    log.error("Import broke off by an error of ours", exc_info=error)
    return f"This is an error of ordersync, not of the file ({type(error).__name__}). What was taken in before it stays; the rest was not."


def tidy() -> int:
    """Remove the files of imports that ended some days ago, and end those that nobody confirmed for as long; how many files and imports that were."""
    old = Now() - timedelta(days=settings.ORDERSYNC_FILE_DAYS)
    left = ImportJob.objects.filter(state__in=[ImportState.UPLOADED, ImportState.READY], at__lt=old)
    words = f"Nobody confirmed it for {settings.ORDERSYNC_FILE_DAYS} days."
    done = left.update(state=ImportState.CANCELLED, words=words, ended_at=Now())
    ImportRecord.objects.filter(job__state__in=ENDED).delete()
    gone = ImportJob.objects.filter(ended_at__lt=old, pieces__isnull=False).distinct()
    done += gone.count()
    ImportPiece.objects.filter(job__ended_at__lt=old).delete()
    ImportJob.objects.filter(ended_at__lt=old).exclude(sample={}).update(sample={})
    return done
