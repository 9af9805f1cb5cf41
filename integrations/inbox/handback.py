"""Hands the refused records back as a file of the same layout, each with its reason, to be corrected and brought in again."""

from __future__ import annotations

import csv
import io
import itertools
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import IO, Any, BinaryIO, cast

import openpyxl
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from integrations.formats import elements, tables, workbook
from integrations.inbox import pieces, setting
from orders.models import ImportJob
from orders.resources.guard import guarded

ESCAPE = re.compile("_(?=x[0-9A-Fa-f]{4}_)")
"""What a spreadsheet program would read as a sign written by its number (_x000D_), and so must be escaped itself."""
ENVELOPES = ("orders", "order", "data")


def file(job: ImportJob) -> tuple[str, Iterator[bytes]]:
    """Name and content of the file of refused records: a workbook for a workbook, else CSV in UTF-8 as spreadsheet programs like it, or JSON."""
    reasons = _reasons(job)
    with pieces.opened(job) as stream:
        kind = _kind(stream)
    stem = job.file_name.rpartition(".")[0] or job.file_name
    return f"{stem}-refused.{kind}", {"xlsx": _as_workbook, "json": _as_json, "csv": _as_csv}[kind](job, reasons)


def _kind(stream: IO[bytes]) -> str:
    head = stream.read(tables.HEAD)
    stream.seek(0)
    if workbook.is_packed(head):
        return "xlsx"
    return "json" if elements.outline(tables.head(stream)) else "csv"


def _reasons(job: ImportJob) -> dict[int, str]:
    """The reason of each row of the file that belongs to a refused record."""
    found: dict[int, list[str]] = {}
    for rows, reason in job.errors.order_by("pk").values_list("rows", "reason"):
        for row in rows:
            found.setdefault(row, []).append(reason)
    return {row: " ".join(dict.fromkeys(reasons)) for row, reasons in found.items()}


def _rows(job: ImportJob, reasons: Mapping[int, str]) -> Iterator[list[str]]:
    """The titles and the refused rows, the reason last; one that we wrote there before gives way."""
    with pieces.opened(job) as stream:
        found = tables.rows(cast(BinaryIO, stream), setting.of(job.shop, job.profile))
        titles = own_titles(next(found).cells)
        yield [*map(guarded, titles), _title(titles)]
        for row in found:
            if row.line in reasons:
                cells = [*row.cells[: len(titles)], *[""] * (len(titles) - len(row.cells))]
                yield [*map(guarded, cells), guarded(reasons[row.line])]


def own_titles(titles: Sequence[str]) -> list[str]:
    """The titles that the file has from its maker, without the one of our reasons."""
    return list(titles[:-1] if titles and titles[-1] in tables.HANDED_BACK else titles)


def _title(titles: Sequence[str]) -> str:
    """What our reasons stand under: another title where the file has reasons of its own."""
    return next(title for title in tables.HANDED_BACK if title not in titles)


def _as_csv(job: ImportJob, reasons: Mapping[int, str]) -> Iterator[bytes]:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    yield "\ufeff".encode()
    rows = _rows(job, reasons)
    while chunk := list(itertools.islice(rows, 500)):
        writer.writerows(chunk)
        yield text.getvalue().encode()
        text.seek(0)
        text.truncate()


def _as_workbook(job: ImportJob, reasons: Mapping[int, str]) -> Iterator[bytes]:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("refused")
    for row in _rows(job, reasons):
        sheet.append([_text(sheet, cell) for cell in row])
    stream = io.BytesIO()
    book.save(stream)
    yield stream.getvalue()


def _text(sheet: Any, cell: str) -> Any:
    """A cell that is text whatever it looks like."""
    made = WriteOnlyCell(sheet, ESCAPE.sub("_x005F_", ILLEGAL_CHARACTERS_RE.sub("", cell)))
    made.data_type = "s"
    return made


def _as_json(job: ImportJob, reasons: Mapping[int, str]) -> Iterator[bytes]:
    with pieces.opened(job) as stream:
        between = b"["
        for value in elements.picked(cast(BinaryIO, stream), ENVELOPES, reasons):
            yield between + json.dumps(value, ensure_ascii=False, default=str).encode()
            between = b",\n"
        yield b"[]" if between == b"[" else b"]"
