"""Checks the sums of Shopify's order JSON (I1 to I6 in docs/stores.md) and states what the header's amounts add up to."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from integrations.formats.node import Node
from integrations.stores.shopify import lines, refunds, words
from orders import incoming, money
from orders.money import ZERO


def totals(node: Node, refunded: Sequence[incoming.Refund]) -> incoming.Totals:
    """The header's amounts; `by_header` is I4. Raises Unclear."""
    shipping = money.total(lines.charged(item) for item in node.nodes("shipping_lines"))
    subtotal, tax, tip = node.sum("subtotal_price"), node.amount("total_tax"), node.sum("total_tip_received")
    fees, duties = lines.shop_money(node, "original_total_additional_fees_set"), lines.duties(node)
    on_top = ZERO if node.flag("taxes_included") else tax or ZERO
    return incoming.Totals(
        total=node.required("total_price"),
        by_header=subtotal + shipping + on_top + tip + duties + fees,
        subtotal=node.amount("subtotal_price"),
        discount=node.amount("total_discounts"),
        shipping=shipping,
        fees=fees or None,
        tax=tax,
        tip=node.amount("total_tip_received"),
        duties=duties or None,
        refunded=money.total(refund.amount for refund in refunded),
    )


def broken(
    node: Node, sold: Sequence[incoming.Line], refunded: Sequence[incoming.Refund], stated: incoming.Totals
) -> list[incoming.Identity]:
    """The identities that do not hold; what the order does not state is not checked. Raises Unclear."""
    items = node.nodes("line_items")
    gross = money.total(map(lines.gross, items))
    off = money.total(map(lines.discount, items))
    off_shipping = money.total(map(lines.discount, node.nodes("shipping_lines")))
    return [
        *words.broken(
            "I1", "Total of line items = Σ price × quantity", _less(node.amount("total_line_items_price"), gross)
        ),
        *words.broken(
            "I2", "Subtotal = Σ price × quantity − Σ discounts on lines", _less(stated.subtotal, gross - off)
        ),
        *words.broken(
            "I3", "Total discounts = Σ discounts on lines and shipping", _less(stated.discount, off + off_shipping)
        ),
        *words.broken(
            "I4",
            "Total price = subtotal + shipping + tax (unless included) + tip + duties + fees",
            _less(stated.total, stated.by_header),
        ),
        *_taxes(node, sold, stated),
        *_refunds(node, refunded),
    ]


def _less(stated: Decimal | None, expected: Decimal | None) -> Decimal | None:
    return None if stated is None or expected is None else stated - expected


def _taxes(node: Node, sold: Sequence[incoming.Line], stated: incoming.Totals) -> list[incoming.Identity]:
    of_order = money.total(tax.sum("price") for tax in node.nodes("tax_lines")) if node.has("tax_lines") else None
    of_lines = money.total(tax.amount for line in sold for tax in line.taxes)
    return [
        *words.broken("I5a", "Total tax = Σ tax lines of the order", _less(stated.tax, of_order)),
        *words.broken("I5b", "Total tax = Σ taxes of its lines", _less(stated.tax, of_lines)),
    ]


def _refunds(node: Node, refunded: Sequence[incoming.Refund]) -> list[incoming.Identity]:
    included = node.flag("taxes_included")
    return [
        identity
        for refund in refunded
        if refund.payments
        for identity in words.broken(
            "I6",
            f"Refund {refund.id}: money given back = what its lines are worth",
            refund.amount - refunds.worth(refund, tax_included=included),
        )
    ]
