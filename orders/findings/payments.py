"""Do the payments fit what is due?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from django.utils.translation import gettext as _

from orders import money
from orders.documents.problem import Problem
from orders.findings.amounts import figure, said
from orders.findings.codes import problem
from orders.incoming import PaymentKind, PaymentState, PaymentStatus
from orders.models import Order, Payment, held

INWARD = frozenset({PaymentKind.SALE, PaymentKind.CAPTURE})


def paid(order: Order) -> Iterator[Problem]:
    """Payments beyond what is due, or below it although the store says paid."""
    received = received_by(order)
    if not received:
        return
    amount = money.total(payment.amount for payment in received)
    too_little = amount < order.total_due and order.payment_state == PaymentState.PAID
    if amount > order.total_due or too_little:
        words = _("The payments make %(difference)s %(more)s than is due (%(paid)s against %(due)s).") % {
            "difference": said(abs(amount - order.total_due), order.currency),
            "more": _("less") if too_little else _("more"),
            "paid": figure(amount, order.currency),
            "due": figure(order.total_due, order.currency),
        }
        yield problem("paid_differs", words, field="payments", difference=amount - order.total_due)


def received_by(order: Order) -> list[Payment]:
    """What came in for the order, in its currency."""
    return [payment for payment in succeeded(held(order, "payments"), INWARD) if payment.currency == order.currency]


def succeeded(payments: Iterable[Payment], kinds: frozenset[PaymentKind]) -> list[Payment]:
    """Those of these kinds that moved money."""
    return [payment for payment in payments if payment.kind in kinds and payment.status == PaymentStatus.SUCCESS]


def has_money(order: Order) -> bool:
    """True if money came in, by the payments or by what the store says of them."""
    said_so = {PaymentState.PAID, PaymentState.PARTIALLY_PAID, PaymentState.PARTIALLY_REFUNDED, PaymentState.REFUNDED}
    came_in: Decimal = money.total(payment.amount for payment in succeeded(held(order, "payments"), INWARD))
    return bool(came_in) or order.payment_state in said_so
