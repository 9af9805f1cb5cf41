"""What was given to a person by name goes to whoever stands in: records that are open, and causes of problems."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from orders import ownership
from orders.models import (
    AssignedCause,
    CustomerChange,
    Order,
    Payout,
    Refund,
    Reviewed,
    Shop,
    State,
    StockAdjustment,
)
from orders.review import causes
from orders.review.decisions import assign

if TYPE_CHECKING:
    from django.contrib.auth.models import User

_OPEN = (State.PENDING, State.HELD)
_SHOP = {Refund: "order__shop", CustomerChange: "customer__shop"}


def given(person: User) -> list[Reviewed]:
    """The open records that are with this person by name."""
    return list(_records(person))


def given_causes(person: User) -> list[AssignedCause]:
    """The causes that this person looks after."""
    return list(AssignedCause.objects.filter(to=person).select_related("ledger").order_by("pk"))


def hand_over(person: User, to: Mapping[Shop, User]) -> int:
    """Give all of it to whoever stands in for its shop; what has nobody stays. How many. Each is an event of its own."""
    moved = 0
    for record in given(person):
        if (new := to.get(ownership.shop_of(record))) is not None:
            assign(record, new, by=person)
            moved += 1
    for cause in given_causes(person):
        found = next((user for shop, user in to.items() if shop.ledger_id == cause.ledger_id), None)
        if found is not None:
            causes.give(cause.ledger, cause.cause, found, by=person)
            moved += 1
    return moved


def _records(person: User) -> Iterator[Reviewed]:
    for model in (Order, Refund, Payout, StockAdjustment, CustomerChange):
        shop = _SHOP.get(model, "shop")
        yield from model._default_manager.filter(assignee=person, state__in=_OPEN).select_related(shop).order_by("pk")
