"""Reads Shopify's inventory export: how many of a variant lie at a location.

Source: https://help.shopify.com/en/manual/products/inventory/setup/inventory-csv and headers that public importers keep: since 2023 one row a variant and location
with `On hand (current)` (before: `On hand`), before that and for "only available quantities" the locations as columns. What lies there is on hand; the older form
and that of available quantities state what can be sold, which is less by what orders hold, and is taken as it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, ClassVar

from integrations import registry
from integrations.formats import cells, tables
from integrations.formats.cells import Cells, Sheet
from integrations.formats.node import Unclear
from integrations.stores import base
from orders import incoming

_OTHERS = {"onhandcurrent": "onhand", "availablenoteditable": "available"}
_MARKS = {"handle", "title", "sku", "hscode", "coo"}
_OWN = {
    "handle", "title", "sku", "hscode", "coo", "barcode", "location", "binname", "onhandnew", "incoming", "unavailable", "committed", "incomingnoteditable",
    "unavailablenoteditable", "committednoteditable", "onhand", "available", *(f"option{n}{part}" for n in (1, 2, 3) for part in ("name", "value")),
}  # fmt: skip


@registry.layout
class InventoryCsv:
    """The export of the Inventory page."""

    name: ClassVar[str] = "shopify-inventory-csv"
    fidelity: ClassVar[incoming.Fidelity] = incoming.FILE

    def recognises(self, head: bytes, file_name: str) -> bool:
        """True for either form."""
        names = set(map(tables.normal, tables.titles(head)))
        return names >= _MARKS or names >= {"handle", "title", "sku", "location", "onhandcurrent"}

    def read(self, stream: BinaryIO, setting: base.Setting) -> Iterator[incoming.Record]:
        """One record for each variant and location where it is stocked. Raises Unreadable where no quantity is to be found."""
        sheet, found = cells.opened(stream, setting, _OTHERS)
        places = _places(sheet)
        for raw in found:
            try:
                yield from _levels(sheet.row(raw), places)
            except Unclear as unclear:
                sku = dict(zip(sheet.names, raw.cells, strict=False)).get("sku", "").strip()
                yield cells.refusal(sheet, [raw], unclear, "stock of", sku)


def _places(sheet: Sheet) -> dict[str, str]:
    """The columns that hold a count, each with its location; "" where the row names it. Raises Unreadable."""
    if "location" in sheet.names:
        column = next((name for name in ("onhand", "available") if name in sheet.names), "")
        if not column:
            raise base.Unreadable(
                "This inventory export states no quantities; missing columns: On hand. Export it again."
            )
        return {column: ""}
    found = {
        name: title.strip() for name, title in zip(sheet.names, sheet.header, strict=True) if name and name not in _OWN
    }
    if not found:
        raise base.Unreadable(
            "This inventory export names no location. Export it again in Shopify (Products, Inventory)."
        )
    return found


def _levels(row: Cells, places: dict[str, str]) -> Iterator[incoming.StockLevel]:
    """The counts in the row; “not stocked” is none. Raises Unclear."""
    for column, location in places.items():
        text = row.text(column)
        if not text or text.lower() == "not stocked":
            continue
        if not row.text("sku"):
            fix = f"“{row.text('title')}” is counted without SKU, so that it is not known what. Give it one in Shopify."
            raise Unclear(row.title("sku"), "", fix, row.found.line)
        yield incoming.StockLevel(
            sku=row.text("sku"), quantity=row.required(column), location=location or row.text("location")
        )
