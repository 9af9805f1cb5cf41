"""How an approval falls: what was signed under it and not taken for sending is voided, and so is what rests on that."""

from __future__ import annotations

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from orders import changes, documents, events
from orders.models import Approval, Booking, DocumentAfter, Order, Outcome, Payout, Progress, Refund, Reviewed, State
from orders.review import records
from orders.review.refusal import Refused


def fall(approval: Approval, why: str) -> None:
    """Mark an approval as fallen; its documents are the caller's business."""
    approval.fallen_at, approval.fallen_why = timezone.now(), why[:500]
    approval.save(update_fields=["fallen_at", "fallen_why"])


def let_fall(record: Reviewed, approval: Approval, why: str, *, changed: bool) -> None:
    """The approval falls without a person: back to review, with an event. `changed`: it says something else than was approved."""
    stands = withdraw(record, why, refuse_taken=False)
    record.state = State.PENDING if record.state == State.APPROVED else record.state
    record.changed = record.changed or changed
    record.version += 1
    record.save(update_fields=["state", "changed", "version"])
    words = (
        _("The approval fell: %s; what was sent stands until it is approved again")
        if stands
        else _("The approval fell: %s")
    )
    events.record(
        record,
        "approval fell",
        order=records.order_of(record),
        before={"content": approval.content_hash},
        why=why,
        words=(words % why)[:500],
    )


def withdraw(record: Reviewed, why: str, *, refuse_taken: bool) -> bool:
    """Let the standing approval fall and void its documents that were not taken. Returns whether any document stands all the same.

    `refuse_taken`: raise Refused instead if one that was taken is not definitely refused, unless another was refused (then that one is drafted anew).
    """
    standing = records.approval_of(record)
    if not isinstance(record, (Order, Refund, Payout)):
        if refuse_taken and record.progress in changes.SENT:
            raise Refused(
                _("The store was told already, or is being told; it can no longer be undone."),
                _("Make another change that sets it right."),
            )
        if standing is not None:
            fall(standing, why)
        record.progress = Progress.NONE
        record.save(update_fields=["progress"])
        return False
    rows = Booking.objects.select_for_update(no_key=True, of=("self",)).filter(
        document__in=documents.documents_of(record)
    )
    bookings = list(rows.select_related("document").order_by("document_id"))
    sent = [row for row in bookings if row.taken_at and not row.refused_at]
    failed = any(row.refused_at and standing and row.document.approval_id == standing.pk for row in bookings)
    if refuse_taken and (
        any(row.outcome in (Outcome.UNKNOWN, Outcome.STUCK, Outcome.HANDED_OUT) for row in sent)
        or (sent and not failed)
    ):
        raise Refused(
            _("A document of it was taken for sending; it can no longer be undone."),
            _("What is booked is put right by a refund in the store, or by changing the order there."),
        )
    open_rows = [row.document_id for row in bookings if not row.taken_at and not row.voided_at and not row.refused_at]
    Booking.objects.filter(document_id__in=open_rows, taken_at=None).update(voided_at=timezone.now())
    if standing is not None:
        fall(standing, why)
    if isinstance(record, Order):
        _withdraw_refunds(record)
    return bool(sent)


def _withdraw_refunds(order: Order) -> None:
    """Refunds whose documents wait for one that will never be booked go back to review: else they would wait for ever."""
    gone = Q(after__booking__voided_at__isnull=False) | Q(after__booking__refused_at__isnull=False)
    open_ones = Q(
        document__booking__taken_at=None, document__booking__voided_at=None, document__booking__refused_at=None
    )
    vain = DocumentAfter.objects.filter(gone, open_ones, document__order=order)
    for refund in order.refunds.filter(document_sources__document__waits_for__in=vain).distinct():
        approval = records.approval_of(refund)
        if approval is not None:
            let_fall(refund, approval, _("the document that it takes back will not be booked"), changed=False)
            documents.update_progress(refund)
