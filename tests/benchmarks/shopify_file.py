"""Writes Shopify's order export of any size, the same each time: a shop's usual mixture, with a share of orders that have something wrong."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

from ordersync_site.demo.shopify import COLUMNS

CENT = Decimal("0.01")
START = datetime(2026, 1, 1, 8, tzinfo=timezone(timedelta(hours=1)))
LINES = (1, 2, 3, 4)  # per order, in turn: two and a half on average
GOODS = 400
UNMAPPED = 20  # of the goods: their orders wait for a mapping
PEOPLE = 5_000
ABROAD = {"AT": "AT MwSt 20%", "FR": "FR TVA 20%", "US": "", "CH": ""}
RATES = {
    "DE MwSt 19%": Decimal("0.19"),
    "DE MwSt 7%": Decimal("0.07"),
    "AT MwSt 20%": Decimal("0.2"),
    "FR TVA 20%": Decimal("0.2"),
}


@dataclass(frozen=True, slots=True)
class Good:
    sku: str
    title: str
    price: Decimal


def goods() -> list[Good]:
    """Everything that the shop sells; the first UNMAPPED have no item in the ledger."""
    chance = random.Random(1)  # noqa: S311
    return [
        Good(f"SKU-{n:04}", f"Beaker No. {n} / {chance.choice('SML')}", Decimal(chance.randrange(300, 9_000)) / 100)
        for n in range(GOODS)
    ]


def written(path: Path, orders: int) -> int:
    """Write the file; returns the number of its lines (rows)."""
    chance, sold = random.Random(2026), goods()  # noqa: S311
    count = 0
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for n in range(orders):
            rows = list(_rows(n, chance, sold))
            writer.writerows(rows)
            count += len(rows)
    return count


def _rows(n: int, chance: random.Random, sold: list[Good]) -> Iterator[list[str]]:
    picked = [(chance.choice(sold), chance.choice((1, 1, 1, 2, 3))) for _ in range(LINES[n % len(LINES)])]
    head = _head(n, chance, picked)
    for at, (good, quantity) in enumerate(picked):
        line = {
            "Name": head["Name"], "Email": head["Email"], "Created at": head["Created at"], "Lineitem quantity": str(quantity), "Lineitem name": good.title,
            "Lineitem price": f"{good.price}", "Lineitem compare at price": "", "Lineitem sku": good.sku, "Lineitem requires shipping": "true",
            "Lineitem taxable": "true", "Lineitem fulfillment status": head["Fulfillment Status"] or "pending", "Vendor": "Example Works",
            "Lineitem discount": "0.00",
        }  # fmt: skip
        cells = head | line if at == 0 else line
        yield [cells.get(title, "") for title in COLUMNS]


def _head(n: int, chance: random.Random, picked: list[tuple[Good, int]]) -> dict[str, str]:
    """What stands on an order's first row: prices contain their tax; every fifth order has a discount, some are abroad, open, cancelled or given back."""
    at = START + timedelta(minutes=7 * n)
    items = sum((good.price * quantity for good, quantity in picked), Decimal(0))
    off = (items / 10).quantize(CENT, ROUND_HALF_UP) if n % 5 == 0 else Decimal(0)
    shipping = Decimal(0) if items > 100 else Decimal("4.90")
    country = chance.choice(list(ABROAD)) if n % 12 == 0 else "DE"
    title = ABROAD.get(country, "DE MwSt 19%" if n % 9 else "DE MwSt 7%")
    total = items - off + shipping
    tax = (total * RATES[title] / (1 + RATES[title])).quantize(CENT, ROUND_HALF_UP) if title else Decimal(0)
    wrong = Decimal("0.02") if n % 200 == 3 else Decimal(0)  # a total that its parts do not make
    state = "pending" if n % 30 == 7 else "refunded" if n % 50 == 9 else "paid"
    shipped = n % 7 != 0
    return {
        "Financial Status": state, "Paid at": "" if state == "pending" else _at(at), "Fulfillment Status": "fulfilled" if shipped else "unfulfilled",
        "Fulfilled at": _at(at + timedelta(days=1)) if shipped else "", "Accepts Marketing": "no", "Currency": "EUR", "Subtotal": f"{items - off:.2f}",
        "Shipping": f"{shipping:.2f}", "Taxes": f"{tax:.2f}", "Total": f"{total + wrong:.2f}", "Discount Code": "TEN" if off else "",
        "Discount Amount": f"{off:.2f}", "Shipping Method": "Standard", "Name": f"#{10_001 + n}", "Created at": _at(at),
        "Cancelled at": _at(at) if n % 100 == 11 else "", "Payment Method": "Shopify Payments" if n % 3 else "PayPal Express Checkout",
        "Payment Reference": f"c{n:012}.1", "Refunded Amount": f"{total if state == 'refunded' else Decimal(0):.2f}",
        "Outstanding Balance": f"{total if state == 'pending' else Decimal(0):.2f}", "Id": str(5_000_000_000_000 + n), "Risk Level": "Low", "Source": "web",
        "Tax 1 Name": title, "Tax 1 Value": f"{tax:.2f}" if title else "", **_person(n, chance.randrange(PEOPLE), country),
    }  # fmt: skip


def _person(n: int, person: int, country: str) -> dict[str, str]:
    company = f"Example {person} GmbH" if person % 20 == 0 else ""
    address = {
        "Name": f"Paula Person {person}", "Street": f"Musterweg {person}", "Address1": f"Musterweg {person}", "Address2": "", "Company": company,
        "City": "" if n % 90 == 1 else f"Musterstadt {person % 100}", "Zip": f"'{10_000 + person}", "Province": "", "Country": country,
        "Phone": f"'+49 30 {person:06}",
    }  # fmt: skip
    sides = {f"{side} {title}": text for side in ("Billing", "Shipping") for title, text in address.items()}
    return {"Email": f"person{person}@example.org", "Phone": f"'+49 30 {person:06}", **sides}


def _at(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S %z}"
