"""An order's money: each payment once, by the store's id. What a reader only inferred ("paid") gives way to the transactions themselves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from orders import incoming, money
from orders.incoming import PaymentKind
from orders.intake.changes import Changes
from orders.models import DocumentSource, Order, Payment, Refund

_BACK = frozenset({PaymentKind.REFUND, PaymentKind.CHARGEBACK})


@dataclass(frozen=True, slots=True)
class Told:
    """A payment as told, with the refund that it belongs to."""

    payment: incoming.Payment
    refund: Refund | None = None

    @property
    def back(self) -> bool:
        return self.payment.kind in _BACK


def told(record: incoming.Order, refunds: dict[str, Refund]) -> list[Told]:
    """Every payment of the order once; one that stands both with the order and with a refund belongs to the refund."""
    of_refunds = [Told(item, refunds[one.id]) for one in record.refunds if one.id in refunds for item in one.payments]
    named = {item.payment.id for item in of_refunds}
    return [Told(item) for item in record.payments if item.id not in named] + of_refunds


def create(order: Order, told: Sequence[Told]) -> None:
    """The payments of a new order."""
    rows = [Payment(order=order, **values(item)) for item in told]
    Payment.objects.bulk_create(rows)
    _link_parents(rows, told)


def lay(order: Order, told: Sequence[Told], changes: Changes, *, only_gaps: bool = False) -> None:
    """Bring the payments up to date. `only_gaps` (a poorer source): nothing that is known changes, and money is added only in a direction without any."""
    known = {row.store_id: row for row in Payment.objects.filter(order=order)}
    if not only_gaps:
        for item in told:
            if row := known.get(item.payment.id):
                _update(row, item, changes)
    fresh = [item for item in told if item.payment.id not in known]
    for back in (False, True):
        rows = [row for row in known.values() if (row.kind in _BACK) == back]
        wanted = [item for item in fresh if item.back == back]
        _add(order, _new(rows, wanted, told, changes, only_gaps=only_gaps), changes)
    if fresh:
        _link_parents(list(Payment.objects.filter(order=order)), told)


def _new(
    rows: Sequence[Payment], fresh: Sequence[Told], told: Sequence[Told], changes: Changes, *, only_gaps: bool
) -> list[Told]:
    """Which of the unknown payments are new money, and not the same money told again in other words."""
    stated = [item for item in fresh if not item.payment.derived]
    if only_gaps:
        return [] if rows else list(fresh)
    if any(not row.derived for row in rows):
        return stated
    named = {item.payment.id for item in told}
    inferred = [row for row in rows if row.derived and row.store_id not in named]
    if not stated or not inferred:
        return list(fresh)
    return _beyond(_signed(inferred, changes), stated)


def _signed(inferred: Sequence[Payment], changes: Changes) -> Decimal:
    """Drop what was only inferred, except what a document rests on; returns the sum of that."""
    ids = [row.pk for row in inferred]
    signed = set(DocumentSource.objects.filter(payment__in=ids).values_list("payment_id", flat=True))
    for row in inferred:
        if row.pk not in signed:
            changes.note(f"payment {row.store_id}", str(row), "replaced by the store's own transactions")
            row.delete()
    return money.total(row.amount for row in inferred if row.pk in signed)


def _beyond(covered: Decimal, stated: Iterable[Told]) -> list[Told]:
    """The payments that exceed what a signed payment, inferred before they were known, covers already."""
    more = []
    for item in stated:
        if item.payment.amount <= covered:
            covered -= item.payment.amount
        else:
            more.append(item)
    return more


def _add(order: Order, fresh: Sequence[Told], changes: Changes) -> None:
    rows = [Payment(order=order, **values(item)) for item in fresh]
    for row in rows:
        changes.note(f"payment {row.store_id}", None, f"{row.kind} {row.amount:f} {row.currency} {row.status}")
    Payment.objects.bulk_create(rows)


def _update(row: Payment, item: Told, changes: Changes) -> None:
    fresh = values(item)
    if item.refund is None:
        del fresh["refund"]  # known from its refund already
    if differing := changes.lay(row, fresh, place=f"payment {row.store_id}"):
        row.save(update_fields=differing)


def values(item: Told) -> dict[str, Any]:
    payment = item.payment
    return {
        "refund": item.refund,
        "store_id": payment.id,
        "kind": str(payment.kind),
        "status": str(payment.status),
        "method": str(payment.method),
        "gateway": payment.gateway,
        "amount": payment.amount,
        "currency": payment.currency,
        "settled_amount": payment.settled,
        "settled_currency": payment.settled_currency,
        "rate": payment.rate,
        "fee": payment.fee,
        "processed_at": payment.processed_at,
        "derived": payment.derived,
    }


def parents(rows: Sequence[Payment], told: Sequence[Told]) -> Iterator[tuple[Payment, Payment]]:
    """Each payment of these that came out of another of them, with that one."""
    by_id = {row.store_id: row for row in rows}
    for item in told:
        row, parent = by_id.get(item.payment.id), by_id.get(item.payment.parent_id)
        if row and parent and row is not parent:
            yield row, parent


def _link_parents(rows: Sequence[Payment], told: Sequence[Told]) -> None:
    linked = []
    for row, parent in parents(rows, told):
        if row.parent_id != parent.pk:
            row.parent = parent
            linked.append(row)
    if linked:
        Payment.objects.bulk_update(linked, ["parent"])
