"""A shop's customers: told by themselves, or carried by an order, which knows less of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from orders import events, incoming, search
from orders.intake import header
from orders.intake.changes import Changes
from orders.intake.fit import Unfit
from orders.models import Address, Customer, Shop

_TEXTS = ("name", "email", "phone", "company", "vat_id")


def receive(shop: Shop, told: incoming.Customer) -> str:
    """Take in a customer record; returns "created", "updated", "same" or "older". An erased customer stays erased. Raises Unfit without an id."""
    if not told.id:
        raise Unfit(_("The customer has no id, so it could not be found again. Give it one."), field="id")
    row = _locked(shop, told.id)
    if row is None:
        _create(shop, told, told.updated_at)
        return "created"
    if row.erased_at:
        return "same"
    if told.updated_at and row.updated_at and told.updated_at < row.updated_at:
        return "older"
    return _lay(row, _values(told), told)


def of_order(shop: Shop, record: incoming.Order, *, may_change: bool = True) -> Customer | None:
    """The row of the order's customer, None for a guest. What an order says of its customer fills and renews, but empties nothing."""
    told = record.customer
    if told is None or not told.id:
        return None
    row = _locked(shop, told.id)
    return _create(shop, told, _moment(record, told)) if row is None else _renewed(row, record, told, may_change)


def of_orders(shop: Shop, records: Sequence[incoming.Order]) -> list[Customer | None]:
    """The same for many orders, one after the other; those that are known are asked for together."""
    ids = {record.customer.id for record in records if record.customer and record.customer.id}
    rows = Customer.objects.select_for_update(no_key=True, of=("self",)).select_related("billing", "shipping")
    known = (
        {row.store_id: row for row in rows.defer("search").filter(shop=shop, store_id__in=ids).order_by("pk")}
        if ids
        else {}
    )
    return [_of(shop, record, known) for record in records]


def _of(shop: Shop, record: incoming.Order, known: dict[str, Customer]) -> Customer | None:
    told = record.customer
    if told is None or not told.id:
        return None
    if row := known.get(told.id):
        return _renewed(row, record, told)
    row = known[told.id] = _create(shop, told, _moment(record, told))
    return row


def _renewed(row: Customer, record: incoming.Order, told: incoming.Customer, may_change: bool = True) -> Customer:
    moment = _moment(record, told)
    newer = not (moment and row.updated_at and moment < row.updated_at)
    if may_change and newer and not row.erased_at:
        said = {name: value for name, value in _values(told).items() if value}
        _lay(row, said | ({"updated_at": moment} if moment else {}), told)
    return row


def _moment(record: incoming.Order, told: incoming.Customer) -> datetime | None:
    return told.updated_at or record.updated_at


def _locked(shop: Shop, id: str) -> Customer | None:
    rows = Customer.objects.select_for_update(no_key=True, of=("self",)).select_related("billing", "shipping")
    return rows.defer("search").filter(shop=shop, store_id=id).first()


def _create(shop: Shop, told: incoming.Customer, moment: datetime | None) -> Customer:
    row = Customer(shop=shop, store_id=told.id, **{**_values(told), "updated_at": moment})
    header.new_addresses(row, told)
    row.search = search.vector(*search.said(row))
    row.save(force_insert=True)
    del row.search  # deferred from here on: a later save() must not write the expression again
    return row


def _lay(row: Customer, fresh: dict[str, Any], told: incoming.Customer) -> str:
    changes = Changes()
    moment = fresh.pop("updated_at", None) or row.updated_at
    differing = changes.lay(row, fresh)
    for kind in ("billing", "shipping"):
        differing += _lay_address(row, kind, getattr(told, kind), changes)
    if moment != row.updated_at:
        row.updated_at = moment
        differing.append("updated_at")
    if differing:
        row.save(update_fields=differing)
    if not changes:
        return "same"
    search.index(row)
    events.record(
        row, "changed", before=changes.before(), after=changes.after(), words=changes.words, personal=changes.persons()
    )
    return "updated"


def _lay_address(row: Customer, kind: str, told: incoming.Address | None, changes: Changes) -> list[str]:
    address: Address | None = getattr(row, kind)
    if told is None:
        return []
    if address is None:
        setattr(row, kind, Address.objects.create(**header.values(told)))
        changes.note(kind, None, "added")
        return [kind]
    if differing := changes.lay(address, dict(header.values(told)), place=kind):
        address.save(update_fields=differing)
    return []


def _values(told: incoming.Customer) -> dict[str, Any]:
    return {
        **{name: getattr(told, name) for name in _TEXTS},
        "tax_exempt": told.tax_exempt,
        "updated_at": told.updated_at,
    }
