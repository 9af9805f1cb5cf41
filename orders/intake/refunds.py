"""An order's refunds: each once by the store's id, with lines of its own; the order's lines stay as they were."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from orders import incoming, money
from orders.intake import lines
from orders.intake.changes import Changes
from orders.models import Adjustment, Approval, DocumentSource, Order, OrderLine, Refund, RefundLine, RefundLineTax


def create(
    order: Order, told: Sequence[incoming.Refund], rows: Iterable[OrderLine], *, at: datetime
) -> dict[str, Refund]:
    """New refunds of the order, by the store's id."""
    by_id = {row.store_line_id: row for row in rows if row.store_line_id}
    made = {item.id: Refund(order=order, received_at=at, **values(order, item)) for item in told}
    Refund.objects.bulk_create(made.values())
    for item in told:
        _write_lines(made[item.id], item, by_id)
    return made


def lay(
    order: Order, told: Sequence[incoming.Refund], changes: Changes, *, at: datetime, only_gaps: bool = False
) -> dict[str, Refund]:
    """Bring the refunds up to date; returns those told by the store's id. `only_gaps`: a poorer source adds refunds only where there are none."""
    known = {row.store_id: row for row in Refund.objects.select_for_update(no_key=True).filter(order=order)}
    if not told and not known:
        return {}
    for held in known.values():
        held.order = order
    rows = list(OrderLine.objects.filter(order=order))
    if only_gaps:
        return {} if known else _add(order, told, rows, changes, at=at)
    for item in told:
        if row := known.get(item.id):
            _update(order, row, item, rows, changes)
    fresh = _new(known, told, changes)
    return {item.id: known[item.id] for item in told if item.id in known} | _add(order, fresh, rows, changes, at=at)


def inferred(refund: incoming.Refund) -> bool:
    """True for a refund that a reader made of a sum ("refunded"): the source knows neither its moment nor its transactions."""
    return refund.refunded_at is None and all(payment.derived for payment in refund.payments)


def _new(known: dict[str, Refund], told: Sequence[incoming.Refund], changes: Changes) -> list[incoming.Refund]:
    """Which of the unknown refunds are new, and not the same money told again: an inferred sum gives way to the refunds themselves."""
    fresh = [item for item in told if item.id not in known]
    stated = [item for item in fresh if not inferred(item)]
    sums = [row for row in known.values() if _inferred_row(row)]
    if len(sums) < len(known):
        return stated
    named = {item.id for item in told}
    sums = [row for row in sums if row.store_id not in named]
    if not stated or not sums:
        return fresh
    return stated if all(_dropped(row, changes) for row in sums) else []


def _inferred_row(row: Refund) -> bool:
    return row.refunded_at is None and all(payment.derived for payment in row.payments.all())


def _dropped(row: Refund, changes: Changes) -> bool:
    """Drop what was only inferred; False if somebody decided on it already, then it stands."""
    decided = (Approval, Adjustment, DocumentSource)
    if any(model._default_manager.filter(refund=row).exists() for model in decided):
        return False
    changes.note(f"refund {row.store_id}", str(row), "replaced by the store's own refunds")
    row.findings.all().delete()
    row.payments.all().delete()
    row.delete()
    return True


def _add(
    order: Order, told: Sequence[incoming.Refund], rows: Iterable[OrderLine], changes: Changes, *, at: datetime
) -> dict[str, Refund]:
    for item in told:
        changes.note(f"refund {item.id}", None, f"{item.amount:f} {item.currency}")
    return create(order, told, rows, at=at)


def _update(order: Order, row: Refund, item: incoming.Refund, rows: Iterable[OrderLine], changes: Changes) -> None:
    by_id = {line.store_line_id: line for line in rows if line.store_line_id}
    before = len(changes.open)
    changes.lay(row, values(order, item), place=f"refund {row.store_id}")
    if _lines_differ(row, item, by_id):
        changes.note(f"refund {row.store_id} lines", row.lines.count(), len(item.lines))
        _rewrite_lines(row, item, by_id)
    if len(changes.open) > before:
        row.version += 1
        row.save()


def values(order: Order, item: incoming.Refund) -> dict[str, Any]:
    zone = ZoneInfo(order.shop.time_zone)
    return {
        "store_id": item.id,
        "amount": item.amount,
        "currency": item.currency,
        "refunded_at": item.refunded_at,
        "refunded_on": item.refunded_at.astimezone(zone).date() if item.refunded_at else None,
        "reason": item.reason,
    }


def line_values(refund: Refund, line: incoming.RefundLine, by_id: dict[str, OrderLine]) -> dict[str, Any]:
    net, tax = lines.net_and_tax(line.amount, line.taxes, tax_included=refund.order.tax_included)
    return {
        "order_line": by_id.get(line.line_id),
        "kind": str(line.kind),
        "title": line.title,
        "quantity": line.quantity,
        "amount": line.amount,
        "net": net,
        "tax": tax,
    }


def _write_lines(refund: Refund, item: incoming.Refund, by_id: dict[str, OrderLine]) -> None:
    rows = [
        RefundLine(refund=refund, position=n, **line_values(refund, line, by_id)) for n, line in enumerate(item.lines)
    ]
    RefundLine.objects.bulk_create(rows)
    pairs = zip(rows, item.lines, strict=True)
    RefundLineTax.objects.bulk_create(
        [tax for row, line in pairs for tax in lines.taxes(RefundLineTax, row, line.taxes)]
    )


def _lines_differ(refund: Refund, item: incoming.Refund, by_id: dict[str, OrderLine]) -> bool:
    rows = list(refund.lines.prefetch_related("taxes"))
    if len(rows) != len(item.lines):
        return True
    return any(
        any(getattr(row, name) != value for name, value in line_values(refund, line, by_id).items())
        or _taxes(row.taxes.all()) != _taxes(line.taxes)
        for row, line in zip(rows, item.lines, strict=True)
    )


def _taxes(told: Iterable[RefundLineTax | incoming.Tax]) -> list[str]:
    return sorted(incoming.canonical([tax.title, tax.rate, tax.amount, str(tax.remitted_by)]) for tax in told)


def _rewrite_lines(refund: Refund, item: incoming.Refund, by_id: dict[str, OrderLine]) -> None:
    """Lines change in place, since a signed document may rest on them; a line that the store took away is emptied."""
    rows = list(refund.lines.all())
    RefundLineTax.objects.filter(line__in=rows).delete()
    for n, line in enumerate(item.lines):
        row = rows[n] if n < len(rows) else RefundLine(refund=refund, position=n)
        for name, value in line_values(refund, line, by_id).items():
            setattr(row, name, value)
        row.save()
        RefundLineTax.objects.bulk_create(lines.taxes(RefundLineTax, row, line.taxes))
    for row in rows[len(item.lines) :]:
        row.quantity, row.amount, row.net, row.tax = (money.ZERO,) * 4
        row.save()
