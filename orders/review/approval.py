"""Approving: a person signs what the record says, and the documents due are drafted, frozen and chained in the same transaction."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from orders import documents, events, incoming, ownership
from orders.models import Approval, Ledger, Order, Payout, Refund, Reviewed, Severity, State, about
from orders.review import payouts, records, withdrawal
from orders.review.refusal import Refused, in_words

if TYPE_CHECKING:
    from django.contrib.auth.models import User


def approve(record: Reviewed, *, by: User, version: int | None = None, note: str = "") -> Approval:
    """Approve what the record says now; for an amount above the ledger's four-eyes limit the second call, by another person, completes it.

    Raises Refused in words: not the owner or a deputy (superusers too), a blocking finding, another version than `version`, the corrector himself
    where that is forbidden, or a record that is not pending.
    """
    try:
        return _approved(record, by, version, note)
    except Blocked:
        with transaction.atomic():
            records.check(records.locked(record, None))  # what was found stands, that the queue may show it
        raise


class Blocked(Refused):
    """A finding is in the way."""


def _approved(record: Reviewed, by: User, version: int | None, note: str) -> Approval:
    with transaction.atomic(), in_words():
        record = records.locked(record, version)
        if record.state != State.PENDING:
            raise Refused(_("Only what is pending can be approved; this is %s.") % record.get_state_display())
        plan = records.plan_of(record)
        records.check(record, plan)
        _refuse_blocked(record)
        shop = ownership.shop_of(record)
        authority = ownership.authority(by, shop, amount=plan.amount)
        _refuse_corrector(record, shop.ledger, by)
        approval = _first_or_second(record, plan, shop.ledger, by, authority.acting_for, note)
        if records.complete(approval):
            _complete(record, plan, approval, shop.ledger)
        else:
            type(record)._default_manager.filter(pk=record.pk).update(version=record.version + 1)
        _tell(record, approval, by, authority.acting_for, note)
        return approval


def _refuse_blocked(record: Reviewed) -> None:
    if record.blockers:
        finding = getattr(record, "findings").filter(severity=Severity.BLOCKING).first()  # noqa: B009
        raise Blocked(finding.words, finding.fix)


def _refuse_corrector(record: Reviewed, ledger: Ledger, by: User) -> None:
    if ledger.corrector_may_not_approve and records.corrections_by(record, by.pk):
        raise Refused(
            _("You corrected it, and in this ledger whoever corrected a record may not approve it."),
            _("Ask another person to approve it."),
        )


def _first_or_second(
    record: Reviewed, plan: documents.Plan, ledger: Ledger, by: User, acting_for: User | None, note: str
) -> Approval:
    """The new approval, or the waiting one with its second pair of eyes."""
    waiting = records.approval_of(record)
    if waiting is not None and waiting.content_hash == plan.content_hash and not records.complete(waiting):
        if waiting.by_id == by.pk:
            raise Refused(
                _("You have approved it already; above this amount a second person must."),
                _("Ask another person to approve it."),
            )
        waiting.second_by, waiting.second_at = by, timezone.now()
        waiting.save(update_fields=["second_by", "second_at"])
        return waiting
    if waiting is not None:
        withdrawal.fall(waiting, _("approved anew"))
    limit = ledger.four_eyes_limit
    return Approval.objects.create(
        **about(record), content_hash=plan.content_hash, content=incoming.canonical(plan.content), amount=plan.amount,
        currency=plan.currency, by=by, acting_for=acting_for, at=timezone.now(), note=note,
        needs_second=limit is not None and abs(plan.amount) > limit,
    )  # fmt: skip


def _complete(record: Reviewed, plan: documents.Plan, approval: Approval, ledger: Ledger) -> None:
    now, was_changed = timezone.now(), record.changed
    record.state, record.changed, record.decided_at = State.APPROVED, False, now
    record.held_until, record.question = None, ""
    record.version += 1
    record.save(update_fields=["state", "changed", "decided_at", "held_until", "question", "version"])
    owner = records.owner_of(record)
    if owner is None:
        return
    documents.sign(owner, plan, approval=approval, not_before=now + timedelta(seconds=ledger.undo_seconds))
    if isinstance(record, (Order, Refund, Payout)):
        documents.update_progress(record)
    if was_changed:
        records.check(record)
    records.check_refunds(record)
    payouts.follow(record)


def _tell(record: Reviewed, approval: Approval, by: User, acting_for: User | None, note: str) -> None:
    words = (
        _("Approved: %(amount)s %(currency)s")
        if records.complete(approval)
        else _("Approved by the first of two: %(amount)s %(currency)s")
    )
    events.record(
        record, "approved", by=by, acting_for=acting_for, order=records.order_of(record), why=note,
        after={"content": approval.content_hash, "documents": [item.reference for item in approval.documents.all()]},
        words=words % {"amount": f"{approval.amount.normalize():f}", "currency": approval.currency},
    )  # fmt: skip
