"""Reads a table (CSV) as it really comes: any usual delimiter and encoding, columns by name, rows of one order wherever they stand."""

from __future__ import annotations

import codecs
import csv
import io
import itertools
import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import IO, BinaryIO

from integrations.formats import bounds, trace, workbook
from integrations.stores.base import ENCODING, Example, Setting, Unreadable
from orders.resources.guard import unguarded

DELIMITERS = ",;\t"
HEAD = 1 << 16
HANDED_BACK = (
    "reason",
    "refused because",
)  # one of them is the last title of a file of refused rows that we handed out; its texts are guarded
SEEN = 20  # rows of a workbook that it is recognised by
_BETWEEN = "\x00"  # no cell contains it
_NOT_A_LETTER = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table: its number as a spreadsheet program shows it, its cells, and its place among the rows that were grouped."""

    line: int
    cells: Sequence[str]
    at: int = 0


def normal(title: str) -> str:
    """A column's title as it is compared: lower case, letters and digits only ("Lineitem compare-at price" = "lineitemcompareatprice")."""
    return _NOT_A_LETTER.sub("", title).lower()


def titles(head: bytes) -> list[str]:
    """The titles in the first line of a table; [] if the head is no table of text."""
    row = next(iter(first_rows(head, 1)), [])
    return [title.strip() for title in row] if len(row) > 1 else []


def first_rows(head: bytes, most: int) -> list[list[str]]:
    """The first rows of a table; [] if the head is no table of text."""
    charset = encoding(head)
    if b"\x00" in head[:1024] and not charset.startswith("utf-16"):
        return []
    text = head.decode(charset, "ignore").removeprefix("\ufeff").lstrip()
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text.split("\n", 1)[0]))
    try:
        return list(itertools.islice(reader, most))
    except csv.Error:
        return []


def encoding(head: bytes) -> str:
    """UTF-16 by its mark or its NULs, UTF-8 with or without a mark, else Windows-1252, which Excel writes in the West. The head may end inside a character."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    first, second = head[:200:2], head[1:200:2]
    if len(second) > 20 and not any(second):
        return "utf-16-le"
    if len(second) > 20 and not any(first):
        return "utf-16-be"
    try:
        head[:-4].decode("utf-8-sig")
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8-sig"


def head(stream: IO[bytes]) -> bytes:
    """What a reader recognises a file by: its first 64 KiB; of a workbook its first rows as CSV, of UTF-16 the text in UTF-8. Raises Unreadable."""
    stream.seek(0)
    found = stream.read(HEAD)
    stream.seek(0)
    if workbook.is_packed(found):
        text = io.StringIO(newline="")
        csv.writer(text).writerows(cells for _line, cells in itertools.islice(workbook.rows(stream), SEEN))
        stream.seek(0)
        return text.getvalue().encode()[:HEAD]
    charset = encoding(found)
    if charset.startswith("utf-16"):
        return found[: len(found) // 2 * 2].decode(charset, "ignore").removeprefix("\ufeff").encode()
    return found


def rows(stream: BinaryIO, setting: Setting | None = None) -> Iterator[Row]:
    """Every row that is not blank, the titles first, without NUL, which PostgreSQL cannot keep either; of a CSV file, UTF-16 included, or a workbook.

    `setting.encoding` is the file's, where people said so. Raises Unreadable, naming the line, also for what is beyond bounds.
    """
    buffered = io.BufferedReader(stream, 1 << 16) if isinstance(stream, io.RawIOBase) else stream
    start = buffered.tell()
    beginning = buffered.read(HEAD)
    buffered.seek(start)
    if workbook.is_packed(beginning):
        yield from _bounded(workbook.rows(buffered))
        return
    told = setting.encoding if setting else ""
    charset = told or encoding(beginning)
    found = _bounded(_lines(buffered, beginning, charset), whole=True)
    yield from _doubted(found, setting) if setting and charset == "cp1252" and not told else found


def _doubted(found: Iterator[Row], setting: Setting) -> Iterator[Row]:
    """The rows; the first value whose letters depend on the guessed encoding is noted to be asked."""
    header: Sequence[str] = ()
    for row in found:
        header = header or row.cells
        if ENCODING not in setting.asked.noted:
            at = next((at for at, cell in enumerate(row.cells) if not cell.isascii()), None)
            if at is not None:
                title = header[at] if at < len(header) else str(at + 1)
                setting.asked.note(ENCODING, Example(title, row.cells[at], row.line))
        yield row


def _lines(stream: BinaryIO, beginning: bytes, charset: str) -> Iterator[tuple[int, list[str]]]:
    first = beginning.decode(charset, "ignore").removeprefix("\ufeff").lstrip().split("\n", 1)[0]
    text = io.TextIOWrapper(stream, charset, newline="")
    csv.field_size_limit(bounds.WHOLE)
    reader = csv.reader(text, delimiter=_delimiter(first))
    try:
        yield from enumerate(reader, start=1)
    except csv.Error as error:
        raise Unreadable(_broken_off(reader.line_num + 1, error)) from error
    except UnicodeError as error:
        raise Unreadable(
            f"The table breaks off near line {reader.line_num + 1}: it is not written in {charset.upper()} throughout. Save it as UTF-8 and bring that in."
        ) from error
    finally:
        with suppress(ValueError):  # the caller has closed it
            text.detach()


def _broken_off(line: int, error: csv.Error) -> str:
    if "field limit" in str(error):
        return (
            f'A cell that begins near line {line} has more than {bounds.WHOLE:,} letters: a quotation mark (") was probably opened there and never closed. '
            "Close it, or export the file again."
        )
    return f"The table breaks off near line {line}: {error}. Export it again from the store."


def _bounded(found: Iterator[tuple[int, list[str]]], *, whole: bool = False) -> Iterator[Row]:
    """The rows, as long as they are within bounds; a cell too long is named by its column's title. `whole`: every row of it has all its cells."""
    noted, watch, longest = trace.current(), bounds.Watch(), bounds.longest_cell()
    header: list[str] = []
    number = line = short = 0
    for line, cells in found:
        if not (text := "".join(cells)):
            bounds.blank(line, number)
            continue
        if header:
            bounds.row(number, line)
        if number % 5_000 == 0:
            watch.look(f"row {line:,}")
        if len(cells) != len(header):
            bounds.columns(len(cells), line)
            short = line if len(cells) < len(header) and not short else -1 if len(cells) < len(header) else short
        header, number = header or cells, number + 1
        if header[-1] in HANDED_BACK:
            cells = [unguarded(cell) for cell in cells]
        if len(text) > longest:
            _no_long_cell(cells, header, line)
        if noted and number > 1:
            noted.read(line)
        yield Row(line, [cell.replace(_BETWEEN, "") for cell in cells] if _BETWEEN in text else cells)
    if whole and short and short == line:
        raise Unreadable(
            f"The file ends in the middle of row {line}, column “{header[len(cells) - 1]}”, after “{cells[-1][:60]}”: it was cut. "
            "Export it again and bring in the whole."
        )


def _no_long_cell(cells: Sequence[str], header: Sequence[str], line: int) -> None:
    for at, cell in enumerate(cells):
        bounds.cell(cell, line, header[at] if at < len(header) and cells is not header else str(at + 1))


def _delimiter(first: str) -> str:
    return max(DELIMITERS, key=first.count)


def grouped(found: Iterator[Row], column: int) -> Iterator[list[Row]]:
    """The rows of each key (the cell in `column`), wherever they stand, in the order of the keys' first rows.

    All rows are staged in a temporary database on disk that lives as long as the reading does, so memory stays flat whatever the order of the file.
    Raises what reading the rows raises, before anything is yielded: a broken file is refused as a whole.
    """
    with closing(sqlite3.connect("")) as staged:
        staged.executescript(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -16000; PRAGMA temp_store = FILE;"
            "CREATE TABLE staged (n INTEGER PRIMARY KEY, name TEXT, line INTEGER, cells TEXT);"
            "CREATE TABLE firsts (name TEXT PRIMARY KEY, first INTEGER) WITHOUT ROWID"
        )
        insert = "INSERT INTO staged (name, line, cells) VALUES (?, ?, ?)"
        staged.executemany(insert, ((_key(row, column), row.line, _BETWEEN.join(row.cells)) for row in found))
        staged.execute("INSERT INTO firsts SELECT name, min(n) FROM staged GROUP BY name")
        key, group, noted = None, list[Row](), trace.current()
        for first, at, line, cells in staged.execute(
            "SELECT first, n, line, cells FROM staged CROSS JOIN firsts USING (name) ORDER BY first, n"
        ):
            if first != key and group:
                yield _noted(group, noted)
                group = []
            key = first
            group.append(Row(line, cells.split(_BETWEEN), at))
        if group:
            yield _noted(group, noted)


def _noted(group: list[Row], noted: trace.Trace | None) -> list[Row]:
    if noted:
        noted.rows = [row.line for row in group]
    return group


def _key(row: Row, column: int) -> str:
    return row.cells[column].strip() if column < len(row.cells) else ""
