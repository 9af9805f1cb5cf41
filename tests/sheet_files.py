"""Plain functions that write our own sheets as a person would have them: exported, changed here and there, and saved as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from typing import Any

from django.contrib.auth.models import User
from django.db.models import QuerySet

from integrations import inbox
from orders import models, resources
from orders.resources import Sheet, control
from orders.resources.guard import guarded
from orders.resources.widgets import text_of

Rows = list[dict[str, str]]


def exported(noun: str, queryset: QuerySet[Any] | None = None) -> Rows:
    """The sheet's rows by column name, as texts in cells."""
    sheet = resources.sheet(noun)
    found = sheet.rows(sheet.get_queryset() if queryset is None else queryset)
    names = [column.name for column in sheet.columns]
    return [dict(zip(names, map(_cell, row), strict=True)) for row in found]


def typed(noun: str, *rows: Mapping[str, object]) -> Rows:
    """Rows that a person typed below a template's first row, which holds the control only."""
    sheet = resources.sheet(noun)
    blank = dict.fromkeys((column.name for column in sheet.columns), "")
    return [
        {**blank, **_control(sheet)},
        *({**blank, **{name: str(value) for name, value in row.items()}} for row in rows),
    ]


def _control(sheet: Sheet) -> dict[str, str]:
    return dict(zip(("control_number", "control_day"), (control.NUMBER, control.DAY), strict=True))


def written(noun: str, rows: Rows, *, without: tuple[str, ...] = (), delimiter: str = ",") -> bytes:
    """The rows as a CSV file."""
    columns = [column for column in resources.sheet(noun).columns if column.name not in without]
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerow(column.title for column in columns)
    writer.writerows([row[column.name] for column in columns] for row in rows)
    return text.getvalue().encode()


def brought(
    shop: models.Shop,
    content: bytes,
    by: User | None,
    *,
    name: str = "sheet.csv",
    said: Mapping[str, str] | None = None,
) -> models.ImportJob:
    """The job of that file, brought in by that person."""
    return inbox.receive_file(shop, io.BytesIO(content), name=name, by=by, said=said)


def changed(rows: Rows, which: Callable[[dict[str, str]], bool], **cells: str) -> Rows:
    """The same rows with those cells of the chosen ones changed."""
    return [{**row, **cells} if which(row) else row for row in rows]


def _cell(value: Any) -> str:
    return guarded(value) if isinstance(value, str) else text_of(value)
