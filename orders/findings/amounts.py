"""How an amount is said to a person: with the currency's decimals, and with all it has if there are more."""

from __future__ import annotations

from decimal import Decimal

from orders import money


def said(amount: Decimal, currency: str) -> str:
    """“857.78 EUR”."""
    return f"{figure(amount, currency)} {currency}"


def figure(amount: Decimal, currency: str) -> str:
    """“857.78”: never rounded."""
    exact = money.is_exact(amount, currency)
    return format(money.rounded(amount, currency) if exact else amount.normalize(), "f")
