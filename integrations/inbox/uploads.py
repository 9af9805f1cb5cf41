"""Brings files in: kept as they came, their layout recognised; from a shell also taken in at once."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, BinaryIO

from django.db import transaction
from django.utils import timezone

from integrations.formats import elements, tables
from integrations.inbox import answers, handback, pieces, turns
from integrations.stores import files
from integrations.stores.base import Unreadable
from orders.models import ImportJob, ImportRefusal, ImportState, Shop

if TYPE_CHECKING:
    from django.contrib.auth.models import User


def upload(
    shop: Shop, file: Path | BinaryIO, *, name: str, by: User | None = None, layout: str | None = None
) -> ImportJob:
    """Keep a file for this shop and recognise its layout; nothing is read from it yet. A file of no known layout is a failed job with the words.

    What was said before about files of the same kind holds for this one as well.
    """
    job = ImportJob(shop=shop, file_name=Path(name).name[:255], by=by, at=timezone.now(), size=0)
    with tempfile.SpooledTemporaryFile(max_size=pieces.IN_MEMORY) as copy:
        try:
            job.file_hash, job.size = pieces.copied(file, copy)
            job.layout = files.reader(copy, job.file_name, layout).name
        except Unreadable as error:
            job.state, job.words, job.ended_at = ImportState.FAILED, str(error)[:1000], timezone.now()
            job.save()
            return job
        _introduce(job, copy)
        job.words, job.profile = _seen_before(job), answers.remembered(job)
        with transaction.atomic():
            job.save()
            pieces.keep(job, copy)
    return job


def receive_file(
    shop: Shop,
    file: Path | BinaryIO,
    *,
    name: str,
    by: User | None = None,
    layout: str | None = None,
    said: Mapping[str, str] | None = None,
) -> ImportJob:
    """Bring a file in and take it in at once, whatever its size; the job says what became of its records, its `errors` what was refused, where and why.

    `said` tells how the file is written (setting.QUESTIONS). A file that cannot be read as a whole, or in which something is open that nobody said, is a failed
    job with the words. The same file again is read again, which changes nothing, and the job says so.
    """
    job = upload(shop, file, name=name, by=by, layout=layout)
    if job.state == ImportState.FAILED:
        return job
    with turns.Desk() as desk:
        desk.lease(job.pk)  # whoever ends this process leaves the job to the clock, which takes it in to its end
        job.profile, job.large = {**job.profile, **(said or {})}, True
        job.state, job.confirmed_by, job.confirmed_at = ImportState.READING, by, timezone.now()
        job.save()
        try:
            while not (desk.step(job) or job.asks):
                pass
        except Unreadable as error:
            turns.fail(job, str(error))
    if job.asks:
        turns.fail(job, " ".join(question.plain for question in answers.questions(job)))
    return job


def try_file(
    shop: Shop, file: Path | BinaryIO, *, name: str, layout: str | None = None, said: Mapping[str, str] | None = None
) -> tuple[ImportJob, list[ImportRefusal]]:
    """What `receive_file` would do, with its refusals; nothing is kept."""
    with transaction.atomic():
        job = upload(shop, file, name=name, layout=layout)
        job.profile = {**job.profile, **(said or {})}
        try:
            if job.state != ImportState.FAILED:
                _tried(job)
        except Unreadable as error:
            turns.fail(job, str(error))
        refusals = list(job.errors.order_by("pk"))
        transaction.set_rollback(True)
    job.pk = None
    return job, refusals


def _introduce(job: ImportJob, stream: IO[bytes]) -> None:
    """What the file's beginning says: which kind of file it is, and its first rows to be looked at. The stream is left at its beginning."""
    head = tables.head(stream)
    if elements.outline(head):
        return
    shown = [[cell[:60] for cell in row] for row in tables.first_rows(head, 4)]
    job.sample = {"titles": shown[0], "rows": shown[1:]} if shown else {}
    names = [tables.normal(title) for title in handback.own_titles(tables.titles(head))]
    job.fingerprint = hashlib.sha256("\n".join(names).encode()).hexdigest()


def _tried(job: ImportJob) -> None:
    """Read and weigh the whole. Raises Unreadable, also for what would have to be asked."""
    job.state = ImportState.READING
    job.save()
    with turns.Desk() as desk:
        while not desk.step(job):
            pass
    if job.asks:
        raise Unreadable(" ".join(question.plain for question in answers.questions(job)))
    job.state = ImportState.DONE


def _seen_before(job: ImportJob) -> str:
    held = ImportJob.objects.filter(shop_id=job.shop_id, file_hash=job.file_hash, state=ImportState.DONE)
    last = held.select_related("by").order_by("-at").first()
    if last is None:
        return ""
    who = f" by {last.by}" if last.by else ""
    return f"The same file was imported on {last.at:%Y-%m-%d at %H:%M} UTC{who} as {last.file_name}."[:1000]
