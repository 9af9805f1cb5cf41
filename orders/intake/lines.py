"""The order's lines with their taxes: matched by the store's id, else by position; changed in place, marked as removed, never deleted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, TypeVar

from django.db.models import Q

from orders import corrections, incoming, money
from orders.intake.changes import Changes
from orders.models import LineTax, Order, OrderLine, Product, RefundLineTax

T = TypeVar("T", LineTax, RefundLineTax)
_COLUMNS = [
    "position",
    "store_line_id",
    "kind",
    "title",
    "sku",
    "store_product_id",
    "store_variant_id",
    "product",
    "quantity",
    "unit_price",
    "discount",
    "amount",
    "net",
    "tax",
    "derived",
    "removed",
]


def create(order: Order, told: Sequence[incoming.Line]) -> list[OrderLine]:
    """The lines of a new order; three queries."""
    products = products_of(order.shop_id, told)
    rows = [OrderLine(order=order, **values(order, n, line, products)) for n, line in enumerate(told)]
    OrderLine.objects.bulk_create(rows)
    _write_taxes(zip(rows, told, strict=True))
    return rows


def lay(order: Order, told: Sequence[incoming.Line], corrected: corrections.Standing, changes: Changes) -> None:
    """Bring the lines up to date: those known change in place, the others are added, those that vanished are marked."""
    known = list(OrderLine.objects.filter(order=order).prefetch_related("taxes").order_by("position"))
    matched = _matched(known, told)
    products = products_of(order.shop_id, told)
    added, changed, taxed = [], [], []
    for n, (line, row) in enumerate(zip(told, matched, strict=True)):
        fresh = values(order, n, line, products)
        if row is None:
            row = OrderLine(order=order, **fresh)
            added.append(row)
            taxed.append((row, line))
            changes.note(f"line {_name(row)}", None, f"{row.quantity:f} × {row.title}: {row.amount:f}"[:200])
            continue
        moved = row.position != n
        row.position = n
        if changes.lay(row, _under_corrections(row, fresh, corrected), place=f"line {_name(row)}") or moved:
            changed.append(row)
        if _taxes_differ(row, line):
            taxed.append((row, line))
            changes.note(f"line {_name(row)} taxes", _told_taxes(row.taxes.all()), _told_taxes(line.taxes))
    gone = [row for row in known if row not in matched]
    changed += _removed(gone, len(told), changes)
    OrderLine.objects.bulk_update(changed, _COLUMNS)
    OrderLine.objects.bulk_create(added)
    LineTax.objects.filter(line__in=[row for row, _line in taxed]).delete()
    _write_taxes(taxed)


def taxes(make: type[T], line: Any, told: Iterable[incoming.Tax]) -> list[T]:
    """Unsaved tax rows of one line."""
    return [make(line=line, **tax_values(tax)) for tax in told]


def tax_values(tax: incoming.Tax) -> dict[str, Any]:
    """The columns of one tax."""
    return {
        "title": tax.title,
        "rate": tax.rate,
        "amount": tax.amount,
        "base": tax.base,
        "country": tax.country.upper(),
        "region": tax.region,
        "jurisdiction": tax.jurisdiction,
        "compound": tax.compound,
        "remitted_by": str(tax.remitted_by),
        "derived": tax.derived,
    }


def net_and_tax(amount: Decimal, told: Iterable[incoming.Tax], *, tax_included: bool) -> tuple[Decimal, Decimal]:
    """docs/accounting.md: with tax included, net = amount − its taxes; else net = amount. Nothing is reckoned from a rate."""
    tax = money.total(item.amount for item in told)
    return (amount - tax if tax_included else amount), tax


def values(order: Order, position: int, line: incoming.Line, products: dict[str, Product]) -> dict[str, Any]:
    net, tax = net_and_tax(line.amount, line.taxes, tax_included=order.tax_included)
    return {
        "position": position,
        "store_line_id": line.id,
        "kind": str(line.kind),
        "title": line.title,
        "sku": line.sku,
        "store_product_id": line.product_id,
        "store_variant_id": line.variant_id,
        "product": products.get(f"id:{line.variant_id or line.product_id}") or products.get(f"sku:{line.sku}"),
        "quantity": line.quantity,
        "unit_price": line.unit_price,
        "discount": line.discount,
        "amount": line.amount,
        "net": net,
        "tax": tax,
        "derived": line.derived,
        "removed": False,
    }


def products_of(shop_id: int, told: Sequence[incoming.Line]) -> dict[str, Product]:
    """The shop's products by "id:…" and, where only one bears it, by "sku:…"."""
    ids = {line.variant_id or line.product_id for line in told} - {""}
    skus = {line.sku for line in told} - {""}
    if not ids and not skus:
        return {}
    rows = list(Product.objects.filter(Q(store_id__in=ids) | Q(sku__in=skus), shop=shop_id).defer("search"))
    borne = Counter(row.sku for row in rows)
    by_sku = {f"sku:{row.sku}": row for row in rows if row.sku and borne[row.sku] == 1}
    return by_sku | {f"id:{row.store_id}": row for row in rows}


def _matched(known: Sequence[OrderLine], told: Sequence[incoming.Line]) -> list[OrderLine | None]:
    """For each line told its row: by the store's id, else the row without an id that stands at the same place."""
    by_id = {row.store_line_id: row for row in known if row.store_line_id}
    nameless = {row.position: row for row in known if not row.store_line_id and not row.removed}
    return [by_id.get(line.id) if line.id in by_id else nameless.get(n) for n, line in enumerate(told)]


def _under_corrections(row: OrderLine, fresh: dict[str, Any], corrected: corrections.Standing) -> dict[str, Any]:
    target = f"line:{row.pk}"
    merged = {name: corrections.merge(corrected, target, name, fresh[name]) for name in corrections.CORRECTABLE["line"]}
    return fresh | merged


def _removed(gone: Sequence[OrderLine], first: int, changes: Changes) -> list[OrderLine]:
    """Marked, and moved behind the lines that stand."""
    moved = []
    for position, row in enumerate(gone, first):
        if changes.lay(row, {"removed": True}, place=f"line {_name(row)}") or row.position != position:
            row.position = position
            moved.append(row)
    return moved


def _taxes_differ(row: OrderLine, line: incoming.Line) -> bool:
    return _compared(row.taxes.all()) != _compared(taxes(LineTax, row, line.taxes))


def _compared(rows: Iterable[LineTax]) -> list[str]:
    names = [field.name for field in LineTax._meta.concrete_fields if field.name not in {"id", "line"}]
    return sorted(incoming.canonical([getattr(row, name) for name in names]) for row in rows)


def _told_taxes(told: Iterable[LineTax | incoming.Tax]) -> str:
    return ", ".join(f"{tax.title} {tax.amount.normalize():f}" for tax in told)


def _write_taxes(pairs: Iterable[tuple[OrderLine, incoming.Line]]) -> None:
    LineTax.objects.bulk_create([tax for row, line in pairs for tax in taxes(LineTax, row, line.taxes)])


def _name(row: OrderLine) -> str:
    return row.sku or row.store_line_id or str(row.position + 1)
