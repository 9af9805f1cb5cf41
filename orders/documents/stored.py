"""Signed documents as they are stored: read whole, many in three statements, and handed on only if they are what was signed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from orders import outgoing
from orders.documents import chain, sheet
from orders.models import Booking, Document, DocumentLine, Ledger, hold

_BOOKINGS = "SELECT * FROM orders_booking WHERE document_id = ANY(%s) ORDER BY document_id"
_DOCUMENTS = "SELECT * FROM orders_document WHERE id = ANY(%s)"
_LINES = "SELECT * FROM orders_documentline WHERE document_id = ANY(%s) ORDER BY document_id, n"


@dataclass(frozen=True, slots=True)
class Signed:
    """A document that was read and found to be what was signed: its row, and what a ledger is given."""

    row: Document
    data: outgoing.Document


def locked(document_ids: Sequence[int]) -> list[Document]:
    """As `to_send`, in the order of their ids, each with its ledger; their bookings are locked, in that order too."""
    found = _read(list(document_ids), f"{_BOOKINGS} FOR NO KEY UPDATE")
    ledgers = Ledger.objects.in_bulk({document.ledger_id for document in found})
    for document in found:
        document.ledger = ledgers[document.ledger_id]
    return found


def to_send(document_ids: Iterable[int]) -> dict[int, Document]:
    """The documents with all that `outgoing_of` looks at, by their ids."""
    ids = list(document_ids)
    return {document.pk: document for document in _read(ids, _BOOKINGS)} if ids else {}


def outgoing_of(document: Document) -> outgoing.Document:
    """The document as a ledger is given it. Raises chain.Tampered if it is not what was signed."""
    if not chain.intact(document):
        raise chain.Tampered(document.reference)
    return sheet.restored(document)


def _read(ids: list[int], bookings: str) -> list[Document]:
    """Statements that are written once, where a query set would be put together anew for every handful of documents."""
    lines: dict[int, list[DocumentLine]] = defaultdict(list)
    booked = list(Booking.objects.raw(bookings, [ids]))
    documents = {document.pk: document for document in Document.objects.raw(_DOCUMENTS, [ids])}
    for line in DocumentLine.objects.raw(_LINES, [ids]):
        lines[line.document_id].append(line)
    for booking in booked:
        booking.document = documents[booking.document_id]
        hold(booking.document, lines=lines[booking.document_id])
    return [booking.document for booking in booked]
