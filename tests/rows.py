"""Rows as intake leaves them, for tests that need a record in a state of its own making."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.utils import timezone

from orders import models
from orders.incoming import LineKind, PaymentKind, PaymentMethod, PaymentState, PaymentStatus
from orders.models import Order, Refund, Shop
from tests import factories


def order(shop: Shop, number: str = "1001", **fields: Any) -> Order:
    """A paid order of one mug over 11.90 EUR, as intake would leave it; by lines and header it adds up unless told otherwise."""
    address = models.Address.objects.create(
        name="Paula Beispiel", street="Musterweg 1", city="Musterstadt", postcode="12345", country="DE"
    )
    due = Decimal(fields.pop("total", "11.90"))
    lines = fields.pop("lines", None)
    made = Order.objects.create(
        **{
            "shop": shop, "store_id": number, "number": number, "currency": shop.currency, "placed_at": factories.NOON,
            "placed_on": factories.NOON.date(), "tax_included": True, "tax_country": "DE", "customer_name": "Paula Beispiel",
            "email": f"{number}@example.org", "billing": address, "shipping": address, "total": due, "total_due": due,
            "by_lines": Decimal("11.90"), "by_header": due, "payment_state": PaymentState.PAID, "received_at": factories.NOON,
        } | fields
    )  # fmt: skip
    for position, values in enumerate([{}] if lines is None else lines):
        line(made, position, **values)
    return made


def line(order: Order, position: int = 0, amount: str = "11.90", tax: str = "1.90", **fields: Any) -> models.OrderLine:
    """One mug with one tax; `derived_tax`, `remitted_by` say more of the tax."""
    derived, remitted_by = fields.pop("derived_tax", False), fields.pop("remitted_by", "us")
    made = models.OrderLine.objects.create(
        **{
            "order": order, "position": position, "kind": LineKind.ITEM, "title": "Mug", "sku": "MUG", "quantity": 1,
            "amount": Decimal(amount), "net": Decimal(amount) - Decimal(tax or 0), "tax": Decimal(tax or 0),
        } | fields
    )  # fmt: skip
    if tax:
        models.LineTax.objects.create(
            line=made,
            title="MwSt",
            rate=Decimal("0.19"),
            amount=Decimal(tax),
            country="DE",
            derived=derived,
            remitted_by=remitted_by,
        )
    return made


def paid(order: Order, amount: str = "11.90", **fields: Any) -> models.Payment:
    """A card payment that succeeded."""
    values = {
        "order": order, "store_id": "P1", "kind": PaymentKind.SALE, "status": PaymentStatus.SUCCESS, "method": PaymentMethod.CARD,
        "amount": Decimal(amount), "currency": order.currency, "processed_at": factories.NOON,
    }  # fmt: skip
    return models.Payment.objects.create(**values | fields)


def adjust(order: Order, net: str, tax: str = "0", **fields: Any) -> models.Adjustment:
    """A line that a person named."""
    ledger = order.shop.ledger
    return models.Adjustment.objects.create(
        order=order, account=factories.account(ledger, "Expenses:Various"), net=Decimal(net), tax=Decimal(tax), reason="known",
        tax_code=models.TaxCode.objects.get(ledger=ledger, code="DE19"), by=factories.user(), at=timezone.now(), **fields,
    )  # fmt: skip


def refund(order: Order, store_id: str = "R1", amount: str = "11.90", **fields: Any) -> Refund:
    """The order's first line given back, with its money."""
    lines = fields.pop("lines", [{}])
    made = Refund.objects.create(
        **{
            "order": order, "store_id": store_id, "amount": Decimal(amount), "currency": order.currency, "refunded_at": factories.NOON,
            "refunded_on": factories.NOON.date(), "received_at": factories.NOON,
        } | fields
    )  # fmt: skip
    for position, values in enumerate(lines):
        models.RefundLine.objects.create(
            **{
                "refund": made, "position": position, "order_line": order.lines.first(), "kind": LineKind.ITEM, "title": "Mug", "quantity": 1,
                "amount": Decimal("11.90"), "net": Decimal("10.00"), "tax": Decimal("1.90"),
            } | values
        )  # fmt: skip
    return made


def name(refund: Refund, net: str, tax: str = "0") -> models.Adjustment:
    """A line that a person named for a refund."""
    ledger = refund.order.shop.ledger
    return models.Adjustment.objects.create(
        refund=refund, account=factories.account(ledger, "Expenses:Various"), net=Decimal(net), tax=Decimal(tax), reason="known",
        tax_code=models.TaxCode.objects.get(ledger=ledger, code="DE19"), by=factories.user(), at=timezone.now(),
    )  # fmt: skip
