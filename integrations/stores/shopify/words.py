"""What Shopify's words mean in ours, the same in its CSV and its JSON."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from decimal import Decimal

from orders.incoming import FulfilmentState, Identity, PaymentMethod, PaymentState

PAYMENT_STATES = {
    "pending": PaymentState.PENDING,
    "authorized": PaymentState.AUTHORIZED,
    "partially_paid": PaymentState.PARTIALLY_PAID,
    "paid": PaymentState.PAID,
    "partially_refunded": PaymentState.PARTIALLY_REFUNDED,
    "refunded": PaymentState.REFUNDED,
    "voided": PaymentState.VOIDED,
    "expired": PaymentState.VOIDED,
}
PAID = {PaymentState.PAID, PaymentState.PARTIALLY_REFUNDED, PaymentState.REFUNDED}
FULFILMENT_STATES = {
    "": FulfilmentState.UNFULFILLED,
    "unfulfilled": FulfilmentState.UNFULFILLED,
    "partial": FulfilmentState.PARTIAL,
    "fulfilled": FulfilmentState.FULFILLED,
    "restocked": FulfilmentState.RETURNED,
}
_METHODS = (
    (PaymentMethod.GIFT_CARD, ("gift card",)),
    (PaymentMethod.STORE_CREDIT, ("store credit",)),
    (PaymentMethod.CASH_ON_DELIVERY, ("cash on delivery",)),
    (PaymentMethod.BANK, ("bank", "wire transfer", "sepa")),
    (
        PaymentMethod.CARD,
        ("shopify payments", "stripe", "authorize", "braintree", "adyen", "visa", "mastercard", "card", "bogus"),
    ),
)
_VAT_KEYS = {"vat", "vatid", "vatnumber", "vatno", "taxid", "ustid", "ustidnr", "umsatzsteueridentifikationsnummer"}
_NOT_A_LETTER = re.compile(r"[\W_]+")


@functools.lru_cache(maxsize=1 << 8)
def method(gateway: str) -> PaymentMethod:
    """The payment method a gateway's name stands for; OTHER where two gateways shared one amount ("Gift Card + Stripe") or nobody knows."""
    words = gateway.lower().replace("_", " ")
    if "+" in words:
        return PaymentMethod.OTHER
    return next((found for found, marks in _METHODS if any(mark in words for mark in marks)), PaymentMethod.OTHER)


def vat_id(pairs: Iterable[tuple[str, str]]) -> str:
    """The VAT id among an order's note attributes, which apps write under names of their own."""
    return next((value for name, value in pairs if _NOT_A_LETTER.sub("", name).lower() in _VAT_KEYS and value), "")


def broken(code: str, words: str, difference: Decimal | None) -> list[Identity]:
    """The identity as a list: empty if it holds (or cannot be checked: None)."""
    return [Identity(code=code, words=words, difference=difference)] if difference else []
