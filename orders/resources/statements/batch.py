"""Hands a statement out: written twice in one moment of the database, held against its control totals, numbered and kept."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import BinaryIO

from django.contrib.auth.models import User
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from orders import events
from orders.models import ExportBatch, Ledger
from orders.models.exportbatch import content_hash
from orders.resources import csv_file, xlsx_file
from orders.resources.statements.statement import Asked, Statement, Sums
from orders.resources.table import Totals


class Nothing(ValueError):
    """There is nothing to hand out; the message says so."""


class Differs(RuntimeError):
    """The file does not sum to what was signed, so it is not handed out; the message says where."""


@dataclass(frozen=True, slots=True)
class Made:
    """The batch, and whether it was made just now: the same content again is the batch that there is."""

    batch: ExportBatch
    new: bool


@dataclass(frozen=True, slots=True)
class _Files:
    totals: Totals
    csv: bytes
    xlsx: bytes


def preview(statement: Statement, asked: Asked) -> tuple[int, Sums]:
    """How many rows the file will have, and its control totals."""
    with _one_moment():
        return sum(1 for _row in statement.rows(asked)), statement.control(asked)


def make(statement: Statement, asked: Asked, by: User) -> Made:
    """Hand the statement out. Raises Nothing and Differs; xlsx_file.TooLong for what no spreadsheet holds."""
    with _one_moment():
        written = _written(statement, asked)
        _check(statement, written.totals, statement.control(asked))
    with transaction.atomic():
        Ledger.objects.select_for_update(no_key=True).get(pk=asked.ledger.pk)
        known = _same(statement, asked, written)
        return Made(known, new=False) if known else Made(_kept(statement, asked, written, by), new=True)


@contextmanager
def _one_moment() -> Iterator[None]:
    """Everything within sees the database as it is now; inside of a transaction that has begun it sees what that sees."""
    outermost = not connection.in_atomic_block
    with transaction.atomic():
        if outermost:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield


def _written(statement: Statement, asked: Asked) -> _Files:
    totals = Totals(statement.table)
    with tempfile.TemporaryFile() as file:
        file.writelines(csv_file.chunks(statement.table, statement.rows(asked), totals))
        csv = _whole(file)
    if not totals.rows:
        raise Nothing(_("Nothing was booked in these days: there is nothing to hand out."))
    with tempfile.TemporaryFile() as file:
        xlsx_file.write(statement.table, statement.rows(asked), file)
        return _Files(totals, csv, _whole(file))


def _whole(file: BinaryIO) -> bytes:
    file.seek(0)
    return file.read()


def _check(statement: Statement, totals: Totals, control: Sums) -> None:
    found = totals.by_title()
    for currency in sorted({*found, *control}):
        for title in statement.controlled:
            stands, wanted = (sums.get(currency, {}).get(title, "0") for sums in (found, control))
            if Decimal(stands) != Decimal(wanted):
                words = _("%(statement)s: %(what)s %(currency)s is %(file)s in the file and %(books)s in the books.")
                told = {"what": title, "currency": currency, "file": stands, "books": wanted}
                raise Differs(words % {"statement": statement.title, **told})


def _same(statement: Statement, asked: Asked, written: _Files) -> ExportBatch | None:
    """The batch of the same days and the same bytes, if it was handed out already."""
    found: ExportBatch | None = ExportBatch.objects.filter(
        ledger=asked.ledger,
        profile=statement.profile,
        version=statement.version,
        parameters=statement.parameters(asked),
        files__content_hash=content_hash(written.csv),
        withdrawn_at=None,
    ).first()
    return found


def _kept(statement: Statement, asked: Asked, written: _Files, by: User) -> ExportBatch:
    """The next number of the ledger; its row is locked, so that two never take the same."""
    batch = ExportBatch.objects.create(
        ledger=asked.ledger,
        number=ExportBatch.next_number(asked.ledger),
        profile=statement.profile,
        version=statement.version,
        parameters=statement.parameters(asked),
        rows=written.totals.rows,
        totals=written.totals.by_title(),
        made_at=timezone.now(),
        by=by,
    )
    for form, content in (("csv", written.csv), ("xlsx", written.xlsx)):
        name = f"{statement.profile}-{asked.ledger.code}-{'_'.join(batch.parameters.values())}-{batch.number:04}.{form}"
        batch.keep(name, content)
    words = _("%(name)s %(number)d handed out: %(n)d rows") % {
        "name": statement.title,
        "number": batch.number,
        "n": batch.rows,
    }
    events.record(
        batch, "handed out", by=by, after={"parameters": batch.parameters, "totals": batch.totals}, words=words
    )
    return batch
