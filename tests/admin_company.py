"""What the admin's tests start from: a company with people in every role, and orders in every state."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.apps import apps
from django.contrib.auth.models import Group, User
from django.utils import timezone

from orders import incoming, intake, models, roles
from tests import factories


def person(*names: str, username: str = "") -> User:
    """Somebody who holds these roles."""
    made = factories.user(username or "-".join(names).replace(" ", "-"), is_staff=True)
    if not Group.objects.filter(name=roles.AUDITOR.name).exists():
        roles.settle(apps)  # a test that empties the tables takes the migration's groups along
    made.groups.set(Group.objects.filter(name__in=names))
    return made


def stored(shop: models.Shop, number: str, total: str = "11.90", **fields: Any) -> models.Order:
    """An order as a row only, for lists that do not look into it."""
    amount = Decimal(total)
    defaults = {
        "shop": shop,
        "store_id": number,
        "number": number,
        "currency": shop.currency,
        "total": amount,
        "total_due": amount,
        "by_lines": amount,
        "placed_at": factories.NOON,
        "placed_on": factories.NOON.date(),
        "received_at": factories.NOON,
    }
    return models.Order.objects.create(**defaults | fields)


def desk(owner: User) -> models.Shop:
    """A shop whose orders are ready, wait for a mapping, do not add up, lack a VAT id, are tests, or are refunded; taken in as from a store."""
    books = factories.ledger("books")
    shop = factories.shop("eu", ledger=books, owner=owner)
    factories.item(books, "MUG")
    taken_in(shop, [*_ready(), *_waiting()])
    return shop


def taken_in(shop: models.Shop, orders: list[incoming.Order]) -> None:
    intake.receive(shop, orders, source=factories.source())


NAMES = [
    "Anna Keller",
    "Finn Sato",
    "Rosa Lind",
    "Ben Okafor",
    "Dov Rossi",
    "Cara Meyer",
    "Lee Brandt",
    "Mia Novak",
    "Ole Jensen",
    "Ida Blum",
]


def _ready() -> list[incoming.Order]:
    return [_order(n, amount=f"{23.8 + 11.9 * n:.2f}") for n in range(1, 9)]


def _waiting() -> list[incoming.Order]:
    unmapped = [_order(n, amount=f"{47.6 * n:.2f}", sku="APRON-L") for n in (11, 12, 13)]
    kept = _order(14, amount="119.00", title="TVA", rate="0.20")
    off = _order(15, amount="59.50", totals=incoming.Totals(total=Decimal("59.99")))
    business = _order(16, amount="119.00", tax_treatment=incoming.TaxTreatment.REVERSE_CHARGE)
    test = _order(17, amount="11.90", test=True)
    return [*unmapped, kept, off, business, test, _order(18, refunds=(factories.refund(),))]


def _order(
    n: int, *, amount: str = "11.90", sku: str = "MUG", title: str = "MwSt", rate: str = "0.19", **fields: Any
) -> incoming.Order:
    gross = Decimal(amount)
    tax = str(round(gross - gross / (1 + Decimal(rate)), 2))
    name = NAMES[n % len(NAMES)]
    email = f"{name.split()[0].lower()}@example.org"
    line = factories.line(amount, tax=tax, rate=rate, title=title, sku=sku, unit_price=gross)
    fresh = {
        "lines": (line,),
        "placed_at": timezone.now() - timedelta(hours=5 * n),
        "customer": factories.customer(f"C{n}", name=name, email=email),
        "billing": factories.address(name=name),
        "shipping": factories.address(name=name),
        "email": email,
    }
    return factories.order(str(n), **{**fresh, **fields})
