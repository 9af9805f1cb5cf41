"""Takes documents for sending, in the claim's own transaction: the last look before a document leaves the office."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from django.db import connection
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from orders import periods
from orders.documents import chain, sheet, stored
from orders.documents.report import lock_owners, refuse
from orders.documents.stored import Signed
from orders.models import Booking, Document, Ledger, Numbering, NumberSeries, Order, PeriodState
from orders.outgoing import DocumentKind

Calendars = Callable[[Ledger], Callable[[date], PeriodState]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """The outcome for one document: `why` is "" if it may be sent, "voided" (undone in time) or "refused" (by the office, with words and fix).

    `signed`: what was looked at and may be sent, so that nobody need read it again; None where the office had agreed before.
    """

    document_id: int
    why: str = ""
    words: str = ""
    fix: str = ""
    signed: Signed | None = None

    @property
    def ok(self) -> bool:
        return not self.why


def take(document_ids: Sequence[int]) -> list[Taken]:
    """Lock the records, then the bookings, each in one order, refuse what was voided, erased, tampered with or lies in a closed period, and mark the rest as taken.

    Runs in the caller's transaction. A number of ours is taken here, before the first send, and kept for every later one.
    """
    lock_owners(document_ids)
    calendars = functools.cache(periods.calendar)
    told = [_take(row, calendars) for row in sorted(stored.locked(document_ids), key=_numbered)]
    _mark([taken.document_id for taken in told if taken.signed])
    return told


def _take(document: Document, calendars: Calendars) -> Taken:
    booking = document.booking
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
    return Taken(document_id=document.pk, signed=Signed(document, sheet.restored(document)))


def _mark(document_ids: Sequence[int]) -> None:
    with connection.cursor() as cursor:
        words = "UPDATE orders_booking SET taken_at = %s WHERE document_id = ANY(%s)"
        cursor.execute(words, [timezone.now(), list(document_ids)])


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


def _numbered(document: Document) -> tuple[str, date, int]:
    """Series by series, and within each as the days rise."""
    return document.kind, document.issued_on, document.pk


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
