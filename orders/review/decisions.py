"""The other decisions: hold, reject, reopen (which is also the undo), assign."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from orders import documents, events, findings, ownership
from orders.models import Document, Order, Payout, Refund, RejectReason, Reviewed, State
from orders.review import payouts, questions, records, withdrawal
from orders.review.refusal import Refused, in_words

if TYPE_CHECKING:
    from django.contrib.auth.models import User

_CHANGED = ["state", "held_until", "question", "reject_reason", "reject_note", "decided_at", "assignee", "version"]


def hold(
    record: Reviewed,
    *,
    by: User,
    question: str = "",
    until: datetime | None = None,
    of: User | None = None,
    version: int | None = None,
) -> None:
    """Set a pending record aside, with a question (`of` somebody, whose answer brings it back) or until a moment. Raises Refused."""
    with transaction.atomic(), in_words():
        record, acting_for = _mine(record, by, version, (State.PENDING,))
        record.state, record.question, record.held_until = State.HELD, question, until
        if of is not None:
            questions.put(record, of, by=by, words=question)
        words = _("Put on hold, asking %s") % of if of else _("Put on hold")
        _save(record, "held", by, acting_for, question, words)


def reject(
    record: Reviewed, *, by: User, reason: RejectReason | str, note: str = "", version: int | None = None
) -> None:
    """Keep a record out of the books, with a reason. Raises Refused, also where a document of it stands in the books already."""
    if reason not in RejectReason.values:
        raise Refused(_("Choose one of the reasons: %s.") % ", ".join(RejectReason.values))
    with transaction.atomic(), in_words():
        record, acting_for = _mine(record, by, version, (State.PENDING, State.HELD))
        if isinstance(record, (Order, Refund, Payout)) and documents.in_books(_signed(record)):
            raise Refused(
                _("A document of it was sent to the books already."),
                _("Let the store refund it, or approve the change."),
            )
        standing = records.approval_of(record)
        if standing is not None:
            withdrawal.fall(standing, _("rejected"))
        questions.close(record)
        record.state, record.reject_reason, record.reject_note = State.REJECTED, reason, note
        record.held_until, record.question, record.decided_at = None, "", timezone.now()
        if isinstance(record, Payout):
            documents.release(record)
        _save(record, "rejected", by, acting_for, note, _("Rejected: %s") % RejectReason(reason).label)
        _tell_those_that_wait(record)


def reopen(record: Reviewed, *, by: User, why: str = "", version: int | None = None) -> None:
    """Back to review: from hold, from rejected, or from approved as long as nothing was taken for sending (the undo) or what was taken was refused.

    What is not taken is voided and never sent. Raises Refused once a document is on its way or in the books.
    """
    with transaction.atomic(), in_words():
        record, acting_for = _mine(record, by, version, (State.HELD, State.REJECTED, State.APPROVED))
        undone = record.state == State.APPROVED
        if undone:
            withdrawal.withdraw(record, _("taken back by %s") % by, refuse_taken=True)
        questions.close(record)
        record.state, record.reject_reason, record.reject_note = State.PENDING, "", ""
        record.held_until, record.question, record.decided_at = None, "", None
        _save(
            record,
            "undone" if undone else "reopened",
            by,
            acting_for,
            why,
            _("Approval taken back") if undone else _("Reopened"),
        )
        if isinstance(record, Payout):
            documents.match(record)
        records.check(record)
        if isinstance(record, (Order, Refund, Payout)):
            documents.update_progress(record)
        _tell_those_that_wait(record)


def wake(record: Reviewed) -> None:
    """Back to review because the moment until which it was held has come; the system's own doing. Nothing if it is not so."""
    with transaction.atomic():
        record = records.locked(record, None)
        if record.state != State.HELD or record.held_until is None or record.held_until > timezone.now():
            return
        questions.close(record)
        record.state, record.held_until = State.PENDING, None
        record.version += 1
        record.save(update_fields=_CHANGED)
        events.record(record, "woken", order=records.order_of(record), words=_("The hold is over"))


def assign(record: Reviewed, user: User | None, *, by: User, version: int | None = None) -> None:
    """Give a record to a person (None: back to the owner). Raises Refused."""
    with transaction.atomic(), in_words():
        record, acting_for = _mine(record, by, version, tuple(State))
        if user is not None and not user.is_active:
            raise Refused(_("%s is deactivated.") % user, _("Choose somebody who can sign in."))
        record.assignee = user
        _save(record, "assigned", by, acting_for, "", _("Assigned to %s") % (user or _("the owner")))


def _mine(
    record: records.Record, by: User, version: int | None, states: tuple[State, ...]
) -> tuple[records.Record, User | None]:
    """The locked record if the person may decide on it and it is in one of the states, and whom the person acts for."""
    record = records.locked(record, version)
    authority = ownership.authority(by, ownership.shop_of(record))
    if record.state not in states:
        raise Refused(
            _("This is %(state)s; that can only be done with what is %(states)s.")
            % {"state": record.get_state_display(), "states": ", ".join(str(state.label) for state in states)}
        )
    return record, authority.acting_for


def _save(record: Reviewed, verb: str, by: User, acting_for: User | None, why: str, words: str) -> None:
    record.version += 1
    record.save(update_fields=_CHANGED)
    events.record(
        record,
        verb,
        by=by,
        acting_for=acting_for,
        order=records.order_of(record),
        after={"state": record.state},
        why=why,
        words=words,
    )


def _tell_those_that_wait(record: Reviewed) -> None:
    """An order's refunds look at it again, and its possible duplicates once this is committed: they are locked by themselves, never in a ring."""
    records.check_refunds(record)
    payouts.follow(record)
    if isinstance(record, Order):
        transaction.on_commit(lambda: findings.recheck(record.shop.ledger, f"order:{record.pk}"))


def _signed(record: Order | Refund | Payout) -> list[Document]:
    return list(documents.documents_of(record).select_related("booking"))
