"""The order's own columns, out of what a source says: sums, days, tax treatment, buyer; and the addresses as at purchase."""

from __future__ import annotations

import dataclasses
from decimal import Decimal
from operator import attrgetter
from typing import Any
from zoneinfo import ZoneInfo

from orders import corrections, incoming, money
from orders.intake import treatment
from orders.intake.changes import Changes
from orders.models import Address, Customer, Order, Shop

# What a poorer source may add where the richer one says nothing; sums, taxes and flags are never mixed from two sources.
GAPS = (
    "placed_at",
    "placed_on",
    "email",
    "customer_name",
    "company",
    "vat_id",
    "po_number",
    "terms",
    "due_on",
    "exempt_reason",
    "payment_state",
    "fulfilment_state",
    "store_invoice_number",
)
ADDRESS = tuple(item.name for item in dataclasses.fields(incoming.Address))
_TOTALS = {
    "by_header": "by_header",
    "subtotal": "subtotal",
    "discount": "discount_total",
    "shipping": "shipping_total",
    "fees": "fee_total",
    "tax": "tax_total",
    "tip": "tip_total",
    "duties": "duty_total",
    "refunded": "refunded_total",
}
_AS_SAID = (
    "currency",
    "presentment_currency",
    "presentment_rate",
    "tax_included",
    "exempt_reason",
    "po_number",
    "terms",
    "due_on",
    "gift_cards_redeemed",
    "store_state",
    "cancelled_at",
    "test",
    "draft",
    "store_invoice_number",
    "placed_at",
)

_as_said, _totals, _address = attrgetter(*_AS_SAID), attrgetter(*_TOTALS), attrgetter(*ADDRESS)


def columns(record: incoming.Order, shop: Shop) -> dict[str, Any]:
    """What every column of the order would be if nobody had corrected it."""
    totals = record.totals
    why = treatment.derived(record, shop.country)
    return {
        **dict(zip(_AS_SAID, _as_said(record), strict=True)),
        **dict(zip(_TOTALS.values(), _totals(totals), strict=True)),
        **_buyer(record),
        "number": record.number or record.id,
        "placed_on": record.placed_at.astimezone(ZoneInfo(shop.time_zone)).date() if record.placed_at else None,
        "tax_treatment": str(why),
        "tax_country": treatment.country(why, record, shop.country),
        "total": totals.total,
        "taken_off": totals.taken_off,
        "total_due": totals.total + totals.taken_off,
        "by_lines": by_lines(record),
        "identities": [incoming.plain(item) for item in record.identities],
        "notes": list(record.notes),
        "payment_state": str(record.payment_state),
        "fulfilment_state": str(record.fulfilment_state),
        "channel": record.channel or shop.channel,
    }


def by_lines(record: incoming.Order) -> Decimal:
    """The total as the lines give it: their amounts, and their taxes where prices do not contain them."""
    sold = money.total(line.amount for line in record.lines)
    return (
        sold if record.tax_included else sold + money.total(tax.amount for line in record.lines for tax in line.taxes)
    )


def lay(order: Order, fresh: dict[str, Any], corrected: corrections.Standing, changes: Changes) -> None:
    """Set the order's columns, except where a correction lies over them."""
    changes.lay(order, {name: corrections.merge(corrected, "order", name, value) for name, value in fresh.items()})


def fill(order: Order, fresh: dict[str, Any], corrected: corrections.Standing, changes: Changes) -> None:
    """Set only what is still empty, of what a poorer source may add."""
    gaps = {name: fresh[name] for name in GAPS if _empty(getattr(order, name)) and not _empty(fresh[name])}
    uncorrected = {name: value for name, value in gaps.items() if ("order", name) not in corrected.by_place}
    changes.lay(order, uncorrected)


def keep_gaps(order: Order, fresh: dict[str, Any]) -> dict[str, Any]:
    """A richer source that says nothing leaves what a poorer one said."""
    return {name: getattr(order, name) if name in GAPS and _empty(value) else value for name, value in fresh.items()}


def new_addresses(holder: Order | Customer, record: incoming.Order | incoming.Customer) -> None:
    """The holder's own rows for both addresses; one query for the two."""
    told = {kind: found for kind in ("billing", "shipping") if (found := getattr(record, kind)) is not None}
    rows = Address.objects.bulk_create([Address(**values(found)) for found in told.values()]) if told else []
    for kind, row in zip(told, rows, strict=True):
        setattr(holder, kind, row)


def lay_addresses(
    order: Order,
    record: incoming.Order,
    corrected: corrections.Standing,
    changes: Changes,
    *,
    only_gaps: bool = False,
    keep_missing: bool = False,
) -> None:
    """Bring the order's addresses up to date in place, under their corrections.

    An address that the store took away is emptied, unless `keep_missing`; `only_gaps` adds a missing one and changes none.
    """
    for kind in ("billing", "shipping"):
        told: incoming.Address | None = getattr(record, kind)
        row: Address | None = getattr(order, kind)
        if row is None and told is not None:
            row = Address.objects.create(**values(told))
            changes.note(kind, None, "added")
            setattr(order, kind, row)
        elif row is not None and not only_gaps and (told or not keep_missing):
            _lay_address(row, kind, told or incoming.Address(), corrected, changes)


def _lay_address(
    row: Address, kind: str, told: incoming.Address, corrected: corrections.Standing, changes: Changes
) -> None:
    fresh = {name: corrections.merge(corrected, kind, name, value) for name, value in values(told).items()}
    differing = changes.lay(row, fresh, place=kind)
    if differing:
        row.save(update_fields=differing)


def values(address: incoming.Address) -> dict[str, str]:
    return dict(zip(ADDRESS, _address(address), strict=True))


def impersonal(record: incoming.Order) -> incoming.Order:
    """The order without its persons, for one whose persons were erased; countries stay, since taxes rest on them."""
    bill, ship = (place and incoming.Address(country=place.country) for place in (record.billing, record.shipping))
    return dataclasses.replace(
        record, customer=None, billing=bill, shipping=ship, email="", company="", vat_id="", notes=()
    )


def _buyer(record: incoming.Order) -> dict[str, str]:
    customer = record.customer or incoming.Customer()
    bill, ship = record.billing or incoming.Address(), record.shipping or incoming.Address()
    return {
        "customer_name": customer.name or bill.name or ship.name,
        "email": record.email or customer.email or bill.email,
        "company": treatment.company(record),
        "vat_id": treatment.vat_id(record),
    }


def _empty(value: object) -> bool:
    return value is None or value == ""
