"""Makes refunds of WooCommerce's order JSON: stubs tell the amount only, whole refunds also the lines that came back."""

from __future__ import annotations

from datetime import datetime, tzinfo
from decimal import Decimal

from integrations.formats.node import Node
from integrations.stores.woocommerce import meta, parts
from orders import incoming
from orders.incoming import LineKind, RefundLine


def made(order: Node, payments: list[incoming.Payment], currency: str, zone: tzinfo) -> list[incoming.Refund]:
    """The order's refunds; money went back only where some had come. Raises Unclear."""
    named = parts.rates(order)
    paid = next((payment for payment in payments if payment.id == "paid"), None)
    return [_refund(node, named, paid, currency, zone) for node in order.nodes("refunds")]


def _refund(
    node: Node, named: parts.Rates, paid: incoming.Payment | None, currency: str, zone: tzinfo
) -> incoming.Refund:
    stated = node.amount("amount")
    amount = abs(node.required("total") if stated is None else stated)
    refunded_at = node.instant("date_created_gmt") or node.instant("date_created", zone)
    if not node.has("line_items"):
        node.notes.append(
            "A refund came without its lines; fetch /orders/ID/refunds, or name the amount by an adjustment."
        )
    return incoming.Refund(
        id=node.text("id"),
        amount=amount,
        currency=currency,
        refunded_at=refunded_at,
        reason=node.text("reason"),
        lines=tuple(_line(item, kind, named, currency) for kind, item in _lines(node)),
        payments=(_payment(node, amount, paid, refunded_at),) if paid and amount else (),
    )


def _lines(node: Node) -> list[tuple[LineKind, Node]]:
    kinds = zip(parts.PARTS, (LineKind.ITEM, LineKind.SHIPPING, LineKind.FEE), strict=True)
    return [
        (kind, item) for key, kind in kinds for item in node.nodes(key) if item.sum("total") or item.sum("quantity")
    ]


def _line(item: Node, kind: LineKind, named: parts.Rates, currency: str) -> RefundLine:
    """Amounts and quantities of a refund's lines are negative in WooCommerce."""
    return RefundLine(
        kind=kind,
        amount=-item.sum("total"),
        title=item.text("name") or item.text("method_title"),
        quantity=-item.sum("quantity") if kind == LineKind.ITEM else Decimal(1),
        line_id=meta.text(item, "_refunded_item_id"),
        sku=item.text("sku"),
        taxes=parts.taxes(item, named, currency, sign=-1),
    )


def _payment(node: Node, amount: Decimal, paid: incoming.Payment, refunded_at: datetime | None) -> incoming.Payment:
    return incoming.Payment(
        id=f"refund-{node.text('id')}",
        kind=incoming.PaymentKind.REFUND,
        status=incoming.PaymentStatus.SUCCESS,
        method=paid.method,
        amount=amount,
        currency=paid.currency,
        gateway=paid.gateway,
        parent_id=paid.id,
        processed_at=refunded_at,
        derived=True,
    )
