"""Writes a table as CSV, as a stream: UTF-8 with its mark (a spreadsheet program takes it for something else without), texts guarded, totals last."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from orders.resources.guard import GUARDED, MARK
from orders.resources.table import AMOUNT, INSTANT, NUMBER, TEXT, Columns, Table, Totals, plain, turned

MARK_OF_UTF8 = b"\xef\xbb\xbf"
AT_ONCE = 500


def chunks(table: Table, rows: Iterable[Sequence[Any]], totals: Totals | None = None) -> Iterator[bytes]:
    """The file, piece by piece. `rows` hold values as Python has them, None for an empty cell; `totals` is filled on the way, and its lines close the file."""
    sums, buffer = totals or Totals(table), io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow(table.titles)
    yield MARK_OF_UTF8 + _taken(buffer)
    left = iter(rows)
    while chunk := list(islice(left, AT_ONCE)):
        columns = turned(chunk)
        writer.writerows(zip(*cells(table, columns, sums.add(columns)), strict=True))
        yield _taken(buffer)
    writer.writerows(sums.lines())
    yield _taken(buffer)


def cells(table: Table, columns: Columns, places: list[int]) -> list[Sequence[Any]]:
    """The columns as they are written; `places` are the decimals of each row's currency."""
    return [_written(kind, values, places) for kind, values in zip(table.kinds, columns, strict=True)]


def _written(kind: str, values: tuple[Any, ...], places: list[int]) -> Sequence[Any]:
    if kind == TEXT:
        return [MARK + text if text and text[0] in GUARDED else text for text in values]
    if kind == AMOUNT:
        return ["" if value is None else plain(value, n) for value, n in zip(values, places, strict=True)]
    if kind == NUMBER:
        return [value if value is None or isinstance(value, int) else plain(value) for value in values]
    if kind == INSTANT:
        return [value and value.isoformat(" " if value.tzinfo is None else "T") for value in values]
    return [value and value.isoformat() for value in values]


def _taken(buffer: io.StringIO) -> bytes:
    """What was written since the last time."""
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text.encode()
