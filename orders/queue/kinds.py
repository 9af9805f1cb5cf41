"""The kinds of record that are decided at the desk, and by which names their tables know the same things."""

from __future__ import annotations

from decimal import Decimal

from orders.models import CustomerChange, Order, Payout, Refund, StockAdjustment

Decided = Order | Refund | Payout | StockAdjustment | CustomerChange
"""What the queue holds."""
KINDS: dict[str, type[Decided]] = {
    "order": Order,
    "refund": Refund,
    "payout": Payout,
    "stockadjustment": StockAdjustment,
    "customerchange": CustomerChange,
}
CHANGES = ("stockadjustment", "customerchange")  # approved without documents: what they are worth is no money
MOMENT = {"order": "placed_at", "refund": "refunded_at", "payout": "paid_on"} | dict.fromkeys(CHANGES, "id")
AMOUNT = {"order": "total_due", "refund": "amount", "payout": "amount"}
SHOP = {"order": "shop", "refund": "order__shop", "payout": "shop", "stockadjustment": "shop"}
SHOP["customerchange"] = "customer__shop"
_FIELD = {"stockadjustment": "stock_adjustment", "customerchange": "customer_change"}  # of what is about it
OWNER = {
    "order": "document__order",
    "refund": "document__sources__refund",
    "payout": "document__sources__payout",
}  # of a booking


def field_of(kind: str) -> str:
    """The field that names such a record in what is about it."""
    return _FIELD.get(kind, kind)


def amount(record: Decided) -> Decimal:
    """What the record is worth: the total due of an order, the money that goes back of a refund, the deposit of a payout; nothing of a change."""
    if isinstance(record, (StockAdjustment, CustomerChange)):
        return Decimal(0)
    return record.total_due if isinstance(record, Order) else record.amount
