"""The sheets of what was sold and given back: a row per line, and what belongs to the whole order or refund in its first row only."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from orders.incoming import FulfilmentState, LineKind, PaymentState, TaxTreatment
from orders.models import LineTax, Order, Progress, Refund, RefundLineTax, State
from orders.resources import parts
from orders.resources.column import AMOUNT, OURS, QUANTITY, STATE, Column
from orders.resources.sheet import Chunk, Sheet
from orders.resources.widgets import Amount, Choice, Day, Flag, Instant, Number, Whole


class Orders(Sheet):
    """Orders with their lines."""

    noun, words, model = "orders", _("orders with lines"), Order
    zone, many, kept = "shop__time_zone", "lines", Q(removed=False)

    id = parts.key()
    version = parts.version()
    shop = Column(_("The shop."), path="shop__code", instead=OURS)
    number = Column(_("The order's number; rows of one number are one order."), required=True, once=False)
    placed_on = Column(_("The shop's day of the order."), Day(), once=False, new=True)
    placed_at = Column(_("When it was placed."), Instant(), new=True)
    currency = Column(_("Three letters; the shop's own if left empty."), once=False, new=True, instead=AMOUNT)
    state = Column(_("What was decided."), Choice(State), instead=STATE)
    progress = Column(_("How far its documents have come."), Choice(Progress), instead=STATE)
    customer_name = Column(_("The buyer."), target="order", new=True)
    email = Column(_("The buyer's e-mail."), target="order", new=True)
    company = Column(_("The buyer's company."), target="order", new=True)
    vat_id = Column(_("The buyer's VAT id as at purchase."), target="order", new=True)
    tax_treatment = Column(_("Why it is taxed as it is."), Choice(TaxTreatment), target="order", new=True)
    tax_country = Column(_("Whose tax it is, two letters."), target="order", new=True)
    exempt_reason = Column(_("Why no tax is due."), target="order", new=True)
    po_number = Column(_("The buyer's own order number."), target="order", new=True)
    terms = Column(_("Terms of payment."), target="order", new=True)
    due_on = Column(_("When payment is due."), Day(), target="order", new=True)
    locals().update(parts.address("billing", "billing__", correctable=True, whose=_("Bill to: {part}.")))
    locals().update(parts.address("shipping", "shipping__", correctable=True, whose=_("Ship to: {part}.")))
    tax_included = Column(_("Whether line amounts contain their taxes."), Flag(), new=True, instead=AMOUNT)
    total = Column(_("What the buyer owes, tax included."), Amount(), required=True, instead=AMOUNT)
    taken_off = Column(_("Redeemed gift cards that the store took off the total."), Amount(), instead=AMOUNT)
    total_due = Column(_("Total and what was taken off."), Amount(), instead=AMOUNT)
    subtotal = Column(_("The store's subtotal."), Amount(), instead=AMOUNT)
    discount_total = Column(_("The store's sum of discounts."), Amount(), instead=AMOUNT)
    shipping_total = Column(_("The store's sum of shipping."), Amount(), instead=AMOUNT)
    tax_total = Column(_("The store's sum of taxes."), Amount(), new=True, instead=AMOUNT)
    refunded_total = Column(_("The store's sum of refunds."), Amount(), instead=AMOUNT)
    payment_state = Column(_("What the store says of its money."), Choice(PaymentState), new=True, instead=STATE)
    fulfilment_state = Column(_("What the store says of its parcels."), Choice(FulfilmentState), instead=STATE)
    store_state = Column(_("The store's own word."), instead=STATE)
    cancelled_at = Column(_("When it was cancelled in the store."), Instant(), instead=STATE)
    test = Column(_("Whether it is a test order."), Flag(), instead=STATE)
    channel = Column(_("Where it was sold."), new=True)
    store_invoice_number = Column(_("The number of the store's own invoice."), new=True)
    line_id = Column(_("Our id of the line."), Whole(), path="part__pk", once=False, instead=OURS)
    line_kind = Column(
        _("What the line stands for; an item if left empty."),
        Choice(LineKind),
        path="part__kind",
        target="line",
        field="kind",
        once=False,
        new=True,
    )
    line_sku = Column(_("The item's SKU."), path="part__sku", target="line", field="sku", once=False, new=True)
    line_title = Column(_("What was sold."), path="part__title", once=False, new=True)
    line_quantity = Column(
        _("How many; one if left empty."),
        Number(),
        path="part__quantity",
        once=False,
        new=True,
        instead=QUANTITY,
    )
    line_unit_price = Column(
        _("The price of one."), Number(), path="part__unit_price", once=False, new=True, instead=AMOUNT
    )
    line_discount = Column(
        _("What was taken off the line's amount already."),
        Amount(),
        path="part__discount",
        once=False,
        new=True,
        instead=AMOUNT,
    )
    line_amount = Column(
        _("What the line costs after its discounts; with tax if line amounts contain it."),
        Amount(),
        path="part__amount",
        required=True,
        once=False,
        instead=AMOUNT,
    )
    line_net = Column(_("The line without tax."), Amount(), path="part__net", once=False, instead=AMOUNT)
    line_tax = Column(_("All taxes of the line."), Amount(), path="part__tax", once=False, instead=AMOUNT)
    locals().update(parts.tax_columns())
    reason = parts.reason()
    control_number = parts.control("orders")
    control_day = parts.control_day()
    check = parts.check()

    def worked_out(self, chunk: Chunk) -> dict[str, dict[Any, Any]]:
        return parts.taxes(LineTax, chunk)


class Refunds(Sheet):
    """Refunds with their lines."""

    noun, words, model = "refunds", _("refunds"), Refund
    zone, many = "order__shop__time_zone", "lines"

    id = parts.key()
    version = parts.version()
    shop = Column(_("The shop."), path="order__shop__code", instead=OURS)
    order = Column(_("The order's number."), path="order__number", required=True, once=False)
    refund = Column(
        _("The refund's own id or number; rows of one are one refund."), path="store_id", required=True, once=False
    )
    refunded_on = Column(_("The shop's day of the refund."), Day(), once=False, new=True)
    refunded_at = Column(_("When it was given back."), Instant(), new=True)
    currency = Column(_("Three letters; the order's own if left empty."), once=False, new=True, instead=AMOUNT)
    amount = Column(_("The money that goes back."), Amount(), required=True, instead=AMOUNT)
    refund_reason = Column(_("Why, as the store says."), path="reason", new=True)
    state = Column(_("What was decided."), Choice(State), instead=STATE)
    progress = Column(_("How far its documents have come."), Choice(Progress), instead=STATE)
    line_id = Column(_("Our id of the line."), Whole(), path="part__pk", once=False, instead=OURS)
    line_kind = Column(_("What is given back."), Choice(LineKind), path="part__kind", once=False, new=True)
    line_sku = Column(_("The item's SKU."), path="part__order_line__sku", once=False, new=True)
    line_title = Column(_("What is given back, in words."), path="part__title", once=False, new=True)
    line_quantity = Column(
        _("How many come back."), Number(), path="part__quantity", once=False, new=True, instead=QUANTITY
    )
    line_amount = Column(
        _("What is given back for the line; with tax if the order's line amounts contain it."),
        Amount(),
        path="part__amount",
        once=False,
        new=True,
        instead=AMOUNT,
    )
    line_net = Column(_("The line without tax."), Amount(), path="part__net", once=False, instead=AMOUNT)
    line_tax = Column(_("All taxes of the line."), Amount(), path="part__tax", once=False, instead=AMOUNT)
    locals().update(parts.tax_columns())
    reason = parts.reason()
    control_number = parts.control("refunds")
    control_day = parts.control_day()
    check = parts.check()

    def worked_out(self, chunk: Chunk) -> dict[str, dict[Any, Any]]:
        return parts.taxes(RefundLineTax, chunk)
