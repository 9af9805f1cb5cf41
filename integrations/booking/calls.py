"""One call of a ledger, and what its answer means: nothing is believed that does not agree with what was signed."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Mapping, Sequence

from django.db import connection

from integrations.accounting.base import Accounting, Booked, HandedOut, Outcome, book_many
from integrations.booking import known
from integrations.booking.lease import DATABASE_GONE, Lease, Reply, ours, theirs
from integrations.errors import Conflict, Misconfigured, Refused, Returned, Trouble, Unavailable, Uncertain, Undecided
from integrations.models import AttemptOutcome
from orders import documents, money, outgoing
from orders.models import Document
from ordersync_site.redaction import redact

log = logging.getLogger(__name__)

LONGEST_TEXT = 10_000
_BOUND = (
    "SELECT theirs, ours FROM integrations_binding WHERE connection_id = %s AND noun = 'document' AND theirs = ANY(%s)"
)
Load = outgoing.Document | Reply  # a document that may be sent, or what is said of it without a call


def prepared(leases: Sequence[Lease], ledger: Accounting, rows: Mapping[int, Document]) -> list[Load]:
    """Each document as the ledger is given it, with what is known of its customer and items, or why it must not be given."""
    loads = [lease.signed.data if lease.signed else _restored(rows[lease.document_id]) for lease in leases]
    fit = [load for load in loads if isinstance(load, outgoing.Document)]
    try:
        given = iter(known.given(leases[0].connection_id, ledger, fit))
    except Trouble as error:
        return [trouble(error, ask=False)] * len(leases)
    return [next(given) if isinstance(load, outgoing.Document) else load for load in loads]


def _restored(row: Document) -> Load:
    try:
        return documents.outgoing_of(row)
    except documents.Tampered:
        words = "What stands in the database is not what was signed; it was not sent."
        return Reply(
            outcome=AttemptOutcome.BUG, words=words, fix="Call the IT lead: the chain of documents is broken here."
        )
    except DATABASE_GONE:
        raise
    except Exception as error:
        return _bug(row.reference, error)


def call(load: Sequence[outgoing.Document], ledger: Accounting, *, ask: bool) -> list[Reply]:
    """Look the document up, or send it, or several in one call: a reply for each. Raises database errors only; RuntimeError if a transaction is open."""
    if connection.in_atomic_block:
        raise RuntimeError("a ledger must never be called inside a transaction: its answer may take minutes")
    try:
        told = [ledger.find(load[0])] if ask else book_many(ledger, load)
    except DATABASE_GONE:
        raise
    except Exception as error:
        return _said_of_all(load, error, ask=ask)
    return [_reply(document, outcome, ask=ask) for document, outcome in zip(load, told, strict=True)]


def _said_of_all(load: Sequence[outgoing.Document], error: Exception, *, ask: bool) -> list[Reply]:
    """What was raised, and not told of one document. Of several nobody knows which it was, unless surely none was booked: each is then looked up by itself."""
    references = ", ".join(document.reference for document in load)
    said = trouble(error, ask=ask) if isinstance(error, Trouble) else _bug(references, error)
    if len(load) > 1 and said.outcome not in _OF_ALL:
        said = dataclasses.replace(said, outcome=AttemptOutcome.UNKNOWN, asks=None)
    return [said] * len(load)


def _bug(reference: str, error: Exception) -> Reply:
    log.error("Document %s: the call ended in a bug.", reference, exc_info=error)
    said = f"{type(error).__name__}: {redact(str(error))}"
    words = f"A fault in ordersync or its adapter stopped this document: {said}"
    fix = "Report it, with these words; then retry: the ledger is looked up first."
    return Reply(outcome=AttemptOutcome.BUG, words=words, fix=fix, untranslated=said[:LONGEST_TEXT])


def _reply(document: outgoing.Document, outcome: Outcome | None, *, ask: bool) -> Reply:
    if isinstance(outcome, Trouble):
        return trouble(outcome, ask=ask)
    if outcome is None and ask:
        return Reply(outcome=AttemptOutcome.ABSENT)
    if outcome is None:
        return trouble(Uncertain("The ledger's adapter did not say what it booked."), ask=ask)
    if isinstance(outcome, HandedOut):
        return Reply(outcome=AttemptOutcome.HANDED_OUT, words=outcome.words, fix=outcome.fix, late=outcome.late)
    try:
        _compare(document, outcome)
    except Conflict as error:
        return trouble(error, ask=ask)
    return Reply(outcome=AttemptOutcome.FOUND if ask else AttemptOutcome.BOOKED, booked=outcome)


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


def known_by_another(connection_id: int, answers: Sequence[tuple[Document, Reply]]) -> list[Reply]:
    """The replies; one that names what stands for another document already is a conflict."""
    ids = [theirs(row.kind, reply.booked.id) for row, reply in answers if reply.booked]
    names: dict[str, str] = {}
    if ids:
        with connection.cursor() as cursor:
            cursor.execute(_BOUND, [connection_id, ids])
            names = dict(cursor.fetchall())
    return [_unless_another(row, reply, names) for row, reply in answers]


def _unless_another(document: Document, reply: Reply, names: dict[str, str]) -> Reply:
    if reply.booked is None:
        return reply
    mine = ours(document.kind, document.reference)
    other = names.setdefault(theirs(document.kind, reply.booked.id), mine)  # so that two of one group see each other
    if other == mine:
        return reply
    words = f"The ledger answers with {reply.booked.number or reply.booked.id}, which stands for {other}."
    return Reply(outcome=AttemptOutcome.CONFLICT, words=words, fix="Look at both in the ledger, then retry.")


def trouble(error: Trouble, *, ask: bool) -> Reply:
    """What the error of a call means for its delivery; `ask`: it was only looked up."""
    kind = next(outcome for cls, outcome in _OUTCOMES if isinstance(error, cls))
    if kind == AttemptOutcome.REFUSED and ask and not isinstance(error, Returned):
        # a look-up's no says nothing about what stands there
        kind = AttemptOutcome.CONFLICT
    return Reply(
        outcome=kind,
        words=redact(error.words),
        fix=redact(error.fix),
        retry_after=getattr(error, "retry_after", None),
        asks=error if isinstance(error, Undecided) else None,
        untranslated=redact(error.untranslated)[:LONGEST_TEXT],
        cause=error.cause[:300],
    )


_OF_ALL = (AttemptOutcome.UNAVAILABLE, AttemptOutcome.MISCONFIGURED, AttemptOutcome.UNKNOWN)
_OUTCOMES: tuple[tuple[type[Trouble], AttemptOutcome], ...] = (
    (Conflict, AttemptOutcome.CONFLICT),
    (Refused, AttemptOutcome.REFUSED),
    (Unavailable, AttemptOutcome.UNAVAILABLE),
    (Misconfigured, AttemptOutcome.MISCONFIGURED),
    (Trouble, AttemptOutcome.UNKNOWN),
)
