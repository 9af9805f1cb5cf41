"""Makes payments of Shopify's transactions; without any, of what the order says of its money, marked as derived."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from integrations.formats.node import Node
from integrations.stores.shopify import words
from orders import incoming, money
from orders.incoming import PaymentKind, PaymentMethod, PaymentState, PaymentStatus

_KINDS = {
    "authorization": PaymentKind.AUTHORIZATION,
    "sale": PaymentKind.SALE,
    "capture": PaymentKind.CAPTURE,
    "refund": PaymentKind.REFUND,
    "void": PaymentKind.VOID,
}
_STATUSES = {
    "success": PaymentStatus.SUCCESS,
    "pending": PaymentStatus.PENDING,
    "awaiting_response": PaymentStatus.PENDING,
}


def made(node: Node, refunds: Sequence[incoming.Refund], currency: str) -> list[incoming.Payment]:
    """The order's payments, without those that stand on its refunds. Raises Unclear."""
    on_refunds = {payment.id for refund in refunds for payment in refund.payments}
    found = [item for item in transactions(node, currency) if item.id not in on_refunds]
    return found or _derived(node, currency)


def transactions(node: Node, currency: str) -> list[incoming.Payment]:
    """The transactions listed on an order or a refund; what is neither payment nor refund (change given at a till) is left out. Raises Unclear."""
    return [_payment(item, currency) for item in node.nodes("transactions") if item.text("kind").lower() in _KINDS]


def redeemed(payments: Sequence[incoming.Payment]) -> Decimal:
    """What was paid by gift cards."""
    moved = (PaymentKind.SALE, PaymentKind.CAPTURE)
    return money.total(
        item.amount
        for item in payments
        if item.method == PaymentMethod.GIFT_CARD and item.kind in moved and item.status == PaymentStatus.SUCCESS
    )


def _payment(item: Node, currency: str) -> incoming.Payment:
    return incoming.Payment(
        id=item.text("id"),
        kind=_KINDS[item.text("kind").lower()],
        status=_STATUSES.get(item.text("status").lower(), PaymentStatus.FAILED),
        method=words.method(item.text("gateway")),
        amount=abs(item.required("amount")),
        currency=(item.text("currency") or currency).upper(),
        gateway=item.text("gateway"),
        parent_id=item.text("parent_id"),
        processed_at=item.instant("processed_at") or item.instant("created_at"),
    )


def _derived(node: Node, currency: str) -> list[incoming.Payment]:
    state = words.PAYMENT_STATES.get(node.text("financial_status").lower(), PaymentState.UNKNOWN)
    amount, kind = money.ZERO, PaymentKind.SALE
    if state in words.PAID:
        amount = node.required("total_price")
    elif state == PaymentState.AUTHORIZED:
        amount, kind = node.required("total_price"), PaymentKind.AUTHORIZATION
    elif state == PaymentState.PARTIALLY_PAID and node.has("total_outstanding"):
        amount = node.required("total_price") - node.sum("total_outstanding")
    if amount <= 0:
        return []
    gateway = " + ".join(node.texts("payment_gateway_names")) or node.text("gateway")
    node.notes.append("The order came without its transactions; the payment was derived from its payment state.")
    return [
        incoming.Payment(
            id="paid" if kind == PaymentKind.SALE else "authorized",
            kind=kind,
            status=PaymentStatus.SUCCESS,
            method=words.method(gateway),
            amount=amount,
            currency=currency,
            gateway=gateway,
            processed_at=node.instant("processed_at") or node.instant("created_at"),
            derived=True,
        )
    ]
