"""Reads Shopify's product export: one row a variant, what belongs to the product on its first row only; rows of further pictures are passed over.

Source: https://help.shopify.com/en/manual/products/import-export/using-csv, both layouts: "Variant SKU", "Variant Price", "Handle" (until 2025) and "SKU", "Price",
"URL handle" (since). The file holds no ids: a variant is known by its SKU.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, ClassVar

from integrations import registry
from integrations.formats import cells, tables
from integrations.formats.cells import Cells
from integrations.formats.node import Unclear
from integrations.stores import base
from orders import incoming

_OTHERS = {
    "urlhandle": "handle", "variantsku": "sku", "variantprice": "price", "variantbarcode": "barcode",
    "option1value": "option1", "option2value": "option2", "option3value": "option3",
}  # fmt: skip
_MARKS = ({"handle", "title", "variantprice"}, {"urlhandle", "title", "price"})
_LEFT_OUT = {"Default Title", ""}


@registry.layout
class ProductsCsv:
    """The export of the Products page."""

    name: ClassVar[str] = "shopify-products-csv"
    fidelity: ClassVar[incoming.Fidelity] = incoming.FILE

    def recognises(self, head: bytes, file_name: str) -> bool:
        """True for either layout. Raises Unreadable for one without SKUs."""
        titles = tables.titles(head)
        if not any(marks <= set(map(tables.normal, titles)) for marks in _MARKS):
            return False
        sheet = cells.Sheet(titles, base.Setting(currency="", time_zone="UTC"), _OTHERS)
        if sheet.missing("SKU"):
            raise base.Unreadable(
                "This looks like a Shopify export of products; missing columns: Variant SKU. Without it the variants could not be found again. "
                "Export the products again in Shopify (Products, Export)."
            )
        return True

    def read(self, stream: BinaryIO, setting: base.Setting) -> Iterator[incoming.Record]:
        """One record a variant. Raises Unreadable."""
        sheet, found = cells.opened(stream, setting, _OTHERS)
        head: Cells | None = None
        for raw in found:
            try:
                row = sheet.row(raw)
                head = row if head is None or row.text("title") or row.text("handle") != head.text("handle") else head
                if row.text("price") or row.text("sku"):
                    yield _variant(row, head, setting.currency)
            except Unclear as unclear:
                sku = dict(zip(sheet.names, raw.cells, strict=False)).get("sku", "").strip()
                yield cells.refusal(sheet, [raw], unclear, "product", sku)


def _variant(row: Cells, head: Cells, currency: str) -> incoming.Product:
    """The variant in the row; `head` is the product's first row. Raises Unclear."""
    if not row.text("sku"):
        fix = (
            f"“{head.text('title')}” has a variant without SKU, which could not be found again. Give it one in Shopify."
        )
        raise Unclear(row.title("sku"), "", fix, row.found.line)
    options = [found for name in ("option1", "option2", "option3") if (found := row.text(name)) not in _LEFT_OUT]
    title = head.text("title") or row.text("handle")
    return incoming.Product(
        id="",
        sku=row.text("sku"),
        title=f"{title} - {' / '.join(options)}" if options else title,
        price=row.amount("price"),
        currency=currency,
        barcode=row.text("barcode"),
        active=(head.text("status") or "active").lower() == "active",
    )
