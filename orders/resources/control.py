"""Tells whether a spreadsheet program has eaten zeros, digits or dates of a file, and which cells of a row are no longer what was exported."""

from __future__ import annotations

import base64
import functools
import zlib
from collections.abc import Iterable, Sequence
from typing import Any

from orders.resources.widgets import text_of

# Read as a number the first loses its zeros and its last digits; read as a day the second becomes the local way of writing it, or a count of days.
NUMBER, DAY = "00123456789012345678", "1/2/2026"
_LENGTH = 4


def intact(number: str, day: str) -> bool:
    """Whether both control cells still hold what was put there."""
    return number == NUMBER and day == DAY


def check(mark: int, key: Iterable[object], cells: Sequence[Any]) -> str:
    """The check of a row: the last event's number when it was exported, the row's own key, and a digest for each cell."""
    digests = [_EMPTY if cell is None else digest(cell) for cell in cells]  # most cells of a further row are empty
    return f"k{mark:x}.{digest(_joined(key))}{''.join(digests)}"


def mark(check: str) -> int:
    """The number of the last event when the row was exported; 0 where the check is broken."""
    text = check.partition(".")[0][1:]
    try:
        return int(text, 16) if len(text) < 16 else 0
    except ValueError:
        return 0


def belongs(check: str, key: Iterable[object], count: int) -> bool:
    """Whether the check is that of this key and of so many cells."""
    digests = check.partition(".")[2]
    return len(digests) == _LENGTH * (count + 1) and digests[:_LENGTH] == digest(_joined(key))


def changed(check: str, n: int, value: Any) -> bool:
    """Whether the row's n-th cell holds another value than was exported."""
    start = check.index(".") + 1 + _LENGTH * (n + 1)
    return check[start : start + _LENGTH] != digest(value)


# Twelve bits as two signs of Base64 for addresses.
_SIGNS = [base64.urlsafe_b64encode((n << 12).to_bytes(3, "big"))[:2].decode() for n in range(1 << 12)]


@functools.lru_cache(maxsize=1 << 13, typed=True)
def digest(value: Any) -> str:
    """Four signs for a cell's value, of which two different values share one in seventeen million."""
    crc = zlib.crc32(text_of(value).encode("utf-8", "replace"))
    return _SIGNS[crc >> 12 & 0xFFF] + _SIGNS[crc & 0xFFF]


_EMPTY = digest(None)


def _joined(key: Iterable[object]) -> str:
    return "/".join(map(text_of, key))
