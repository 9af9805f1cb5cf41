"""Finds what stands in Tryton of our documents: posted ones, and drafts that a dead process left behind."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from integrations.errors import Conflict
from orders import outgoing
from orders.outgoing import DocumentKind

from . import invoices, moves, reading
from .books import Books
from .reading import Entry

INVOICES = (DocumentKind.INVOICE, DocumentKind.CREDIT_NOTE)
MODELS = ("account.invoice", "account.move")
SOME = 100  # references that one call asks about
Documents = Sequence[outgoing.Document]
Found = dict[str, list[Entry]]


def key(document: outgoing.Document) -> str:
    """What tells documents of one call apart: the kind and the reference."""
    return f"{document.kind} {document.reference}"


def model(document: outgoing.Document) -> str:
    return MODELS[0] if document.kind in INVOICES else MODELS[1]


def one(document: outgoing.Document, entries: Sequence[Entry]) -> Entry | None:
    """The one posted entry, held against what was signed; None while it is a draft. Raises Conflict for another, or for several."""
    posted = [entry for entry in entries if not entry.draft]
    if len(posted) > 1:
        numbers = ", ".join(entry.number for entry in posted)
        raise Conflict(f"{document.reference} stands in Tryton {len(posted)} times: {numbers}.", fix=reading.FIX)
    for entry in posted or entries[:1]:
        reading.compare(entry, document)
        if entry.cancelled:
            raise Conflict(f"{document.reference} ({entry.number}) was cancelled in Tryton.", fix=reading.FIX)
    return posted[0] if posted else None


def look(books: Books, documents: Documents) -> Found:
    """What stands there under the references of these documents, by kind and reference: posted ones first, then the oldest draft."""
    found: Found = {key(row): [] for row in documents}
    named = sorted({row.reference for row in documents if row.kind in INVOICES})
    patterns = sorted({moves.pattern(str(row.kind), row.reference) for row in documents if row.kind not in INVOICES})
    for entry in _first((*_invoices(books, named), *_moves(books, patterns))):
        found.setdefault(f"{entry.mark.kind} {entry.mark.reference}", []).append(entry)
    return found


def under(books: Books, references: Sequence[str]) -> dict[str, list[Entry]]:
    """Everything of ours that stands there, by reference."""
    found: dict[str, list[Entry]] = {}
    kinds = [kind for kind in DocumentKind.values if kind not in INVOICES]
    names = list(dict.fromkeys(references))
    for start in range(0, len(names), SOME):
        some = names[start : start + SOME]
        patterns = [moves.pattern(kind, name) for name in some for kind in kinds]
        for entry in _first((*_invoices(books, some), *_moves(books, patterns))):
            found.setdefault(entry.mark.reference, []).append(entry)
    return found


def _first(entries: Iterable[Entry]) -> list[Entry]:
    return sorted(entries, key=lambda entry: (entry.draft, entry.cancelled, entry.id))


def _invoices(books: Books, names: Sequence[str]) -> list[Entry]:
    if not names:
        return []
    domain = [["reference", "in", list(names)], ["type", "=", "out"], ["company", "=", books.id]]
    rows = books.client("model.account.invoice.search_read", domain, 0, None, None, invoices.FIELDS)
    return [reading.invoice(row) for row in rows]


def _moves(books: Books, patterns: Sequence[str]) -> list[Entry]:
    if not patterns:
        return []
    domain = [["company", "=", books.id], ["OR", *(["description", "like", pattern] for pattern in patterns)]]
    rows = books.client("model.account.move.search_read", domain, 0, None, None, moves.FIELDS)
    return [entry for row in rows if (entry := reading.move(row, books.base))]
