"""A table's rows by their columns' names, whatever their order and spelling: text without guards, amounts and instants in the file's own notation."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from decimal import Decimal
from typing import BinaryIO

from integrations.formats import node, notation, tables
from integrations.stores.base import Setting
from orders import incoming, money


class Sheet:
    """The titles of one file; a column is named as `tables.normal` writes it, of two alike the first. `others` maps other spellings to those names."""

    def __init__(self, header: Sequence[str], setting: Setting, others: Mapping[str, str] | None = None) -> None:
        self.header, self.setting = header, setting
        known = [(others or {}).get(name, name) for name in map(tables.normal, header)]
        self.names = [name if name not in known[:at] else "" for at, name in enumerate(known)]

    def missing(self, *titles: str) -> list[str]:
        """Those of the titles that the file lacks."""
        return [title for title in titles if tables.normal(title) not in self.names]

    def row(self, found: tables.Row) -> Cells:
        """The row with its cells by their columns' names. Raises Unclear where it has more cells than the file has titles."""
        if any(found.cells[len(self.header) :]):
            fix = "It has more cells than the file has columns. Export it again."
            raise node.Unclear(f"row {found.line}", ",".join(found.cells), fix, found.line)
        return Cells(self, found, dict(zip(self.names, map(str.strip, found.cells), strict=False)))


def opened(
    stream: BinaryIO, setting: Setting, others: Mapping[str, str] | None = None
) -> tuple[Sheet, Iterator[tables.Row]]:
    """The sheet of a file and its rows below the titles; files put together repeat them. Raises Unreadable."""
    found = tables.rows(stream, setting)
    sheet = Sheet(next(found, tables.Row(0, ())).cells, setting, others)
    return sheet, (row for row in found if list(row.cells) != list(sheet.header))


@dataclass(frozen=True, slots=True)
class Cells:
    """One row. `guarded` cells lose the apostrophe that keeps them from spreadsheets."""

    sheet: Sheet
    found: tables.Row
    values: Mapping[str, str]

    def text(self, *names: str) -> str:
        """The first of these cells that is filled, trimmed and unguarded; "" where there is none."""
        return next((node.clean(found.removeprefix("'")) for name in names if (found := self.values.get(name))), "")

    def amount(self, *names: str) -> Decimal | None:
        """The amount in the first of these cells that is filled; None where there is none. Raises Unclear."""
        name = self._filled(names)
        text = self.text(name)
        return notation.number(text, self.sheet.setting, field=self.title(name), row=self.found.line, own=".")

    def sum(self, *names: str) -> Decimal:
        """The amount, 0 where there is none."""
        return self.amount(*names) or money.ZERO

    def required(self, *names: str) -> Decimal:
        """The amount. Raises Unclear where there is none."""
        found = self.amount(*names)
        if found is None:
            raise node.Unclear(
                self.title(names[0]), "", "It cannot be read without it. Export it again.", self.found.line
            )
        return found

    def instant(self, *names: str, zone: tzinfo | None = None) -> datetime | None:
        """The instant in the first of these cells that is filled; without an offset in `zone`, where the maker says which. Raises Unclear."""
        name = self._filled(names)
        return notation.instant(
            self.text(name), self.sheet.setting, field=self.title(name), row=self.found.line, zone=zone
        )

    def day(self, *names: str) -> date | None:
        """The day in the first of these cells that is filled. Raises Unclear."""
        name = self._filled(names)
        return notation.day(self.text(name), self.sheet.setting, field=self.title(name), row=self.found.line)

    def title(self, name: str) -> str:
        """The column's title as the file writes it; the name where there is no such column."""
        return self.sheet.header[self.sheet.names.index(name)] if name in self.sheet.names else name

    def _filled(self, names: Sequence[str]) -> str:
        return next((name for name in names if self.values.get(name)), names[0])


def refusal(
    sheet: Sheet, rows: Iterable[tables.Row], unclear: node.Unclear, what: str, number: str
) -> incoming.Refusal:
    """What becomes of rows that cannot be made out: `what` names the kind of record, `number` which."""
    rows, raw = list(rows), io.StringIO()
    csv.writer(raw).writerows([sheet.header, *(row.cells for row in rows)])
    return incoming.Refusal(
        where=f"{what} {number}" if number else f"row {rows[0].line}",
        reason=str(unclear) if unclear.row else f"Row {rows[0].line}: {unclear}",
        field=unclear.field,
        value=unclear.value,
        number=number,
        raw=raw.getvalue().replace("\x00", ""),
    )
