"""Makes refunds of Shopify's order JSON: the lines that came back, shipping once, differences by name, and the money."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from integrations.formats.node import Node
from integrations.stores.shopify import lines as order_lines
from integrations.stores.shopify import payments
from orders import incoming, money
from orders.incoming import LineKind, PaymentKind, PaymentStatus, RefundLine
from orders.money import ZERO


def made(order: Node, sold: Sequence[incoming.Line], currency: str) -> list[incoming.Refund]:
    """The order's refunds. Raises Unclear."""
    by_id = {line.id: line for line in sold if line.id}
    shipping = [line for line in sold if line.kind == LineKind.SHIPPING]
    return [_refund(order, node, by_id, shipping, currency) for node in order.nodes("refunds")]


def worth(refund: incoming.Refund, *, tax_included: bool) -> Decimal:
    """What the refund's lines are worth, taxes and all."""
    taxes = ZERO if tax_included else money.total(tax.amount for line in refund.lines for tax in line.taxes)
    return money.total(line.amount for line in refund.lines) + taxes


def _refund(
    order: Node, node: Node, by_id: Mapping[str, incoming.Line], shipping: Sequence[incoming.Line], currency: str
) -> incoming.Refund:
    paid = payments.transactions(node, currency)
    returned = [_returned(item, by_id, currency) for item in node.nodes("refund_line_items")]
    adjusted = _adjusted(order, node, shipping, currency)
    duties = [
        RefundLine(kind=LineKind.DUTY, amount=amount, title="Duties", line_id=duty.text("duty_id"))
        for duty in node.nodes("duties")
        if (amount := order_lines.shop_money(duty, "amount_set"))
    ]
    back = [item for item in paid if item.kind == PaymentKind.REFUND and item.status == PaymentStatus.SUCCESS]
    found = incoming.Refund(
        id=node.text("id"),
        amount=money.total(item.amount for item in back),
        currency=currency,
        refunded_at=node.instant("processed_at") or node.instant("created_at"),
        reason=node.text("note"),
        lines=(*returned, *adjusted, *duties),
        payments=tuple(item for item in paid if item.kind == PaymentKind.REFUND),
    )
    return _in_the_shops_currency(order, found, back, currency)


def _in_the_shops_currency(
    order: Node, refund: incoming.Refund, back: Sequence[incoming.Payment], currency: str
) -> incoming.Refund:
    if all(item.currency == currency for item in back):
        return refund
    order.notes.append(f"Refund {refund.id} was paid in another currency; its amount is what its lines are worth.")
    amount = worth(refund, tax_included=order.flag("taxes_included"))
    return incoming.Refund(
        id=refund.id,
        amount=amount,
        currency=currency,
        refunded_at=refund.refunded_at,
        reason=refund.reason,
        lines=refund.lines,
        payments=refund.payments,
    )


def _returned(item: Node, by_id: Mapping[str, incoming.Line], currency: str) -> RefundLine:
    sold = by_id.get(item.text("line_item_id"))
    return RefundLine(
        kind=sold.kind if sold else LineKind.ITEM,
        amount=item.sum("subtotal"),
        title=sold.title if sold else item.node("line_item").text("name"),
        quantity=item.sum("quantity"),
        line_id=item.text("line_item_id"),
        sku=sold.sku if sold else item.node("line_item").text("sku"),
        taxes=_taxes(item.sum("total_tax"), sold, currency),
    )


def _taxes(amount: Decimal, sold: incoming.Line | None, currency: str) -> tuple[incoming.Tax, ...]:
    """The refunded tax under the titles of the line it was charged on, in their proportion."""
    if not amount:
        return ()
    charged = [tax for tax in sold.taxes if tax.amount > 0] if sold else []
    if not charged or not money.is_exact(amount, currency):
        first = charged[0] if charged else incoming.Tax(title="", amount=ZERO)
        return (_share(first, amount, derived=len(charged) > 1),)
    shares = money.allocate(amount, [tax.amount for tax in charged], currency)
    return tuple(
        _share(tax, share, derived=len(charged) > 1) for tax, share in zip(charged, shares, strict=True) if share
    )


def _share(tax: incoming.Tax, amount: Decimal, *, derived: bool) -> incoming.Tax:
    return incoming.Tax(title=tax.title, rate=tax.rate, amount=amount, remitted_by=tax.remitted_by, derived=derived)


def _adjusted(order: Node, node: Node, shipping: Sequence[incoming.Line], currency: str) -> list[RefundLine]:
    """Refunded shipping and differences. New versions state refunded shipping twice, as an adjustment and as a line: it counts once."""
    adjustments = [_adjustment(order, item, shipping, currency) for item in node.nodes("order_adjustments")]
    if any(line.kind == LineKind.SHIPPING for line in adjustments):
        return adjustments
    lines = [_shipping_back(item, shipping) for item in node.nodes("refund_shipping_lines")]
    return [*adjustments, *(line for line in lines if line.amount)]


def _adjustment(order: Node, item: Node, shipping: Sequence[incoming.Line], currency: str) -> RefundLine:
    """An adjustment is negative for money that goes back, and states its tax apart whether or not prices include it."""
    net, tax = -item.sum("amount"), -item.sum("tax_amount")
    is_shipping = item.text("kind") == "shipping_refund"
    charged = shipping[0] if is_shipping and len(shipping) == 1 else None
    return RefundLine(
        kind=LineKind.SHIPPING if is_shipping else LineKind.REFUND_DIFFERENCE,
        amount=net + tax if order.flag("taxes_included") else net,
        title=item.text("reason"),
        quantity=Decimal(1) if is_shipping else ZERO,
        line_id=charged.id if charged else "",
        taxes=_taxes(tax, charged, currency),
    )


def _shipping_back(item: Node, shipping: Sequence[incoming.Line]) -> RefundLine:
    line_id = item.text("shipping_line_id") or item.node("shipping_line").text("id")
    charged = next((line for line in shipping if line.id == line_id), None)
    amount = order_lines.shop_money(item, "subtotal_amount_set")
    return RefundLine(
        kind=LineKind.SHIPPING,
        amount=amount,
        title=charged.title if charged else item.node("shipping_line").text("title"),
        quantity=Decimal(1),
        line_id=line_id if charged else "",
        taxes=charged.taxes if charged and charged.amount == amount else (),
    )
