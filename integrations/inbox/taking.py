"""Takes staged records in, chunk by chunk, each chunk with its progress in one transaction; before that, foretells what they would do."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone

from integrations.inbox import staging
from integrations.inbox.reading import move
from integrations.inbox.staging import Staged
from integrations.stores import files
from orders import incoming, intake
from orders.intake import quarantine
from orders.models import ImportJob, ImportRecord, ImportRefusal, ImportState

COUNTS = ("created", "updated", "same", "refused")


def source(job: ImportJob) -> incoming.Source:
    """Where the records come from: the file, by whoever brought it in."""
    return incoming.Source(
        name=f"{job.layout} {job.file_name}"[:200],
        fidelity=files.named(job.layout).fidelity,
        by_id=job.confirmed_by_id or job.by_id,
        reason=job.reason,
        received_at=job.at,
    )


def weigh(job: ImportJob) -> bool:
    """Foretell what the next records would do; True once all were weighed, and the job is ready. Raises Gone."""
    with transaction.atomic():
        chunk = staging.written(job, job.done)
        _count(job, intake.foretell(job.shop, [one.record for one in chunk], source=source(job)), chunk)
        if ended := job.done >= job.staged:
            job.state = ImportState.READY
            job.totals["foretold"] = {name: getattr(job, name) for name in COUNTS}
        move(job, ImportState.READING, *COUNTS, "done", "attempts", "state", "totals")
    return ended


def take(job: ImportJob) -> bool:
    """Take the next records in; True once none is left, and the job is done. Raises Gone: then nothing of this chunk was taken in."""
    with transaction.atomic():
        chunk = staging.written(job, job.done)
        _count(job, intake.receive(job.shop, [one.record for one in chunk], source=source(job)), chunk)
        if ended := job.done >= job.staged:
            finish(job)
        move(job, ImportState.RUNNING, *COUNTS, "done", "attempts", "state", "ended_at")
    return ended


def start(job: ImportJob) -> bool:
    """Take in what was confirmed before it was read. Raises Gone."""
    with transaction.atomic():
        begin(job)
        job.state = ImportState.RUNNING
        move(job, ImportState.READING, *COUNTS, "done", "state")
    return False


def finish(job: ImportJob) -> None:
    """The job is done; what was staged for it goes."""
    job.state, job.ended_at = ImportState.DONE, timezone.now()
    ImportRecord.objects.filter(job=job).delete()


def begin(job: ImportJob) -> None:
    """Counts and refusals from nothing: what was foretold stands in the totals."""
    job.done = job.created = job.updated = job.same = job.refused = 0
    ImportRefusal.objects.filter(job=job).delete()


def _count(job: ImportJob, receipt: intake.Receipt, chunk: Sequence[Staged[Any]]) -> None:
    job.created += len(receipt.created)
    job.updated += len(receipt.updated)
    job.same += len(receipt.same) + len(receipt.older)
    job.refused += len(receipt.refused)
    job.done, job.attempts = chunk[-1].n if chunk else job.staged, 0
    if receipt.refused:
        refuse(job, receipt.refused, chunk)


def refuse(job: ImportJob, lines: Sequence[intake.Line], chunk: Sequence[Staged[Any]]) -> None:
    """Keep what was refused, with the rows of the file that it stands in."""
    rows: dict[str, list[Sequence[int]]] = defaultdict(list)
    for one in reversed(chunk):
        rows[quarantine.place(one.record)].append(one.rows)
    ImportRefusal.objects.bulk_create(
        [
            ImportRefusal(
                job=job,
                place=(line.place or line.number)[:200],
                field=line.field[:100],
                value=line.value[:500],
                reason=line.words,
                rows=list(rows[line.place].pop()) if rows[line.place] else [],
            )
            for line in lines
        ],
        batch_size=500,
    )
