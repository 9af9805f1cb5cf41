"""Reads a table (CSV) as it really comes: any usual delimiter and encoding, columns by name, rows of one order wherever they stand."""

from __future__ import annotations

import csv
import io
import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import BinaryIO

from integrations.stores.base import Unreadable

DELIMITERS = ",;\t"
LONGEST_CELL = 1 << 20
_BETWEEN = "\x00"  # no cell contains it
_NOT_A_LETTER = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table: the number of the line it ends in, its cells, and its place among the rows that were grouped."""

    line: int
    cells: Sequence[str]
    at: int = 0


def normal(title: str) -> str:
    """A column's title as it is compared: lower case, letters and digits only ("Lineitem compare-at price" = "lineitemcompareatprice")."""
    return _NOT_A_LETTER.sub("", title).lower()


def titles(head: bytes) -> list[str]:
    """The titles in the first line of a table; [] if the head is no table of text."""
    if b"\x00" in head[:1024]:
        return []
    text = head.decode(encoding(head), "ignore")
    first = text.lstrip().split("\n", 1)[0]
    try:
        row = next(csv.reader(io.StringIO(text.lstrip(), newline=""), delimiter=_delimiter(first)), [])
    except csv.Error:
        return []
    return [title.strip() for title in row] if len(row) > 1 else []


def encoding(head: bytes) -> str:
    """UTF-8 with or without a byte order mark, else Windows-1252, which Excel writes in the West. The head may end inside a character."""
    try:
        head[:-4].decode("utf-8-sig")
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8-sig"


def rows(stream: BinaryIO) -> Iterator[Row]:
    """Every row that is not blank, the titles first, without NUL, which PostgreSQL cannot keep either. Raises Unreadable, naming the line."""
    buffered = io.BufferedReader(stream, 1 << 16) if isinstance(stream, io.RawIOBase) else stream
    start = buffered.tell()
    head = buffered.read(1 << 16)
    buffered.seek(start)
    first = head.decode(encoding(head), "ignore").lstrip().split("\n", 1)[0]
    text = io.TextIOWrapper(buffered, encoding(head), newline="")
    csv.field_size_limit(LONGEST_CELL)
    reader = csv.reader(text, delimiter=_delimiter(first))
    try:
        for cells in reader:
            if whole := "".join(cells):
                yield Row(
                    reader.line_num, [cell.replace(_BETWEEN, "") for cell in cells] if _BETWEEN in whole else cells
                )
    except (csv.Error, UnicodeDecodeError) as error:
        raise Unreadable(
            f"The table breaks off near line {reader.line_num + 1}: {error}. Export it again from the store."
        ) from error
    finally:
        text.detach()


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
        key, group = None, list[Row]()
        for first, at, line, cells in staged.execute(
            "SELECT first, n, line, cells FROM staged CROSS JOIN firsts USING (name) ORDER BY first, n"
        ):
            if first != key and group:
                yield group
                group = []
            key = first
            group.append(Row(line, cells.split(_BETWEEN), at))
        if group:
            yield group


def _key(row: Row, column: int) -> str:
    return row.cells[column].strip() if column < len(row.cells) else ""
