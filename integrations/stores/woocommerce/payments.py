"""Derives payments of WooCommerce's order JSON, which has no transactions: from the day of payment, the method and redeemed gift cards."""

from __future__ import annotations

from datetime import datetime, tzinfo
from decimal import Decimal

from integrations.formats.node import Node
from integrations.stores.woocommerce import meta
from orders import incoming, money
from orders.incoming import PaymentKind, PaymentMethod, PaymentState, PaymentStatus

_METHODS = {
    "cod": PaymentMethod.CASH_ON_DELIVERY,
    "bacs": PaymentMethod.BANK,
    "stripe": PaymentMethod.CARD,
    "woocommerce_payments": PaymentMethod.CARD,
    "square_credit_card": PaymentMethod.CARD,
    "ppcp-credit-card-gateway": PaymentMethod.CARD,
}
_UNPAID = {"pending", "on-hold", "processing", "checkout-draft", "draft", "auto-draft"}
_VOIDED = {"cancelled", "failed", "trash"}


def taken_off(order: Node) -> Decimal:
    """What the Gift Cards plugin took off the order's total. Raises Unclear."""
    return money.total(card.sum("amount") for card in order.nodes("gift_cards"))


def made(order: Node, currency: str, zone: tzinfo) -> list[incoming.Payment]:
    """The payments, all derived: the total if the order has a day of payment, and each gift card. Raises Unclear."""
    paid_at = order.instant("date_paid_gmt") or order.instant("date_paid", zone)
    placed_at = order.instant("date_created_gmt") or order.instant("date_created", zone)
    found = [
        _payment(f"gift-card-{at}", PaymentMethod.GIFT_CARD, "gift_cards", amount, currency, paid_at or placed_at)
        for at, card in enumerate(order.nodes("gift_cards"), 1)
        if (amount := card.sum("amount")) > 0
    ]
    total, gateway = order.required("total"), order.text("payment_method")
    if is_paid(order) and total > 0:
        method = _METHODS.get(gateway, PaymentMethod.OTHER)
        fee = meta.fee(order, currency) if gateway.startswith("stripe") else money.ZERO
        found.append(_payment("paid", method, gateway, total, currency, paid_at, fee if fee < total else money.ZERO))
    return found


def is_paid(order: Node) -> bool:
    """True if the order has a day of payment: its status does not tell (cash on delivery is processed unpaid)."""
    return bool(order.text("date_paid_gmt") or order.text("date_paid"))


def state(order: Node, refunded: Decimal) -> PaymentState:
    """What the order says of its money. Raises Unclear."""
    status = order.text("status")
    if status == "refunded" or (refunded and refunded >= order.required("total")):
        return PaymentState.REFUNDED
    if refunded:
        return PaymentState.PARTIALLY_REFUNDED
    if is_paid(order):
        return PaymentState.PAID
    if status in _VOIDED:
        return PaymentState.VOIDED
    return PaymentState.PENDING if status in _UNPAID else PaymentState.UNKNOWN


def _payment(
    name: str,
    method: PaymentMethod,
    gateway: str,
    amount: Decimal,
    currency: str,
    at: datetime | None,
    fee: Decimal = money.ZERO,
) -> incoming.Payment:
    return incoming.Payment(
        id=name,
        kind=PaymentKind.SALE,
        status=PaymentStatus.SUCCESS,
        method=method,
        amount=amount,
        currency=currency,
        gateway=gateway,
        processed_at=at,
        fee=fee,
        derived=True,
    )
