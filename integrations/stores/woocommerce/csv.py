"""Reads the order tables of WooCommerce's export plugins: one row per item, items packed into one cell, or items sideways in columns of their own.

Source, read in the plugins' own code: Customer/Order/Coupon Export by SkyVerge (3.x generator of 2016, 4.x formats and generator of 2017, data sources of 5.x:
formats *Default* and *Default - one row per item*) and Order Export & Order Import / Import Export Suite by WebToffee (its export.php, and the Sample_Order.csv
that comes with it). Amounts are without tax in all of them (get_line_total, get_total_shipping), `order_total` is with tax. WooCommerce itself exports no orders.
"""

from __future__ import annotations

import abc
from collections.abc import Iterator, Sequence
from typing import BinaryIO, ClassVar

from integrations import registry
from integrations.formats import cells, tables
from integrations.formats.cells import Cells, Sheet
from integrations.formats.node import Unclear
from integrations.stores import base
from integrations.stores.woocommerce import exported, packed
from orders import incoming

OTHERS = {
    "productname": "itemname", "sku": "itemsku", "quantity": "itemquantity", "itemtax": "itemtotaltax", "lineitemname": "itemname", "lineitemsku": "itemsku",
    "lineitemquantity": "itemquantity", "lineitemtotal": "itemtotal", "lineitemtotaltax": "itemtotaltax", "lineitemsubtotal": "itemsubtotal",
    "lineitemproductid": "itemproductid",
}  # fmt: skip
_ITEM = ("item_name", "item_quantity", "item_total")


def _kind(titles: Sequence[str]) -> str:
    """ "items", "packed" or "sideways", "" for no order table. Raises Unreadable for one whose items are missing."""
    sheet = Sheet(titles, base.Setting(currency="", time_zone="UTC"), OTHERS)
    names = set(sheet.names)
    if "ordertotal" not in names or not names & {"ordernumber", "orderid", "ordernumberformatted"}:
        return ""
    if "lineitem1" in names:
        return "sideways"
    if "lineitems" in names:
        return "packed"
    if missing := sheet.missing(*_ITEM):
        raise base.Unreadable(
            f"This looks like an order table of a WooCommerce export plugin without its items; missing columns: {', '.join(missing)}. "
            "Choose a format with items in it (one row per item, line_items, or line_item_1, line_item_2, …) and export the orders again."
        )
    return "items"


class _Orders(abc.ABC):
    """What the three have in common."""

    fidelity: ClassVar[incoming.Fidelity] = incoming.FILE
    kind: ClassVar[str]

    def recognises(self, head: bytes, file_name: str) -> bool:
        """True if the titles are those of this table. Raises Unreadable for one without items."""
        return _kind(tables.titles(head)) == self.kind

    def read(self, stream: BinaryIO, setting: base.Setting) -> Iterator[incoming.Record]:
        """One record per order. Raises Unreadable."""
        sheet, found = cells.opened(stream, setting, OTHERS)
        for rows in self.groups(sheet, found):
            try:
                yield exported.made(*self.parts([sheet.row(row) for row in rows]))
            except Unclear as unclear:
                yield cells.refusal(sheet, rows, unclear, "order", _number(sheet, rows[0]))

    def groups(self, sheet: Sheet, found: Iterator[tables.Row]) -> Iterator[Sequence[tables.Row]]:
        """The rows of each order; here one."""
        return ((row,) for row in found)

    @abc.abstractmethod
    def parts(self, rows: Sequence[Cells]) -> tuple[Cells, exported.Items]:
        """The head of an order and its items. Raises Unclear."""


@registry.layout
class ItemsCsv(_Orders):
    """*Default - one row per item*, and every table like it: what belongs to the order stands on each of its rows, or on the first alone."""

    name: ClassVar[str] = "woocommerce-items-csv"
    kind: ClassVar[str] = "items"

    def groups(self, sheet: Sheet, found: Iterator[tables.Row]) -> Iterator[Sequence[tables.Row]]:
        """The rows with the same order id, or number, wherever they stand."""
        key = next(name for name in ("orderid", "ordernumber", "ordernumberformatted") if name in sheet.names)
        return tables.grouped(found, sheet.names.index(key))

    def parts(self, rows: Sequence[Cells]) -> tuple[Cells, exported.Items]:
        stated = [row for row in rows if row.text("ordertotal")]
        head = stated[0] if stated else rows[0]
        if not head.text("orderid", "ordernumber", "ordernumberformatted"):
            fix = "Without the order's number its rows cannot be found. Export the orders again."
            raise Unclear(head.title("ordernumber"), "", fix, head.found.line)
        for other in stated[1:]:
            if other.required("ordertotal") != head.required("ordertotal"):
                fix = "The rows of this order state different totals, so it cannot be told which holds. Export the order again."
                raise Unclear(other.title("ordertotal"), other.text("ordertotal"), fix, other.found.line)
        return head, [_item(row) for row in rows if row.text("itemname") or row.text("itemtotal")]


@registry.layout
class PackedCsv(_Orders):
    """*Default*: one row an order, its items packed into `line_items`."""

    name: ClassVar[str] = "woocommerce-packed-csv"
    kind: ClassVar[str] = "packed"

    def parts(self, rows: Sequence[Cells]) -> tuple[Cells, exported.Items]:
        [head] = rows
        return head, [_packed(head, "lineitems", item) for item in packed.items(head.text("lineitems"))]


@registry.layout
class SidewaysCsv(_Orders):
    """WebToffee's: one row an order, its items sideways in `line_item_1`, `line_item_2`, …, as many as the largest order of the file has."""

    name: ClassVar[str] = "woocommerce-sideways-csv"
    kind: ClassVar[str] = "sideways"

    def parts(self, rows: Sequence[Cells]) -> tuple[Cells, exported.Items]:
        [head] = rows
        columns = [name for name in head.sheet.names if name.startswith("lineitem") and name[8:].isdecimal()]
        found = [(column, item) for column in columns for item in packed.items(head.text(column))]
        return head, [_packed(head, column, item) for column, item in found]


def _item(row: Cells) -> dict[str, object]:
    return {
        "id": row.text("itemid"), "name": row.text("itemname"), "sku": _sku(row.text("itemsku")), "product_id": row.text("itemproductid"),
        "quantity": row.required("itemquantity"), "total": row.required("itemtotal"), "total_tax": row.amount("itemtotaltax"),
        "subtotal": row.amount("itemsubtotal"),
    }  # fmt: skip


def _packed(head: Cells, column: str, item: dict[str, str]) -> dict[str, object]:
    """An item as it was packed; a gift card that WebToffee packs among them. Raises Unclear."""
    if "used_balance" in item:
        return {"used_balance": exported.number(head, column, item["used_balance"])}
    amounts = {
        name: exported.number(head, column, item.get(name))
        for name in ("quantity", "total", "total_tax", "tax", "subtotal", "sub_total")
    }
    for name in ("quantity", "total"):
        if amounts[name] is None:
            fix = f"An item in it has no {name}. Export the orders again."
            raise Unclear(head.title(column), head.text(column), fix, head.found.line)
    taxed = amounts["total_tax"] if amounts["total_tax"] is not None else amounts["tax"]
    subtotal = amounts["subtotal"] if amounts["subtotal"] is not None else amounts["sub_total"]
    return {
        "id": item.get("id", ""), "name": item.get("name", ""), "sku": _sku(item.get("sku", "")), "product_id": item.get("product_id", ""),
        "variation_id": item.get("_variation_id", ""), "quantity": amounts["quantity"], "total": amounts["total"],
        "total_tax": taxed, "subtotal": subtotal, "taxes": exported.shares(head, column, item.get("tax_data", "")),
    }  # fmt: skip


def _sku(text: str) -> str:
    """Customer/Order Export writes a name of its own where the product is gone."""
    return "" if text == "unknown_product" else text


def _number(sheet: Sheet, row: tables.Row) -> str:
    cells_of = dict(zip(sheet.names, row.cells, strict=False))
    return next((found.strip() for name in ("ordernumber", "orderid") if (found := cells_of.get(name, ""))), "")
