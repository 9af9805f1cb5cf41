"""A row without our id that belongs to an order by its number: a parcel, a payment, a refund, as a person typed it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal

from integrations.formats.node import Unclear
from integrations.stores.base import Setting
from integrations.stores.ordersync import taxes
from integrations.stores.ordersync.rows import SheetRow
from orders import incoming
from orders.incoming import LineKind, PaymentKind, PaymentMethod, PaymentStatus

_CONTENT = re.compile(r"(?P<quantity>\d+(?:\.\d+)?) ?[×x] ?(?P<sku>.+)")


def shipment(group: Sequence[SheetRow], setting: Setting) -> incoming.Addition:
    row = group[0]
    tracking = row.text("tracking_number")
    told = incoming.Shipment(
        id=incoming.typed(row.text("shipment") or tracking),
        shipped_at=row.instant("shipped_at"),
        carrier=row.text("carrier"),
        tracking_number=tracking,
        tracking_url=row.text("tracking_url"),
        lines=tuple(_contents(row)),
    )
    return incoming.Addition(number=row.text("order"), where=row.where, shipment=told)


def _contents(row: SheetRow) -> Iterator[incoming.ShipmentLine]:
    for text in row.text("contents").splitlines():
        found = _CONTENT.fullmatch(text.strip())
        if found is None:
            raise Unclear("contents", text, "Write each item on a line of its own, as in 2 × MUG.", row.line)
        yield incoming.ShipmentLine(quantity=Decimal(found["quantity"]), sku=found["sku"])


def payment(group: Sequence[SheetRow], setting: Setting) -> incoming.Addition:
    row = group[0]
    if row.value("amount") <= 0:
        fix = "Write it positive; money that goes back is of the kind refund."
        raise Unclear("amount", row.text("amount"), fix, row.line)
    told = incoming.Payment(
        id=incoming.typed(row.text("payment")),
        kind=PaymentKind(row.value("kind_of_payment") or PaymentKind.SALE),
        status=PaymentStatus(row.value("status") or PaymentStatus.SUCCESS),
        method=PaymentMethod(row.value("method") or PaymentMethod.BANK),
        amount=row.value("amount"),
        currency=row.text("currency").upper() or setting.currency,
        gateway=row.text("gateway"),
        processed_at=row.instant("processed_at"),
        fee=row.value("fee") or Decimal(0),
        derived=True,  # gives way to the store's own transactions, should it tell them
    )
    return incoming.Addition(number=row.text("order"), where=row.where, payment=told)


def refund(group: Sequence[SheetRow], setting: Setting) -> incoming.Addition:
    first = group[0]
    told = incoming.Refund(
        id=incoming.typed(first.text("refund")),
        amount=first.value("amount"),
        currency=first.text("currency").upper() or setting.currency,
        refunded_at=first.begun("refunded_at", "refunded_on"),
        reason=first.text("refund_reason"),
        lines=tuple(_refunded_line(row) for row in group if row.text("line_amount")),
    )
    return incoming.Addition(number=first.text("order"), where=first.where, refund=told)


def _refunded_line(row: SheetRow) -> incoming.RefundLine:
    return incoming.RefundLine(
        kind=LineKind(row.value("line_kind") or LineKind.ITEM),
        amount=row.value("line_amount"),
        title=row.text("line_title"),
        quantity=row.value("line_quantity") or Decimal(0),
        sku=row.text("line_sku"),
        taxes=taxes.of(row),
    )
