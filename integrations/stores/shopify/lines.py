"""Makes an order's lines of Shopify's order JSON: items, shipping, tip, duties, fees, each with its taxes."""

from __future__ import annotations

import dataclasses
from decimal import Decimal

from integrations.formats.node import Node
from orders import incoming, money
from orders.incoming import LineKind
from orders.money import ZERO


def made(node: Node, currency: str) -> list[incoming.Line]:
    """Every line of the order, in the quantity and at the price as ordered. Raises Unclear."""
    lines = [_item(item, currency) for item in node.nodes("line_items")]
    lines += [_shipping(item, currency) for item in node.nodes("shipping_lines")]
    if tip := node.sum("total_tip_received"):
        lines.append(incoming.Line(kind=LineKind.TIP, title="Tip", amount=tip))
    lines += _duties(node, currency)
    if fees := shop_money(node, "original_total_additional_fees_set"):
        lines.append(incoming.Line(kind=LineKind.FEE, title="Additional fees", amount=fees))
    return _with_taxes_of_the_order(node, lines, currency)


def gross(item: Node) -> Decimal:
    """Price times quantity of an item, before its discounts. Raises Unclear."""
    return money.kept(item.required("price") * item.required("quantity"))


def discount(item: Node) -> Decimal:
    """The item's discounts: its share of every discount of the order. Raises Unclear."""
    return money.total(share.sum("amount") for share in item.nodes("discount_allocations"))


def charged(item: Node) -> Decimal:
    """What a shipping line costs after its discounts; before 2018 it stated that as `discounted_price` only. Raises Unclear."""
    if not item.has("discount_allocations") and item.has("discounted_price"):
        return item.required("discounted_price")
    return item.required("price") - discount(item)


def shop_money(node: Node, key: str) -> Decimal:
    """The amount in the shop's currency of a money set (`…_set`), 0 if there is none. Raises Unclear."""
    return node.node(key).node("shop_money").sum("amount")


def duties(node: Node) -> Decimal:
    """The duties that are charged on top of the prices. Raises Unclear."""
    return ZERO if node.flag("duties_included") else shop_money(node, "original_total_duties_set")


def taxes(item: Node, base: Decimal, currency: str) -> tuple[incoming.Tax, ...]:
    """The taxes stated on a line of `base`. A rate that was plainly not charged (exempt goods keep it with an amount of 0) is no tax."""
    found = [_tax(line) for line in item.nodes("tax_lines")]
    return tuple(tax for tax in found if tax.amount or not (tax.rate and money.rounded(base * tax.rate, currency)))


def _tax(line: Node) -> incoming.Tax:
    return incoming.Tax(
        title=line.text("title"),
        amount=line.sum("price"),
        rate=line.amount("rate"),
        remitted_by=incoming.Remitter.CHANNEL if line.flag("channel_liable") else incoming.Remitter.US,
    )


def _item(item: Node, currency: str) -> incoming.Line:
    amount, off = gross(item), discount(item)
    return incoming.Line(
        kind=_kind(item),
        id=item.text("id"),
        title=item.text("name") or item.text("title"),
        amount=amount - off,
        quantity=item.required("quantity"),
        unit_price=item.required("price"),
        discount=off,
        sku=item.text("sku"),
        product_id=item.text("product_id"),
        variant_id=item.text("variant_id"),
        taxes=taxes(item, amount - off, currency),
    )


def _kind(item: Node) -> LineKind:
    if item.flag("gift_card"):
        return LineKind.GIFT_CARD
    is_tip = item.text("title").lower() == "tip" and not item.has("product_id")
    return LineKind.TIP if is_tip else LineKind.ITEM


def _shipping(item: Node, currency: str) -> incoming.Line:
    amount = charged(item)
    return incoming.Line(
        kind=LineKind.SHIPPING,
        id=item.text("id"),
        title=item.text("title") or "Shipping",
        amount=amount,
        discount=item.required("price") - amount,
        taxes=taxes(item, amount, currency),
    )


def _duties(node: Node, currency: str) -> list[incoming.Line]:
    """The duties of each item; one line over all where the items do not account for the order's duties."""
    whole = duties(node)
    each = [duty for item in node.nodes("line_items") for duty in item.nodes("duties")]
    lines = [
        incoming.Line(
            kind=LineKind.DUTY,
            id=duty.text("id"),
            title=f"Duty {duty.text('harmonized_system_code')}".strip(),
            amount=(amount := shop_money(duty, "price_set") or duty.node("shop_money").sum("amount")),
            taxes=taxes(duty, amount, currency),
        )
        for duty in each
    ]
    if whole and money.total(line.amount for line in lines) != whole:
        return [incoming.Line(kind=LineKind.DUTY, title="Duties", amount=whole)]
    return lines if whole else []


def _with_taxes_of_the_order(node: Node, lines: list[incoming.Line], currency: str) -> list[incoming.Line]:
    """The lines with the order's taxes spread over them by value, if no line states any: old orders state them on the order only."""
    if any(line.taxes for line in lines) or any(item.has("tax_lines") for item in node.nodes("line_items")):
        return lines
    stated = [_tax(line) for line in node.nodes("tax_lines")] or [incoming.Tax(title="", amount=node.sum("total_tax"))]
    stated = [tax for tax in stated if tax.amount]
    over = [line.amount if line.kind == LineKind.ITEM else ZERO for line in lines]
    if not stated or not lines:
        return lines
    node.notes.append("The order states its taxes as a whole only; they were spread over the items by value.")
    shares = [_shares(tax, over, currency) for tax in stated]
    return [_taxed(line, [share[at] for share in shares]) for at, line in enumerate(lines)]


def _shares(tax: incoming.Tax, over: list[Decimal], currency: str) -> list[incoming.Tax]:
    divisible = money.is_exact(tax.amount, currency) and min(over) >= 0
    parts = money.allocate(tax.amount, over, currency) if divisible else [tax.amount, *[ZERO] * (len(over) - 1)]
    return [
        incoming.Tax(title=tax.title, rate=tax.rate, amount=part, remitted_by=tax.remitted_by, derived=True)
        for part in parts
    ]


def _taxed(line: incoming.Line, shares: list[incoming.Tax]) -> incoming.Line:
    return dataclasses.replace(line, taxes=tuple(tax for tax in shares if tax.amount))
