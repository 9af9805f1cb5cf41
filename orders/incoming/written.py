"""An order in its canonical text, as it was staged: named and hashed at once, a record again only where somebody looks closer."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from orders.incoming.canonical import hashed, taken_apart
from orders.incoming.order import Order
from orders.incoming.restored import restored


class Written:
    """The order that the text tells; `parts` are its fields by name, each in canonical text."""

    __slots__ = ("_values", "hash", "parts")

    def __init__(self, text: str) -> None:
        self.parts, self._values = taken_apart(text)
        self.hash = hashed(text)

    @property
    def id(self) -> str:
        return str(self._values["id"])

    @property
    def number(self) -> str:
        return str(self._values["number"])

    @property
    def updated_at(self) -> datetime | None:
        at: str | None = self._values["updated_at"]
        return datetime.fromisoformat(at) if at else None

    def order(self) -> Order:
        """The record itself."""
        values: dict[str, Any] = self._values
        found: Order = restored(Order, values)
        return found
