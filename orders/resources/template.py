"""A sheet of ours, empty: what a person fills in for new records, as CSV or as a workbook that explains each column."""

from __future__ import annotations

import csv
import io
from typing import Any

from django.utils.translation import gettext as _
from openpyxl import Workbook
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from orders.resources import control
from orders.resources.column import Column
from orders.resources.sheet import DAY, NUMBER, Sheet
from orders.resources.widgets import Flag

FORMATS = {
    "text": "@",
    "number": "General",
    "amount": "0.00",
    "day": "yyyy-mm-dd",
    "instant": "yyyy-mm-dd hh:mm:ss",
}
ROWS = 2000  # below the titles: those that are offered the choices of a cell
_BOLD, _PLAIN, _WRAPPED = Font(bold=True), Font(), Alignment(wrap_text=True, vertical="top")


def columns(sheet: Sheet) -> list[Column]:
    """Those of the sheet's columns that a new record may fill, and the control."""
    return [
        column for column in sheet.columns if column.name in (NUMBER, DAY) or (column.new and column.name != "reason")
    ]


def as_csv(sheet: Sheet) -> bytes:
    """The titles, and a row that holds nothing but the control."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(column.title for column in columns(sheet))
    writer.writerow(_control(column) for column in columns(sheet))
    return text.getvalue().encode("utf-8-sig")


def as_xlsx(sheet: Sheet) -> bytes:
    """The same, its cells typed so that leading zeros stay; on the second sheet what each column means."""
    book = Workbook()
    book.properties.creator = "ordersync"
    first = book.worksheets[0]
    first.title, first.freeze_panes = sheet.noun, "A2"
    for at, column in enumerate(columns(sheet), start=1):
        _column(first, at, column)
    _explained(book.create_sheet(_("columns")[:31]), sheet)
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def _control(column: Column) -> str:
    return {NUMBER: control.NUMBER, DAY: control.DAY}.get(column.name, "")


def _column(page: Any, at: int, column: Column) -> None:
    letter, form = get_column_letter(at), FORMATS[column.kind]
    page.column_dimensions[letter].width = max(12, len(column.title) + 2)
    page.column_dimensions[letter].number_format = form
    title = page.cell(1, at, column.title)
    title.font, title.number_format = _BOLD, "@"
    if text := _control(column):
        page.cell(2, at, text).number_format = "@"
    choices = ["yes", "no"] if isinstance(column.widget, Flag) else getattr(column.widget, "choices", [])
    listed = f'"{",".join(choices)}"'
    if choices and len(listed) <= 257:  # Excel's own limit for a list within the rule
        rule = DataValidation(type="list", formula1=listed, allow_blank=True)
        rule.add(f"{letter}2:{letter}{ROWS}")
        page.add_data_validation(rule)


def _explained(page: Any, sheet: Sheet) -> None:
    titles = [_("column"), _("what it is"), _("how it is written"), _("a new record"), _("in an export brought back")]
    rows = [
        [column.title, str(column.meaning), column.widget.words, _needed(column), _corrected(column)]
        for column in columns(sheet)
    ]
    for at, width in enumerate((24, 60, 44, 16, 60), start=1):
        page.column_dimensions[get_column_letter(at)].width = width
    for n, row in enumerate([titles, *rows], start=1):
        for at, text in enumerate(row, start=1):
            cell = page.cell(n, at, text)
            cell.alignment, cell.number_format = _WRAPPED, "@"
            cell.font = _BOLD if n == 1 else _PLAIN
    page.freeze_panes = "A2"


def _needed(column: Column) -> str:
    return _("leave it") if column.control else _("needs it") if column.required else _("may say it")


def _corrected(column: Column) -> str:
    if column.control:
        return _("leave it")
    return _("can be corrected") if column.target else str(column.instead)


FORMS = {"csv": as_csv, "xlsx": as_xlsx}
