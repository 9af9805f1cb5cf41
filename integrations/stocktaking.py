"""Reads what a ledger counts of its shops' goods, where it is asked to, and hands it to the office, which holds it against the stores."""

from __future__ import annotations

import dataclasses
import time
from collections import defaultdict
from collections.abc import Mapping
from typing import cast

from integrations import connections
from integrations.accounting.base import Counting, tells_stock
from integrations.models import Connection
from orders import intake
from orders.models import ItemMapping, Product, Shop, StockLevel

SOME = 500  # items that one call asks about


def count(there: Connection, deadline: float) -> int:
    """Read the quantities of every SKU that the ledger's shops sell or count; how many were told. Raises the errors of a look."""
    adapter = connections.adapter_of(there)
    if there.ledger is None or not tells_stock(adapter):
        return 0
    told = 0
    for shop in Shop.objects.filter(ledger=there.ledger, active=True).order_by("pk"):
        codes = _codes(shop)
        names = sorted(codes)
        for start in range(0, len(names), SOME):
            if time.monotonic() > deadline:
                return told
            levels = cast(Counting, adapter).stock(names[start : start + SOME])
            mine = [dataclasses.replace(level, sku=sku) for level in levels for sku in codes[level.sku]]
            intake.receive_counts(shop, mine)
            told += len(mine)
    return told


def _codes(shop: Shop) -> Mapping[str, list[str]]:
    """The shop's SKUs by the code of the ledger's item: the one that is mapped, else the SKU itself."""
    skus = set(Product.objects.filter(shop=shop, active=True).exclude(sku="").values_list("sku", flat=True))
    skus |= set(StockLevel.objects.filter(shop=shop).values_list("sku", flat=True))
    rows = ItemMapping.objects.filter(ledger=shop.ledger, key__in=skus).exclude(item="")
    mine = [row for row in rows.order_by("pk") if row.shop_id in (None, shop.pk)]
    mapped = {row.key: row.item for row in sorted(mine, key=lambda row: row.shop_id is not None)}
    found: dict[str, list[str]] = defaultdict(list)
    for sku in sorted(skus):
        found[mapped.get(sku, sku)].append(sku)
    return found
