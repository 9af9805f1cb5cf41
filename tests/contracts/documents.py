"""Signed documents for tests, built without a database: sensible as they are, changed by keyword, totals and hash reckoned."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from orders import incoming, money, outgoing
from orders.outgoing import DocumentKind, Line

DAY = date(2026, 11, 20)
PARTY = outgoing.Party(
    id="C-77",
    name="Jane Doe",
    email="jane@example.org",
    billing=incoming.Address(name="Jane Doe", street="1 High Street", city="Bonn", postcode="53111", country="DE"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """The accounts and tax codes that the documents use; a ledger whose accounts have other names brings its own chart."""

    receivable: str = "Assets:Receivable"
    clearing: str = "Assets:Clearing:Card"
    bank: str = "Assets:Bank"
    goods: str = "Income:Goods"
    shipping: str = "Income:Shipping"
    discounts: str = "Income:Discounts"
    deposits: str = "Liabilities:Deposits"
    tips: str = "Liabilities:Tips"
    fees: str = "Expenses:Fees"
    rounding: str = "Expenses:Rounding"
    tax: str = "Liabilities:VAT:DE19"
    tax_code: str = "DE19"
    tax_rate: Decimal = Decimal("0.19")
    second_tax: str = "Liabilities:Tax:City"
    second_tax_code: str = "CITY2"
    second_tax_rate: Decimal = Decimal("0.02")


CHART = Chart()


def line(n: int, net: str, tax: str = "0", *, chart: Chart = CHART, **changes: Any) -> Line:
    """A line of goods; one with a tax has the chart's tax code, account, rate and its net as base."""
    taxed = {"tax_code": chart.tax_code, "tax_account": chart.tax, "tax_rate": chart.tax_rate, "base": Decimal(net)}
    fields = {
        "kind": "item",
        "text": "T-shirt, red",
        "account": chart.goods,
        **(taxed if Decimal(tax) else {}),
        **changes,
    }
    return Line(n=n, net=Decimal(net), tax=Decimal(tax), **fields)


def second_tax(n: int, base: str, tax: str, *, chart: Chart = CHART, **changes: Any) -> Line:
    """The second tax on goods whose net stands on another line."""
    code = {"tax_code": chart.second_tax_code, "tax_account": chart.second_tax, "tax_rate": chart.second_tax_rate}
    return line(n, "0", tax, chart=chart, **{**code, "base": Decimal(base), **changes})


def invoice(order: str = "1001", *, chart: Chart = CHART, **changes: Any) -> outgoing.Document:
    """100.00 of goods and 4.20 of shipping, each with 19 % tax."""
    lines = (
        line(1, "100.00", "19.00", chart=chart, quantity=Decimal(2), sku="TEE-RED-M"),
        line(2, "4.20", "0.80", chart=chart, kind="shipping", text="Parcel", account=chart.shipping),
    )
    due = {"due_on": date(2026, 12, 20)}
    return build(
        DocumentKind.INVOICE, order, chart, {"lines": lines, "contra_account": chart.receivable, **due, **changes}
    )


def credit_note(order: str = "1001", *, chart: Chart = CHART, **changes: Any) -> outgoing.Document:
    """Half of the invoice's goods go back."""
    reference = f"WEB{order}"
    lines = (line(1, "50.00", "9.50", chart=chart, sku="TEE-RED-M", credits=f"{reference}/1"),)
    fields = {"lines": lines, "contra_account": chart.receivable, "applies_to": reference, **changes}
    return build(DocumentKind.CREDIT_NOTE, order, chart, fields)


def receipt(order: str = "1001", *, chart: Chart = CHART, **changes: Any) -> outgoing.Document:
    """Sold and paid at once: the money lies in the clearing account."""
    fields = {"lines": (line(1, "100.00", "19.00", chart=chart),), "contra_account": chart.clearing, **changes}
    return build(DocumentKind.RECEIPT, order, chart, fields)


def payment(order: str = "1001", *, chart: Chart = CHART, **changes: Any) -> outgoing.Document:
    """The invoice is paid by card; the gateway keeps 2.10."""
    lines = (
        line(1, "121.90", kind="card", text="Card ch_1", account=chart.clearing, chart=chart),
        line(2, "2.10", kind="fee", text="Fee", account=chart.fees, chart=chart),
    )
    fields = {"lines": lines, "contra_account": chart.receivable, "applies_to": f"WEB{order}", **changes}
    return build(DocumentKind.PAYMENT, order, chart, fields)


def refund_payment(order: str = "1001", *, chart: Chart = CHART, **changes: Any) -> outgoing.Document:
    """The money of the credit note goes back to the card."""
    lines = (line(1, "59.50", kind="card", text="Card re_1", account=chart.clearing, chart=chart),)
    fields = {"lines": lines, "contra_account": chart.receivable, "applies_to": f"WEB{order}", **changes}
    return build(DocumentKind.REFUND_PAYMENT, order, chart, fields)


def journal(order: str = "1001", *, chart: Chart = CHART, **changes: Any) -> outgoing.Document:
    """A deposit moves to the invoice it was paid for."""
    lines = (line(1, "30.00", kind="deposit", text="Deposit ch_0", account=chart.deposits, chart=chart),)
    fields = {"lines": lines, "contra_account": chart.receivable, "applies_to": f"WEB{order}", **changes}
    return build(DocumentKind.JOURNAL, order, chart, fields)


BUILDERS = {
    DocumentKind.INVOICE: invoice,
    DocumentKind.CREDIT_NOTE: credit_note,
    DocumentKind.RECEIPT: receipt,
    DocumentKind.PAYMENT: payment,
    DocumentKind.REFUND_PAYMENT: refund_payment,
    DocumentKind.JOURNAL: journal,
}


def build(kind: str, order: str, chart: Chart, changes: dict[str, Any]) -> outgoing.Document:
    """A document of that kind; totals are the lines' sums and the hash is the body's, unless `changes` state them."""
    currency = changes.get("currency", "EUR")
    lines = changes["lines"]
    net, tax = money.total(item.net for item in lines), money.total(item.tax for item in lines)
    fields: dict[str, Any] = {
        "ledger": "BOOKS",
        "key": f"web:order:{order}:{kind}:1",
        "revision": 1,
        "reference": f"WEB{order}",
        "kind": kind,
        "currency": currency,
        "base_currency": currency,
        "rate": Decimal(1),
        "issued_on": DAY,
        "tax_on": DAY,
        "posting_on": DAY,
        "net": net,
        "tax": tax,
        "gross": net + tax,
        "party": PARTY,
        "order_number": f"#{order}",
        "shop": "web",
        "adjustment_account": chart.rounding,
        "adjustment_limit": 5 * money.minor_unit(currency),
    }
    document = outgoing.Document(**{**fields, "hash": "", **changes})
    return document if document.hash else dataclasses.replace(document, hash=incoming.digest(outgoing.body(document)))
