"""Reads an Excel workbook (XLSX) as the table it shows: unpacked within bounds, row by row, each cell as text that means what its type says."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import IO, Any
from xml.etree.ElementTree import ParseError

import openpyxl
from defusedxml.common import DefusedXmlException
from openpyxl.utils import get_column_letter

from integrations.formats import bounds
from integrations.stores.base import Unreadable
from orders.resources.xlsx_file import unescaped

MARK = b"PK\x03\x04"
CHUNK = 1 << 18
PARTS = 1_000
SMALL_PART = 8 << 20  # bytes of styles, names, theme: whatever is read as a whole
LAST_ROW = 1_048_576  # of any workbook
# Each repetition is bounded, so that no file can make the search slow.
_FORMULA_WITHOUT_RESULT = re.compile(
    rb"<(?:\w{1,20}:)?c\b[^<>]{0,200}?\br=\"([A-Z]{1,3}\d{1,7})\"[^<>]{0,200}>\s{0,9}"
    rb"<(?:\w{1,20}:)?f\b[^<>]{0,200}(?:/>|>[^<]*</(?:\w{1,20}:)?f>)\s{0,9}"
    rb"(?:<(?:\w{1,20}:)?v\s{0,9}/>|<(?:\w{1,20}:)?v>\s{0,9}</(?:\w{1,20}:)?v>)?\s{0,9}</(?:\w{1,20}:)?c>"
)
_THREE_PLACES = re.compile(r"-?[1-9]\d{0,2}\.\d{3}")
_UNPACKABLE = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    zlib.error,
    NotImplementedError,
    EOFError,
    RuntimeError,
    OSError,
)
_BROKEN = (
    *_UNPACKABLE, DefusedXmlException, ParseError, KeyError, ValueError, TypeError, AttributeError, IndexError, OverflowError,
)  # fmt: skip


def is_packed(head: bytes) -> bool:
    """Whether the file is a ZIP archive, as every XLSX is."""
    return head.startswith(MARK)


def rows(stream: IO[bytes]) -> Iterator[tuple[int, list[str]]]:
    """Number and cells of every row of the first sheet that shows any. A blank cell is "".

    Numbers are plain ("1234.5"; one that could be taken for thousands has a fourth decimal: "1.2340"), as percentages where they are shown so; days and
    times are in ISO 8601; text is as it is, with its leading zeros. Raises Unreadable: no workbook, a bomb, a formula that was never computed.
    """
    check(stream)
    stream.seek(0)
    try:
        book = openpyxl.load_workbook(stream, read_only=True, data_only=True, keep_links=False)
        try:
            yield from _first_filled(book)
        finally:
            book.close()
    except _BROKEN as error:
        raise Unreadable(
            f"The workbook is broken and cannot be read ({type(error).__name__}). Open it in a spreadsheet program, save it as XLSX and bring that in."
        ) from error


def check(stream: IO[bytes]) -> None:
    """Unpack everything once, in pieces and within bounds. Raises Unreadable for a bomb, a password, an archive that is no XLSX, an uncomputed formula."""
    stream.seek(0)
    watch = bounds.Watch()
    try:
        with zipfile.ZipFile(stream) as archive:
            parts = archive.infolist()
            _is_workbook({part.filename for part in parts}, archive)
            _declared(parts)
            done = 0
            for part in parts:
                done = _unpacked(archive, part, done, watch)
    except _UNPACKABLE as error:
        raise Unreadable(f"The file is packed, but broken: {error}. Save it again and bring that in.") from error


def _is_workbook(names: set[str], archive: zipfile.ZipFile) -> None:
    if "xl/workbook.xml" in names:
        return
    if "EncryptedPackage" in names:
        raise Unreadable("The workbook is protected by a password. Save it without one and bring that in.")
    if "mimetype" in names and archive.read("mimetype")[:100].startswith(b"application/vnd.oasis"):
        raise Unreadable("This looks like an OpenDocument spreadsheet. Save it as XLSX or CSV and bring that in.")
    listed = ", ".join(sorted(names)[:5])
    raise Unreadable(f"This looks like a ZIP archive ({listed}). Unpack it and bring in the files it holds one by one.")


def _declared(parts: list[zipfile.ZipInfo]) -> None:
    if len(parts) > PARTS:
        raise Unreadable(
            f"The file packs {len(parts):,} parts; at most {PARTS:,} are read. Save it as CSV and bring that in."
        )
    if any(part.flag_bits & 1 for part in parts):
        raise Unreadable("The workbook is protected by a password. Save it without one and bring that in.")
    for part in parts:
        bounds.unpacked(part.file_size, part.compress_size, part.filename[:80])
    bounds.unpacked(sum(part.file_size for part in parts), sum(part.compress_size for part in parts), "the whole")


def _unpacked(archive: zipfile.ZipFile, part: zipfile.ZipInfo, done: int, watch: bounds.Watch) -> int:
    """Bytes unpacked so far, this part included; the part is looked through on the way."""
    name = part.filename[:80]
    sheet = part.filename.startswith("xl/worksheets/")
    before, tail = done, b""
    with archive.open(part) as unpacking:
        while piece := unpacking.read(CHUNK):
            done += len(piece)
            bounds.unpacked(done, done, name)
            if _is_read_as_a_whole(part.filename) and done - before > SMALL_PART:
                raise Unreadable(
                    f"“{name}” in the workbook is larger than {SMALL_PART >> 20} MiB. Save it as CSV and bring that in."
                )
            if not tail and b"<!DOCTYPE" in piece[:4_096].replace(b"\x00", b""):
                raise Unreadable(
                    f"“{name}” in the workbook declares entities, as no spreadsheet program does. Save it as CSV and bring that in."
                )
            if sheet and (found := _FORMULA_WITHOUT_RESULT.search(tail + piece)):
                raise Unreadable(
                    f"Cell {found[1].decode()} holds a formula whose result was never computed. Open the file in a spreadsheet program, save it and bring that in."
                )
            tail = piece[-2_000:]
            watch.look(f"“{name}”")
    return done


def _is_read_as_a_whole(name: str) -> bool:
    rows_or_texts = name.startswith("xl/worksheets/") or name.endswith("sharedStrings.xml")
    return name.endswith((".xml", ".rels")) and not rows_or_texts


def _first_filled(book: Any) -> Iterator[tuple[int, list[str]]]:
    for sheet in book.worksheets:
        if sheet.sheet_state != "visible":
            continue
        found = _rows_of(sheet)
        first = next(found, None)
        if first is not None:
            yield first
            yield from found
            return


def _rows_of(sheet: Any) -> Iterator[tuple[int, list[str]]]:
    sheet.reset_dimensions()  # what the sheet says of its size need not be true
    watch = bounds.Watch()
    for number, cells in enumerate(sheet.iter_rows(), start=1):
        if number > LAST_ROW:
            raise Unreadable(
                f"The workbook names a row beyond {LAST_ROW:,}, the last there can be. Save it again in a spreadsheet program."
            )
        if number % 1_000 == 0:
            watch.look(f"row {number:,}")
        if cells:
            bounds.columns(len(cells), number)
            texts = [_text(cell, number, at) for at, cell in enumerate(cells, start=1)]
            if any(texts):
                yield number, texts


def _text(cell: Any, number: int, at: int) -> str:
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, str):
        if cell.data_type == "e":
            place = f"{get_column_letter(at)}{number}"
            raise Unreadable(
                f"Cell {place} shows the error {value}. Put in the value it should have and bring the file in again."
            )
        return unescaped(value) if "_x" in value else value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return _number(value, percent="%" in cell.number_format)
    return _moment(value)


def _number(value: float, *, percent: bool) -> str:
    """To the 15 digits a spreadsheet keeps. Three decimals after one to three digits get a fourth, so that nobody can take them for thousands."""
    exact = Decimal(value) if isinstance(value, int) else Decimal(format(value, ".15g"))
    if percent:
        exact *= 100
    text = format(exact.normalize() if exact else Decimal(0), "f")
    return f"{text}0{'%' if percent else ''}" if _THREE_PLACES.fullmatch(text) else f"{text}%" if percent else text


def _moment(value: object) -> str:
    if isinstance(value, datetime):
        midnight = value.time() == time()
        return value.date().isoformat() if midnight else value.isoformat(sep=" ", timespec="seconds")
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value) if isinstance(value, timedelta) else format(value, "")
