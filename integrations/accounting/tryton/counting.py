"""Reads quantities from Tryton's stock: by product and warehouse, as they are today; one call for the products, one for each warehouse."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from orders import incoming

from .books import Books


def stock(books: Books, codes: Sequence[str]) -> list[incoming.StockLevel]:
    """One whose code two products carry is left out, and so are services."""
    domain = [["code", "in", sorted(set(codes))], ["type", "=", "goods"]]
    rows = books.client("model.product.product.search_read", domain, 0, None, None, ["code"]) if codes else []
    times = Counter(row["code"] for row in rows)
    products = {row["id"]: row["code"] for row in rows if times[row["code"]] == 1}
    return [level for place in warehouses(books) for level in _counted(books, place, products)] if products else []


def warehouses(books: Books) -> list[dict[str, Any]]:
    rows = books.client(
        "model.stock.location.search_read", [["type", "=", "warehouse"]], 0, None, None, ["code", "name"]
    )
    return list(rows)


def _counted(books: Books, place: dict[str, Any], products: dict[int, str]) -> list[incoming.StockLevel]:
    context = {"locations": [place["id"]], "stock_date_end": datetime.now(UTC).date()}
    rows = books.client("model.product.product.read", sorted(products), ["quantity"], **context)
    return [
        incoming.StockLevel(
            sku=products[row["id"]],
            location=place["code"] or place["name"],
            quantity=Decimal(str(row["quantity"] or 0)),
        )
        for row in rows
    ]
