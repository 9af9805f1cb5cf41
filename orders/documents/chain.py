"""Verifies the chains: that no signed document and no event was changed, removed or slipped in."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator

from django.db import connection

from orders import incoming
from orders.documents.sign import document_hash
from orders.models import GENESIS, Document, EventChain, EventSeal, Ledger

_COLUMNS = (
    "key", "revision", "reference", "kind", "currency", "base_currency", "rate", "issued_on", "tax_on", "posting_on", "net", "tax", "gross",
    "contra_account",
)  # fmt: skip


class Tampered(Exception):
    """What stands in the database is not what was signed."""


def intact(document: Document) -> bool:
    """True if the document's text, persons and columns are what was signed (persons may have been erased)."""
    if document.personal and hashlib.sha256(document.personal.encode()).hexdigest() != document.personal_digest:
        return False
    if document.hash != document_hash(document.previous, document.body, document.personal_digest):
        return False
    body = json.loads(document.body)
    lines = [[row.n, row.account, row.net, row.tax, row.tax_code] for row in document.lines.all()]
    told = [[row["n"], row["account"], row["net"], row["tax"], row["tax_code"]] for row in body["lines"]]
    return incoming.plain(lines) == told and all(
        incoming.plain(getattr(document, name)) == body[name] for name in _COLUMNS
    )


def verify(ledger: Ledger) -> list[str]:
    """Every broken place of a ledger's chain of documents, in words; empty if it holds from the first to the last."""
    return list(_documents(ledger))


def events_verify() -> list[str]:
    """Every broken place of the chain of events, in words; empty if it holds."""
    return list(_events())


def _documents(ledger: Ledger) -> Iterator[str]:
    previous, n = GENESIS, 0
    for document in ledger.documents.order_by("n").prefetch_related("lines").iterator(chunk_size=500):
        n += 1
        if document.n != n or document.previous != previous:
            yield f"Document {document.reference}: place {n} in the chain was expected after {previous[:12]}…, it says {document.n} after {document.previous[:12]}…"
        if not intact(document):
            yield f"Document {document.reference}: its text is not what was signed."
        previous, n = document.hash, document.n
    ledger.refresh_from_db(fields=["chain_length", "chain_hash"])
    if (n, previous) != (ledger.chain_length, ledger.chain_hash):
        yield f"Ledger {ledger.code}: {ledger.chain_length} documents were signed, the chain ends at {n}."


def _events() -> Iterator[str]:
    previous, n = GENESIS, 0
    seals = EventSeal.objects.order_by("n").extra(
        select={"text": "event_text((SELECT e FROM orders_event e WHERE e.id = event_id))"}
    )
    for seal in seals.iterator(chunk_size=1000):
        n += 1
        if seal.n != n or seal.previous != previous:
            yield f"Event {seal.event_id}: place {n} in the chain was expected, it says {seal.n}."
        if seal.hash != hashlib.sha256((seal.previous + (seal.text or "")).encode()).hexdigest():
            yield f"Event {seal.event_id}: it is not what was recorded."
        previous, n = seal.hash, seal.n
    head = EventChain.objects.first()
    if (n, previous) != ((head.length, head.hash) if head else (0, GENESIS)):
        yield f"{head.length if head else 0} events were recorded, the chain ends at {n}."
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT e.id FROM orders_event e LEFT JOIN orders_eventseal s ON s.event_id = e.id WHERE s.event_id IS NULL LIMIT 10"
        )
        for (pk,) in cursor.fetchall():
            yield f"Event {pk}: it was never sealed."
