"""What a payout needs: movements that make its amount, each of a payment that is known."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from orders import money
from orders.documents.problem import Problem
from orders.findings import sums
from orders.findings.amounts import figure, said
from orders.findings.codes import problem
from orders.models import Payout

OF_PAYMENTS = frozenset({"charge", "refund", "chargeback"})


def remainder(payout: Payout) -> Iterator[Problem]:
    """The amount is Σ (movements − fees), and what a person named."""
    made: Decimal = money.total(line.amount - line.fee for line in payout.lines.all())
    made += sums.gross(sums.standing(payout.adjustments.all()))
    if payout.amount != made:
        words = _(
            "The payout is %(difference)s %(more)s than its movements less fees make (%(stated)s against %(made)s)."
        ) % {
            "difference": said(abs(payout.amount - made), payout.currency),
            "more": _("more") if payout.amount > made else _("less"),
            "stated": figure(payout.amount, payout.currency),
            "made": figure(made, payout.currency),
        }
        yield problem("payout_remainder", words, field="amount", difference=payout.amount - made)


def unmatched(payout: Payout) -> Iterator[Problem]:
    """Movements of payments that are not known here, in one finding."""
    lost = [line for line in payout.lines.all() if line.kind in OF_PAYMENTS and line.payment_id is None]
    if lost:
        words = ngettext(
            "%(count)d movement over %(amount)s belongs to no known payment: %(names)s.",
            "%(count)d movements over %(amount)s belong to no known payment: %(names)s.",
            len(lost),
        ) % {
            "count": len(lost),
            "amount": said(money.total(line.amount for line in lost), payout.currency),
            "names": ", ".join(line.order_number or line.store_payment_id or f"#{line.position}" for line in lost),
        }
        yield problem("payout_unmatched", words, field="lines")
