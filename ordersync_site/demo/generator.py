"""Writes the demo's files: what each shop's store would send, from a seed, the same for the same day."""

from __future__ import annotations

import dataclasses
import json
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from orders import money
from ordersync_site.demo import cases, cast, payouts, shelf, shopify, woocommerce
from ordersync_site.demo.sale import Rates, Sale, Sold

SEED = 20
ORDINARY = (80, 45, 90)
"""So many ordinary orders: of the German shop in its export and as JSON, of the American shop as JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One file of one shop. Those of the second wave tell what happened after the first orders were posted."""

    shop: str
    name: str
    content: bytes
    wave: int = 1


def files(today: date, ordinary: tuple[int, int, int] = ORDINARY) -> list[File]:
    """Every file, in the order in which they come."""
    exported, hooked, fetched = ordinary
    chance = random.Random(SEED)  # noqa: S311 - a repeatable demo, no secret
    german = list(_german(chance, today, exported + hooked))
    american = list(_american(chance, today, fetched))
    parts = [
        File(
            shop="haus",
            name="orders_export_1.csv",
            content=shopify.export([shopify.order(sale) for sale in german[:exported]]),
        ),
        File(
            shop="haus",
            name="orders.json",
            content=_json({"orders": [shopify.order(sale) for sale in german[exported:]]}),
        ),
        File(shop="outdoor", name="orders.json", content=_json([woocommerce.order(sale) for sale in american])),
        File(shop="haus", name="products_export.csv", content=shelf.products()),
        File(shop="haus", name="inventory_export.csv", content=shelf.counts()),
        File(
            shop="haus",
            name="payment_transactions_export_1.csv",
            content=payouts.transactions(german, today),
            wave=2,
        ),
    ]
    return [*parts, *_of_cases(cases.all_of(today))]


def _of_cases(told: Iterable[cases.Told]) -> Iterator[File]:
    """One file for each shop, format and wave."""
    bundles: dict[tuple[int, str, str], list[Any]] = {}
    for one in told:
        bundles.setdefault((one.wave, one.shop, one.format), []).append(one.order)
    for (wave, shop, layout), orders in sorted(bundles.items()):
        name, content = f"{layout}-cases-{wave}.json", _json({"orders": orders} if layout == "shopify" else orders)
        yield File(shop=shop, name=name, content=content, wave=wave)


def _json(data: object) -> bytes:
    return json.dumps(data, ensure_ascii=False, indent=1).encode()


def _german(chance: random.Random, today: date, count: int) -> Iterator[Sale]:
    zone = ZoneInfo("Europe/Berlin")
    for at, moment in enumerate(_moments(chance, today, count, zone)):
        sold = _basket(chance, cast.HOUSE, lambda good: cases.DE7 if good.reduced else cases.DE19)
        small = money.total(part.amount for part in sold) < 60
        sale = Sale(
            id=101_001 + at, number=f"#{1001 + at}", at=moment, person=chance.choice(cast.GERMANS), currency="EUR", tax_included=True, sold=sold,
            shipping=Decimal("4.90") if small else money.ZERO, shipping_rates=cases.DE19, shipped=chance.random() < 0.8,
            gateway=chance.choice(["shopify_payments"] * 6 + ["bank transfer"]),
        )  # fmt: skip
        yield _sometimes_returned(chance, sale)


def _sometimes_returned(chance: random.Random, sale: Sale) -> Sale:
    """One in fifteen is returned whole."""
    if chance.random() > 1 / 15:
        return sale
    back = shopify.refund(
        sale, 1, Decimal(shopify.order(sale)["total_price"]), at=sale.at + timedelta(days=1),
        lines=[(place, sold.quantity) for place, sold in enumerate(sale.sold)], adjustments=_shipping_back(sale),
    )  # fmt: skip
    return dataclasses.replace(sale, changes={"refunds": [back], "financial_status": "refunded"})


def _shipping_back(sale: Sale) -> list[shopify.Json]:
    if not sale.shipping:
        return []
    tax = money.total(amount for _title, _rate, amount in sale.taxes(sale.shipping, sale.shipping_rates))
    net = sale.shipping - tax
    return [
        {
            "id": sale.id,
            "kind": "shipping_refund",
            "reason": "Shipping refund",
            "amount": f"-{net}",
            "tax_amount": f"-{tax}",
        }
    ]


def _american(chance: random.Random, today: date, count: int) -> Iterator[Sale]:
    rates: dict[str, Rates] = {
        "IL": (("IL Sales Tax", Decimal("0.0625")),), "CA": (("CA Sales Tax", Decimal("0.0725")),), "OR": (),
    }  # fmt: skip
    for at, moment in enumerate(_moments(chance, today, count, ZoneInfo("America/Chicago"))):
        person = chance.choice(cast.AMERICANS)
        sold = _basket(chance, cast.OUTDOOR, lambda _good, person=person: rates[person.region])  # type: ignore[misc]
        sale = Sale(
            id=2001 + at, number=str(2001 + at), at=moment, person=person, currency="USD", tax_included=False, sold=sold,
            shipping=Decimal("7.50"), gateway=chance.choice(["stripe", "stripe", "stripe", "bacs"]), shipped=chance.random() < 0.7,
        )  # fmt: skip
        if chance.random() < 0.08:
            first = sold[0]
            worth = first.amount + money.total(tax for *_named, tax in sale.taxes(first.amount, first.rates))
            back = woocommerce.refund(sale, 1, worth, at=moment + timedelta(days=1), lines=[(0, first.quantity)])
            sale = dataclasses.replace(sale, changes={"refunds": [back]})
        yield sale


def _moments(chance: random.Random, today: date, count: int, zone: ZoneInfo) -> list[datetime]:
    """Instants of the last four weeks until the day before yesterday, early to late."""
    days = sorted(chance.randrange(2, 28) for _ in range(count))
    return [
        datetime.combine(today - timedelta(days=day), time(chance.randrange(7, 23), chance.randrange(60)), zone)
        for day in reversed(days)
    ]


def _basket(chance: random.Random, shelf: Sequence[cast.Good], rates: Callable[[cast.Good], Rates]) -> tuple[Sold, ...]:
    goods = chance.sample(shelf, chance.choice([1, 1, 2, 2, 3]))
    cheaper = chance.random() < 0.12
    return tuple(
        Sold(
            good=good, quantity=(quantity := chance.choice([1, 1, 1, 2, 3])), rates=rates(good),
            discount=money.rounded(good.price * quantity / 10, "EUR") if cheaper else money.ZERO,
        )
        for good in goods
    )  # fmt: skip
