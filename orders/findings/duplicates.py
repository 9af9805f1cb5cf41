"""Another order that may be the same one: sent twice by a customer, or told twice by the store."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Q
from django.utils.translation import gettext as _

from orders.documents.problem import Problem
from orders.findings.codes import problem
from orders.models import Order, State, held

NEAR = timedelta(hours=24)
Line = tuple[str, str, Decimal, Decimal]
_LOOKED = "_looked_for_duplicates"
_LINE = ("removed", "kind", "sku", "title", "store_product_id", "store_variant_id", "quantity", "amount")
_COLUMNS = tuple(f"lines__{name}" for name in _LINE)
_LOOK = """
WITH asked AS (
  SELECT %s::bigint AS shop, * FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::bigint[], %s::timestamptz[], %s::numeric[], %s::text[])
         AS asked(id, number, email, customer, placed_at, total_due, currency)
), near AS (SELECT *, placed_at - step AS since, placed_at + step AS until FROM asked, (SELECT %s::interval AS step) step),
found AS (
  SELECT near.id AS ours, other.id FROM near JOIN orders_order other ON other.shop_id = near.shop AND other.number = near.number
  UNION SELECT near.id, other.id FROM near JOIN orders_order other ON other.email = near.email AND near.email <> '' AND other.shop_id = near.shop
         AND other.placed_at BETWEEN near.since AND near.until AND other.total_due = near.total_due AND other.currency = near.currency
  UNION SELECT near.id, other.id FROM near JOIN orders_order other ON other.customer_id = near.customer AND other.shop_id = near.shop
         AND other.placed_at BETWEEN near.since AND near.until AND other.total_due = near.total_due AND other.currency = near.currency
)
SELECT found.ours, other.id, other.number, {columns}
  FROM found JOIN orders_order other ON other.id = found.id LEFT JOIN orders_orderline line ON line.order_id = other.id
 WHERE other.state <> 'rejected' ORDER BY other.id"""


@dataclass(slots=True)
class _Other:
    number: str = ""
    lines: list[Line] = field(default_factory=list)


def others(order: Order) -> Iterator[Problem]:
    """Each other order of the shop, not rejected, with the same number; or the same buyer, total and lines within 24 hours."""
    ours = _lines(order)
    for pk, other in _candidates(order).items():
        if other.number == order.number:
            words = _("Another order of the shop has the same number, %s, under another id.") % order.number
        elif ours and sorted(other.lines) == ours:
            words = _("Order %s has the same customer, total and lines within 24 hours.") % other.number
        else:
            continue
        yield problem("duplicate", words, field="number", cause=f"order:{pk}")


def _candidates(order: Order) -> dict[int, _Other]:
    """Their numbers and lines by primary key, in one query; in none where `look` found them for a batch."""
    looked: dict[int, _Other] | None = order.__dict__.get(_LOOKED)
    if looked is not None:
        return looked
    rows = Order.objects.filter(Q(number=order.number) | _same_sale(order), shop=order.shop_id).exclude(pk=order.pk)
    found: dict[int, _Other] = defaultdict(_Other)
    for pk, number, *line in rows.exclude(state=State.REJECTED).values_list("pk", "number", *_COLUMNS):
        _add(found[pk], number, line)
    return found


def look(orders: Sequence[Order]) -> None:
    """Find the candidates of orders that were just made and are not saved yet: among those before them in the batch, and, in one query, among all that are there."""
    looked: dict[int, dict[int, _Other]] = {order.pk: defaultdict(_Other) for order in orders}
    columns = ", ".join(f"line.{name}" for name in _LINE)
    with connection.cursor() as cursor:
        cursor.execute(_LOOK.format(columns=columns), _asked(orders))
        for ours, pk, number, *line in cursor.fetchall():
            _add(looked[ours][pk], number, line)
    before: dict[Hashable, list[Order]] = defaultdict(list)
    for order in orders:
        names = _names(order)
        for other in {other.pk: other for name in names for other in before[name]}.values():
            if other.number == order.number or _near(order, other):
                looked[order.pk][other.pk] = _Other(other.number, _lines(other))
        for name in names:
            before[name].append(order)
    for order in orders:
        order.__dict__[_LOOKED] = looked[order.pk]


def _asked(orders: Sequence[Order]) -> list[Any]:
    """The parameters of _LOOK: the shop, and a column of each."""
    columns = ("pk", "number", "email", "customer_id", "placed_at", "total_due", "currency")
    return [orders[0].shop_id, *([getattr(order, name) for order in orders] for name in columns), NEAR]


def _names(order: Order) -> list[Hashable]:
    """What two orders share that may be one: the number, or the buyer with total and currency."""
    sale = (order.total_due, order.currency)
    buyers = [("email", order.email)] if order.email else []
    buyers += [("customer", str(order.customer_id))] if order.customer_id else []
    return [order.number, *((buyer, *sale) for buyer in buyers)]


def _near(order: Order, other: Order) -> bool:
    if order.placed_at is None or other.placed_at is None:
        return False
    return abs(order.placed_at - other.placed_at) <= NEAR


def _lines(order: Order) -> list[Line]:
    """What the order's standing lines say, to be compared."""
    rows = [line for line in held(order, "lines") if not line.removed]
    return sorted((line.kind, line.item_key or line.title, line.quantity, line.amount) for line in rows)


def _add(other: _Other, number: str, line: Sequence[Any]) -> None:
    removed, kind, sku, title, product, variant, quantity, amount = line
    other.number = number
    if removed is False:
        key = sku or (f"id:{product}/{variant}" if product else title)
        other.lines.append((kind, key, quantity, amount))


def _same_sale(order: Order) -> Q:
    buyers = Q(email=order.email) if order.email else Q(pk=None)
    buyers |= Q(customer=order.customer_id) if order.customer_id else Q(pk=None)
    if order.placed_at is None:
        return Q(pk=None)
    near = (order.placed_at - NEAR, order.placed_at + NEAR)
    return buyers & Q(placed_at__range=near, total_due=order.total_due, currency=order.currency)
