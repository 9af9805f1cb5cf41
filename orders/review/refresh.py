"""After any change of data: the findings anew, and whether the approval still holds; what has fallen due under it is signed."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from orders import documents, events
from orders.incoming import PaymentKind, PaymentStatus
from orders.models import Approval, Order, Payout, Refund, Reviewed, State
from orders.review import payouts, records, withdrawal


def refresh(record: Reviewed, *, why: str = "") -> None:
    """Bring a record up to date with its data, within the caller's transaction, which holds the record's lock.

    Another content than was approved lets the approval fall: what was not taken is voided, and what was taken stands until the next approval takes it
    back by a credit note. The same content keeps the approval and signs what has become due, unless a finding blocks it or it exceeds what was approved.
    """
    with transaction.atomic():
        if isinstance(record, Order) and record.state == State.REJECTED and _paid_since(record):
            _back_to_review(record)
        approval = records.approval_of(record)
        decided = approval is not None
        plan = records.plan_of(record) if approval is not None else None
        if approval is not None and plan is not None and plan.content_hash != approval.content_hash:
            withdrawal.let_fall(record, approval, why or _("the store changed it"), changed=True)
            approval = None
        records.check(record, plan if approval is not None else None)
        if approval is not None and plan is not None and record.state == State.APPROVED and records.complete(approval):
            _sign_due(record, plan, approval)
        if isinstance(record, (Order, Refund, Payout)):
            documents.update_progress(record)
        if decided:
            payouts.follow(record)
        if isinstance(record, Order):
            for refund in record.refunds.all():
                refresh(refund, why=why)


def _paid_since(order: Order) -> bool:
    """True if money came in for a rejected order after it was rejected: then rejecting it is no longer the whole truth."""
    came_in = order.payments.filter(
        kind__in=[PaymentKind.SALE, PaymentKind.CAPTURE], status=PaymentStatus.SUCCESS, amount__gt=0
    )
    return order.decided_at is not None and came_in.filter(processed_at__gt=order.decided_at).exists()


def _back_to_review(order: Order) -> None:
    order.state, order.reject_reason, order.reject_note, order.decided_at = State.PENDING, "", "", None
    order.version += 1
    order.save(update_fields=["state", "reject_reason", "reject_note", "decided_at", "version"])
    events.record(order, "reopened", after={"state": order.state}, words=_("It was paid after it was rejected"))


def _sign_due(record: Reviewed, plan: documents.Plan, approval: Approval) -> None:
    """Sign under the same approval what has fallen due since; else back to review. After a refusal nothing is signed until a person has decided."""
    owner = records.owner_of(record)
    if owner is None or not plan.to_sign or approval.documents.filter(booking__refused_at__isnull=False).exists():
        return
    too_much = any(draft.document.gross > abs(approval.amount) for draft in plan.to_sign)
    if record.blockers or too_much:
        why = (
            _("what has fallen due exceeds what was approved")
            if too_much
            else _("something fell due that needs a decision")
        )
        withdrawal.let_fall(record, approval, why, changed=False)
        records.check(record)
        return
    signed = documents.sign(owner, plan, approval=approval, not_before=timezone.now(), automatic=True)
    references = [item.reference for item in signed]
    events.record(
        record, "signed automatically", order=records.order_of(record), after={"documents": references, "approval": approval.pk},
        words=_("Fell due under the standing approval: %s") % ", ".join(f"{item.get_kind_display()} {item.reference}" for item in signed),
    )  # fmt: skip
