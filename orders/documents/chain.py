"""Verifies the chains: that no signed document and no event was changed, removed or slipped in."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator

from django.db.models import Prefetch

from orders import incoming
from orders.documents.sign import document_hash
from orders.models import GENESIS, Document, DocumentLine, Event, EventChain, EventSeal, Ledger, held

_COLUMNS = (
    "key", "revision", "reference", "kind", "currency", "base_currency", "rate", "rate_source", "issued_on", "tax_on", "posting_on",
    "net", "tax", "gross", "contra_account",
)  # fmt: skip
_LINE_COLUMNS = ("n", "kind", "account", "quantity", "net", "tax", "tax_code", "tax_account")


class Tampered(Exception):
    """What stands in the database is not what was signed."""


LINES = Prefetch("lines", DocumentLine.objects.order_by("n"))  # for whoever asks it of many


def intact(document: Document) -> bool:
    """True if the document's text, persons and columns are what was signed (persons may have been erased)."""
    if document.personal and hashlib.sha256(document.personal.encode()).hexdigest() != document.personal_digest:
        return False
    if document.hash != document_hash(document.previous, document.body, document.personal_digest):
        return False
    body = json.loads(document.body)
    lines = [_line(row) for row in held(document, "lines")]
    told = [
        [*(row[name] for name in _LINE_COLUMNS), body["currency"], dict(row["dimensions"])] for row in body["lines"]
    ]
    return incoming.plain(lines) == told and all(
        incoming.plain(getattr(document, name)) == body[name] for name in _COLUMNS
    )


def _line(row: DocumentLine) -> list[object]:
    return [*(getattr(row, name) for name in _LINE_COLUMNS), row.currency, row.dimensions]


def verify(ledger: Ledger) -> list[str]:
    """Every broken place of a ledger's chain of documents, in words; empty if it holds from the first to the last."""
    return list(_documents(ledger))


def events_verify() -> list[str]:
    """Every broken place of the chain of events, in words; empty if it holds."""
    return list(_events())


def _documents(ledger: Ledger) -> Iterator[str]:
    """The end is read first and last: documents signed meanwhile lie behind the first and not behind the last."""
    end = _end_of(ledger)
    previous, n, passed = GENESIS, 0, end == (0, GENESIS)
    for document in ledger.documents.order_by("n").prefetch_related(LINES).iterator(chunk_size=500):
        if document.n != n + 1 or document.previous != previous:
            told = f"it says {document.n} after {document.previous[:12]}…"
            yield f"Document {document.reference}: place {n + 1} in the chain was expected after {previous[:12]}…, {told}"
        if not intact(document):
            yield f"Document {document.reference}: its text is not what was signed."
        previous, n = document.hash, document.n
        passed = passed or (n, previous) == end
    if not passed or _end_of(ledger)[0] < n:
        yield f"Ledger {ledger.code}: {_end_of(ledger)[0]} documents were signed, the chain ends at {n}."


def _end_of(ledger: Ledger) -> tuple[int, str]:
    ledger.refresh_from_db(fields=["chain_length", "chain_hash"])
    return ledger.chain_length, ledger.chain_hash


def _events() -> Iterator[str]:
    """As with documents: events recorded meanwhile are no break."""
    end = _end_of_events()
    previous, n, passed = GENESIS, 0, end == (0, GENESIS)
    seals = EventSeal.objects.order_by("n").extra(
        select={"text": "event_text((SELECT e FROM orders_event e WHERE e.id = event_id))"}
    )
    for seal in seals.iterator(chunk_size=1000):
        if seal.n != n + 1 or seal.previous != previous:
            yield f"Event {seal.event_id}: place {n + 1} in the chain was expected, it says {seal.n}."
        if seal.hash != hashlib.sha256((seal.previous + (seal.text or "")).encode()).hexdigest():
            yield f"Event {seal.event_id}: it is not what was recorded."
        previous, n = seal.hash, seal.n
        passed = passed or (n, previous) == end
    if not passed or _end_of_events()[0] < n:
        yield f"{_end_of_events()[0]} events were recorded, the chain ends at {n}."
    yield from _unsealed()
    yield from _strangers()


def _end_of_events() -> tuple[int, str]:
    head = EventChain.objects.first()
    return (head.length, head.hash) if head else (0, GENESIS)


def _unsealed() -> Iterator[str]:
    for pk in Event.objects.filter(seal=None).order_by("pk").values_list("pk", flat=True)[:10]:
        yield f"Event {pk}: it was never sealed."


def _strangers() -> Iterator[str]:
    """Events whose personal values are not those that were recorded (erased ones are)."""
    for event in Event.objects.exclude(personal="").only("body", "personal").iterator(chunk_size=1000):
        if json.loads(event.body).get("personal") != incoming.digest(event.personal):
            yield f"Event {event.pk}: its persons are not those that were recorded."
