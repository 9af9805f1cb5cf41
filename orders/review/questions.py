"""A question about a record on hold, put to one person; the answer brings the record back to review."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from orders import events, ownership, roles
from orders.models import Question, Reviewed, State, about
from orders.review import records
from orders.review.refusal import Refused, in_words

if TYPE_CHECKING:
    from django.contrib.auth.models import User


def put(record: Reviewed, of: User, *, by: User, words: str) -> Question:
    """Write the question down; the caller holds the record and its lock. Raises Refused for no words, or somebody who could not answer."""
    if not words.strip():
        raise Refused(_("Say what %s is asked.") % of)
    right = f"orders.view_{record._meta.model_name}"
    if not of.is_active or roles.is_auditor(of) or not of.has_perm(right):
        raise Refused(_("%s may not see this record, or may not answer.") % of, _("Ask somebody who may."))
    return Question.objects.create(**about(record), words=words, of=of, by=by, at=timezone.now())


def open_one(record: Reviewed) -> Question | None:
    """The question that waits for its answer."""
    return Question.objects.filter(**about(record), closed_at=None).select_related("of", "by").first()


def answer(record: Reviewed, *, by: User, words: str) -> Question:
    """Answer the open question; the record goes back to review. Raises Refused unless it is asked of this person, or the person may decide."""
    with transaction.atomic(), in_words():
        record = records.locked(record, None)
        asked = open_one(record)
        if asked is None or record.state != State.HELD:
            raise Refused(_("Nobody waits for an answer any more."))
        if not words.strip():
            raise Refused(_("Write the answer."))
        acting_for = None if by == asked.of else ownership.authority(by, ownership.shop_of(record)).acting_for
        asked.answer, asked.answered_by, asked.closed_at = words, by, timezone.now()
        asked.save(update_fields=["answer", "answered_by", "closed_at"])
        record.state, record.question, record.held_until = State.PENDING, "", None
        record.version += 1
        record.save(update_fields=["state", "question", "held_until", "version"])
        events.record(
            record,
            "answered",
            by=by,
            acting_for=acting_for,
            order=records.order_of(record),
            after={"state": record.state},
            why=words,
            words=_("Answered; back to review"),
        )
        return asked


def close(record: Reviewed) -> None:
    """The record is no longer on hold: what was asked needs no answer."""
    Question.objects.filter(**about(record), closed_at=None).update(closed_at=timezone.now())
