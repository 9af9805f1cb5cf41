"""Reads quantities from ERPNext's stock: by item and warehouse, on hand less what sales orders reserve; three lists for many items."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from integrations.accounting.erpnext.company import Company
from integrations.accounting.erpnext.line import Filter, Row
from orders import incoming, money


def stock(company: Company, codes: Sequence[str]) -> list[incoming.StockLevel]:
    """An item without a Bin in a warehouse has none of it there; one that keeps no stock, or that is not there, is left out."""
    kept: list[Filter] = [["is_stock_item", "=", 1], ["disabled", "=", 0], ["has_variants", "=", 0]]
    rows = company.line.find_in("Item", ["name"], "name", codes, kept)
    items = sorted({row["name"] for row in rows} & set(codes))
    places = [row["name"] for row in warehouses(company)] if items else []
    counted = {(row["item_code"], row["warehouse"]): _free(row) for row in _bins(company, items)} if places else {}
    return [
        incoming.StockLevel(sku=code, location=place, quantity=counted.get((code, place), money.ZERO))
        for place in places
        for code in items
    ]


def warehouses(company: Company) -> list[Row]:
    """Those in which something can lie."""
    asked: list[Filter] = [["company", "=", company.name], ["is_group", "=", 0], ["disabled", "=", 0]]
    return company.line.find("Warehouse", ["name"], asked)


def _bins(company: Company, items: Sequence[str]) -> list[Row]:
    return company.line.find_in("Bin", ["item_code", "warehouse", "actual_qty", "reserved_qty"], "item_code", items)


def _free(row: Row) -> Decimal:
    return _exact(row["actual_qty"]) - _exact(row["reserved_qty"])


def _exact(value: Any) -> Decimal:
    """A JSON float as the quantity that it is."""
    return Decimal(str(value or 0)).quantize(Decimal("0.000001"))
