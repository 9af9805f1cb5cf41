"""Writes what lies on the German shop's shelf as Shopify does: its export of products, and of how many there are at each location (CSV)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from ordersync_site.demo import cast
from ordersync_site.demo.cast import Good

PLACES = ("Warehouse", "Shop window")
_PRODUCT = ("Handle", "Title", "Published", "Variant SKU", "Variant Price", "Variant Barcode", "Status")
_COUNT = ("Handle", "Title", "SKU", "Location", "On hand (current)")


def products() -> bytes:
    """Every product, one variant each."""
    return _csv(
        _PRODUCT,
        ((_handle(good), good.title, "true", good.sku, f"{good.price:.2f}", "", "active") for good in _goods()),
    )


def counts() -> bytes:
    """How many of each lie in the warehouse, and of every third in the shop's window too."""
    rows = []
    for at, good in enumerate(_goods()):
        rows.append((_handle(good), good.title, good.sku, PLACES[0], str(12 + 7 * at % 40)))
        if at % 3 == 0:
            rows.append((_handle(good), good.title, good.sku, PLACES[1], str(1 + at % 4)))
    return _csv(_COUNT, rows)


def _goods() -> Sequence[Good]:
    return [*cast.HOUSE, cast.UNMAPPED]


def _handle(good: Good) -> str:
    return "-".join("".join(letter if letter.isalnum() else " " for letter in good.title.lower()).split())


def _csv(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([titles, *rows])
    return text.getvalue().encode()
