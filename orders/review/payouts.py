"""Lets payouts follow their payments: what is decided of an order decides whether its money can leave the clearing account."""

from __future__ import annotations

from functools import partial

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from orders import documents
from orders.models import DocumentAfter, Payout, Reviewed, State
from orders.review import records, withdrawal

_FOLLOWING = (State.PENDING, State.HELD, State.APPROVED)


def follow(record: Reviewed) -> None:
    """Once this is committed, the payouts that hold payments of the order look at them again: locked by themselves, never in a ring."""
    order = records.order_of(record)
    if order is not None:
        transaction.on_commit(partial(_follow, order.pk))


def _follow(order: int) -> None:
    mine = Payout.objects.filter(lines__payment__order=order, state__in=_FOLLOWING)
    for pk in sorted(set(mine.values_list("pk", flat=True))):
        with transaction.atomic():
            look_again(Payout.objects.select_for_update(no_key=True).get(pk=pk))


def look_again(payout: Payout) -> None:
    """Find everything about it anew; one whose journal was not sent yet goes back to review where a payment in it is no longer what it was."""
    records.check(payout)
    approval = records.approval_of(payout)
    if approval is None or payout.state != State.APPROVED or not _unsent(payout):
        return
    if payout.blockers or _waits_in_vain(payout):
        withdrawal.let_fall(payout, approval, _("a payment in it is no longer what it was"), changed=False)
        records.check(payout)
        documents.update_progress(payout)


def _unsent(payout: Payout) -> bool:
    untouched = {"booking__taken_at": None, "booking__voided_at": None, "booking__refused_at": None}
    return documents.documents_of(payout).filter(**untouched).exists()


def _waits_in_vain(payout: Payout) -> bool:
    gone = Q(after__booking__voided_at__isnull=False) | Q(after__booking__refused_at__isnull=False)
    return DocumentAfter.objects.filter(
        gone, document__in=documents.documents_of(payout), document__booking__voided_at=None
    ).exists()
