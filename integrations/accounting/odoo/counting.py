"""Reads quantities from Odoo's stock: by product and warehouse, on hand less reserved; three calls, and one for each warehouse."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from integrations.accounting.odoo.company import Company
from orders import incoming, money

KEPT = ("is_storable", "detailed_type")  # 18 and later, 17


def stock(company: Company, codes: Sequence[str]) -> list[incoming.StockLevel]:
    """A product without a row in Odoo's stock has none of it; one that is no stored product, or whose code two have, is left out."""
    products = _products(company, sorted(set(codes)))
    if not products:
        return []
    levels = []
    for warehouse in warehouses(company):
        counted = _counted(company, warehouse["lot_stock_id"][0], list(products))
        levels += [
            incoming.StockLevel(sku=code, location=warehouse["code"], quantity=counted[id])
            for id, code in products.items()
        ]
    return levels


def warehouses(company: Company) -> list[dict[str, Any]]:
    domain = [["company_id", "=", company.id]]
    return list(
        company.line.call("stock.warehouse", "search_read", domain=domain, fields=["code", "name", "lot_stock_id"])
    )


def _products(company: Company, codes: Sequence[str]) -> dict[int, str]:
    """The stored products by id."""
    told = company.line.call("product.product", "fields_get", allfields=list(KEPT), attributes=["type"])
    field = next((name for name in KEPT if name in told), "")
    domain = [["default_code", "in", list(codes)]]
    fields = ["default_code", *([field] if field else [])]
    rows = company.line.call("product.product", "search_read", domain=domain, fields=fields) if codes else []
    times = Counter(row["default_code"] for row in rows)
    return {row["id"]: row["default_code"] for row in rows if times[row["default_code"]] == 1 and _kept(row, field)}


def _kept(row: dict[str, Any], field: str) -> bool:
    return row[field] == "product" if field == "detailed_type" else bool(row.get(field))


def _counted(company: Company, place: int, products: list[int]) -> dict[int, Decimal]:
    domain = [["location_id", "child_of", place], ["product_id", "in", products]]
    fields = ["product_id", "quantity", "reserved_quantity"]
    found: dict[int, Decimal] = defaultdict(lambda: money.ZERO)
    for row in company.line.call("stock.quant", "search_read", domain=domain, fields=fields):
        found[row["product_id"][0]] += _exact(row["quantity"]) - _exact(row["reserved_quantity"])
    return found


def _exact(value: Any) -> Decimal:
    """A JSON float as the quantity that it is."""
    return Decimal(str(value or 0)).quantize(Decimal("0.000001"))
