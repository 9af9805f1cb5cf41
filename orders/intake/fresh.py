"""A new order with everything that belongs to it, made in memory: the rows that `orders.receive` would write one by one, with keys of their own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.db import models

from orders import incoming
from orders.intake import header, lines, payments, refunds, rows, shipments
from orders.intake.versions import Told
from orders.models import (
    Address,
    Customer,
    LineTax,
    Order,
    OrderLine,
    Payment,
    Product,
    Refund,
    RefundLine,
    RefundLineTax,
    Shipment,
    ShipmentLine,
    Shop,
    hold,
)
from orders.models import made as laid

Rows = dict[type[models.Model], list[Any]]
MODELS = (Address, Order, OrderLine, LineTax, Refund, RefundLine, RefundLineTax, Payment, Shipment)


@dataclass(slots=True)
class Batch:
    """Everything that was made, by model, in the order in which it was told; `keys` are those left to give."""

    shop: Shop
    products: dict[str, Product]
    keys: dict[type[models.Model], Iterator[int]]
    rows: Rows = field(default_factory=lambda: defaultdict(list))

    def add(self, model: type[models.Model], values: dict[str, Any], **related: models.Model | None) -> Any:
        """A row with the next key of its model."""
        if model in self.keys:
            values["id"] = next(self.keys[model])
        row = laid(model, values, related)
        self.rows[model].append(row)
        return row


def batch(shop: Shop, told: Sequence[incoming.Order]) -> Batch:
    """An empty batch with keys and products for these orders; two queries."""
    wanted = dict.fromkeys(MODELS, 0)
    for record in told:
        for model, count in _counts(record):
            wanted[model] += count
    keys = {model: iter(ids) for model, ids in rows.keys(wanted).items()}
    return Batch(shop, lines.products_of(shop.pk, [line for record in told for line in record.lines]), keys)


def _counts(record: incoming.Order) -> Iterator[tuple[type[models.Model], int]]:
    back = record.refunds
    yield Order, 1
    yield Address, (record.billing is not None) + (record.shipping is not None)
    yield OrderLine, len(record.lines)
    yield LineTax, sum(len(line.taxes) for line in record.lines)
    yield Payment, len(record.payments) + sum(len(one.payments) for one in back)
    yield Shipment, len(record.shipments)
    yield Refund, len(back)
    yield RefundLine, sum(len(one.lines) for one in back)
    yield RefundLineTax, sum(len(line.taxes) for one in back for line in one.lines)


def order(made: Batch, told: Told, customer: Customer | None) -> Order:
    """The order with its rows held, added to the batch."""
    record, shop = told.record, made.shop
    places = {
        kind: None if found is None else made.add(Address, header.values(found))
        for kind, found in (("billing", record.billing), ("shipping", record.shipping))
    }
    values = header.columns(record, shop)
    values |= {
        "placed_at": _utc(record.placed_at), "cancelled_at": _utc(record.cancelled_at), "shop_id": shop.pk, "store_id": record.id,
        "fidelity": int(told.source.fidelity), "as_of": _utc(told.as_of), "version_hash": told.hash, "received_at": _utc(told.received_at),
        "customer_id": customer and customer.pk, **{f"{kind}_id": row and row.pk for kind, row in places.items()},
    }  # fmt: skip
    row: Order = made.add(Order, values, shop=shop, customer=customer, **places)
    sold = [_line(made, row, n, line) for n, line in enumerate(record.lines)]
    back = {item.id: _refund(made, row, item, sold, told) for item in record.refunds}
    paid = _payments(made, row, payments.told(record, back))
    for item in back.values():
        item.__dict__["_prefetched_objects_cache"]["payments"] = [one for one in paid if one.refund_id == item.pk]
    parcels = sorted((_shipment(made, row, item, sold) for item in record.shipments), key=_shipped)
    hold(row, lines=sold, payments=paid, refunds=list(back.values()), shipments=parcels, **_NOTHING)
    return row


_NOTHING: dict[str, list[models.Model]] = {"adjustments": [], "corrections": [], "documents": []}


def _line(made: Batch, order: Order, n: int, line: incoming.Line) -> OrderLine:
    values = lines.values(order, n, line, made.products)
    product = values.pop("product")
    values |= {"order_id": order.pk, "product_id": product and product.pk}
    row: OrderLine = made.add(OrderLine, values, order=order, product=product)
    taxes = [made.add(LineTax, {"line_id": row.pk, **lines.tax_values(tax)}, line=row) for tax in line.taxes]
    hold(row, taxes=taxes)
    return row


def _refund(made: Batch, order: Order, item: incoming.Refund, sold: Sequence[OrderLine], told: Told) -> Refund:
    values = refunds.values(order, item)
    values |= {
        "order_id": order.pk,
        "received_at": _utc(told.received_at),
        "refunded_at": _utc(item.refunded_at),
    }
    row: Refund = made.add(Refund, values, order=order)
    by_id = {line.store_line_id: line for line in sold if line.store_line_id}
    hold(row, lines=[_refund_line(made, row, n, line, by_id) for n, line in enumerate(item.lines)], adjustments=[])
    return row


def _refund_line(
    made: Batch, refund: Refund, n: int, line: incoming.RefundLine, by_id: dict[str, OrderLine]
) -> RefundLine:
    values = refunds.line_values(refund, line, by_id)
    sold = values.pop("order_line")
    values |= {"refund_id": refund.pk, "position": n, "order_line_id": sold and sold.pk}
    row: RefundLine = made.add(RefundLine, values, refund=refund, order_line=sold)
    taxes = [made.add(RefundLineTax, {"line_id": row.pk, **lines.tax_values(tax)}, line=row) for tax in line.taxes]
    hold(row, taxes=taxes)
    return row


def _payments(made: Batch, order: Order, told: Sequence[payments.Told]) -> list[Payment]:
    """In the order in which they are loaded: by their moment, those without one last."""
    found = []
    for item in told:
        values = payments.values(item)
        refund = values.pop("refund")
        values |= {
            "order_id": order.pk,
            "refund_id": refund and refund.pk,
            "processed_at": _utc(values["processed_at"]),
        }
        found.append(made.add(Payment, values, order=order, refund=refund, parent=None))
    for row, parent in payments.parents(found, told):
        row.parent = parent
    return sorted(found, key=lambda row: (row.processed_at is None, row.processed_at or _NEVER, row.pk))


def _shipment(made: Batch, order: Order, item: incoming.Shipment, sold: Sequence[OrderLine]) -> Shipment:
    values = shipments.values(item) | {"order_id": order.pk, "shipped_at": _utc(item.shipped_at)}
    row: Shipment = made.add(Shipment, values, order=order)
    contents = shipments.contents(item, sold)
    hold(
        row,
        lines=[
            made.add(ShipmentLine, {"shipment_id": row.pk, "order_line_id": line.pk, "quantity": quantity})
            for line, quantity in contents.items()
        ],
    )
    return row


_NEVER = datetime.max.replace(tzinfo=UTC)


def _shipped(row: Shipment) -> tuple[bool, datetime, int]:
    return row.shipped_at is None, row.shipped_at or _NEVER, row.pk


def _utc(moment: datetime | None) -> datetime | None:
    """As the database gives it back: findings name days by it."""
    return None if moment is None else moment.astimezone(UTC)
