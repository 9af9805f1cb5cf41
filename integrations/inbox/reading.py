"""Reads a job's file record by record into the staging table: it can be broken off and taken up again, and finds what has to be asked."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from decimal import Decimal
from typing import BinaryIO, cast

from django.db import transaction

from integrations.formats.trace import Trace, traced
from integrations.inbox import pieces, setting, staging
from integrations.inbox.staging import Staged
from integrations.stores import files
from integrations.stores.base import Unreadable
from orders import incoming
from orders.models import ImportJob, ImportState


class Reading:
    """A file under way. Each step stages the next records and commits; what an earlier process staged is passed over."""

    def __init__(self, job: ImportJob, most_rows: int | None = None) -> None:
        self.job, self.trace = job, Trace(most=most_rows)
        self.setting = setting.of(job.shop, job.profile)
        self.stack = ExitStack()
        self.found: Iterator[incoming.Record] | None = None

    def step(self) -> bool:
        """Stage a chunk of records; True once the file was read to its end. Raises Unreadable, TooMany, and Gone where the job was ended meanwhile."""
        most = staging.CHUNK
        with traced(self.trace):
            found = self.found = self.found or self._opened()
            chunk = [
                Staged(self.job.staged + n, record, self.trace.rows)
                for n, record in enumerate(itertools.islice(found, most), start=1)
            ]
        with transaction.atomic():
            staging.put(self.job, chunk)
            self._count(chunk)
            if ended := len(chunk) < most:
                self._end(chunk)
            move(self.job, ImportState.READING, "staged", "totals", "read", "asks", "attempts")
        return ended

    def close(self) -> None:
        self.stack.close()

    def _opened(self) -> Iterator[incoming.Record]:
        stream = self.stack.enter_context(pieces.opened(self.job))
        reader = files.reader(stream, self.job.file_name, self.job.layout)
        found = reader.read(cast(BinaryIO, stream), self.setting)
        for _passed in itertools.islice(found, self.job.staged):
            pass
        return found

    def _count(self, chunk: list[Staged[incoming.Record]]) -> None:
        totals = self.job.totals
        kinds = Counter(totals.get("records", {}))
        sums = {currency: Decimal(text) for currency, text in totals.get("sums", {}).items()}
        for one in chunk:
            kinds[type(one.record).__name__.lower()] += 1
            if (amount := _amount(one.record)) is not None:
                sums[amount[0]] = sums.get(amount[0], Decimal(0)) + amount[1]
        self.job.totals = {
            **totals,
            "records": dict(kinds),
            "sums": {currency: f"{amount:f}" for currency, amount in sorted(sums.items())},
        }
        self.job.staged += len(chunk)
        self.job.attempts = 0

    def _end(self, chunk: list[Staged[incoming.Record]]) -> None:
        self.job.totals["rows"] = self.trace.count
        if chunk and isinstance(last := chunk[-1].record, incoming.Order) and last.identities:
            self.job.totals["last"] = [
                last.number or last.id,
                last.identities[0].words,
                f"{last.identities[0].difference:f}",
            ]
        self.job.asks = asked(self)
        if not self.job.staged:
            raise Unreadable(
                "The file has titles, but no rows below them. Export it again with the records that you want to bring in."
            )
        self.job.read = not self.job.asks


def asked(reading: Reading) -> dict[str, dict[str, str | int]]:
    """What is open in the file, each with its first example."""
    questions = reading.setting.asked.questions()
    return {name: {"field": one.field, "value": one.value, "row": one.row} for name, one in questions.items()}


def _amount(record: incoming.Record) -> tuple[str, Decimal] | None:
    if isinstance(record, incoming.Order):
        return record.currency, record.totals.total
    if isinstance(record, incoming.Payout):
        return record.currency, record.amount
    return None


class Gone(Exception):
    """The job is no longer in the state that the work belongs to: somebody cancelled it."""


def move(job: ImportJob, state: str, *fields: str) -> None:
    """Store these fields, if the job is still in that state. Raises Gone."""
    values = {name: getattr(job, name) for name in fields}
    if not ImportJob.objects.filter(pk=job.pk, state=state).update(**values):
        raise Gone


__all__ = ["Gone", "Reading", "Unreadable", "asked", "move"]
