"""How much one file may ask of us: bytes, rows, columns, letters of a cell, what it unpacks to, time and memory; each a setting, each refused in words."""

from __future__ import annotations

import time

import psutil
from django.conf import settings

from integrations.stores.base import Unreadable

MIB = 1 << 20
WHOLE = 1 << 20  # letters of one cell beyond which a quotation mark was surely left open


def size(found: int) -> None:
    """Raises Unreadable for a file of too many bytes."""
    if found > (most := settings.ORDERSYNC_FILE_LIMIT):
        raise Unreadable(
            f"The file is larger than {most:,} bytes. Export fewer orders at a time, or raise ORDERSYNC_FILE_LIMIT."
        )


def blank(line: int, filled: int) -> None:
    """Raises Unreadable for a file that goes on and on without anything in it."""
    if line - filled > 10 * (most := settings.ORDERSYNC_FILE_ROWS):
        raise Unreadable(
            f"The file has more than {10 * most:,} empty rows; row {line:,} is one. Remove them and bring it in again."
        )


def row(number: int, line: int) -> None:
    """Raises Unreadable for a row beyond the last that is read; the row with the titles does not count."""
    if number > (most := settings.ORDERSYNC_FILE_ROWS):
        raise Unreadable(
            f"The file has more than {most:,} rows; row {line} is the first too many. Divide it into several files, or raise ORDERSYNC_FILE_ROWS."
        )


def columns(found: int, line: int) -> None:
    """Raises Unreadable for a row of too many cells."""
    if found > (most := settings.ORDERSYNC_FILE_COLUMNS):
        raise Unreadable(
            f"Row {line} has {found:,} columns; at most {most:,} are read. "
            "Leave out the columns that no order needs, or raise ORDERSYNC_FILE_COLUMNS."
        )


def cell(text: str, line: int, column: str) -> None:
    """Raises Unreadable for a cell of too many letters."""
    if len(text) > (most := settings.ORDERSYNC_FILE_CELL):
        raise Unreadable(
            f"Row {line}, column “{column}”: the cell beginning with “{text[:40]}” has {len(text):,} letters; at most {most:,} are read. "
            "Shorten it in the file and bring it in again, or raise ORDERSYNC_FILE_CELL."
        )


def longest_cell() -> int:
    """Letters of a row below which no cell of it can be too long."""
    return int(settings.ORDERSYNC_FILE_CELL)


def unpacked(found: int, packed: int, part: str) -> None:
    """Raises Unreadable for a packed file that becomes too large, or suspiciously much larger than it is."""
    if found > (most := settings.ORDERSYNC_FILE_UNPACKED):
        raise Unreadable(
            f"“{part}” in the file unpacks to more than {most // MIB:,} MiB together with what is before it. "
            "Divide it into several files or save it as CSV, or raise ORDERSYNC_FILE_UNPACKED."
        )
    if found > 4 * MIB and found > (ratio := settings.ORDERSYNC_FILE_RATIO) * max(packed, 1):
        raise Unreadable(
            f"“{part}” in the file unpacks to more than {ratio} times its size, as files do that are made to do harm. "
            "Save it as CSV and bring that in, or raise ORDERSYNC_FILE_RATIO."
        )


class Watch:
    """Time and memory that the reading of one file may take in one go; asked every so often."""

    def __init__(self, seconds: float | None = None) -> None:
        self.seconds = settings.ORDERSYNC_FILE_SECONDS if seconds is None else seconds
        self.began, self.process = time.monotonic(), psutil.Process()
        self.resident = self.process.memory_info().rss

    def look(self, place: str) -> None:
        """Raises Unreadable, naming the place, when the reading took too long or too much memory."""
        if time.monotonic() - self.began > self.seconds:
            raise Unreadable(
                f"Reading the file took longer than {self.seconds:.0f} seconds; it had come to {place}. "
                "Divide it into several files, or raise ORDERSYNC_FILE_SECONDS."
            )
        if self.process.memory_info().rss - self.resident > (most := settings.ORDERSYNC_FILE_MEMORY):
            raise Unreadable(
                f"Reading the file took more than {most // MIB:,} MiB of memory; it had come to {place}. "
                "Divide it into several files, or raise ORDERSYNC_FILE_MEMORY."
            )
