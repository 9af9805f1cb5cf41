"""Takes in what became of a document: the booking, the mirrored invoice, how far the record has come, and the event."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from orders import events, incoming, outgoing
from orders.documents import orders
from orders.incoming import PaymentStatus
from orders.models import Booking, Document, Invoice, Order, Outcome, Payout, Progress, RecogniseOn, Refund, State


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What the post says: booked (with what the ledger holds), refused (a definite no), stuck (a person must look), unknown, handed_out
    (a person carries it, and will tell), or waiting (nothing happened).
    """

    outcome: str
    words: str = ""
    fix: str = ""
    booked: outgoing.Booked | None = None


_PROGRESS = {
    Outcome.REFUSED: Progress.FAILED,
    Outcome.STUCK: Progress.FAILED,
    Outcome.UNKNOWN: Progress.UNKNOWN,
    Outcome.WAITING: Progress.WAITING,
    Outcome.HANDED_OUT: Progress.WAITING,
    Outcome.BOOKED: Progress.POSTED,
}
_WORST_FIRST = (Progress.FAILED, Progress.UNKNOWN, Progress.WAITING, Progress.POSTED)


def report(document: Document, told: Report) -> None:
    """Write down what became of a document. Once booked or refused it stays so: a later report changes nothing."""
    outcome = Outcome.WAITING if told.outcome == "waiting" else Outcome(told.outcome)
    with transaction.atomic():
        lock_owners([document.pk])
        booking = Booking.objects.select_for_update(no_key=True).get(document=document)
        if booking.booked_at or booking.refused_at or booking.voided_at:
            return
        before = booking.outcome
        now = timezone.now()
        booking.outcome, booking.words, booking.fix = outcome, told.words[:1000], told.fix[:500]
        if outcome != before or booking.outcome_at is None:
            booking.outcome_at = now
        if outcome == Outcome.BOOKED:
            booking.booked_at = now
            _mirror(document, told.booked)
        elif outcome == Outcome.REFUSED:
            booking.refused_at = now
        booking.save()
        if outcome != before:
            _progress(document)
            _tell(document, outcome, told)


def refuse(document: Document, *, words: str, fix: str) -> None:
    """The office itself refuses the document: it was not sent, and a person must decide."""
    report(document, Report(outcome=Outcome.REFUSED, words=words, fix=fix))


def lock_owners(document_ids: Sequence[int]) -> None:
    """Lock the orders and payouts of these documents: whoever changes a booking holds its record first, as every decision does, so that none waits in a ring."""
    mine = Document.objects.filter(pk__in=document_ids)
    orders = Order.objects.select_for_update(no_key=True).filter(pk__in=mine.values("order"))
    list(orders.order_by("pk").values_list("pk"))
    payouts = Payout.objects.select_for_update(no_key=True).filter(pk__in=mine.values("sources__payout"))
    list(payouts.order_by("pk").values_list("pk"))


def progress_of(documents: QuerySet[Document]) -> Progress:
    """How far documents have come: the worst of them; POSTED if all are booked, NONE without any.

    What was voided counts no more, nor what was refused under an approval that fell since: the next one signs it anew, or does without.
    """
    gone = Q(booking__voided_at__isnull=False) | Q(booking__refused_at__isnull=False, approval__fallen_at__isnull=False)
    found = {
        _PROGRESS[Outcome(outcome)] for outcome in documents.exclude(gone).values_list("booking__outcome", flat=True)
    }
    return next((state for state in _WORST_FIRST if state in found), Progress.NONE)


def update_progress(record: Order | Refund | Payout) -> None:
    """Set how far an approved record has come: it waits as long as a document of it is yet to fall due, and is posted if there is nothing to post."""
    state = progress_of(documents_of(record)) if record.state == State.APPROVED else Progress.NONE
    if record.state == State.APPROVED and state in (Progress.NONE, Progress.POSTED):
        state = Progress.WAITING if _owes_documents(record) else Progress.POSTED
    if state != record.progress:
        type(record)._default_manager.filter(pk=record.pk).update(progress=state, progress_at=timezone.now())
        record.progress, record.progress_at = state, timezone.now()


def documents_of(record: Order | Refund | Payout) -> QuerySet[Document]:
    """The documents that a record's approval signed: a refund's and a payout's are their own, an order's are the rest."""
    if isinstance(record, Payout):
        return Document.objects.filter(sources__payout=record)
    if isinstance(record, Refund):
        return Document.objects.filter(sources__refund=record)
    return Document.objects.filter(order=record, sources__refund=None)


def _owes_documents(record: Order | Refund | Payout) -> bool:
    """True if a document is to come: the invoice of what is not paid or shipped yet (a cancelled order never will be), money that is still on its way back."""
    if isinstance(record, Refund):
        return record.payments.filter(status=PaymentStatus.PENDING).exists()
    if isinstance(record, Payout):
        return False
    if record.shop.recognise_on == RecogniseOn.PLACED or record.cancelled_at:
        return False
    return any(not draft.due for draft in orders.plan(record).drafts)


def _progress(document: Document) -> None:
    source = document.sources.select_related("refund", "payout").first()
    owner = (source.refund or source.payout) if source is not None else None
    if owner is not None:
        update_progress(owner)
    elif document.order_id is not None:
        update_progress(Order.objects.get(pk=document.order_id))


def _mirror(document: Document, booked: outgoing.Booked | None) -> None:
    """The invoice as the ledger holds it."""
    if booked is None:
        raise ValueError(f"{document.reference} is reported as booked without what the ledger holds")
    Invoice.objects.create(
        document=document, ledger_id=document.ledger_id, order_id=document.order_id, kind=document.kind, number=booked.number,
        their_id=booked.id, state=booked.state, currency=booked.currency, net=booked.net, tax=booked.tax, total=booked.gross,
        balance=booked.balance, taxes=incoming.plain(booked.taxes), adjustments=incoming.plain(booked.adjustments), read_at=timezone.now(),
        due_on=json.loads(document.body)["due_on"],
    )  # fmt: skip


def _tell(document: Document, outcome: Outcome, told: Report) -> None:
    number = told.booked.number if told.booked else ""
    words = {
        Outcome.BOOKED: _("%(kind)s %(reference)s booked as %(number)s"),
        Outcome.REFUSED: _("%(kind)s %(reference)s refused: %(words)s"),
        Outcome.STUCK: _("%(kind)s %(reference)s is stuck: %(words)s"),
        Outcome.UNKNOWN: _("%(kind)s %(reference)s: no trustworthy answer; the ledger will be asked before anything is sent again"),
        Outcome.HANDED_OUT: _("%(kind)s %(reference)s waits for acknowledgement: %(words)s"),
        Outcome.WAITING: _("%(kind)s %(reference)s waits again: %(words)s"),
    }[outcome] % {
        "kind": document.get_kind_display().capitalize(), "reference": document.reference, "number": number, "words": told.words,
    }  # fmt: skip
    events.record(
        document,
        str(outcome.label),
        order=document.order,
        after={"outcome": outcome, "number": number},
        why=told.words,
        words=words[:500],
    )
