"""Writes a table as XLSX: openpyxl makes the frame and the styles, the rows are streamed into it; the same rows always make the same bytes."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from typing import Any, BinaryIO
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from orders.resources.guard import GUARDED, MARK
from orders.resources.table import AMOUNT, DAY, INSTANT, NUMBER, TEXT, Table, Totals, decimals, plain, turned

AT_ONCE = 400
ROWS, TOTALS = "xl/worksheets/sheet1.xml", "xl/worksheets/sheet2.xml"
MOST_ROWS = 1_048_575  # of a sheet, below its title row
LONGEST = 32_767  # characters of a cell
EXACT_DIGITS = 15  # of a number in a spreadsheet program; longer ones are written as text, so that no digit is lost
MOST_DECIMALS = 10
_EPOCH = date(1899, 12, 30).toordinal()
_FIRST_DAY = 61  # 1 March 1900: programs disagree about the days before
_MADE = "2000-01-01T00:00:00Z"
_WIDTHS = {TEXT: 20, AMOUNT: 14, NUMBER: 12, DAY: 12, INSTANT: 26}
# What XML cannot hold or would read otherwise, and a text that looks like one escaped by the format's own rule (_x000D_).
_SPECIAL = re.compile("[&<>\x00-\x08\x0b-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")
_CODE = re.compile("_x(?![dD][89a-fA-F])([0-9A-Fa-f]{4})_")  # no halves of a pair: alone they are no text
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_BLANK = re.compile(r"<sheetData\s*/>|<sheetData></sheetData>")


class TooLong(ValueError):
    """More than a spreadsheet can hold; the message says what and what to do."""


def write(table: Table, rows: Iterable[Sequence[Any]], into: BinaryIO, totals: Totals | None = None) -> Totals:
    """Write the workbook: the rows, and their control totals on a sheet of their own. Raises TooLong."""
    sums = totals or Totals(table)
    frame, styles = _frame(table)
    with ZipFile(frame) as made, ZipFile(into, "w", ZIP_DEFLATED, compresslevel=5) as archive:
        _spliced(archive, ROWS, made.read(ROWS), _sheet(table, styles, rows, sums))
        _spliced(archive, TOTALS, made.read(TOTALS), _total_sheet(styles, sums))
        for name in made.namelist():
            if name not in (ROWS, TOTALS):
                content = made.read(name)
                archive.writestr(_entry(name), _undated(content) if name == "docProps/core.xml" else content)
    return sums


class Styles:
    """The numbers of the workbook's cell styles."""

    def __init__(self, sheet: Any) -> None:
        self._sheet = sheet
        self.text, self.day = self._numbered("@"), self._numbered("yyyy-mm-dd")
        self.instant = self._numbered("yyyy-mm-dd hh:mm:ss")
        self.decimals = [self._numbered(f"0.{'0' * n}" if n else "0") for n in range(MOST_DECIMALS + 1)]
        self.title = self._numbered("@", bold=True)

    def _numbered(self, form: str, *, bold: bool = False) -> int:
        cell = WriteOnlyCell(self._sheet)
        cell.number_format, cell.font = form, Font(bold=bold)
        return int(cell.style_id)


def _frame(table: Table) -> tuple[io.BytesIO, Styles]:
    """An empty workbook of two sheets, and its styles."""
    book = Workbook(write_only=True)
    book.properties.creator = "ordersync"
    sheet, sums = book.create_sheet(table.name[:31]), book.create_sheet("Totals")
    for at, kind in enumerate(table.kinds, start=1):
        sheet.column_dimensions[get_column_letter(at)].width = _WIDTHS.get(kind, 16)
    for letter in "ABC":
        sums.column_dimensions[letter].width = 24
    sheet.freeze_panes = "A2"
    styles = Styles(sheet)
    made = io.BytesIO()
    book.save(made)
    return made, styles


def _spliced(archive: ZipFile, name: str, content: bytes, rows: Iterator[str]) -> None:
    """The frame's empty sheet with the rows put into it."""
    before, after = _BLANK.split(content.decode(), maxsplit=1)
    with archive.open(_entry(name), "w") as entry:
        entry.write(f"{before}<sheetData>".encode())
        for text in rows:
            entry.write(text.encode())
        entry.write(f"</sheetData>{after}".encode())


def _entry(name: str) -> ZipInfo:
    """A member of the archive without the day on which it was made."""
    entry = ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    entry.compress_type, entry.create_system, entry.external_attr = ZIP_DEFLATED, 3, 0o600 << 16
    return entry


def _undated(content: bytes) -> bytes:
    return re.sub(rb"(<dcterms:\w+[^>]*>)[^<]*", rb"\g<1>" + _MADE.encode(), content)


def _sheet(table: Table, styles: Styles, rows: Iterable[Sequence[Any]], sums: Totals) -> Iterator[str]:
    writers = [_writer(kind, get_column_letter(at), styles) for at, kind in enumerate(table.kinds, start=1)]
    yield _row(1, "".join(_title(get_column_letter(at), text, styles) for at, text in enumerate(table.titles, start=1)))
    left, n = iter(rows), 2
    while chunk := list(islice(left, AT_ONCE)):
        columns = turned(chunk)
        places = sums.add(columns)
        if sums.rows > MOST_ROWS:
            raise TooLong(f"A spreadsheet holds at most {MOST_ROWS:,} rows: narrow the list down, or take it as CSV.")
        made = [write(n, values, places) for write, values in zip(writers, columns, strict=True)]
        yield "".join(_row(at, "".join(cells)) for at, cells in enumerate(zip(*made, strict=True), start=n))
        n += len(chunk)


def _row(n: int, cells: str) -> str:
    return f'<row r="{n}">{cells}</row>'


def _title(letter: str, text: str, styles: Styles, row: int = 1) -> str:
    return f'<c r="{letter}{row}" s="{styles.title}" t="inlineStr"><is><t>{escaped(text)}</t></is></c>'


Writer = Callable[[int, Sequence[Any], Sequence[int]], list[str]]


def _writer(kind: str, letter: str, styles: Styles) -> Writer:
    """Writes a column's cells from a row on."""
    one = _CELLS[kind]

    def write(n: int, values: Sequence[Any], places: Sequence[int]) -> list[str]:
        return [
            "" if value is None or value == "" else one(f"{letter}{at}", value, styles, number)
            for at, (value, number) in enumerate(zip(values, places, strict=True), start=n)
        ]

    def write_numbers(n: int, values: Sequence[Any], places: Sequence[int]) -> list[str]:
        return write(n, values, [0] * len(places))

    return write_numbers if kind == NUMBER else write


def _text(at: str, value: str, styles: Styles, places: int = 0) -> str:
    text = MARK + value if value[0] in GUARDED else value
    if len(text) > LONGEST:
        raise TooLong(f"The cell {at} has {len(text):,} characters; a spreadsheet holds {LONGEST:,}. Take it as CSV.")
    if _SPECIAL.search(text):
        text = escaped(text)
    return f'<c r="{at}" s="{styles.text}" t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'


def _number(at: str, value: Decimal | int, styles: Styles, places: int) -> str:
    digits = str(value) if isinstance(value, int) else plain(value, places)
    if len(digits) > EXACT_DIGITS and len(digits.lstrip("-0.").replace(".", "").rstrip("0")) > EXACT_DIGITS:
        return f'<c r="{at}" s="{styles.text}" t="inlineStr"><is><t>{digits}</t></is></c>'
    decimals = len(digits.partition(".")[2])
    return f'<c r="{at}" s="{styles.decimals[min(decimals, MOST_DECIMALS)]}"><v>{digits}</v></c>'


def _day(at: str, value: date, styles: Styles, places: int = 0) -> str:
    serial = value.toordinal() - _EPOCH
    if serial < _FIRST_DAY:
        return _text(at, value.isoformat(), styles)
    return f'<c r="{at}" s="{styles.day}"><v>{serial}</v></c>'


def _instant(at: str, value: datetime, styles: Styles, places: int = 0) -> str:
    """On a clock without a zone a typed cell; with one ISO text, since a spreadsheet knows no zones."""
    serial = value.toordinal() - _EPOCH
    if value.tzinfo is not None or serial < _FIRST_DAY:
        return _text(at, value.isoformat(), styles)
    seconds = value.hour * 3600 + value.minute * 60 + value.second
    return f'<c r="{at}" s="{styles.instant}"><v>{serial + seconds / 86400!r}</v></c>'


_CELLS: dict[str, Callable[[str, Any, Styles, int], str]] = {
    TEXT: _text,
    AMOUNT: _number,
    NUMBER: _number,
    DAY: _day,
    INSTANT: _instant,
}


def escaped(text: str) -> str:
    """The text as it stands in XML; what XML cannot hold by the rule of the format (ECMA-376, ST_Xstring): _x000D_."""
    return _SPECIAL.sub(lambda found: _ENTITIES.get(found[0]) or _code(found[0]), text)


def unescaped(text: str) -> str:
    """The text of a cell as a program means it that keeps that rule: the reverse of `escaped`, since openpyxl reads the text as it stands."""
    return _CODE.sub(lambda found: chr(int(found[1], 16)), text)


def _code(sign: str) -> str:
    return f"_x{ord(sign):04X}_"


def _total_sheet(styles: Styles, sums: Totals) -> Iterator[str]:
    """Currency, what is summed, the sum: a line each."""
    yield _row(
        1,
        "".join(
            _title(letter, text, styles) for letter, text in zip("ABC", ("currency", "what", "total"), strict=True)
        ),
    )
    lines: list[tuple[str, str, Decimal | int]] = [(code, "rows", n) for code, n in sorted(sums.counted.items())] or [
        ("", "rows", 0)
    ]
    lines += [
        (code, sums.table.titles[at], value) for code, found in sorted(sums.sums.items()) for at, value in found.items()
    ]
    for n, (code, words, value) in enumerate(lines, start=2):
        number = decimals(code) if isinstance(value, Decimal) else 0
        cells = (_text(f"A{n}", code, styles) if code else "", _text(f"B{n}", words, styles))
        yield _row(n, "".join((*cells, _number(f"C{n}", value, styles, number))))
