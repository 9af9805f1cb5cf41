"""What the admin's tests start from: a company with people in every role, and orders in every state."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.apps import apps
from django.contrib.auth.models import Group, User

from orders import models, roles
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
