"""Taking back what was posted: credit notes and money the other way round, signed like everything else; a ledger never loses a document."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from orders import documents, events, findings, incoming, ownership
from orders.models import Approval, Ledger, Order, State
from orders.review import payouts, records, withdrawal
from orders.review.refusal import Refused, in_words

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from orders.documents import Undo


def undo_plan(order: Order) -> Undo:
    """What undoing the order would sign now, and what is in the way."""
    with findings.in_office_language():  # its words are kept in documents
        return documents.undo(Order.objects.select_related("shop__ledger").get(pk=order.pk))


def undo(order: Order, *, by: User, why: str, version: int | None = None) -> Approval:
    """Sign what takes all documents of the order back, and set the order on hold, so that nobody books it again by mistake.

    Raises Refused: without a reason, not the owner or a deputy, nothing in the books, something in the way of one document (then nothing is done), or
    above the four-eyes limit by whoever approved it.
    """
    if not why.strip():
        raise Refused(_("Say why it is taken back: the reason stands in the history."))
    with transaction.atomic(), in_words():
        order = records.locked(order, version)
        seen = undo_plan(order)
        authority = ownership.authority(by, order.shop, amount=seen.plan.amount)
        _refuse_impossible(order, seen)
        _refuse_two_eyes(order, order.shop.ledger, by, seen.plan.amount)
        withdrawal.withdraw(order, _("taken back by %s") % by, refuse_taken=False)
        plan = undo_plan(order).plan  # what was not sent is void by now
        approval = _signed(order, plan, by, authority.acting_for, why)
        _set_aside(order, why)
        references = [item.reference for item in approval.documents.order_by("n")]
        events.record(
            order, "taken back", by=by, acting_for=authority.acting_for, order=order, why=why, after={"state": order.state, "documents": references},
            words=(_("Taken back out of the books: %s") % (", ".join(references) or _("nothing was sent yet")))[:500],
        )  # fmt: skip
        records.check(order)
        documents.update_progress(order)
        records.check_refunds(order)
        payouts.follow(order)
        return approval


def _refuse_impossible(order: Order, seen: Undo) -> None:
    if not seen.steps:
        raise Refused(_("Nothing of it stands in the books."), _("Reopen it instead, or reject it."))
    if seen.blocks:
        raise Refused(seen.blocks[0].words, seen.blocks[0].fix)


def _refuse_two_eyes(order: Order, ledger: Ledger, by: User, amount: Decimal) -> None:
    """Above the limit whoever approved it last does not take it back: two people have seen what happens in the books."""
    limit = ledger.four_eyes_limit
    last = Approval.objects.filter(order=order).order_by("-at").first()
    if limit is not None and amount > limit and last is not None and by.pk in (last.by_id, last.second_by_id):
        raise Refused(
            _("You approved it, and above the four-eyes limit another person takes it back."),
            _("Ask another person who may approve it."),
        )


def _signed(order: Order, plan: documents.Plan, by: User, acting_for: User | None, why: str) -> Approval:
    """The signature under the way back. It has fallen from the start: it is no approval of what the order says."""
    now = timezone.now()
    approval = Approval.objects.create(
        order=order, content_hash=plan.content_hash, content=incoming.canonical(plan.content), amount=plan.amount, currency=plan.currency,
        by=by, acting_for=acting_for, at=now, note=why[:500], fallen_at=now, fallen_why=_("taken back"),
    )  # fmt: skip
    documents.sign(order, plan, approval=approval, not_before=now)
    return approval


def _set_aside(order: Order, why: str) -> None:
    order.state, order.held_until, order.decided_at = State.HELD, None, timezone.now()
    order.question = (_("Taken back out of the books: %s") % why)[:500]
    order.changed = False
    order.version += 1
    order.save(update_fields=["state", "held_until", "decided_at", "question", "changed", "version"])
