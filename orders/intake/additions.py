"""Takes in what a person typed for an order that is here already: a parcel, a payment or a refund that no store told. What a store tells itself is left to it."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from django.contrib.auth.models import User
from django.utils.translation import gettext as _

from orders import events, incoming, review, search
from orders.incoming import PaymentKind
from orders.intake import payments, refunds, shipments
from orders.intake.changes import Changes
from orders.intake.fit import Unfit
from orders.models import Order, Payment, Refund, Shipment, Shop

_BACK = frozenset({PaymentKind.REFUND, PaymentKind.CHARGEBACK})


def receive(shop: Shop, told: incoming.Addition, source: incoming.Source, *, at: datetime) -> tuple[str, int]:
    """Add it to its order; returns "created" or "same", and our order's id. Raises Unfit: no such order, or the store tells these itself."""
    order = _order(shop, told)
    changes = Changes()
    if told.shipment is not None:
        _ship(order, told.shipment, changes, told.where)
    elif told.payment is not None:
        _pay(order, told.payment, changes, told.where)
    elif told.refund is not None:
        _give_back(order, told.refund, changes, told.where, at)
    if not changes:
        return "same", order.pk
    order.version += 1
    order.save(update_fields=["version"])
    search.index(order)
    by = User.objects.filter(pk=source.by_id).first() if source.by_id else None
    words = _("%(source)s added: %(places)s") % {"source": source.name, "places": changes.words}
    events.record(order, "changed", by=by, before=changes.before(), after=changes.after(), words=words[:500])
    review.refresh(order)
    return "created", order.pk


def _order(shop: Shop, told: incoming.Addition) -> Order:
    rows = Order.objects.select_for_update(no_key=True, of=("self",)).defer("search").select_related("shop__ledger")
    found = list(rows.filter(shop=shop, number=told.number)[:2])
    if len(found) == 1:
        return found[0]
    words = (
        _("%(where)s: several orders of %(shop)s have the number %(number)s. Add it in the store.")
        if found
        else _("%(where)s: %(shop)s has no order %(number)s. Correct the number, or bring in the order first.")
    )
    raise Unfit(
        words % {"where": told.where.capitalize(), "shop": shop, "number": told.number},
        field="order",
        value=told.number,
    )


def _ship(order: Order, told: incoming.Shipment, changes: Changes, where: str) -> None:
    """A parcel by its tracking number, whoever told it first."""
    if Shipment.objects.filter(order=order, tracking_number=told.tracking_number).exists():
        return
    shipments.lay(order, [told], changes)


def _pay(order: Order, told: incoming.Payment, changes: Changes, where: str) -> None:
    """Money in a direction in which no store told any; it gives way to the store's own transactions, as what was only concluded does."""
    known = list(Payment.objects.filter(order=order))
    same = next((row for row in known if row.store_id == told.id), None)
    if same is not None:
        if (same.amount, same.currency, same.kind) != (told.amount, told.currency, str(told.kind)):
            _refuse_other(where, "payment", f"{same.amount:f} {same.currency}", told.id)
        return
    rows = [row for row in known if (row.kind in _BACK) == (told.kind in _BACK)]
    if any(not incoming.is_typed(row.store_id) for row in rows):
        words = _(
            "%(where)s: the store tells the payments of order %(number)s itself. One that it does not know is entered there."
        )
        raise Unfit(words % {"where": where.capitalize(), "number": order.number}, field="payment", value=told.id)
    payments.lay(order, [payments.Told(told)], changes)


def _give_back(order: Order, told: incoming.Refund, changes: Changes, where: str, at: datetime) -> None:
    known = {row.store_id: row for row in Refund.objects.filter(order=order)}
    if same := known.get(told.id):
        if same.amount != told.amount:
            _refuse_other(where, "refund", f"{same.amount:f} {same.currency}", told.id)
        return
    if any(not incoming.is_typed(name) for name in known):
        words = _(
            "%(where)s: the store tells the refunds of order %(number)s itself. One that it does not know is entered there."
        )
        raise Unfit(words % {"where": where.capitalize(), "number": order.number}, field="refund", value=told.id)
    made = refunds.lay(order, [told], changes, at=at)
    _link(order, made[told.id], told)


def _link(order: Order, refund: Refund, told: incoming.Refund) -> None:
    """Each line finds the order's line by its SKU, where one line alone bears it: a person knows no line ids."""
    skus = Counter(line.sku for line in order.lines.all() if not line.removed)
    sold = {line.sku: line for line in order.lines.all() if line.sku and skus[line.sku] == 1}
    for line in refund.lines.filter(order_line=None):
        if found := sold.get(told.lines[line.position].sku):
            line.order_line, line.title = found, line.title or found.title
            line.save(update_fields=["order_line", "title"])


def _refuse_other(where: str, noun: str, amount: str, id: str) -> None:
    words = _("%(where)s: the %(noun)s %(id)s is here already, over %(amount)s. Give another one its own id.")
    told = {"where": where.capitalize(), "noun": noun, "id": id, "amount": amount}
    raise Unfit(words % told, field=noun, value=id)
