"""Reads Shopify's customer export: one row a customer, with the default address.

Source: https://help.shopify.com/en/manual/customers/import-export-customers and headers of exports since 2024 (Customer ID, Default Address …), as public importers
keep them. Exports from before have no id; two customers could not be told apart by them, so they are refused in words.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import BinaryIO, ClassVar

from integrations import registry
from integrations.formats import cells, tables
from integrations.formats.cells import Cells
from integrations.formats.node import Unclear
from integrations.stores import base
from orders import incoming

_MARKS = {"firstname", "lastname", "email", "totalspent", "taxexempt"}
_YES = {"yes", "true", "1"}


@registry.layout
class CustomersCsv:
    """The export of the Customers page."""

    name: ClassVar[str] = "shopify-customers-csv"
    fidelity: ClassVar[incoming.Fidelity] = incoming.FILE

    def recognises(self, head: bytes, file_name: str) -> bool:
        """True for an export with ids. Raises Unreadable for one without."""
        names = set(map(tables.normal, tables.titles(head)))
        if names >= _MARKS and "customerid" not in names:
            raise base.Unreadable(
                "This looks like an older Shopify export of customers; missing columns: Customer ID. Without it they could not be found again. "
                "Export the customers again in Shopify (Customers, Export)."
            )
        return names >= _MARKS

    def read(self, stream: BinaryIO, setting: base.Setting) -> Iterator[incoming.Record]:
        """One record a row. Raises Unreadable."""
        sheet, found = cells.opened(stream, setting)
        for row in found:
            try:
                yield _customer(sheet.row(row))
            except Unclear as unclear:
                yield cells.refusal(sheet, [row], unclear, "customer", "")


def _customer(row: Cells) -> incoming.Customer:
    """The customer in the row. Raises Unclear."""
    if not row.text("customerid"):
        fix = "Without its id the customer could not be found again. Export the customers again."
        raise Unclear(row.title("customerid"), "", fix, row.found.line)
    name = f"{row.text('firstname')} {row.text('lastname')}".strip()
    address = _address(row, name)
    return incoming.Customer(
        id=row.text("customerid"),
        name=name,
        email=row.text("email"),
        phone=row.text("phone", "defaultaddressphone"),
        company=row.text("defaultaddresscompany"),
        tax_exempt=row.text("taxexempt").lower() in _YES,
        billing=address,
        shipping=address,
    )


def _address(row: Cells, name: str) -> incoming.Address | None:
    """The default address, which Shopify uses for both sides; None where nothing of it is known."""
    found = incoming.Address(
        company=row.text("defaultaddresscompany"),
        street=row.text("defaultaddressaddress1"),
        street2=row.text("defaultaddressaddress2"),
        city=row.text("defaultaddresscity"),
        region=row.text("defaultaddressprovincecode"),
        postcode=row.text("defaultaddresszip"),
        country=row.text("defaultaddresscountrycode").upper(),
        phone=row.text("defaultaddressphone"),
    )
    return None if found == incoming.Address() else dataclasses.replace(found, name=name)
