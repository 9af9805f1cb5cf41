"""Reads one JSON value after another out of a store's order, whatever type the store or a plugin gave it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from typing import Any

from orders import money

_PLAIN_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)", re.ASCII)
_LARGEST = Decimal(10) ** 14  # amounts are kept as numeric(20,6)
_YEARS = range(1970, 2200)


class Unclear(Exception):
    """A field of one order cannot be made out; the order is refused, the others go on. `row` is its row in the file, 0 where there are none."""

    def __init__(self, name: str, value: object, fix: str, row: int = 0) -> None:
        self.field, self.value, self.fix, self.row = name, clean(str(value))[:200], fix, row
        start = f"Row {row}: " if row else ""
        super().__init__(
            f"{start}“{name}” is “{self.value}”. {fix}" if self.value else f"{start}“{name}” is empty. {fix}"
        )


def clean(text: str) -> str:
    """The text without what PostgreSQL cannot keep: NUL and half surrogate pairs; trimmed."""
    if not text.isascii():
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text.replace("\x00", "").strip()


def number(name: str, value: object) -> Decimal | None:
    """The amount in `value` (text, int or Decimal) to six decimals; None if it is empty. Raises Unclear naming the field."""
    if value is None or value == "":
        return None
    found = value if isinstance(value, Decimal) else Decimal(value) if type(value) is int else None
    if isinstance(value, str):
        text = value.strip()
        if not text:
            return None
        found = Decimal(text) if _PLAIN_NUMBER.fullmatch(text) else None
    if found is None or not found.is_finite():
        raise Unclear(
            name, value, "It should be a plain number such as 1234.50: no thousands separator, no currency sign."
        )
    if abs(found) >= _LARGEST:
        raise Unclear(name, value, "It is too large for an amount; it must stay below 100 million million.")
    return money.kept(found)


def instant(text: str, zone: tzinfo) -> datetime | None:
    """The instant that an ISO 8601 text names, in `zone` if it names no offset; None for what is no date or out of all reason."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    if found.year not in _YEARS:
        return None
    return found if found.tzinfo else found.replace(tzinfo=zone)


def _written(value: Decimal) -> str:
    """The number in plain digits; one of more than forty before or after the point stays in its short form, which 1e9999999999 needs."""
    if value.is_finite() and abs(value.adjusted()) < 40 and int(value.as_tuple().exponent) > -40:
        return format(value, "f")
    return str(value)


@dataclass(frozen=True, slots=True)
class Node:
    """One JSON object at `path` of an order; `notes` is shared by all nodes of the order and collects what had to be assumed."""

    values: Mapping[str, Any]
    path: str = ""
    notes: list[str] = field(default_factory=list)

    def has(self, key: str) -> bool:
        """True if the key is there and not null."""
        return self.values.get(key) is not None

    def text(self, key: str) -> str:
        """The value as clean text: numbers as written, anything else that is no text as nothing."""
        value = self.values.get(key)
        if isinstance(value, str):
            return clean(value)
        if isinstance(value, (int, Decimal)) and not isinstance(value, bool):
            return _written(value) if isinstance(value, Decimal) else clean(str(value))
        return ""

    def flag(self, key: str) -> bool:
        """True for true, 1, "1", "true" and "yes"."""
        return self.values.get(key) is True or self.text(key).lower() in {"1", "true", "yes"}

    def amount(self, key: str) -> Decimal | None:
        """The amount, or None where the store says nothing. Raises Unclear."""
        return number(self.path + key, self.values.get(key))

    def sum(self, key: str) -> Decimal:
        """The amount, or 0 where the store says nothing. Raises Unclear."""
        return self.amount(key) or money.ZERO

    def required(self, key: str) -> Decimal:
        """The amount. Raises Unclear if the store says nothing."""
        found = self.amount(key)
        if found is None:
            raise Unclear(self.path + key, "", "An order cannot be read without it; ask the store for the order again.")
        return found

    def node(self, key: str) -> Node:
        """The object below the key; an empty one if there is none."""
        value = self.values.get(key)
        return Node(value if isinstance(value, Mapping) else {}, f"{self.path}{key}.", self.notes)

    def nodes(self, key: str) -> list[Node]:
        """The objects in the list below the key (PHP writes some lists as objects: their values). Raises Unclear for anything else in it."""
        value = self.values.get(key)
        if isinstance(value, Mapping):
            value = list(value.values())
        if value in (None, "", False):
            return []
        if not isinstance(value, list) or not all(isinstance(item, Mapping) for item in value):
            raise Unclear(self.path + key, value, "It should be a list of objects; ask the store for the order again.")
        return [Node(item, f"{self.path}{key}[{at}].", self.notes) for at, item in enumerate(value)]

    def texts(self, key: str) -> list[str]:
        """The texts in the list below the key, without the empty ones."""
        value = self.values.get(key)
        found = (
            (clean(str(item)) for item in value if isinstance(item, (str, int, Decimal)))
            if isinstance(value, list)
            else ()
        )
        return [item for item in found if item]

    def instant(self, key: str, zone: tzinfo = UTC) -> datetime | None:
        """The instant below the key; None, with a note, if it is none that can be read."""
        text = self.text(key)
        if not text or text.startswith("0000-00-00"):
            return None
        found = instant(text, zone)
        if found is None:
            self.notes.append(f"The date “{text[:60]}” in “{self.path}{key}” cannot be read and was left out.")
        return found
