"""The demo's company: three sets of books, nine shops, a person for every role, and what is mapped to what."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from django.contrib.auth.models import Group, User
from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils import timezone

from integrations import connections
from orders import roles
from orders.models import (
    Account,
    AccountMapping,
    Appointment,
    Deputy,
    ExchangeRate,
    ItemMapping,
    Ledger,
    Period,
    PeriodState,
    Shop,
    TaxCode,
    TaxMapping,
    ZeroTotal,
)  # fmt: skip
from ordersync_site.demo import carried, cast

PASSWORD = "only-for-the-demo"
UNDO_SECONDS = 15
TAX_ACCOUNT = "820"
"""Of the books that take files."""
PEOPLE = {
    "owner": ("Olga", "Owner", [roles.OWNER.name]),
    "deputy": ("Dario", "Deputy", [roles.DEPUTY.name]),
    "accountant": ("Anna", "Accountant", [roles.ACCOUNTANT.name]),
    "it": ("Igor", "Itlead", [roles.IT_LEAD.name]),
    "marketing": ("Mara", "Marketing", [roles.MARKETING.name]),
    "entrepreneur": ("Emil", "Entrepreneur", [role.name for role in roles.ROLES if role is not roles.AUDITOR]),
    "auditor": ("Ada", "Auditor", [roles.AUDITOR.name]),
}
"""Sign-in name: first name, last name, groups. The entrepreneur holds every role but the auditor's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """A shop to be made."""

    code: str
    name: str
    ledger: str
    prefix: str
    currency: str = "EUR"
    country: str = "DE"
    time_zone: str = "Europe/Berlin"
    recognise_on: str = "placed"
    fees_by: str = "payment"


STORES = (
    Store(code="haus", name="Nordlicht Haus", ledger="nordlicht", prefix="NH", fees_by="payout"),
    Store(
        code="outdoor",
        name="Northlight Outdoor",
        ledger="northlight",
        prefix="NO",
        currency="USD",
        country="US",
        time_zone="America/Chicago",
    ),
    Store(
        code="outlet",
        name="Northlight Outlet",
        ledger="northlight",
        prefix="OU",
        currency="USD",
        country="US",
        time_zone="America/Chicago",
    ),
    Store(code="second", name="Nordlicht Zweite Wahl", ledger="nordlicht", prefix="ZW"),
    Store(code="parcels", name="Nordlicht Versand", ledger="nordlicht", prefix="NV", recognise_on="fulfilled"),
    Store(code="advance", name="Nordlicht Vorkasse", ledger="nordlicht", prefix="VK", recognise_on="paid"),
    Store(
        code="tokyo",
        name="Nordlicht Tokyo",
        ledger="nordlicht",
        prefix="TK",
        currency="JPY",
        country="JP",
        time_zone="Asia/Tokyo",
    ),
    Store(
        code="kuwait",
        name="Nordlicht Kuwait",
        ledger="nordlicht",
        prefix="KW",
        currency="KWD",
        country="KW",
        time_zone="Asia/Kuwait",
    ),
    Store(
        code="london",
        name="Northlight London",
        ledger="london",
        prefix="LO",
        currency="GBP",
        country="GB",
        time_zone="Europe/London",
    ),
)
ROUNDING = "Expenses:Rounding"
ACCOUNTS = {
    "line:item": "Income:Goods", "line:shipping": "Income:Shipping", "line:discount": "Income:Discounts", "line:fee": "Income:Fees",
    "line:tip": "Liabilities:Tips", "line:gift_card": "Liabilities:GiftCards", "line:duty": "Liabilities:Duties",
    "line:restocking_fee": "Income:Restocking", "line:return_shipping": "Income:Shipping", "line:refund_difference": "Expenses:RefundDifferences",
    "payment:card": "Assets:Clearing:Card", "payment:gift_card": "Liabilities:GiftCards", "payment:store_credit": "Liabilities:StoreCredit",
    "payment:cash_on_delivery": "Assets:Clearing:CashOnDelivery", "payment:bank": "Assets:Bank", "role:receivable": "Assets:Receivable",
    "role:deposits": "Liabilities:Deposits", "role:fees": "Expenses:Fees", "role:chargebacks": "Expenses:Chargebacks", "role:bank": "Assets:Bank",
    "role:payout_adjustment": "Expenses:Payouts",
}  # fmt: skip
# Those of the books that take files, which are codes of the program to which the accountant carries them.
_CODES = {
    "line:item": "200", "line:shipping": "425", "line:discount": "260", "payment:card": "606", "payment:bank": "090", "role:receivable": "610",
    "role:deposits": "835", "role:fees": "404", "role:bank": "090",
}  # fmt: skip
# Ledger: code, rate, treatment, country, region, title as the store writes it ("" for a line without tax).
TAXES = {
    "nordlicht": (
        ("DE19", "0.19", "domestic", "DE", "", "DE MwSt"), ("DE7", "0.07", "domestic", "DE", "", "DE MwSt"), ("DE0", "0", "domestic", "DE", "", ""),
        ("FR20", "0.2", "oss", "FR", "", "FR TVA"), ("EURC", "0", "reverse_charge", "", "", ""), ("DEEX", "0", "exempt", "", "", ""),
        ("JP8", "0.08", "domestic", "JP", "", "JP CT"), ("NONE", "0", "export", "", "", ""), ("KW0", "0", "domestic", "KW", "", ""),
        ("JP0", "0", "domestic", "JP", "", ""),
    ),
    "northlight": (
        ("IL", "0.0625", "domestic", "US", "", "IL Sales Tax"), ("CA", "0.0725", "domestic", "US", "", "CA Sales Tax"),
        ("IL", "0.0625", "domestic", "US", "", "Illinois State Tax"), ("ILEX", "0.02", "domestic", "US", "", "Example County Tax"),
        ("MARKET", "0.0625", "marketplace", "", "", "Illinois State Tax"), ("NONE", "0", "domestic", "US", "", ""),
        ("MARKET0", "0", "marketplace", "", "", ""),
    ),
    "london": (("20% (VAT on Income)", "0.2", "domestic", "GB", "", "GB VAT"),),
}  # fmt: skip


@transaction.atomic
def make(today: date, folder: Path) -> dict[str, User]:
    """Make everything but the orders; books without files lie in `folder`, one folder each. Undo is off until `open_the_desk`. The people by sign-in name."""
    people = {name: _person(name, *who) for name, who in PEOPLE.items()}
    for code, currency, zero_total in (("nordlicht", "EUR", ZeroTotal.POST), ("northlight", "USD", ZeroTotal.SKIP)):
        ledger = books(code, currency, zero_total, today)
        (folder / code).mkdir(parents=True)
        options = {"folder": str(folder / code), "title": code.title()}
        connections.connect("beancount", code, ledger=ledger, options=options, by=people["it"])
    ledger = books("london", "GBP", ZeroTotal.SKIP, today)
    options = {"receivable": _CODES["role:receivable"], "tax_account": TAX_ACCOUNT}
    connections.connect("xero-invoices", "london", ledger=ledger, options=options, by=people["it"])
    now = timezone.now()
    for store in STORES:
        open_shop(store, people, now)
    for currency, rate in (("JPY", "0.0061"), ("KWD", "2.98"), ("USD", "0.92")):
        ExchangeRate.objects.create(
            currency=currency, base_currency="EUR", on=today - timedelta(days=90), rate=Decimal(rate), source="demo"
        )
    return people


def open_the_desk() -> None:
    """From now on an approval can be undone for a while."""
    Ledger.objects.update(undo_seconds=UNDO_SECONDS)


def _person(name: str, first: str, last: str, groups: Iterable[str]) -> User:
    user = User.objects.create_user(
        name, f"{name}@example.org", PASSWORD, first_name=first, last_name=last, is_staff=True
    )
    user.groups.set(Group.objects.filter(name__in=list(groups)))
    return user


def books(code: str, currency: str, zero_total: str, today: date, *, like: str = "") -> Ledger:
    """A mapped set of books; `like`: with the taxes of another one."""
    ledger = Ledger.objects.create(
        code=code, name=code.title(), base_currency=currency, undo_seconds=0, zero_total=zero_total
    )
    by_files = code == "london"
    for place, account in (_CODES if by_files else ACCOUNTS).items():
        purpose, value = place.split(":")
        AccountMapping.objects.create(ledger=ledger, purpose=purpose, value=value, account=_account(ledger, account))
    ledger.adjustment_account = _account(ledger, "497" if by_files else ROUNDING)
    ledger.save(update_fields=["adjustment_account"])
    for tax, rate, treatment, country, region, title in TAXES[like or code]:
        owed = _account(ledger, TAX_ACCOUNT if by_files else f"Liabilities:Tax:{tax}")
        tax_code, _new = TaxCode.objects.get_or_create(
            ledger=ledger, code=tax, defaults={"name": tax, "rate": Decimal(rate), "account": owed}
        )
        TaxMapping.objects.create(
            ledger=ledger,
            treatment=treatment,
            country=country,
            region=region,
            title=title,
            rate=Decimal(rate),
            tax_code=tax_code,
        )
    for good in (
        *cast.HOUSE[1:],
        *cast.OUTDOOR,
        *carried.GOODS,
    ):  # the first is mapped on the walk, once its orders wait
        ItemMapping.objects.create(ledger=ledger, key=good.sku, item=good.title)
    Period.objects.create(
        ledger=ledger,
        period=DateRange(today - timedelta(days=400), today - timedelta(days=40)),
        state=PeriodState.CLOSED,
    )
    return ledger


def _account(ledger: Ledger, code: str) -> Account:
    return Account.objects.get_or_create(ledger=ledger, code=code, defaults={"name": code.rpartition(":")[2]})[0]


def open_shop(store: Store, people: dict[str, User], now: datetime) -> None:
    """A shop with its owner, and a deputy for two weeks."""
    shop = Shop.objects.create(
        code=store.code, name=store.name, ledger=Ledger.objects.get(code=store.ledger), currency=store.currency, country=store.country,
        time_zone=store.time_zone, prefix=store.prefix, recognise_on=store.recognise_on, fees_by=store.fees_by,
    )  # fmt: skip
    Appointment.objects.create(shop=shop, owner=people["owner"], since=None)
    Deputy.objects.create(
        shop=shop, deputy=people["deputy"], from_at=now, until_at=now + timedelta(days=14), limit=Decimal(500)
    )
