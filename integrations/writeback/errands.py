"""Makes errands of what a shop wants its store to be told, each once: the key is unique, so that two processes make one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection as database
from django.db import transaction
from django.db.models.functions import Greatest, Now
from django.utils import timezone

from integrations.booking import idempotency_key
from integrations.models import Connection, Cursor, Delivery, DeliveryState, Errand, ErrandKind
from integrations.stores import base
from orders import changes, outgoing
from orders.models import Event, Order, Product, Progress, Shipment, Shop

OVERLAP = timedelta(hours=1)  # what was written under a clock or in a transaction that began before we looked
NUMBERED = (outgoing.DocumentKind.INVOICE, outgoing.DocumentKind.RECEIPT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """An errand to be: `key` makes it once, `about` puts those about one thing in a row."""

    kind: ErrandKind
    key: str
    about: str
    order: Order | None = None
    body: dict[str, Any] = field(default_factory=dict)


def collect(there: Connection, wishes: base.Wishes) -> int:
    """Make the errands of one shop's connection that are due and not made yet; how many. What lay before a wish was first seen is not told."""
    if there.shop is None:
        return 0
    return sum(_make(there, list(found)) for found in _wanted(there, there.shop, wishes))


def _wanted(there: Connection, shop: Shop, wishes: base.Wishes) -> Iterator[Iterator[Wanted]]:
    if wishes.tell_stock:
        yield _stock(shop)
    if wishes.tell_customer:
        yield _customers(shop)
    if wishes.tell_number or wishes.tell_tag:
        yield _booked(there, shop, wishes)
    if wishes.tell_tracking:
        yield _tracking(there, shop)


def _make(there: Connection, wanted: list[Wanted]) -> int:
    """Errands and their deliveries in one transaction, so that none is ever without."""
    if not wanted:
        return 0
    fresh = [
        Errand(
            connection=there,
            kind=item.kind,
            key=item.key[:300],
            about=item.about[:300],
            order=item.order,
            body=item.body,
            made_at=Now(),
        )
        for item in wanted
    ]
    keys = [item.key for item in fresh]
    with transaction.atomic():
        Errand.objects.bulk_create(fresh, ignore_conflicts=True)
        made = list(Errand.objects.filter(connection=there, key__in=keys, delivery=None).order_by("pk"))
        rows = [_delivery(there, errand) for errand in made]
        return len(Delivery.objects.bulk_create(rows, ignore_conflicts=True))


def _delivery(there: Connection, errand: Errand) -> Delivery:
    key = idempotency_key(there.name, errand.key, 1)
    return Delivery(
        connection=there,
        errand=errand,
        state=DeliveryState.WAITING,
        not_before=Now(),
        made_at=Now(),
        idempotency_key=key,
    )


def _stock(shop: Shop) -> Iterator[Wanted]:
    for change in changes.approved(shop, "stock"):
        record: Any = change.record
        body = {
            "record": record.pk,
            "approval": change.approval_id,
            "sku": record.sku,
            "location": record.location,
            "before": str(record.before.normalize()),
            "after": str(record.after.normalize()),
            **_product(shop, record.sku),
        }
        about = f"stock:{record.sku}:{record.location}"
        yield Wanted(kind=ErrandKind.STOCK, key=f"stock:{record.pk}:{change.approval_id}", about=about, body=body)


def _product(shop: Shop, sku: str) -> dict[str, str]:
    """The store's ids of the SKU, if one product alone bears it."""
    found = list(Product.objects.filter(shop=shop, sku=sku).values("store_id", "store_product_id")[:2]) if sku else []
    if len(found) != 1:
        return {}
    return {"product": found[0]["store_id"], "parent": found[0]["store_product_id"]}


def _customers(shop: Shop) -> Iterator[Wanted]:
    for change in changes.approved(shop, "customer"):
        record: Any = change.record
        body = {
            "record": record.pk,
            "approval": change.approval_id,
            "customer": record.customer.store_id,
            "field": record.field,
            "before": record.before,
            "after": record.after,
        }
        key, about = f"customer:{record.pk}:{change.approval_id}", f"customer:{record.customer_id}:{record.field}"
        yield Wanted(kind=ErrandKind.CUSTOMER, key=key, about=about, body=body)


def _booked(there: Connection, shop: Shop, wishes: base.Wishes) -> Iterator[Wanted]:
    """Numbers of documents that were booked, and the tag of orders of which all is posted, since we last looked."""
    since = _since(there, "told booked")
    rows = Delivery.objects.filter(
        state=DeliveryState.BOOKED, ended_at__gt=since, document__order__shop=shop
    ).select_related("document__invoice", "document__order")
    tagged: set[int] = set()
    for row in rows.order_by("pk"):
        document: Any = row.document
        order, invoice = document.order, getattr(document, "invoice", None)
        if not order.store_id:
            continue
        if wishes.tell_number and document.kind in NUMBERED and invoice is not None and invoice.number:
            body = {"order": order.store_id, "reference": document.reference, "number": invoice.number}
            yield Wanted(
                kind=ErrandKind.NUMBER,
                key=f"number:{document.pk}:{invoice.number}",
                about=f"number:{document.pk}",
                order=order,
                body=body,
            )
        if wishes.tell_tag and order.progress == Progress.POSTED and order.pk not in tagged:
            tagged.add(order.pk)
            body = {"order": order.store_id, "tag": wishes.tell_tag}
            key = f"tag:{order.pk}:{wishes.tell_tag}"
            yield Wanted(kind=ErrandKind.TAG, key=key, about=f"tag:{order.pk}", order=order, body=body)
    _looked(there, "told booked")


# A tracking number that no version of the store's own names: somebody typed it, or it came in a file of ours.
_TYPED = """
SELECT s.id FROM orders_shipment s JOIN orders_order o ON o.id = s.order_id
 WHERE o.shop_id = %s AND o.store_id <> '' AND s.tracking_number <> '' AND NOT s.cancelled
   AND o.id IN (SELECT order_id FROM orders_orderversion WHERE fidelity <= 10 AND received_at > %s)
   AND NOT EXISTS (SELECT 1 FROM orders_orderversion v
                    WHERE v.order_id = o.id AND v.fidelity > 10 AND position(s.tracking_number IN v.body) > 0)
   AND NOT EXISTS (SELECT 1 FROM integrations_errand e WHERE e.connection_id = %s AND e.key = 'tracking:' || s.id || ':' || s.tracking_number)
 ORDER BY s.id LIMIT 1000"""


def _tracking(there: Connection, shop: Shop) -> Iterator[Wanted]:
    with database.cursor() as cursor:
        cursor.execute(_TYPED, [shop.pk, _since(there, "told tracking"), there.pk])
        ids = [row[0] for row in cursor.fetchall()]
    shipments = Shipment.objects.filter(pk__in=ids).select_related("order").prefetch_related("lines__order_line")
    for shipment in shipments.order_by("pk"):
        lines = [
            [line.order_line.store_line_id, str(line.quantity.normalize())]
            for line in shipment.lines.all()
            if line.order_line.store_line_id
        ]
        body = {
            "order": shipment.order.store_id,
            "number": shipment.tracking_number,
            "carrier": shipment.carrier,
            "url": shipment.tracking_url,
            "lines": lines,
        }
        key = f"tracking:{shipment.pk}:{shipment.tracking_number}"
        about = f"tracking:{shipment.order_id}"
        yield Wanted(kind=ErrandKind.TRACKING, key=key, about=about, order=shipment.order, body=body)
    _looked(there, "told tracking")


def _since(there: Connection, name: str) -> datetime:
    """From when on things are told: an hour before the last look; since it was connected, where nobody has looked for a day: the wish is new."""
    connected = (
        Event.objects.filter(noun="connection", object_id=str(there.pk), verb="connected").order_by("-pk").first()
    )
    begun = connected.at if connected else timezone.now()
    cursor, _made = Cursor.objects.get_or_create(connection=there, name=name, defaults={"moved_at": begun})
    moved = cursor.moved_at or begun
    return begun if begun > moved + timedelta(days=1) else moved


def _looked(there: Connection, name: str) -> None:
    """The next look begins an hour before this one, but never before the wish."""
    Cursor.objects.filter(connection=there, name=name).update(moved_at=Greatest("moved_at", Now() - OVERLAP))


def news(errand: Errand, key: str) -> base.News:
    """What the errand tells, as a store's adapter is given it."""
    body = {name: value for name, value in errand.body.items() if name not in {"record", "approval"}}
    match errand.kind:
        case ErrandKind.STOCK:
            before, after = Decimal(body.pop("before")), Decimal(body.pop("after"))
            return base.StockNews(key=key, before=before, after=after, **body)
        case ErrandKind.CUSTOMER:
            return base.CustomerNews(key=key, **body)
        case ErrandKind.NUMBER:
            return base.NumberNews(key=key, **body)
        case ErrandKind.TAG:
            return base.TagNews(key=key, **body)
        case ErrandKind.TRACKING:
            lines = tuple((line, Decimal(quantity)) for line, quantity in body.pop("lines"))
            return base.TrackingNews(key=key, **body, lines=lines)
    raise ValueError(errand.kind)
