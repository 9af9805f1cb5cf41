"""The shop whose books take files: what it sold, and the batch that the accountant carries and has not acknowledged yet."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import TYPE_CHECKING

from integrations import handover
from integrations.models import Connection
from orders.models import ExportBatch
from ordersync_site.demo import cast, woocommerce
from ordersync_site.demo.cast import Good
from ordersync_site.demo.sale import Sale, Sold

if TYPE_CHECKING:
    from django.contrib.auth.models import User

SHOP = "london"
VAT = (("GB VAT", Decimal("0.2")),)
GOODS = (
    Good(id=9401, sku="UMBRELLA", title="Umbrella, folding", price=Decimal("24.50")),
    Good(id=9402, sku="FLASK-1", title="Flask, 1 l", price=Decimal("31.00")),
)
_BOUGHT = ((1, 12, 1, 0), (1, 11, 2, 1), (1, 9, 1, 1), (1, 8, 3, 0), (2, 4, 1, 0), (2, 3, 1, 1))
"""Wave, days ago, quantity, good: what comes in the second wave lies ready for the next file."""


def all_of(sell: Callable[..., Sale]) -> Iterator[tuple[int, woocommerce.Json]]:
    """Every order of the shop with the wave in which it comes; `sell` is Book.sale."""
    for at, (wave, days, quantity, good) in enumerate(_BOUGHT):
        sold = Sold(good=GOODS[good], quantity=quantity, rates=VAT)
        sale = sell(
            SHOP, cast.BRITONS[at % len(cast.BRITONS)], sold, days=days, number=str(3001 + at), currency="GBP", tax_included=False,
            shipping=Decimal("4.00"), shipping_rates=VAT, gateway="stripe", shipped=wave == 1,
        )  # fmt: skip
        yield wave, woocommerce.order(sale)


def hand_out(by: User) -> ExportBatch:
    """All that lies ready in one numbered batch, which then waits for the word of whoever carried it."""
    return handover.make(Connection.objects.get(name=SHOP), by)
