"""The usual problems of the German shop, each several times, as they come from the store: what the order data owner is there for."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from decimal import Decimal

from ordersync_site.demo import cast, shopify
from ordersync_site.demo.sale import Rates, Sale, Sold

DE19: Rates = (("DE MwSt", Decimal("0.19")),)
MUG, TEAPOT, TOWEL, LAMP = (cast.HOUSE[at] for at in (0, 2, 6, 7))
Sell = Callable[..., Sale]


def all_of(sell: Sell) -> Iterator[shopify.Json]:
    """Every problem order; `sell` is Book.sale."""
    for tell in (
        _unmapped,
        _off,
        _unmapped_tax,
        _no_address,
        _vat_id,
        _tests,
        _twice,
        _no_lines_back,
        _closed,
        _unknown_money,
    ):
        yield from tell(sell)


def _unmapped(sell: Sell) -> Iterator[shopify.Json]:
    """A product of the new season that nobody has mapped yet."""
    for at in range(9):
        yield shopify.order(
            sell("haus", cast.GERMANS[at], Sold(good=cast.UNMAPPED, quantity=1 + at % 2, rates=DE19), days=2 + at % 4)
        )


def _off(sell: Sell) -> Iterator[shopify.Json]:
    """Totals that the lines miss: by two cents (rounding), and by five euros."""
    for at, by in enumerate([*[Decimal("0.02")] * 4, *[Decimal("5.00")] * 3]):
        sale = sell("haus", cast.GERMANS[at], Sold(good=MUG, rates=DE19), Sold(good=TOWEL, rates=DE19), days=5)
        order = shopify.order(sale)
        total = Decimal(order["total_price"]) + by
        yield order | {"total_price": sale.text(total), "transactions": [shopify.transaction(sale, "sale", total)]}


def _unmapped_tax(sell: Sell) -> Iterator[shopify.Json]:
    """Austria's tax is not in the chart yet."""
    for days in (3, 4, 6, 7, 8):
        yield shopify.order(
            sell("haus", cast.AUSTRIAN, Sold(good=TEAPOT, rates=(("AT USt", Decimal("0.2")),)), days=days)
        )


def _no_address(sell: Sell) -> Iterator[shopify.Json]:
    """No postal address at all, or one without a city."""
    for at in range(4):
        order = shopify.order(sell("haus", cast.GERMANS[at], Sold(good=MUG, rates=DE19), days=4))
        missing = {"billing_address": None, "shipping_address": None}
        yield order | (
            missing if at % 2 else {"shipping_address": order["shipping_address"] | {"city": "", "address1": ""}}
        )


def _vat_id(sell: Sell) -> Iterator[shopify.Json]:
    """A firm abroad bought without tax, but its VAT id is missing or mistyped."""
    for value in ("", "NL12345", "123456789"):
        order = shopify.order(sell("haus", cast.DUTCH_FIRM, Sold(good=LAMP, quantity=2), days=6))
        attributes = [{"name": "VAT number", "value": value}] if value else []
        yield order | {"tax_exempt": True, "note_attributes": attributes}


def _tests(sell: Sell) -> Iterator[shopify.Json]:
    """The shop's own trial orders, and customers who thought better of it before they paid."""
    for at in range(3):
        yield shopify.order(sell("haus", cast.GERMANS[at], Sold(good=MUG, rates=DE19), days=3)) | {"test": True}
    for at in range(3):
        sale = sell("haus", cast.GERMANS[at + 3], Sold(good=TOWEL, rates=DE19), days=7, paid=False)
        yield shopify.order(sale) | {"cancelled_at": sale.at.isoformat(), "financial_status": "voided"}


def _twice(sell: Sell) -> Iterator[shopify.Json]:
    """Somebody pressed the button twice."""
    for at in range(3):
        for _again in range(2):
            yield shopify.order(
                sell(
                    "haus",
                    cast.GERMANS[at + 6],
                    Sold(good=LAMP, rates=DE19),
                    Sold(good=TEAPOT, rates=DE19),
                    days=3 + at,
                )
            )


def _no_lines_back(sell: Sell) -> Iterator[shopify.Json]:
    """Money went back, and the store does not say for what."""
    for at in range(3):
        sale = sell("haus", cast.GERMANS[at], Sold(good=LAMP, rates=DE19), days=8)
        back = shopify.refund(sale, 1, Decimal("12.00"), at=sale.at)
        yield shopify.order(sale) | {"refunds": [back], "financial_status": "partially_refunded"}


def _closed(sell: Sell) -> Iterator[shopify.Json]:
    """Late orders, of days whose period is closed."""
    for at in range(3):
        yield shopify.order(sell("haus", cast.GERMANS[at], Sold(good=TEAPOT, rates=DE19), days=50 + at))


def _unknown_money(sell: Sell) -> Iterator[shopify.Json]:
    """Paid by a way for which no account is mapped."""
    for days in (2, 4, 5):
        sale = sell("haus", cast.GERMANS[days], Sold(good=MUG, rates=DE19), days=days)
        yield shopify.order(dataclasses.replace(sale, gateway="Klarna"))
