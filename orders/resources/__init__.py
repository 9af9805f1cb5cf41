"""Our own spreadsheets: what every list looks like as a file, declared once for going out, for coming back corrected, and as an empty template."""

from __future__ import annotations

import functools

from orders.resources.column import Column
from orders.resources.listing import Listing
from orders.resources.lists import LISTINGS, ROLES_OF
from orders.resources.masters import Customers, Products, Shipments, Stock
from orders.resources.money import Invoices, Payments, Payouts
from orders.resources.sales import Orders, Refunds
from orders.resources.sheet import Sheet

__all__ = ["ROLES_OF", "SHEETS", "Column", "Listing", "Sheet", "sheet", "sheet_of", "source"]

SHEETS: tuple[type[Sheet], ...] = (
    Orders,
    Customers,
    Products,
    Stock,
    Shipments,
    Refunds,
    Payments,
    Payouts,
    Invoices,
)


@functools.cache
def sheet(noun: str) -> Sheet:
    """The sheet by its name: "orders". Raises KeyError."""
    return {found.noun: found for found in SHEETS}[noun]()


def sheet_of(model: type) -> Sheet | None:
    """The sheet of a model's records, None for a model that has none."""
    return next((sheet(found.noun) for found in SHEETS if found.model is model), None)


def source(model: type) -> Sheet | Listing | None:
    """What a model's list is as a file: its sheet where it has one, else its plain columns; None where it is no file."""
    return sheet_of(model) or LISTINGS.get(model)
