"""One call of a ledger, and what its answer means: nothing is believed that does not agree with what was signed."""

from __future__ import annotations

import logging

from django.db import connection

from integrations.accounting.base import Accounting, Booked, HandedOut, Standing
from integrations.booking import known
from integrations.booking.lease import DATABASE_GONE, Hold, Lease, Reply, ours, theirs
from integrations.errors import Conflict, Misconfigured, Refused, Returned, Trouble, Unavailable, Uncertain, Undecided
from integrations.models import AttemptOutcome, Binding
from orders import documents, money, outgoing
from orders.models import Document
from ordersync_site.redaction import redact

log = logging.getLogger(__name__)

LONGEST_TEXT = 10_000


def call(lease: Lease, ledger: Accounting, row: Document) -> Reply:
    """Look the document up, or send it. Raises database errors only; RuntimeError if a transaction is open."""
    if connection.in_atomic_block:
        raise RuntimeError("a ledger must never be called inside a transaction: its answer may take minutes")
    try:
        (document,) = known.given(lease.connection_id, ledger, [documents.outgoing_of(row)])
        standing = ledger.find(document) if lease.ask else ledger.book(document)
        return _found(lease, document, standing)
    except Trouble as error:
        return trouble(lease, error)
    except documents.Tampered:
        words = "What stands in the database is not what was signed; it was not sent."
        return Reply(
            outcome=AttemptOutcome.BUG, words=words, fix="Call the IT lead: the chain of documents is broken here."
        )
    except DATABASE_GONE:
        raise
    except Exception as error:
        log.exception("Document %s: the call ended in a bug.", row.reference)
        words = (
            f"A fault in ordersync or its adapter stopped this document: {type(error).__name__}: {redact(str(error))}"
        )
        return Reply(
            outcome=AttemptOutcome.BUG,
            words=words,
            fix="Report it, with these words; then retry: the ledger is looked up first.",
            untranslated=f"{type(error).__name__}: {redact(str(error))}"[:LONGEST_TEXT],
        )


def _found(lease: Lease, document: outgoing.Document, standing: Standing | None) -> Reply:
    if standing is None and lease.ask:
        return Reply(outcome=AttemptOutcome.ABSENT)
    if standing is None:
        raise Uncertain("The ledger's adapter did not say what it booked.")
    if isinstance(standing, HandedOut):
        return Reply(outcome=AttemptOutcome.HANDED_OUT, words=standing.words, fix=standing.fix, late=standing.late)
    _compare(document, standing)
    _not_another(lease, document, standing)
    return Reply(outcome=AttemptOutcome.FOUND if lease.ask else AttemptOutcome.BOOKED, booked=standing)


def _compare(document: outgoing.Document, booked: Booked) -> None:
    """Signed + adjustments = booked, and the adjustments within what was signed. Raises Conflict."""
    net, tax = (
        money.total(item.net for item in booked.adjustments),
        money.total(item.tax for item in booked.adjustments),
    )
    signed = (document.currency, document.net + net, document.tax + tax, document.gross + net + tax)
    if (booked.currency, booked.net, booked.tax, booked.gross) != signed:
        raise Conflict(
            f"The ledger has {booked.gross} {booked.currency} (net {booked.net}, tax {booked.tax}) under {document.reference}, "
            f"signed were {document.gross} {document.currency} (net {document.net}, tax {document.tax}).",
            fix="Put the ledger's document right by hand, then retry.",
        )
    used = money.total(max(abs(item.net), abs(item.tax)) for item in booked.adjustments)
    if used > document.adjustment_limit:
        raise Conflict(
            f"The ledger adjusted {document.reference} by {used}, allowed are {document.adjustment_limit}.",
            fix="Put it right by hand, then retry.",
        )


def _not_another(lease: Lease, document: outgoing.Document, booked: Booked) -> None:
    named = Binding.objects.filter(
        connection_id=lease.connection_id, noun="document", theirs=theirs(document.kind, booked.id)
    )
    if other := named.exclude(ours=ours(document.kind, document.reference)).first():
        raise Conflict(
            f"The ledger answers with {booked.number or booked.id}, which stands for {other.ours}.",
            fix="Look at both in the ledger, then retry.",
        )


def trouble(lease: Hold, error: Trouble) -> Reply:
    """What the error of a call means for its delivery."""
    kind = next(outcome for cls, outcome in _OUTCOMES if isinstance(error, cls))
    if kind == AttemptOutcome.REFUSED and lease.ask and not isinstance(error, Returned):
        # a look-up's no says nothing about what stands there
        kind = AttemptOutcome.CONFLICT
    return Reply(
        outcome=kind,
        words=redact(error.words),
        fix=redact(error.fix),
        retry_after=getattr(error, "retry_after", None),
        asks=error if isinstance(error, Undecided) else None,
        untranslated=redact(error.untranslated)[:LONGEST_TEXT],
    )


_OUTCOMES: tuple[tuple[type[Trouble], AttemptOutcome], ...] = (
    (Conflict, AttemptOutcome.CONFLICT),
    (Refused, AttemptOutcome.REFUSED),
    (Unavailable, AttemptOutcome.UNAVAILABLE),
    (Misconfigured, AttemptOutcome.MISCONFIGURED),
    (Trouble, AttemptOutcome.UNKNOWN),
)
