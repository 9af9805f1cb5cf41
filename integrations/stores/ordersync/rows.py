"""The rows of a sheet of ours as they come back: each cell by its column, told apart from what was exported, and the controls looked at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any, BinaryIO
from zoneinfo import ZoneInfo

from integrations.formats import notation, tables
from integrations.formats.node import Unclear
from integrations.stores.base import Setting, Unreadable
from orders.resources import Column, Sheet, control
from orders.resources.guard import unguarded
from orders.resources.widgets import Whole, tidy

TOTAL = "TOTAL"  # begins the lines of control totals that close an exported CSV
AS_TEXT = (
    "Import the CSV with every column as text (LibreOffice: in the window Text Import mark all columns and choose Text; "
    "Excel: Data, From Text/CSV, Do not detect data types), or take the list as XLSX, which needs no care."
)


@dataclass(slots=True)
class Layout:
    """Where each column of the sheet stands in this file, and what is needed to read its cells."""

    sheet: Sheet
    at: dict[str, int]
    setting: Setting
    handed_back: bool  # refused rows that we handed out: a new record among them has no control
    controlled: bool = False  # an intact control was seen

    def has(self, name: str) -> bool:
        return name in self.at


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One row: the number of its line in the file, and its cells."""

    layout: Layout
    line: int
    cells: Sequence[str]

    def text(self, name: str) -> str:
        """The cell as it stands, without the guard against formulas; "" where the file lacks the column."""
        return unguarded(tidy(self.raw(name)))

    def raw(self, name: str) -> str:
        at = self.layout.at.get(name)
        return self.cells[at] if at is not None and at < len(self.cells) else ""

    @property
    def where(self) -> str:
        return f"row {self.line}"

    def value(self, name: str) -> Any:
        """The cell's value as the sheet writes it; None for an empty one. Raises Unclear, naming row, column, value and fix."""
        column, text = self.layout.sheet.column(name), self.text(name)
        if not text:
            return None
        place: dict[str, Any] = {"field": column.title, "row": self.line}
        if column.kind in ("number", "amount"):
            return self._number(column, text, place)
        if column.kind == "day":
            return notation.day(text, self.layout.setting, **place)
        if column.kind == "instant":
            found = self.instant(name)
            return found and found.replace(tzinfo=None, microsecond=0)
        try:
            return column.read(text)
        except ValueError as error:
            raise Unclear(column.title, text, str(error), self.line) from error

    def instant(self, name: str) -> datetime | None:
        """The instant in a cell, on the shop's clock. Raises Unclear."""
        zone = ZoneInfo(self.layout.setting.time_zone)
        title = self.layout.sheet.column(name).title
        found = notation.instant(self.text(name), self.layout.setting, field=title, row=self.line, zone=zone)
        return found and found.astimezone(zone)

    def begun(self, at: str, on: str) -> datetime:
        """The instant in one column, else the beginning of the day in another. Raises Unclear where both are empty."""
        moment, day = self.instant(at), self.value(on)
        if moment is None and day is None:
            title = self.layout.sheet.column(on).title
            raise Unclear(title, "", "Say on which day it was, as in 2026-12-31.", self.line)
        return moment or datetime.combine(day, time(), ZoneInfo(self.layout.setting.time_zone))

    def whole(self, name: str) -> int | None:
        """An id or a version. Raises Unclear."""
        found = self.value(name)
        return found if found is None else int(found)

    def _number(self, column: Column, text: str, place: dict[str, Any]) -> Any:
        try:
            return column.read(text.removesuffix("%"))
        except ValueError as error:
            if isinstance(column.widget, Whole):
                raise Unclear(column.title, text, str(error), self.line) from error
            return notation.number(text, self.layout.setting, own=".", **place)

    def says_what_was_exported(self, n: int, name: str, check: str) -> bool:
        """Whether the sheet's n-th checked cell still holds what was exported: as text, with its guard or without, or as a value."""
        texts = {tidy(self.raw(name)), self.text(name)}
        if any(not control.changed(check, n, text) for text in texts):
            return True
        try:
            return not control.changed(check, n, self.value(name))
        except Unclear:
            return False


def columns(sheet: Sheet, titles: Sequence[str], setting: Setting) -> Layout:
    """Where the sheet's columns stand in a file with these titles. Raises Unreadable for a title that stands there twice."""
    known = {tables.normal(column.title): column.name for column in sheet.columns}
    at: dict[str, int] = {}
    handed_back = bool(titles) and titles[-1] in tables.HANDED_BACK  # then the last column says why we refused the row
    for place, title in enumerate(titles[:-1] if handed_back else titles):
        name = known.get(tables.normal(title))
        if name in at:
            raise Unreadable(
                f"The column “{title}” stands in the file twice. Delete one of the two and bring it in again."
            )
        if name:
            at[name] = place
    needed = {"control_number", "control_day"} | ({"check"} if "id" in at else set())
    missing = [sheet.column(name).title for name in sorted(needed - at.keys())]
    if missing:
        names = ", ".join(f"“{title}”" for title in missing)
        raise Unreadable(
            f"The column {names} is missing. Leave all columns that begin with “ordersync” as they were exported."
        )
    return Layout(sheet, at, setting, handed_back)


def opened(stream: BinaryIO, sheet: Sheet, setting: Setting) -> tuple[Layout, Iterator[SheetRow]]:
    """Where the columns stand, and every row that says anything. Raises Unreadable for a file whose controls were eaten, or that has none."""
    found = tables.rows(stream, setting)
    titles = next(found, None)
    if titles is None:
        raise Unreadable("The file is empty.")
    layout = columns(sheet, [tidy(title) for title in titles.cells], setting)
    return layout, _rows(layout, found)


def _rows(layout: Layout, found: Iterator[tables.Row]) -> Iterator[SheetRow]:
    for row in found:
        read = SheetRow(layout, row.line, row.cells)
        if _controlled(read) and not read.cells[0].startswith(TOTAL):
            yield read
    if not (layout.controlled or layout.handed_back):
        title = layout.sheet.column("control_number").title
        raise Unreadable(
            f"No row holds the control in the column “{title}”. Begin with a template or an export, and leave its first row as it is."
        )


def _controlled(row: SheetRow) -> bool:
    """Look at the row's control; whether the row says anything else. Raises Unreadable if it was eaten."""
    number, day = row.text("control_number"), row.text("control_day")
    if number or day:
        if not control.intact(number, day):
            raise Unreadable(_eaten(row, number, day))
        row.layout.controlled = True
    controls = {row.layout.at["control_number"], row.layout.at["control_day"]}
    return any(tidy(cell) for at, cell in enumerate(row.cells) if at not in controls)


def _eaten(row: SheetRow, number: str, day: str) -> str:
    said, meant = (number, control.NUMBER) if number != control.NUMBER else (day, control.DAY)
    return (
        f"A spreadsheet program has changed numbers or dates of this file: row {row.line} shows “{said}” instead of “{meant}”. "
        f"Leading zeros, long ids and dates are lost in it, so nothing was taken in. Export the list again. {AS_TEXT}"
    )
