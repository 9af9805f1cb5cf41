"""What gateways paid out: each payout once by its id, its movements matched to payments now, or when their orders come."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from orders import documents, events, incoming, review
from orders.intake.changes import Changes
from orders.intake.fit import Unfit
from orders.models import Order, Payment, Payout, PayoutLine, Shop, State

_OPEN = (State.PENDING, State.HELD)
_AT_ONCE = 1000


def receive(shop: Shop, told: incoming.Payout, *, at: datetime) -> str:
    """Take in a payout; returns "created", "updated" or "same". Raises Unfit without an id.

    Another text of a payout that was approved lets the approval fall; one in the books is taken back and booked anew once it is approved again.
    """
    if not told.id:
        raise Unfit(_("The payout has no id, so it could be counted twice. Give it the gateway's id."), field="id")
    row = Payout.objects.select_for_update(no_key=True, of=("self",)).filter(shop=shop, store_id=told.id).first()
    values = {"gateway": told.gateway, "amount": told.amount, "currency": told.currency, "paid_on": told.paid_on}
    if row is None:
        return _created(shop, told, values, at)
    changes = Changes()
    changes.lay(row, values)
    before, after = _lines(row), [_line(line) for line in told.lines]
    if told.lines and before != after:  # a summary says nothing of the movements that are known
        changes.note("lines", before, after)
        row.lines.all().delete()
        _write(row, told.lines)
    if not changes:
        return "same"
    row.version += 1
    row.save()
    if row.state != State.REJECTED:
        documents.match(row)
    events.record(row, "changed", before=changes.before(), after=changes.after(), words=changes.words)
    review.refresh(row, why=_("the gateway changed it"))
    return "updated"


def found(shop: Shop, order_ids: Iterable[int]) -> None:
    """Orders came or changed: open payouts that miss a payment look for it among theirs. Each payout in a transaction of its own."""
    missing = PayoutLine.objects.filter(
        payout__shop=shop, payout__state__in=_OPEN, payment=None, kind__in=documents.OF_KIND
    )
    if not missing.exists():
        return
    ids = sorted(set(order_ids))
    for start in range(0, len(ids), _AT_ONCE):
        for pk in sorted(_hopeful(missing, ids[start : start + _AT_ONCE])):
            with transaction.atomic():
                row = Payout.objects.select_for_update(no_key=True).get(pk=pk)
                if row.state in _OPEN and documents.match(row):
                    review.refresh(row)


def _hopeful(missing: QuerySet[PayoutLine], order_ids: Sequence[int]) -> set[int]:
    """The payouts with a movement that names one of these orders or of their payments."""
    orders = Order.objects.filter(pk__in=order_ids)
    named = {spelt for number in orders.values_list("number", flat=True) for spelt in documents.numbers(number)}
    paid = Payment.objects.filter(order__in=orders).values("store_id")
    rows = missing.filter(Q(order_number__in=named) | Q(store_payment_id__in=paid))
    return set(rows.values_list("payout_id", flat=True))


def _created(shop: Shop, told: incoming.Payout, values: dict[str, object], at: datetime) -> str:
    row = Payout.objects.create(shop=shop, store_id=told.id, received_at=at, **values)
    _write(row, told.lines)
    documents.match(row)
    events.record(row, "received", after=values, words=_("Received from the gateway."))
    review.refresh(row)
    return "created"


def _write(payout: Payout, lines: Iterable[incoming.PayoutLine]) -> None:
    PayoutLine.objects.bulk_create(
        PayoutLine(
            payout=payout,
            position=n,
            kind=line.kind,
            amount=line.amount,
            fee=line.fee,
            store_payment_id=line.payment_id,
            order_number=line.order_number,
        )
        for n, line in enumerate(lines)
    )


def _lines(payout: Payout) -> list[list[str]]:
    return [
        [row.kind, *incoming.plain([row.amount, row.fee]), row.store_payment_id, row.order_number]
        for row in payout.lines.order_by("position")
    ]


def _line(line: incoming.PayoutLine) -> list[str]:
    return [line.kind, *incoming.plain([line.amount, line.fee]), line.payment_id, line.order_number]
