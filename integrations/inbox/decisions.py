"""What people decide about an import: read it, confirm it, cancel it. Of two who decide at once one wins, and the other is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from integrations.formats.trace import TooMany
from integrations.inbox import answers, preview, taking, turns
from integrations.inbox.reading import Gone, Reading
from integrations.stores import files
from orders import events
from orders.models import ImportJob, ImportRecord, ImportState

if TYPE_CHECKING:
    from django.contrib.auth.models import User

AT_ONCE = 4 << 20  # bytes: a larger file is not even tried in a request
OPEN = (ImportState.UPLOADED, ImportState.READING, ImportState.READY, ImportState.RUNNING)


class NotPossible(Exception):
    """The job does not stand as the person thought; the message says how it stands."""


def choose(job: ImportJob, layout: str) -> None:
    """The layout that a person confirmed, which decides what was said before about such files. Raises Unreadable for none that there is."""
    if layout == job.layout:
        return
    job.layout = files.named(layout).name
    job.profile, job.asks = answers.remembered(job), {}
    ImportJob.objects.filter(pk=job.pk, state=ImportState.UPLOADED).update(
        layout=job.layout, profile=job.profile, asks={}
    )


def explain(job: ImportJob, reason: str) -> None:
    """Why the corrections in the file are made, for rows that state no reason of their own."""
    job.reason = reason.strip()[:500]
    ImportJob.objects.filter(pk=job.pk, state=ImportState.UPLOADED).update(reason=job.reason)


def ask_again(job: ImportJob) -> None:
    """Forget for this job what was said before about how its file is written."""
    job.profile, job.asks = {}, {}
    ImportJob.objects.filter(pk=job.pk, state=ImportState.UPLOADED).update(profile={}, asks={})


def read(job: ImportJob) -> None:
    """Read the file: a small one at once, with its preview; a larger one becomes work for the job “imports”. Raises NotPossible."""
    with turns.Desk() as desk:
        won = ImportJob.objects.filter(pk=job.pk, state=ImportState.UPLOADED, asks={})
        if not desk.lease(job.pk) or not won.update(state=ImportState.READING):
            raise NotPossible(_standing(job))
        job.refresh_from_db()
        try:
            if job.size > AT_ONCE or not _read_at_once(job):
                turns.forget(job)
                ImportJob.objects.filter(pk=job.pk, state=ImportState.READING).update(
                    large=True, staged=0, read=False, done=0, totals={}, attempts=0
                )
        except Gone as error:
            raise NotPossible(_standing(job)) from error
        except Exception as error:
            turns.fail(job, turns.in_words(error))
    job.refresh_from_db()


def _read_at_once(job: ImportJob) -> bool:
    """Read and preview a file of few rows; False for one of more."""
    reading = Reading(job, most_rows=settings.ORDERSYNC_PREVIEW_ROWS)
    try:
        while not (turns.read_on(reading) or job.read):
            pass
    except TooMany:
        return False
    finally:
        reading.close()
    if job.read:
        preview.make(job)
    return True


def confirm(job: ImportJob, *, by: User) -> None:
    """Take it in: a small file at once and whole or not at all, a larger one by the job “imports”. Raises NotPossible, also if a record is refused now."""
    with transaction.atomic():
        won = ImportJob.objects.filter(pk=job.pk, state=ImportState.READY)
        if not won.update(state=ImportState.RUNNING, confirmed_by=by, confirmed_at=timezone.now(), attempts=0):
            raise NotPossible(_standing(job))
        job.refresh_from_db()
        if job.large:
            taking.begin(job)
        elif job.refused:
            raise NotPossible(
                _(
                    "%(n)s records are refused, so nothing of this file can be taken in. Correct them and bring the file in again."
                )
                % {"n": job.refused}
            )
        else:
            _apply(job)
        job.save()
        words = _("Confirmed: %(file)s.") % {"file": job.file_name}
        events.record(job, "confirmed", by=by, after=job.totals, words=words[:500])


def _apply(job: ImportJob) -> None:
    try:
        preview.apply(job)
    except preview.RefusedNow as refused:
        words = _("Nothing was taken in: a record is refused now that was fine in the preview. %(why)s")
        raise NotPossible(words % {"why": refused}) from refused


def cancel(job: ImportJob, *, by: User) -> None:
    """End it: what was taken in stays, nothing more is. Raises NotPossible for a job that has ended."""
    with transaction.atomic():
        held = ImportJob.objects.select_for_update(no_key=True).get(pk=job.pk)
        if held.state not in OPEN:
            raise NotPossible(_standing(job))
        words = _("Cancelled by %(who)s before anything was taken in.") % {"who": by}
        if held.state == ImportState.RUNNING:
            words = _("Cancelled by %(who)s after %(done)s of %(all)s records; what was taken in stays.") % {
                "who": by, "done": held.done, "all": held.staged,
            }  # fmt: skip
        held.state, held.words, held.ended_at = ImportState.CANCELLED, words[:1000], timezone.now()
        held.save(update_fields=["state", "words", "ended_at"])
        ImportRecord.objects.filter(job=held).delete()
        events.record(held, "cancelled", by=by, words=words[:500])
    job.refresh_from_db()


def _standing(job: ImportJob) -> str:
    """How the job stands, and who brought it there."""
    job.refresh_from_db()
    if job.confirmed_by and job.confirmed_at and job.state in (ImportState.RUNNING, ImportState.DONE):
        return _("%(who)s has confirmed this import on %(day)s at %(time)s UTC; it is %(state)s.") % {
            "who": job.confirmed_by, "day": f"{job.confirmed_at:%Y-%m-%d}", "time": f"{job.confirmed_at:%H:%M}",
            "state": job.get_state_display(),
        }  # fmt: skip
    return _("This import is %(state)s. %(words)s") % {"state": job.get_state_display(), "words": job.words}


__all__ = ["NotPossible", "ask_again", "cancel", "choose", "confirm", "explain", "read"]
