"""Takes documents for sending, in the claim's own transaction: the last look before a document leaves the office."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Max, Prefetch
from django.utils import timezone
from django.utils.translation import gettext as _

from orders import outgoing, periods
from orders.documents import chain, sheet
from orders.documents.report import lock_owners, refuse
from orders.models import Booking, Document, Ledger, Numbering, NumberSeries, Order, PeriodState
from orders.outgoing import DocumentKind

Calendars = Callable[[Ledger], Callable[[date], PeriodState]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """The outcome for one document: `why` is "" if it may be sent, "voided" (undone in time) or "refused" (by the office, with words and fix)."""

    document_id: int
    why: str = ""
    words: str = ""
    fix: str = ""

    @property
    def ok(self) -> bool:
        return not self.why


def take(document_ids: Sequence[int]) -> list[Taken]:
    """Lock the records, then the bookings, each in one order, refuse what was voided, erased, tampered with or lies in a closed period, and mark the rest as taken.

    Runs in the caller's transaction. A number of ours is taken here, before the first send, and kept for every later one.
    """
    lock_owners(document_ids)
    rows = Booking.objects.select_for_update(no_key=True, of=("self",)).filter(document_id__in=document_ids)
    rows = rows.select_related("document__ledger").prefetch_related(Prefetch("document__lines", chain.LINES.queryset))
    calendars = functools.cache(periods.calendar)
    told = [(row, _take(row, calendars)) for row in sorted(rows.order_by("document_id"), key=_numbered)]
    _mark([row for row, taken in told if taken.ok and row.taken_at is None])
    return [taken for _row, taken in told]


def to_send(document_ids: Iterable[int]) -> dict[int, Document]:
    """The documents with all that `outgoing_of` looks at, by their ids."""
    return Document.objects.select_related("booking").prefetch_related(chain.LINES).in_bulk(document_ids)


def outgoing_of(document: Document) -> outgoing.Document:
    """The document as a ledger is given it. Raises chain.Tampered if it is not what was signed."""
    if not chain.intact(document):
        raise chain.Tampered(document.reference)
    return sheet.restored(document)


def _take(booking: Booking, calendars: Calendars) -> Taken:
    document = booking.document
    if booking.voided_at is not None:
        return Taken(document_id=document.pk, why="voided")
    if booking.refused_at is not None:
        return Taken(document_id=document.pk, why="refused", words=booking.words, fix=booking.fix)
    if booking.taken_at is not None:  # a retry: the office has agreed already
        return Taken(document_id=document.pk)
    objection = _objection(document, calendars)
    if objection is not None:
        words, fix = objection
        refuse(document, words=words, fix=fix)
        return Taken(document_id=document.pk, why="refused", words=words, fix=fix)
    if not booking.number and (number := _number(document)):
        booking.number = number
        booking.save(update_fields=["number"])  # at once: the next of its series looks at it
    return Taken(document_id=document.pk)


def _mark(bookings: Sequence[Booking]) -> None:
    Booking.objects.filter(pk__in=[booking.pk for booking in bookings]).update(taken_at=timezone.now())


def _objection(document: Document, calendars: Calendars) -> tuple[str, str] | None:
    """Why the document may not leave: words and fix; None if it may."""
    if not document.personal:
        return _("Its persons were erased before it was sent."), _("Reject the order.")
    if not chain.intact(document):
        return _("What stands in the database is not what was signed."), _(
            "Call the IT lead: the chain of documents is broken here."
        )
    if calendars(document.ledger)(document.posting_on) == PeriodState.CLOSED:
        words = _("%(day)s lies in a period that was closed after the approval.") % {"day": document.posting_on}
        try:
            day = periods.first_open_day(document.ledger, document.posting_on)
        except periods.Refused as none:
            return words, none.words
        return words, _("Reopen it and post on the first open day (%s).") % day
    if document.ledger.numbering == Numbering.OURS and (last := _last_day(document)) and document.issued_on < last:
        return (
            _("Numbers must rise with dates: a document of %(last)s has its number already, this one is of %(day)s.")
            % {"last": last, "day": document.issued_on},
            _("Approve it again: it is then issued today and keeps its tax and posting dates."),
        )
    return None


def _numbered(booking: Booking) -> tuple[str, date, int]:
    """Series by series, and within each as the days rise."""
    return booking.document.kind, booking.document.issued_on, booking.document_id


def _last_day(document: Document) -> date | None:
    """The day of the series' last number; under the series' lock, so that no other document takes a number meanwhile."""
    _series(document)
    numbered = Document.objects.filter(ledger=document.ledger, kind=document.kind).exclude(booking__number="")
    last: date | None = numbered.aggregate(last=Max("issued_on"))["last"]
    return last


def _number(document: Document) -> str:
    """The next number of our own series, or the one that a refused revision has left; the store's where it numbers, "" where the ledger does."""
    if document.ledger.numbering == Numbering.STORE:
        invoices = (DocumentKind.INVOICE, DocumentKind.RECEIPT)
        mine = Order.objects.filter(pk__in=[document.order_id] if document.kind in invoices else [])
        return mine.values_list("store_invoice_number", flat=True).first() or ""
    if document.ledger.numbering != Numbering.OURS:
        return ""
    numbered = Booking.objects.filter(document__ledger=document.ledger, document__key=document.key).exclude(number="")
    before = numbered.order_by("-document__revision").first()
    if before is not None and before.refused_at is not None:
        return before.number
    series = _series(document)
    number = series.pattern.format(number=series.next_number)
    NumberSeries.objects.filter(pk=series.pk).update(next_number=series.next_number + 1)
    return number


def _series(document: Document) -> NumberSeries:
    """The document's series, locked."""
    rows = NumberSeries.objects.select_for_update(no_key=True)
    return rows.get_or_create(ledger=document.ledger, kind=document.kind)[0]
