"""One order from one source: found or made, weighed against what is known, laid under people's corrections, told in one event."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import connection
from django.db.models import Q
from django.utils.translation import gettext as _

from orders import corrections, events, incoming, review, search
from orders.intake import customers, header, lines, payments, refunds, shipments, versions
from orders.intake.changes import Changes
from orders.intake.known import ID, NUMBER, ambiguous
from orders.intake.versions import News, Told
from orders.models import Document, ExternalRef, Noun, Order, OrderVersion, Shop


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of the record: "created", "updated", "same" or "older"."""

    outcome: str
    order: Order


def receive(shop: Shop, record: incoming.Order, source: incoming.Source, *, at: datetime) -> Taken:
    """Take in one order; the caller holds a savepoint. Raises Unfit where the number alone does not say which order is meant."""
    told = versions.told(record, source, at)
    order = _found(shop, record)
    if order is None:
        queue_up(shop, [record])
        order = _found(shop, record)
    if order is None:
        return Taken("created", _create(shop, told))
    return _weigh(order, told)


def _found(shop: Shop, record: incoming.Order) -> Order | None:
    """The order that is meant, locked: by the store's id, else by its number."""
    rows = Order.objects.select_for_update(no_key=True, of=("self",)).defer("search").filter(shop=shop)
    rows = rows.select_related("billing", "shipping", "shop__ledger")
    if not record.id:
        return _alone(list(rows.filter(number=record.number)[:2]), record)
    refs = ExternalRef.objects.filter(shop=shop, noun=Noun.ORDER)
    named = refs.filter(Q(scheme=ID, value=record.id) | Q(scheme=NUMBER, value=record.number))
    bearing = {ref.scheme: ref.object_id for ref in named}
    if not bearing:
        return None
    found = rows.get(pk=bearing.get(ID) or bearing[NUMBER])
    return found if ID in bearing else _adopted(found, record)


def _alone(rows: list[Order], record: incoming.Order) -> Order | None:
    if len(rows) > 1:
        raise ambiguous(record.number)
    return rows[0] if rows else None


def _adopted(order: Order, record: incoming.Order) -> Order | None:
    """An order that came without an id gets the one told now; None if it has another already. Documents are named by the old name for ever."""
    if ExternalRef.objects.filter(noun=Noun.ORDER, scheme=ID, object_id=order.pk).exists():
        return None
    ExternalRef.objects.create(shop=order.shop, noun=Noun.ORDER, scheme=ID, value=record.id, object_id=order.pk)
    if not Document.objects.filter(order=order).exists():
        order.store_id = record.id
        order.save(update_fields=["store_id"])
    return order


def queue_up(shop: Shop, records: Iterable[incoming.Order]) -> None:
    """Of two intakes of one new order, with an id or without, the second waits for the first to commit, and then finds it. All wait in one order."""
    names = [f"{shop.pk} order {record.number or record.id}" for record in records]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(pg_advisory_xact_lock(name)) FROM"
            " (SELECT DISTINCT hashtextextended(unnest(%s::text[]), 0) AS name ORDER BY name) names",
            [names],
        )


def _create(shop: Shop, told: Told) -> Order:
    record = told.record
    order = Order(
        shop=shop,
        store_id=record.id,
        fidelity=told.source.fidelity,
        as_of=told.as_of,
        version_hash=told.hash,
        received_at=told.received_at,
        customer=customers.of_order(shop, record),
        **header.columns(record, shop),
    )
    header.new_addresses(order, record)
    order.search = search.vector(*said(order, record))
    order.save(force_insert=True)
    del order.search  # deferred from here on: a later save() must not write the expression again
    scheme, value = (ID, record.id) if record.id else (NUMBER, record.number)
    ExternalRef.objects.create(shop=shop, noun=Noun.ORDER, scheme=scheme, value=value, object_id=order.pk)
    rows = lines.create(order, record.lines)
    back = refunds.create(order, record.refunds, rows, at=told.received_at) if record.refunds else {}
    payments.create(order, payments.told(record, back))
    if record.shipments:
        shipments.create(order, record.shipments, rows)
    OrderVersion.objects.create(**versions.first(order, told))
    _tell(order, "received", told, after=summary(order, record), words=received(told.source))
    review.refresh(order)
    return order


def _weigh(order: Order, told: Told) -> Taken:
    news = versions.judge(order, told)
    if news == News.SAME:
        return Taken("same", order)
    if news == News.OLDER:
        versions.keep(order, told, applied=False)
        return Taken("older", order)
    changes = Changes()
    if news == News.POORER:
        _fill(order, told, changes)
    else:
        _apply(order, told, changes)
    versions.keep(order, told, applied=news == News.NEWER)
    order.version += 1 if changes else 0  # who has seen it as it is may still decide
    order.save()
    search.index(order)
    _tell_of_changes(order, told, changes)
    review.refresh(order)
    return Taken("updated", order)


def _apply(order: Order, told: Told, changes: Changes) -> None:
    """The version becomes what the order says, except under corrections; what was erased stays erased."""
    record = header.impersonal(told.record) if order.erased_at else told.record
    richer = told.source.fidelity > order.fidelity
    corrected = corrections.standing(order)
    fresh = header.columns(record, order.shop)
    header.lay(order, header.keep_gaps(order, fresh) if richer else fresh, corrected, changes)
    header.lay_addresses(order, record, corrected, changes, keep_missing=richer)
    customer = customers.of_order(order.shop, record)
    if customer:
        changes.lay(order, {"customer": customer})
    lines.lay(order, record.lines, corrected, changes)
    back = refunds.lay(order, record.refunds, changes, at=told.received_at)
    payments.lay(order, payments.told(record, back), changes)
    shipments.lay(order, record.shipments, changes)
    order.fidelity, order.as_of, order.version_hash = told.source.fidelity, told.as_of, told.hash


def _fill(order: Order, told: Told, changes: Changes) -> None:
    """A poorer source adds what is missing, and overwrites nothing."""
    record = header.impersonal(told.record) if order.erased_at else told.record
    corrected = corrections.standing(order)
    header.fill(order, header.columns(record, order.shop), corrected, changes)
    header.lay_addresses(order, record, corrected, changes, only_gaps=True)
    if order.customer_id is None:
        changes.lay(order, {"customer": customers.of_order(order.shop, record, may_change=False)})
    back = refunds.lay(order, record.refunds, changes, at=told.received_at, only_gaps=True)
    payments.lay(order, payments.told(record, back), changes, only_gaps=True)
    shipments.lay(order, record.shipments, changes, only_gaps=True)


def _tell_of_changes(order: Order, told: Told, changes: Changes) -> None:
    words = _("%(source)s changed: %(places)s") % {"source": told.source.name, "places": changes.words}
    if not changes:
        words = _("%(source)s told it again; nothing changed.") % {"source": told.source.name}
    _tell(
        order,
        "changed",
        told,
        before=changes.before(),
        after=changes.after(),
        words=words[:500],
        personal=changes.persons(),
    )


def _tell(order: Order, verb: str, told: Told, **what: Any) -> None:
    by = User.objects.get(pk=told.source.by_id) if told.source.by_id else None
    events.record(order, verb, by=by, **what)


def summary(order: Order, record: incoming.Order) -> dict[str, object]:
    """What the event of a new order tells of it."""
    return {
        "number": order.number,
        "total": record.totals.total,
        "currency": order.currency,
        "lines": len(record.lines),
    }


def received(source: incoming.Source) -> str:
    """The sentence of that event."""
    return _("Received from %(source)s.") % {"source": source.name}


def said(order: Order, record: incoming.Order) -> list[object]:
    """What a new order is searched by, before its rows are there to be asked."""
    skus = [part for line in record.lines for part in (line.sku, line.title)]
    return [*search.said_by_header(order), *skus, *(item.tracking_number for item in record.shipments)]
