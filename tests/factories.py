"""Plain functions that make what a test starts from: a company with its books and shop, people, mappings, and orders as a store tells them."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from orders import incoming, models
from orders.incoming import LineKind, PaymentKind, PaymentMethod, PaymentStatus

NOON = datetime(2026, 10, 1, 12, tzinfo=UTC)
ACCOUNTS = {
    "line:item": "Income:Goods",
    "line:shipping": "Income:Shipping",
    "line:discount": "Income:Discounts",
    "line:fee": "Income:Fees",
    "line:tip": "Liabilities:Tips",
    "line:gift_card": "Liabilities:GiftCards",
    "line:restocking_fee": "Income:Restocking",
    "line:refund_difference": "Expenses:RefundDifferences",
    "payment:card": "Assets:Clearing:Card",
    "payment:gift_card": "Liabilities:GiftCards",
    "payment:cash_on_delivery": "Assets:Clearing:CashOnDelivery",
    "payment:bank": "Assets:Bank",
    "role:receivable": "Assets:Receivable",
    "role:deposits": "Liabilities:Deposits",
    "role:fees": "Expenses:Fees",
    "role:chargebacks": "Expenses:Chargebacks",
    "role:bank": "Assets:Bank",
    "role:payout_adjustment": "Expenses:Payouts",
}
TAXES = {"DE19": ("MwSt", "0.19"), "DE7": ("MwSt", "0.07"), "DE0": ("", "0")}  # what the store calls it, its rate
_numbers = itertools.count(1)


def user(username: str = "", **fields: Any) -> User:
    """A person with the password "secret"."""
    return User.objects.create_user(username or f"person{next(_numbers)}", password="secret", **fields)


def ledger(code: str = "books", *, currency: str = "EUR", mapped: bool = True, **fields: Any) -> models.Ledger:
    """A company's books in `currency`; `mapped`: with ACCOUNTS, the adjustment account and German tax codes."""
    made = models.Ledger.objects.create(code=code, name=code.title(), base_currency=currency, **fields)
    if mapped:
        mappings(made)
    return made


def account(ledger: models.Ledger, code: str) -> models.Account:
    """The ledger's account of that code, made where it is missing."""
    return models.Account.objects.get_or_create(ledger=ledger, code=code, defaults={"name": code})[0]


def mappings(ledger: models.Ledger) -> None:
    """ACCOUNTS, an adjustment account, and the taxes of a German shop; many at a time, because nearly every test begins so."""
    codes = [*dict.fromkeys(ACCOUNTS.values()), "Expenses:Rounding", *(f"Liabilities:Tax:{code}" for code in TAXES)]
    rows = [models.Account(ledger=ledger, code=code, name=code) for code in codes]
    accounts = {row.code: row for row in models.Account.objects.bulk_create(rows)}
    models.AccountMapping.objects.bulk_create(
        models.AccountMapping(ledger=ledger, purpose=purpose, value=value, account=accounts[code])
        for (purpose, value), code in ((place.split(":"), code) for place, code in ACCOUNTS.items())
    )
    ledger.adjustment_account = accounts["Expenses:Rounding"]
    ledger.save()
    taxes = models.TaxCode.objects.bulk_create(
        models.TaxCode(
            ledger=ledger, code=code, name=code, rate=Decimal(rate), account=accounts[f"Liabilities:Tax:{code}"]
        )
        for code, (_title, rate) in TAXES.items()
    )
    models.TaxMapping.objects.bulk_create(
        models.TaxMapping(
            ledger=ledger, treatment="domestic", title=TAXES[made.code][0], rate=made.rate, country="", tax_code=made
        )
        for made in taxes
    )


def tax(
    ledger: models.Ledger, code: str, *, title: str, rate: str, treatment: str = "domestic", country: str = ""
) -> models.TaxCode:
    """A tax code with an account of its own, and the mapping of a store's tax to it."""
    made, _ = models.TaxCode.objects.get_or_create(
        ledger=ledger,
        code=code,
        defaults={"name": code, "rate": Decimal(rate), "account": account(ledger, f"Liabilities:Tax:{code}")},
    )
    models.TaxMapping.objects.create(
        ledger=ledger, treatment=treatment, title=title, rate=Decimal(rate), country=country, tax_code=made
    )
    return made


def item(ledger: models.Ledger, sku: str) -> models.ItemMapping:
    """The SKU mapped to an item of the ledger."""
    return models.ItemMapping.objects.create(ledger=ledger, key=sku, item=f"item {sku}")


def shop(
    code: str = "eu",
    *,
    ledger: models.Ledger | None = None,
    owner: User | None = None,
    currency: str = "EUR",
    country: str = "DE",
    time_zone: str = "Europe/Berlin",
    **fields: Any,
) -> models.Shop:
    """A shop with its first appointment; books and owner are made where none are given."""
    books = ledger or globals()["ledger"](f"books-{code}", currency=currency)
    with transaction.atomic():
        made = models.Shop.objects.create(
            code=code,
            name=f"Shop {code}",
            ledger=books,
            currency=currency,
            country=country,
            time_zone=time_zone,
            **{"prefix": code.upper()[:6], **fields},
        )
        models.Appointment.objects.create(shop=made, owner=owner or user(f"owner-{code}"), since=None)
    return made


def source(name: str = "API", *, fidelity: int = incoming.API, by: User | None = None) -> incoming.Source:
    """Where records come from."""
    return incoming.Source(name=name, fidelity=incoming.Fidelity(fidelity), by_id=by.pk if by else None)


def address(**fields: Any) -> incoming.Address:
    """A German address."""
    return incoming.Address(
        **{
            "name": "Paula Beispiel",
            "street": "Musterweg 1",
            "city": "Musterstadt",
            "postcode": "12345",
            "country": "DE",
            **fields,
        }
    )


def customer(id: str = "C1", **fields: Any) -> incoming.Customer:
    """A customer with an account at the store."""
    return incoming.Customer(id=id, **{"name": "Paula Beispiel", "email": "paula@example.org", **fields})


def line(
    amount: str = "11.90",
    *,
    tax: str = "1.90",
    rate: str | None = "0.19",
    title: str = "MwSt",
    kind: LineKind = LineKind.ITEM,
    **fields: Any,
) -> incoming.Line:
    """A line with one tax (`tax` "" for none); `amount` with tax, as in `order()`."""
    taxes = (
        (incoming.Tax(title=title, amount=Decimal(tax), rate=Decimal(rate) if rate else None, country="DE"),)
        if tax
        else ()
    )
    return incoming.Line(
        kind=kind, amount=Decimal(amount), **{"title": "Mug", "id": "L1", "sku": "MUG", "taxes": taxes, **fields}
    )


def payment(amount: str = "11.90", *, id: str = "P1", **fields: Any) -> incoming.Payment:
    """A card payment that succeeded."""
    return incoming.Payment(
        id=id,
        amount=Decimal(amount),
        **{
            "kind": PaymentKind.SALE,
            "status": PaymentStatus.SUCCESS,
            "method": PaymentMethod.CARD,
            "currency": "EUR",
            "processed_at": NOON,
            **fields,
        },
    )


def refund(amount: str = "11.90", *, id: str = "R1", **fields: Any) -> incoming.Refund:
    """A refund of the one line of `order()`, with the money gone back."""
    taxes = (incoming.Tax(title="MwSt", amount=Decimal("1.90"), rate=Decimal("0.19"), country="DE"),)
    lines = (
        incoming.RefundLine(
            kind=LineKind.ITEM, amount=Decimal("11.90"), quantity=Decimal(1), line_id="L1", taxes=taxes
        ),
    )
    back = payment(amount, id=f"{id}-money", kind=PaymentKind.REFUND, parent_id="P1")
    return incoming.Refund(
        id=id,
        amount=Decimal(amount),
        **{"currency": "EUR", "refunded_at": NOON + timedelta(days=1), "lines": lines, "payments": (back,), **fields},
    )


def shipment(id: str = "S1", **fields: Any) -> incoming.Shipment:
    """A parcel with the whole order."""
    return incoming.Shipment(
        id=id, **{"shipped_at": NOON + timedelta(days=1), "carrier": "DHL", "tracking_number": "T-1", **fields}
    )


def order(id: str = "1", **fields: Any) -> incoming.Order:
    """A paid order of one mug over 11.90 EUR with tax, number 1000 + id; its total follows from `lines` unless `totals` is given."""
    lines = fields.pop("lines", None) or (line(),)
    included = fields.get("tax_included", True)
    total = sum(
        (item.amount + (0 if included else sum(tax.amount for tax in item.taxes)) for item in lines), Decimal(0)
    )
    return incoming.Order(
        id=id,
        lines=lines,
        **{
            "number": f"{1000 + int(id)}" if id.isdigit() else id,
            "currency": "EUR",
            "totals": incoming.Totals(total=total),
            "placed_at": NOON,
            "updated_at": NOON,
            "tax_included": True,
            "customer": customer(),
            "billing": address(),
            "shipping": address(),
            "email": "paula@example.org",
            "payment_state": incoming.PaymentState.PAID,
            "payments": (payment(str(total)),),
            **fields,
        },
    )


def product(id: str = "V1", **fields: Any) -> incoming.Product:
    """A product variant."""
    return incoming.Product(
        id=id, **{"sku": "MUG", "title": "Mug", "price": Decimal("11.90"), "currency": "EUR", **fields}
    )


def payout(id: str = "PO1", **fields: Any) -> incoming.Payout:
    """What the gateway paid out for the payment of `order()`, less its fee."""
    lines = (incoming.PayoutLine(kind="charge", amount=Decimal("11.90"), fee=Decimal("0.40"), payment_id="P1"),)
    return incoming.Payout(
        id=id,
        **{
            "currency": "EUR",
            "amount": Decimal("11.50"),
            "paid_on": NOON.date(),
            "gateway": "cards",
            "lines": lines,
            **fields,
        },
    )
