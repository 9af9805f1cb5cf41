"""What became of signed documents in the ledger."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from django.utils.translation import gettext as _

from orders import money
from orders.documents import sheet
from orders.documents.problem import Problem
from orders.findings.amounts import figure
from orders.findings.codes import problem
from orders.models import Document, Invoice, Order, Outcome, held
from orders.outgoing import DocumentKind

GONE = frozenset({"voided", "deleted"})


def invoices(order: Order) -> list[Document]:
    """The order's invoices that were taken for sending and neither refused nor taken back: they stand, whatever the store says now."""
    rows = held(order, "documents")
    back = sheet.backs(rows)
    sent = [row for row in rows if row.kind == DocumentKind.INVOICE and _was_sent(row)]
    return [row for row in sent if (row.key, row.revision) not in back]


def ledger(order: Order) -> Iterator[Problem]:
    """What is booked should stay as it was booked."""
    yield from altered(held(order, "documents"))


def altered(documents: Iterable[Document]) -> Iterator[Problem]:
    """Those of the documents that the ledger now holds otherwise than they were booked."""
    for document in documents:
        invoice = getattr(document, "invoice", None)
        if invoice is not None:
            yield from _as_booked(document, invoice)


def failures(order: Order) -> Iterator[Problem]:
    """The latest revision of a document that the ledger refused, or that a fault of ours stopped."""
    yield from failed(held(order, "documents"))


def failed(documents: Iterable[Document]) -> Iterator[Problem]:
    """Those of the documents that are not booked and never will be without a person."""
    latest = {document.key: document for document in sorted(documents, key=lambda row: row.revision)}
    for document in latest.values():
        booking = document.booking
        if booking.outcome in (Outcome.REFUSED, Outcome.STUCK) and booking.voided_at is None:
            words = _("%(kind)s %(reference)s was not booked: %(words)s") % {
                "kind": DocumentKind(document.kind).label.capitalize(),
                "reference": document.reference,
                "words": booking.words or booking.get_outcome_display(),
            }
            yield problem("posting_failed", words, fix=booking.fix, field=_field(document), cause=booking.cause)


def _as_booked(document: Document, invoice: Invoice) -> Iterator[Problem]:
    """Voided or deleted, or with other figures than were signed and adjusted; both are shown."""
    values = {"number": invoice.number or document.reference, "state": invoice.state, "reference": document.reference}
    net, tax = (_adjusted(invoice, name) + getattr(document, name) for name in ("net", "tax"))
    field = _field(document)
    if invoice.state in GONE:
        words = _("%(number)s was %(state)s in the ledger after it was booked.") % values
        fix = _(
            "Bring it back in the ledger, or book it there again under the reference %(reference)s; the next reading sees it."
        )
        yield problem("invoice_changed_in_ledger", words, fix=fix % values, field=field, difference=-document.gross)
    elif invoice.total != net + tax:
        figures = {"now": figure(invoice.total, invoice.currency), "then": figure(net + tax, invoice.currency)}
        words = _("%(number)s stands in the ledger with %(now)s instead of %(then)s.") % (values | figures)
        yield problem("invoice_changed_in_ledger", words, field=field, difference=invoice.total - net - tax)
    elif invoice.tax != tax:
        figures = {"now": figure(invoice.tax, invoice.currency), "then": figure(tax, invoice.currency)}
        words = _("%(number)s stands in the ledger with %(now)s of tax instead of %(then)s.") % (values | figures)
        yield problem("invoice_changed_in_ledger", words, field=field, difference=invoice.tax - tax)


def _adjusted(invoice: Invoice, name: str) -> Decimal:
    return money.total(Decimal(str(row[name])) for row in invoice.adjustments)


def _was_sent(document: Document) -> bool:
    booking = document.booking
    return booking.taken_at is not None and booking.refused_at is None


def _field(document: Document) -> str:
    return f"document:{document.kind}:{document.reference}"
