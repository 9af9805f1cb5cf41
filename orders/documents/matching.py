"""Finds the payment of each movement of a payout: by the store's id, else by order number and amount; where several fit, none is taken."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from orders.incoming import PaymentKind, PaymentStatus
from orders.models import Match, Payment, Payout, PayoutLine

OF_KIND: dict[str, frozenset[str]] = {
    "charge": frozenset({PaymentKind.SALE, PaymentKind.CAPTURE}),
    "refund": frozenset({PaymentKind.REFUND}),
    "chargeback": frozenset({PaymentKind.CHARGEBACK}),
    "reversal": frozenset({PaymentKind.REVERSAL}),
}
"""The movements that are payments of orders, and of which kinds; every other kind (fee, adjustment, reserve) is the gateway's own."""


def match(payout: Payout) -> bool:
    """Look for the payments of those movements that have none yet; True if anything changed. The caller holds the payout's lock."""
    lines = [line for line in payout.lines.all() if line.kind in OF_KIND and line.payment_id is None]
    candidates = _Candidates(payout, lines)
    changed = [line for line in lines if _lay(line, *candidates.fitting(line))]
    PayoutLine.objects.bulk_update(changed, ["payment", "match"])
    return bool(changed)


def release(payout: Payout) -> None:
    """Let the payments go, so that another payout may hold them: a rejected one says nothing of them."""
    payout.lines.exclude(payment=None).update(payment=None, match=Match.NONE)


def numbers(number: str) -> tuple[str, ...]:
    """An order's number as a store and its gateway may write it: with its # or without."""
    bare = number.removeprefix("#")
    return (number, bare, f"#{bare}") if bare else ()


class _Candidates:
    """The payments that may be meant, read in two queries; each is handed out once."""

    def __init__(self, payout: Payout, lines: Iterable[PayoutLine]) -> None:
        self.currency = payout.currency
        ids = {line.store_payment_id for line in lines} - {""}
        named = {spelt for line in lines for spelt in numbers(line.order_number)}
        paid = Payment.objects.filter(order__shop=payout.shop_id, status=PaymentStatus.SUCCESS).select_related("order")
        self.by_id: defaultdict[str, list[Payment]] = defaultdict(list)
        self.by_number: defaultdict[str, list[Payment]] = defaultdict(list)
        for payment in paid.filter(store_id__in=ids) if ids else ():
            self.by_id[payment.store_id].append(payment)
        for payment in paid.filter(order__number__in=named, amount__gt=0) if named else ():
            self.by_number[payment.order.number.removeprefix("#")].append(payment)
        everything = [row.pk for found in (self.by_id, self.by_number) for rows in found.values() for row in rows]
        self.taken = set(PayoutLine.objects.filter(payment__in=everything).values_list("payment_id", flat=True))

    def fitting(self, line: PayoutLine) -> tuple[Payment | None, Match]:
        """The one payment that fits, or why there is none."""
        number = line.order_number.removeprefix("#")
        meant = [row for row in self.by_id.get(line.store_payment_id, []) if row.kind in OF_KIND[line.kind]]
        if number and len(meant) > 1:
            meant = [row for row in meant if row.order.number.removeprefix("#") == number]
        if meant:
            return self._one(meant, Match.ID)
        alike = [
            row for row in self.by_number.get(number, [])
            if row.kind in OF_KIND[line.kind] and row.amount == abs(line.amount) and row.currency == self.currency
        ]  # fmt: skip
        return self._one(alike, Match.NUMBER)

    def _one(self, meant: list[Payment], how: Match) -> tuple[Payment | None, Match]:
        free = [row for row in meant if row.pk not in self.taken]
        if len(free) == 1:
            self.taken.add(free[0].pk)
            return free[0], how
        return None, Match.SEVERAL if free else Match.TAKEN if meant else Match.NONE


def _lay(line: PayoutLine, payment: Payment | None, how: Match) -> bool:
    changed = payment is not None or line.match != how
    line.payment, line.match = payment, how
    return changed
