"""Checks the sums of WooCommerce's order JSON (W1 to W12 in docs/stores.md) and states what the header's amounts add up to."""

from __future__ import annotations

from decimal import Decimal

from integrations.formats.node import Node
from integrations.stores.woocommerce import parts, payments
from orders import incoming, money


def totals(order: Node, refunded: Decimal) -> incoming.Totals:
    """The header's amounts. WooCommerce states no sum of its items: in `by_header` they and the fees come from the lines. Raises Unclear."""
    items, fees = _sum(order, "line_items", "total"), _sum(order, "fee_lines", "total")
    shipping = order.amount("shipping_total")
    stated_shipping = _sum(order, "shipping_lines", "total") if shipping is None else shipping
    return incoming.Totals(
        total=order.required("total"),
        by_header=items + fees + stated_shipping + order.sum("total_tax"),
        subtotal=_sum(order, "line_items", "subtotal"),
        discount=order.amount("discount_total"),
        shipping=shipping,
        fees=fees,
        tax=order.amount("total_tax"),
        refunded=refunded,
        taken_off=payments.taken_off(order),
    )


def broken(order: Node, stated: incoming.Totals, currency: str) -> list[incoming.Identity]:
    """The identities that do not hold; what the order does not state is not checked. Raises Unclear."""
    nets = money.total(_sum(order, part, "total") for part in parts.PARTS)
    taxes = money.total(_sum(order, part, "total_tax") for part in parts.PARTS)
    due = stated.total + stated.taken_off
    checked = [
        ("W1", "Total = Σ lines, shipping and fees + total tax", due - nets - order.sum("total_tax")),
        ("W2", "Total = Σ (line + its tax) over lines, shipping and fees", due - nets - taxes),
        (
            "W3",
            "Total tax = cart tax + shipping tax",
            _less(order, "total_tax", _stated(order, "cart_tax", "shipping_tax")),
        ),
        ("W4", "Total tax = Σ tax lines", _less(order, "total_tax", _of_rates(order))),
        (
            "W5",
            "Cart tax = Σ taxes of lines and fees",
            _less(order, "cart_tax", taxes - _sum(order, "shipping_lines", "total_tax")),
        ),
        (
            "W6",
            "Discount total = Σ (subtotal − total) of the lines",
            _less(order, "discount_total", _discounts(order, "")),
        ),
        (
            "W7",
            "Discount total = Σ discounts of the coupons",
            _less(order, "discount_total", _sum(order, "coupon_lines", "discount")),
        ),
        (
            "W8",
            "Discount tax = Σ (subtotal tax − total tax) of the lines",
            _less(order, "discount_tax", _discounts(order, "_tax")),
        ),
        ("W9", "Total tax of each line = Σ its taxes", _of_lines(order)),
        (
            "W11",
            "Shipping total = Σ shipping lines",
            _less(order, "shipping_total", _sum(order, "shipping_lines", "total")),
        ),
        (
            "W12",
            "Shipping tax = Σ taxes of the shipping lines",
            _less(order, "shipping_tax", _sum(order, "shipping_lines", "total_tax")),
        ),
    ]
    return [
        incoming.Identity(code=code, words=words, difference=difference)
        for code, words, difference in checked
        if difference
        and (code not in {"W7", "W9"} or money.rounded(difference, currency))  # unrounded shares are usual there
    ]


def _sum(order: Node, part: str, key: str) -> Decimal:
    return money.total(item.sum(key) for item in order.nodes(part))


def _less(order: Node, key: str, expected: Decimal | None) -> Decimal | None:
    stated = order.amount(key)
    return None if stated is None or expected is None else stated - expected


def _stated(order: Node, *keys: str) -> Decimal | None:
    return money.total(order.sum(key) for key in keys) if all(order.has(key) for key in keys) else None


def _of_rates(order: Node) -> Decimal | None:
    keys = ("tax_total", "shipping_tax_total")
    return money.total(_sum(order, "tax_lines", key) for key in keys) if order.has("tax_lines") else None


def _discounts(order: Node, suffix: str) -> Decimal:
    return _sum(order, "line_items", f"subtotal{suffix}") - _sum(order, "line_items", f"total{suffix}")


def _of_lines(order: Node) -> Decimal:
    lines = order.nodes("line_items")
    return money.total(line.sum("total_tax") - _sum(line, "taxes", "total") for line in lines if line.has("taxes"))
