"""What Shopify's order export tells of the money: one payment and one refund at most, both inferred from sums."""

from __future__ import annotations

from collections.abc import Sequence

from integrations.stores.shopify import sums, words
from integrations.stores.shopify.columns import OrderRow
from orders import incoming
from orders.incoming import PaymentKind, PaymentState, PaymentStatus
from orders.money import ZERO


def payments(head: OrderRow, stated: sums.Sums, currency: str) -> tuple[list[incoming.Payment], list[str]]:
    """What was paid or authorized, and what had to be assumed, in sentences. Raises Unclear."""
    state = words.PAYMENT_STATES.get(head.text("financialstatus").lower(), PaymentState.UNKNOWN)
    open_amount = head.amount("outstandingbalance")
    kind, amount = PaymentKind.SALE, ZERO
    if state == PaymentState.AUTHORIZED:
        kind, amount = PaymentKind.AUTHORIZATION, stated.total
    elif state in words.PAID:
        amount = stated.total - ((open_amount or ZERO) if state == PaymentState.PAID else ZERO)
    elif state == PaymentState.PARTIALLY_PAID and open_amount is not None:
        amount = stated.total - open_amount
    notes = []
    if state == PaymentState.PAID and open_amount:
        notes.append(
            f"The file says paid, but also that {open_amount} {currency} is outstanding; only the rest counts as paid."
        )
    if amount <= 0:
        return [], notes
    gateway = head.text("paymentmethod")
    if "+" in gateway:
        notes.append(
            f"The file does not say how much was paid by each of “{gateway}”; it is one payment of {amount} {currency}."
        )
    payment = incoming.Payment(
        id="paid" if kind == PaymentKind.SALE else "authorized",
        kind=kind,
        status=PaymentStatus.SUCCESS,
        method=words.method(gateway),
        amount=amount,
        currency=currency,
        gateway=gateway,
        processed_at=head.instant("paidat"),
        derived=True,
    )
    return [payment], notes


def refunds(
    head: OrderRow,
    stated: sums.Sums,
    lines: Sequence[incoming.Line],
    payments: Sequence[incoming.Payment],
    currency: str,
) -> list[incoming.Refund]:
    """The one refund that the file knows: an amount without date. Only when all was refunded are its lines known: every line in full."""
    if stated.refunded <= 0:
        return []
    gateway = head.text("paymentmethod")
    back = incoming.Payment(
        id="refunded",
        kind=PaymentKind.REFUND,
        status=PaymentStatus.SUCCESS,
        method=words.method(gateway),
        amount=stated.refunded,
        currency=currency,
        gateway=gateway,
        parent_id=payments[0].id if payments else "",
        derived=True,
    )
    whole = stated.refunded == stated.total and not stated.broken()
    refunded = tuple(_back(line) for line in lines) if whole else ()
    return [incoming.Refund(id="refunded", amount=stated.refunded, currency=currency, lines=refunded, payments=(back,))]


def _back(line: incoming.Line) -> incoming.RefundLine:
    return incoming.RefundLine(
        kind=line.kind, amount=line.amount, title=line.title, quantity=line.quantity, sku=line.sku, taxes=line.taxes
    )
