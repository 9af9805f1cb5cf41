"""Writes what Shopify Payments paid to the bank: its list of transactions (CSV), a payout a week, of the sales that its file of orders tells."""

from __future__ import annotations

import csv
import dataclasses
import io
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from orders import money
from ordersync_site.demo import shopify
from ordersync_site.demo.sale import Sale

COLUMNS = (
    "Transaction Date", "Type", "Order", "Card Brand", "Card Source", "Payout Status", "Payout Date", "Payout ID", "Available On", "Amount", "Fee", "Net",
    "Checkout", "Payment Method Name", "Presentment Amount", "Presentment Currency", "Currency", "VAT",
)  # fmt: skip
GATEWAY = "shopify_payments"
PERCENT, EACH = Decimal("0.019"), Decimal("0.30")
"""What the gateway keeps of a charge."""
_FIRST = 148_000_000_000


def transactions(sales: Sequence[Sale], today: date) -> bytes:
    """The list of transactions as the gateway writes it; weeks that are not over are not paid out yet. The last payout holds money of an order that never came."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for sale in sales:
        if sale.gateway == GATEWAY and sale.paid:
            writer.writerows(_row(sale, *moved, today) for moved in _moved(sale))
    writer.writerow(_stray(sales[-1], today))
    return text.getvalue().encode()


def _stray(like: Sale, today: date) -> dict[str, str]:
    """A charge of an order that the store's files do not tell, in the last week that was paid out."""
    paid_on = today - timedelta(days=(today.weekday() - 2) % 7)
    at = datetime.combine(paid_on - timedelta(days=4), time(11), like.at.tzinfo)
    return _row(dataclasses.replace(like, id=100_998, number="#998"), "charge", at, Decimal("27.80"), today)


def _moved(sale: Sale) -> Iterator[tuple[str, datetime, Decimal]]:
    """The charge, and what went back: kind, moment, amount."""
    yield "charge", sale.at, Decimal(str(shopify.order(sale)["total_price"]))
    refunds: Any = sale.changes.get("refunds", ())
    for refund in refunds:
        amount = money.total(Decimal(str(item["amount"])) for item in refund["transactions"])
        yield "refund", datetime.fromisoformat(refund["created_at"]), -amount


def _row(sale: Sale, kind: str, at: datetime, amount: Decimal, today: date) -> dict[str, str]:
    fee = money.rounded(amount * PERCENT + EACH, sale.currency) if amount > 0 else money.ZERO
    monday = at.date() - timedelta(days=at.weekday())
    paid_on = monday + timedelta(days=9)  # the Wednesday after
    paid = paid_on <= today
    return {
        "Transaction Date": f"{at:%Y-%m-%d %H:%M:%S %z}", "Type": kind, "Order": sale.number, "Card Brand": "visa", "Card Source": "online",
        "Payout Status": "paid" if paid else "pending", "Payout Date": paid_on.isoformat(), "Payout ID": str(_FIRST + monday.toordinal()) if paid else "",
        "Available On": paid_on.isoformat(), "Amount": sale.text(amount), "Fee": sale.text(fee), "Net": sale.text(amount - fee), "Checkout": f"#{sale.id}",
        "Payment Method Name": "card", "Presentment Amount": sale.text(amount), "Presentment Currency": sale.currency, "Currency": sale.currency, "VAT": "0.00",
    }  # fmt: skip
