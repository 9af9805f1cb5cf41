"""An order's parcels, each once by the store's id. "Shipped" alone, which a reader only inferred, gives way to the parcels themselves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from orders import incoming
from orders.intake.changes import Changes
from orders.models import Order, OrderLine, Shipment, ShipmentLine


def create(order: Order, told: Sequence[incoming.Shipment], rows: Iterable[OrderLine]) -> None:
    """New parcels of the order with what lies in them."""
    made = [Shipment(order=order, **values(item)) for item in told]
    Shipment.objects.bulk_create(made)
    lines = list(rows)
    ShipmentLine.objects.bulk_create(
        [
            ShipmentLine(shipment=row, order_line=line, quantity=quantity)
            for row, item in zip(made, told, strict=True)
            for line, quantity in contents(item, lines).items()
        ]
    )


def lay(order: Order, told: Sequence[incoming.Shipment], changes: Changes, *, only_gaps: bool = False) -> None:
    """Bring the parcels up to date. `only_gaps`: a poorer source adds parcels only where there are none."""
    known = {row.store_id: row for row in Shipment.objects.filter(order=order)}
    if not told or (only_gaps and known):
        return
    rows = list(OrderLine.objects.filter(order=order, removed=False))
    _adopt(known, told)
    for item in told:
        if row := known.get(item.id):
            _update(row, item, rows, changes)
    fresh = _new(known, told, changes)
    for item in fresh:
        changes.note(f"shipment {item.id}", None, f"{item.carrier} {item.tracking_number}".strip() or "shipped")
    create(order, fresh, rows)


def _adopt(known: dict[str, Shipment], told: Sequence[incoming.Shipment]) -> None:
    """A parcel that a person typed before the store told it gets the store's id: the tracking number says that they are one."""
    typed = {row.tracking_number: name for name, row in known.items() if name == incoming.typed(row.tracking_number)}
    for item in told:
        if item.id not in known and item.tracking_number in typed:
            known[item.id] = known.pop(typed.pop(item.tracking_number))


def _new(known: dict[str, Shipment], told: Sequence[incoming.Shipment], changes: Changes) -> list[incoming.Shipment]:
    """Which of the unknown parcels are new; an inferred one is cancelled by the first real one, and none is inferred beside real ones."""
    fresh = [item for item in told if item.id not in known]
    real = [item for item in fresh if item.lines or item.tracking_number or item.carrier]
    inferred = [row for row in known.values() if not (row.tracking_number or row.carrier or row.lines.exists())]
    if len(inferred) < len(known):
        return real
    named = {item.id for item in told}
    for row in inferred:
        if (
            real
            and row.store_id not in named
            and changes.lay(row, {"cancelled": True}, place=f"shipment {row.store_id}")
        ):
            row.save(update_fields=["cancelled"])
    return real or fresh


def _update(row: Shipment, item: incoming.Shipment, lines: Sequence[OrderLine], changes: Changes) -> None:
    place = f"shipment {row.store_id}"
    if differing := changes.lay(row, values(item), place=place):
        row.save(update_fields=differing)
    before = {line.order_line_id: line.quantity for line in row.lines.all()}
    told = contents(item, lines)
    if before != {line.pk: quantity for line, quantity in told.items()}:
        changes.note(f"{place} lines", len(before), len(told))
        row.lines.all().delete()
        ShipmentLine.objects.bulk_create(
            [ShipmentLine(shipment=row, order_line=line, quantity=quantity) for line, quantity in told.items()]
        )


def values(item: incoming.Shipment) -> dict[str, Any]:
    return {
        "store_id": item.id,
        "shipped_at": item.shipped_at,
        "carrier": item.carrier,
        "tracking_number": item.tracking_number,
        "tracking_url": item.tracking_url,
        "cancelled": item.cancelled,
    }


def contents(item: incoming.Shipment, rows: Sequence[OrderLine]) -> dict[OrderLine, Decimal]:
    """How many of which line: found by the store's id, else by the SKU where one line alone bears it."""
    by_id = {row.store_line_id: row for row in rows if row.store_line_id}
    skus = [row.sku for row in rows]
    by_sku = {row.sku: row for row in rows if row.sku and skus.count(row.sku) == 1}
    found: dict[OrderLine, Decimal] = defaultdict(Decimal)
    for line in item.lines:
        if row := by_id.get(line.line_id) or (None if line.line_id else by_sku.get(line.sku)):
            found[row] += line.quantity
    return dict(found)
