"""The sheets of money: what was paid, what gateways paid out, and what the ledger says of our documents."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from orders.incoming import PaymentKind, PaymentMethod, PaymentStatus
from orders.models import Invoice, Payment, Payout, Progress, State
from orders.outgoing import DocumentKind
from orders.resources import parts
from orders.resources.column import AMOUNT, LEDGER, OURS, STATE, Column
from orders.resources.sheet import Sheet
from orders.resources.widgets import Amount, Choice, Day, Flag, Instant, Whole


class Payments(Sheet):
    """Money of orders that moved, or tried to."""

    noun, words, model, zone = "payments", _("payments"), Payment, "order__shop__time_zone"

    id = parts.key()
    shop = Column(_("The shop."), path="order__shop__code", instead=OURS)
    order = Column(_("The order's number."), path="order__number", required=True)
    payment = Column(_("The payment's own id, as the bank or gateway gives it."), path="store_id", required=True)
    kind_of_payment = Column(
        _("What happened; a sale if left empty."),
        Choice(PaymentKind),
        title="kind",
        path="kind",
        new=True,
        instead=STATE,
    )
    status = Column(_("Whether it succeeded; success if left empty."), Choice(PaymentStatus), new=True, instead=STATE)
    method = Column(_("How it was paid; bank if left empty."), Choice(PaymentMethod), new=True)
    gateway = Column(_("Through whom."), new=True)
    processed_at = Column(_("When it was paid."), Instant(), required=True)
    amount = Column(_("How much, positive."), Amount(), required=True, instead=AMOUNT)
    currency = Column(_("Three letters; the order's own if left empty."), new=True, instead=AMOUNT)
    fee = Column(_("What the gateway kept."), Amount(), new=True, instead=AMOUNT)
    settled_amount = Column(_("What reached us, before the fee."), Amount(), instead=AMOUNT)
    settled_currency = Column(_("In which currency it reached us."), instead=AMOUNT)
    derived = Column(_("Whether it was only concluded from the order's state."), Flag())
    reason = parts.reason()
    control_number = parts.control("payments")
    control_day = parts.control_day()
    check = parts.check()


class Payouts(Sheet):
    """What gateways paid to the bank, movement by movement."""

    noun, words, model, many = "payouts", _("payouts"), Payout, "lines"

    id = parts.key()
    version = parts.version()
    shop = Column(_("The shop."), path="shop__code", instead=OURS)
    payout = Column(_("The payout's own id; rows of one are one payout."), path="store_id", required=True, once=False)
    gateway = Column(_("Who paid out."), new=True)
    paid_on = Column(_("When it reached the bank."), Day(), required=True)
    currency = Column(_("Three letters; the shop's own if left empty."), once=False, new=True, instead=AMOUNT)
    amount = Column(_("What reached the bank."), Amount(), required=True, instead=AMOUNT)
    state = Column(_("What was decided."), Choice(State), instead=STATE)
    progress = Column(_("How far its documents have come."), Choice(Progress), instead=STATE)
    line_id = Column(_("Our id of the movement."), Whole(), path="part__pk", once=False, instead=OURS)
    line_kind = Column(
        _("The movement: charge, refund, chargeback, fee or adjustment."), path="part__kind", once=False, new=True
    )
    line_amount = Column(
        _("Signed: a charge positive, a refund negative."),
        Amount(),
        path="part__amount",
        once=False,
        new=True,
        instead=AMOUNT,
    )
    line_fee = Column(
        _("What the gateway kept of it."), Amount(), path="part__fee", once=False, new=True, instead=AMOUNT
    )
    payment = Column(_("The payment's own id."), path="part__store_payment_id", once=False, new=True)
    order = Column(_("The order's number."), path="part__order_number", once=False, new=True)
    reason = parts.reason()
    control_number = parts.control("payouts")
    control_day = parts.control_day()
    check = parts.check()


class Invoices(Sheet):
    """The state of our documents in the ledger."""

    noun, words, model, zone = "invoices", _("invoices' state"), Invoice, "order__shop__time_zone"

    id = parts.key()
    shop = Column(_("The shop."), path="order__shop__code", instead=OURS)
    order = Column(_("The order's number."), path="order__number")
    reference = Column(_("Our reference of the document."), path="document__reference", required=True, instead=OURS)
    kind_of_document = Column(
        _("Which document, where several share a reference."),
        Choice(DocumentKind),
        title="kind",
        path="kind",
        new=True,
        instead=OURS,
    )
    number = Column(_("The ledger's own number."), new=True, instead=LEDGER)
    issued_on = Column(_("The document's day."), Day(), path="document__issued_on", instead=LEDGER)
    due_on = Column(_("When payment is due."), Day(), new=True, instead=LEDGER)
    state = Column(_("open, paid, voided, deleted or draft."), required=True, instead=LEDGER)
    currency = Column(_("Three letters."), instead=AMOUNT)
    net = Column(_("Without tax, as the ledger has it."), Amount(), required=True, instead=LEDGER)
    tax = Column(_("All taxes, as the ledger has them."), Amount(), required=True, instead=LEDGER)
    total = Column(_("With tax, as the ledger has it."), Amount(), required=True, instead=LEDGER)
    balance = Column(_("What is still to be paid."), Amount(), required=True, instead=LEDGER)
    read_at = Column(_("When the ledger said so."), Instant(), instead=LEDGER)
    reason = parts.reason()
    control_number = parts.control("invoices")
    control_day = parts.control_day()
    check = parts.check()
