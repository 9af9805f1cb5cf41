"""An order in its canonical text, as it was staged: named and hashed at once, a record again only where somebody looks closer."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from orders.incoming.canonical import hashed
from orders.incoming.order import Order
from orders.incoming.restored import restored


class Written:
    """The order that the text tells; `values` is what it says as plain data."""

    __slots__ = ("hash", "values")

    def __init__(self, text: str) -> None:
        self.values: dict[str, Any] = json.loads(text)
        self.hash = hashed(text)

    @property
    def id(self) -> str:
        return str(self.values["id"])

    @property
    def number(self) -> str:
        return str(self.values["number"])

    @property
    def updated_at(self) -> datetime | None:
        at: str | None = self.values["updated_at"]
        return datetime.fromisoformat(at) if at else None

    def order(self) -> Order:
        """The record itself."""
        found: Order = restored(Order, self.values)
        return found
