"""What changed between the content that was approved and what the record says now, in the words of its fields."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

WORDS = {
    "number": _("number"), "currency": _("currency"), "total_due": _("total due"), "placed_on": _("placed on"), "due_on": _("due on"),
    "treatment": _("tax treatment"), "tax_country": _("tax country"), "po_number": _("PO number"), "party": _("customer"), "vat_id": _("VAT id"),
    "email": _("e-mail"), "id": _("id"), "billing": _("billing address"), "shipping": _("shipping address"), "street2": _("second line"),
    "lines": _("line"), "sku": _("SKU"), "title": _("title"), "quantity": _("quantity"), "net": _("net"), "tax": _("tax"), "taxes": _("tax"),
    "rate": _("rate"), "amount": _("amount"), "remitted_by": _("paid to the tax office by"), "adjustments": _("adjustment"),
    "account": _("account"), "tax_code": _("tax code"), "refunded_on": _("given back on"), "paid_on": _("paid on"), "movements": _("movement"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Change:
    """One value that differs; "" where it was not there."""

    place: str
    before: str
    after: str


def between(before: Any, after: Any, place: str = "") -> Iterator[Change]:
    """Every value that differs, by its place ("lines 2 › quantity")."""
    if isinstance(before, dict) and isinstance(after, dict):
        for name in sorted({*before, *after}):
            yield from between(before.get(name), after.get(name), _within(place, field(name)))
    elif isinstance(before, list) and isinstance(after, list):
        for n in range(max(len(before), len(after))):
            was, now = (items[n] if n < len(items) else None for items in (before, after))
            yield from between(was, now, f"{place} {n + 1}")
    elif before != after:
        yield Change(place, shown(before), shown(after))


def field(name: str) -> str:
    """What people call a field of the content."""
    return str(WORDS.get(name) or name.replace("_", " "))


def _within(place: str, name: str) -> str:
    return f"{place} › {name}" if place else name


def shown(value: Any) -> str:
    """A value of an event or a content in one line."""
    if isinstance(value, dict):
        return ", ".join(
            f"{field(name)} {shown(item)}" for name, item in value.items() if item not in (None, "", [], {})
        )
    if isinstance(value, list):
        return "; ".join(shown(item) for item in value)
    return "" if value is None else str(value)
