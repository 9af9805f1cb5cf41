"""What a refund needs: an order that is approved, lines, and no more than was invoiced."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from decimal import Decimal

from django.utils.translation import gettext as _

from orders import money
from orders.documents.problem import Problem
from orders.findings import posted, sums
from orders.findings.amounts import figure, said
from orders.findings.codes import problem
from orders.incoming import PaymentStatus
from orders.models import Refund, RefundLine, Severity, State, held
from orders.money import ZERO


def order(refund: Refund) -> Iterator[Problem]:
    """Only what was invoiced, or is about to be, can be credited."""
    sold = refund.order
    if sold.state == State.APPROVED or posted.invoices(sold):
        return
    cause, number = f"order:{sold.pk}", {"number": sold.number}
    if sold.state == State.REJECTED:
        words, fix = _("Order %(number)s was rejected."), _("Reject the refund too, or reopen the order.")
    else:
        words, fix = _("Order %(number)s is not approved yet."), _("Approve the order first.")
    yield problem("order_not_approved", words % number, fix=fix, field="order", cause=cause)


def lines(refund: Refund) -> Iterator[Problem]:
    """A bare amount must be named before it can be credited."""
    named = sums.gross(sums.standing(held(refund, "adjustments")))
    if not held(refund, "lines") and refund.amount != named:
        words = _("The store gave back %s without saying for what.") % said(refund.amount, refund.currency)
        yield problem("refund_without_lines", words, field="lines", difference=refund.amount - named)


def beyond(refund: Refund) -> Iterator[Problem]:
    """All refunds together against the order's lines and its total. Within the ledger's cap it warns; adjustments of the refund name what goes beyond."""
    over = max(_over_lines(refund), _over_total(refund)) - sums.gross(sums.standing(held(refund, "adjustments")))
    if over <= ZERO:
        return
    cap = refund.order.shop.ledger.adjustment_cap * money.minor_unit(refund.currency)
    words = _("The refunds give back %s more than was invoiced.") % said(over, refund.currency)
    within = over <= cap
    fix = _("Nothing to do: approving accepts it as a refund difference.") if within else ""
    yield problem(
        "refund_beyond_invoice",
        words,
        fix=fix,
        field="amount",
        difference=over,
        severity=Severity.WARNING if within else None,
    )


def payments(refund: Refund) -> Iterator[Problem]:
    """Money that is still on its way is booked when it has gone."""
    pending = [payment for payment in held(refund, "payments") if payment.status == PaymentStatus.PENDING]
    if pending:
        amount: Decimal = money.total(payment.amount for payment in pending)
        words = _("%s are on their way back; the store has not confirmed it yet.") % said(amount, refund.currency)
        yield problem("refund_payment_pending", words, field="payments")


def currency(refund: Refund) -> Iterator[Problem]:
    """A refund is in its order's currency."""
    if refund.currency != refund.order.currency:
        words = _("The refund of %(amount)s %(theirs)s is in another currency than its order (%(ours)s).")
        values = {
            "amount": figure(refund.amount, refund.currency),
            "theirs": refund.currency,
            "ours": refund.order.currency,
        }
        yield problem(
            "currency_mismatch",
            words % values,
            field="currency",
            severity=Severity.BLOCKING,
            fix=_("Book it by hand and reject it here."),
        )


def date(refund: Refund) -> Iterator[Problem]:
    """Its day dates the credit note; without one the day on which the order was last told does."""
    if refund.refunded_on is None:
        words = _(
            "The refund does not say when it was made; its credit note bears the day on which the order was last told."
        )
        yield problem("date_missing", words, fix=_("Nothing to do."), field="refunded_on", severity=Severity.WARNING)


def changed(refund: Refund) -> Iterator[Problem]:
    """It changed after a person approved it."""
    if refund.changed:
        yield problem("changed_since_approval", _("The refund changed after it was approved, so the approval fell."))


def _over_lines(refund: Refund) -> Decimal:
    """What this refund's lines take from order lines beyond what earlier refunds left of them."""
    left = {line.pk: line.net + line.tax for line in held(refund.order, "lines")}
    for line_id, amount in _by_line(_earlier(refund)).items():
        left[line_id] -= amount
    return money.total(max(amount - max(left[line_id], ZERO), ZERO) for line_id, amount in _by_line([refund]).items())


def _over_total(refund: Refund) -> Decimal:
    """What this refund's money goes beyond what earlier refunds left of the total."""
    left = refund.order.total_due - money.total(other.amount for other in _earlier(refund))
    return max(refund.amount - max(left, ZERO), ZERO)


def _earlier(refund: Refund) -> list[Refund]:
    """The order's refunds before this one that were not rejected."""
    others = [other for other in held(refund.order, "refunds") if other.state != State.REJECTED]
    return [other for other in others if _place(other) < _place(refund)]


def _place(refund: Refund) -> tuple[str, int]:
    return (refund.refunded_at.isoformat() if refund.refunded_at else "", refund.pk)


def _by_line(refunds: Iterable[Refund]) -> dict[int, Decimal]:
    amounts: dict[int, Decimal] = defaultdict(Decimal)
    for line in (line for refund in refunds for line in held(refund, "lines")):
        if line.order_line_id is not None:
            amounts[line.order_line_id] += _gross(line)
    return amounts


def _gross(line: RefundLine) -> Decimal:
    return line.net + line.tax
