"""Takes in many new orders with a handful of statements: made in memory, checked there, written by COPY; what it leaves is what one by one would leave."""

from __future__ import annotations

import json
from collections.abc import Sequence

from django.contrib.auth.models import User

from orders import documents, events, findings, incoming, search
from orders.intake import customers, fresh, known, orders, rows, versions
from orders.intake.versions import Told
from orders.models import (
    Address,
    Event,
    ExternalRef,
    Finding,
    LineTax,
    Noun,
    Order,
    OrderLine,
    OrderVersion,
    Payment,
    Refund,
    RefundLine,
    RefundLineTax,
    Shipment,
    ShipmentLine,
    Shop,
    held,
)

_PLAIN = (Address, OrderLine, LineTax, Refund, RefundLine, RefundLineTax, Payment, Shipment, ShipmentLine)


class Collided(Exception):
    """Something is not as it was when the batch was sorted: each order is to be taken in by itself."""


def create(shop: Shop, told: Sequence[Told]) -> list[Order]:
    """Take in orders of which none is known; the caller holds a savepoint, and takes them in one by one if this raises.

    Raises Collided where another intake was quicker, or nobody is behind the source that names a person.
    """
    records = [one.record for one in told]
    orders.queue_up(shop, records)
    if known.any_known(shop, records):
        raise Collided
    source = told[0].source
    if source.by_id and not User.objects.filter(pk=source.by_id).exists():
        raise Collided
    ours = Shop.objects.select_related("ledger__adjustment_account").get(pk=shop.pk)
    batch = fresh.batch(ours, records)
    buyers = customers.of_orders(ours, records)
    made = [fresh.order(batch, one, buyer) for one, buyer in zip(told, buyers, strict=True)]
    found = findings.check_new(made, _books(ours, made))
    _write(batch.rows, made, told)
    rows.copy(Finding, found)
    return made


def _books(shop: Shop, made: Sequence[Order]) -> documents.Books:
    books = documents.Books(shop)
    books.chart.prefetch_items(line.item_key for order in made for line in held(order, "lines"))
    return books


def _write(made: fresh.Rows, orders_made: Sequence[Order], told: Sequence[Told]) -> None:
    texts = {
        order.pk: search.vector_text(*orders.said(order, one.record))
        for order, one in zip(orders_made, told, strict=True)
    }
    rows.copy(Order, orders_made, search=lambda row: texts[row.pk], identities=_identities, notes=_notes)
    for model in _PLAIN:
        rows.copy(model, made[model])
    pairs = list(zip(orders_made, told, strict=True))
    _bare(ExternalRef, [_ref(order, one.record) for order, one in pairs])
    _bare(OrderVersion, [versions.first(order, one) for order, one in pairs])
    words = orders.received(told[0].source)
    _bare(Event, [_event(order, one, words) for order, one in pairs])


def _identities(order: Order) -> str:
    return json.dumps(order.identities)


def _notes(order: Order) -> str:
    return json.dumps(order.notes)


def _ref(order: Order, record: incoming.Order) -> dict[str, object]:
    scheme, value = (known.ID, record.id) if record.id else (known.NUMBER, record.number)
    return {"shop_id": order.shop_id, "noun": Noun.ORDER, "scheme": scheme, "value": value, "object_id": order.pk}


def _event(order: Order, told: Told, words: str) -> dict[str, object]:
    after = orders.summary(order, told.record)
    columns = events.columns(order, "received", by_id=told.source.by_id, after=after, words=words)
    return columns | {"order_id": order.pk}


def _bare(model: type[OrderVersion | Event | ExternalRef], values: Sequence[dict[str, object]]) -> None:
    rows.write(model, list(values[0]), (tuple(one.values()) for one in values))
