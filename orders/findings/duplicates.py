"""Another order that may be the same one: sent twice by a customer, or told twice by the store."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

from django.db.models import Q
from django.utils.translation import gettext as _

from orders.documents.problem import Problem
from orders.findings.codes import problem
from orders.models import Order, State

NEAR = timedelta(hours=24)
Line = tuple[str, str, Decimal, Decimal]


@dataclass(slots=True)
class _Other:
    number: str = ""
    lines: list[Line] = field(default_factory=list)


def others(order: Order) -> Iterator[Problem]:
    """Each other order of the shop, not rejected, with the same number; or the same buyer, total and lines within 24 hours."""
    ours = sorted(
        (line.kind, line.item_key or line.title, line.quantity, line.amount)
        for line in order.lines.all()
        if not line.removed
    )
    for pk, other in _candidates(order).items():
        if other.number == order.number:
            words = _("Another order of the shop has the same number, %s, under another id.") % order.number
        elif ours and sorted(other.lines) == ours:
            words = _("Order %s has the same customer, total and lines within 24 hours.") % other.number
        else:
            continue
        yield problem("duplicate", words, field="number", cause=f"order:{pk}")


def _candidates(order: Order) -> dict[int, _Other]:
    """Their numbers and lines by primary key, in one query."""
    columns = ("pk", "number", "lines__removed", "lines__kind", "lines__sku", "lines__title", "lines__store_product_id",
               "lines__store_variant_id", "lines__quantity", "lines__amount")  # fmt: skip
    rows = Order.objects.filter(Q(number=order.number) | _same_sale(order), shop=order.shop_id).exclude(pk=order.pk)
    found: dict[int, _Other] = defaultdict(_Other)
    for pk, number, removed, kind, sku, title, product, variant, quantity, amount in rows.exclude(
        state=State.REJECTED
    ).values_list(*columns):
        found[pk].number = number
        if removed is False:
            key = sku or (f"id:{product}/{variant}" if product else title)
            found[pk].lines.append((kind, key, quantity, amount))
    return found


def _same_sale(order: Order) -> Q:
    buyers = Q(email=order.email) if order.email else Q(pk=None)
    buyers |= Q(customer=order.customer_id) if order.customer_id else Q(pk=None)
    if order.placed_at is None:
        return Q(pk=None)
    near = (order.placed_at - NEAR, order.placed_at + NEAR)
    return buyers & Q(placed_at__range=near, total_due=order.total_due, currency=order.currency)
