"""Reads back what ordersync handed out: a CSV as rows of text, a workbook's sheet as rows of values."""

from __future__ import annotations

import csv
import io
from typing import Any

from openpyxl import load_workbook


def table(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def records(content: bytes) -> list[dict[str, str]]:
    """The rows by title, without the totals that close the file."""
    return [
        row
        for row in csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""))
        if not next(iter(row.values())).startswith("TOTAL")
    ]


def sheet(content: bytes, name: str = "") -> list[list[Any]]:
    book = load_workbook(io.BytesIO(content))
    found = book[name] if name else book.worksheets[0]
    return [list(row) for row in found.iter_rows(values_only=True)]


def body(reply: Any) -> bytes:
    """The bytes of a streamed reply."""
    assert reply.status_code == 200, reply.status_code
    return b"".join(reply.streaming_content)
