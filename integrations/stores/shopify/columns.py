"""The columns of Shopify's order export, found by name: every age of its header has them, in another order and spelling."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import compress

from integrations.formats import node, notation, tables
from integrations.stores.base import Setting, Unreadable
from orders import money

REQUIRED = (
    "Name", "Subtotal", "Shipping", "Taxes", "Total", "Created at", "Lineitem quantity", "Lineitem name", "Lineitem price",
)  # fmt: skip
_OTHER_SPELLINGS = {"canceledat": "cancelledat", "financialstate": "financialstatus"}
_TEMPLATE = {"transactionkind", "shippinglineprice", "tax1title", "metafieldnamespace"}
_PLAIN = re.compile(r"-?\d{1,14}(\.\d{1,2})?", re.ASCII)


class Columns:
    """The titles of one file. Raises Unreadable, naming what is missing."""

    def __init__(self, header: Sequence[str], setting: Setting) -> None:
        self.header, self.setting = header, setting
        names = [_OTHER_SPELLINGS.get(name, name) for name in map(tables.normal, header)]
        self.names = [
            name if name not in names[:at] else "" for at, name in enumerate(names)
        ]  # of two alike, the first
        self.titles = dict(zip(reversed(self.names), reversed(header), strict=True))  # of two alike, the first
        missing = [title for title in REQUIRED if tables.normal(title) not in names]
        if missing:
            raise Unreadable(_words(missing, set(names)))
        self.taxes = [(f"tax{n}name", f"tax{n}value") for n in range(1, 10) if f"tax{n}value" in names]

    def row(self, found: tables.Row) -> OrderRow:
        """The row with its filled cells by their columns' names: most cells of an export are empty."""
        names, cells = compress(self.names, found.cells), filter(None, found.cells)
        return OrderRow(self, found.line, found.cells, found.at, dict(zip(names, map(str.strip, cells), strict=False)))


def _words(missing: Sequence[str], there: set[str]) -> str:
    columns = f"missing columns: {', '.join(missing)}"
    if there & _TEMPLATE:
        return (
            f"This looks like Shopify's order import template (a file made to bring orders into Shopify), not an order export; {columns}. "
            "Export the orders in Shopify: Orders, Export, plain CSV file."
        )
    return (
        f"This looks like a reduced Shopify order export; {columns}. Without them nothing can be booked. "
        "Export again in Shopify (Orders, Export, plain CSV file) and import that file as it is, without opening it in a spreadsheet."
    )


@dataclass(frozen=True, slots=True)
class OrderRow:
    """One row of the export; a column is named as `tables.normal` writes it."""

    columns: Columns
    line: int
    cells: Sequence[str]
    at: int
    values: Mapping[str, str]

    def text(self, name: str) -> str:
        """The cell, trimmed; "" where there is no such column or cell."""
        return self.values.get(name, "")

    def guarded(self, name: str) -> str:
        """The cell without the apostrophe that guards postcodes and phone numbers from spreadsheets."""
        return self.text(name).removeprefix("'")

    def amount(self, name: str) -> Decimal | None:
        """The amount in the cell, None if it is empty. Raises Unclear: commas and currency signs are never guessed at."""
        text = self.values.get(name)
        if not text:
            return None
        found = _number(text)
        if found is not None:
            return found
        return notation.number(text, self.columns.setting, field=self.title(name), row=self.line, own=".")

    def sum(self, name: str) -> Decimal:
        """The amount in the cell, 0 if it is empty."""
        return self.amount(name) or money.ZERO

    def required(self, name: str) -> Decimal:
        """The amount in the cell. Raises Unclear if it is empty."""
        found = self.amount(name)
        if found is None:
            raise node.Unclear(self.title(name), "", "The order cannot be read without it. Export it again.", self.line)
        return found

    def instant(self, name: str) -> datetime | None:
        """The instant in the cell ("2021-11-27 17:34:44 -0500"). Raises Unclear: 03/04/2026 is never guessed at."""
        text = self.values.get(name)
        if not text:
            return None
        if (stamp := notation.stamp(text)) is not None:
            return stamp
        return notation.instant(text, self.columns.setting, field=self.title(name), row=self.line)

    def title(self, name: str) -> str:
        """The column's title as the file writes it; the name where there is no such column."""
        return self.columns.titles.get(name, name)


@functools.lru_cache(maxsize=1 << 14)  # most amounts of a file come again and again
def _number(text: str) -> Decimal | None:
    """An amount that reads one way only, whatever the file's notation."""
    return Decimal(text) if _PLAIN.fullmatch(text) else None
