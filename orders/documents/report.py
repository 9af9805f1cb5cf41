"""Takes in what became of documents: the bookings, the mirrored invoices, how far their records have come, and the events; many in as many statements as one."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection as database
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orders import events, incoming, outgoing
from orders.documents import progress
from orders.models import Document, Event, Invoice, Outcome, many


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What the post says: booked (with what the ledger holds), refused (a definite no), stuck (a person must look), unknown, handed_out
    (a person carries it, and will tell), or waiting (nothing happened). `cause` is what one fix of ours removes, as of a finding.
    """

    outcome: str
    words: str = ""
    fix: str = ""
    booked: outgoing.Booked | None = None
    cause: str = ""


Told = tuple[Document, Report]

_LOCK_OWNERS = """
WITH owners AS MATERIALIZED (SELECT id FROM orders_order WHERE id IN (SELECT order_id FROM orders_document WHERE id = ANY(%(ids)s)) ORDER BY id FOR NO KEY UPDATE),
sources AS MATERIALIZED (SELECT refund_id, payout_id FROM orders_documentsource WHERE document_id = ANY(%(ids)s)),
payouts AS MATERIALIZED (SELECT id FROM orders_payout WHERE id IN (SELECT payout_id FROM sources) ORDER BY id FOR NO KEY UPDATE)
SELECT (SELECT count(*) FROM owners), (SELECT count(*) FROM payouts),
       EXISTS (SELECT 1 FROM sources WHERE refund_id IS NOT NULL OR payout_id IS NOT NULL)"""

# Under their locks; what became booked, refused or voided in the meantime stays so.
_WRITE = f"""
WITH told AS MATERIALIZED (SELECT * FROM jsonb_to_recordset(%(told)s::jsonb) AS told (id bigint, outcome text, words text, fix text, cause text)),
held AS MATERIALIZED (
  SELECT document_id, outcome, outcome_at FROM orders_booking WHERE document_id IN (SELECT id FROM told)
     AND booked_at IS NULL AND refused_at IS NULL AND voided_at IS NULL ORDER BY document_id FOR NO KEY UPDATE)
UPDATE orders_booking b
   SET outcome = told.outcome, words = told.words, fix = told.fix, cause = told.cause,
       outcome_at = CASE WHEN held.outcome = told.outcome AND held.outcome_at IS NOT NULL THEN held.outcome_at ELSE %(now)s END,
       booked_at = CASE WHEN told.outcome = '{Outcome.BOOKED}' THEN %(now)s::timestamptz END,
       refused_at = CASE WHEN told.outcome = '{Outcome.REFUSED}' THEN %(now)s::timestamptz END
  FROM told JOIN held ON held.document_id = told.id WHERE b.document_id = told.id RETURNING told.id, held.outcome <> told.outcome"""  # noqa: S608


def report(document: Document, told: Report) -> None:
    """Write down what became of a document. Once booked or refused it stays so: a later report changes nothing."""
    report_many([(document, told)])


def report_many(told: Sequence[Told]) -> None:
    """Write down what became of several documents, all or none; each of them once."""
    with transaction.atomic(savepoint=False):
        with_others = lock_owners([document.pk for document, _report in told])
        moved = _write(told)
        standing = [pair for pair in told if pair[0].pk in moved]
        if booked := [pair for pair in standing if _outcome(pair[1]) == Outcome.BOOKED]:
            _mirror(booked)
        changed = [pair for pair in standing if moved[pair[0].pk]]
        progress.follow([document for document, _report in changed], with_others=with_others)
        many.insert(Event, [_event(document, report) for document, report in changed])


def refuse(document: Document, *, words: str, fix: str) -> None:
    """The office itself refuses the document: it was not sent, and a person must decide."""
    report(document, Report(outcome=Outcome.REFUSED, words=words, fix=fix))


def lock_owners(document_ids: Sequence[int]) -> bool:
    """Lock the orders and payouts of these documents: whoever changes a booking holds its record first, as every decision does, so that none waits in a ring.

    True if one of them belongs to a refund or a payout.
    """
    with database.cursor() as cursor:
        cursor.execute(_LOCK_OWNERS, {"ids": list(document_ids)})
        return bool(cursor.fetchone()[2])


def _outcome(told: Report) -> Outcome:
    return Outcome.WAITING if told.outcome == "waiting" else Outcome(told.outcome)


def _write(told: Iterable[Told]) -> dict[int, bool]:
    """The bookings; by their documents, those that were open still: whether they came to something new."""
    rows = [
        {
            "id": document.pk,
            "outcome": _outcome(report),
            "words": report.words[:1000],
            "fix": report.fix[:500],
            "cause": report.cause[:300],
        }
        for document, report in told
    ]
    with database.cursor() as cursor:
        cursor.execute(_WRITE, {"told": json.dumps(rows), "now": timezone.now()})
        return dict(cursor.fetchall())


def _mirror(told: Sequence[Told]) -> None:
    """The invoices as the ledger holds them."""
    if missing := [document.reference for document, report in told if report.booked is None]:
        raise ValueError(f"{missing[0]} is reported as booked without what the ledger holds")
    many.insert(Invoice, [_invoice(document, report.booked) for document, report in told if report.booked])


def _invoice(document: Document, booked: outgoing.Booked) -> dict[str, Any]:
    return {
        "document_id": document.pk, "ledger_id": document.ledger_id, "order_id": document.order_id, "kind": document.kind,
        "number": booked.number, "their_id": booked.id, "state": booked.state, "currency": booked.currency, "net": booked.net,
        "tax": booked.tax, "total": booked.gross, "balance": booked.balance, "taxes": incoming.plain(booked.taxes),
        "adjustments": incoming.plain(booked.adjustments), "read_at": timezone.now(), "due_on": json.loads(document.body)["due_on"],
    }  # fmt: skip


_WORDS = {
    Outcome.BOOKED: _("%(kind)s %(reference)s booked as %(number)s"),
    Outcome.REFUSED: _("%(kind)s %(reference)s refused: %(words)s"),
    Outcome.STUCK: _("%(kind)s %(reference)s is stuck: %(words)s"),
    Outcome.UNKNOWN: _("%(kind)s %(reference)s: no trustworthy answer; the ledger will be asked before anything is sent again"),
    Outcome.HANDED_OUT: _("%(kind)s %(reference)s waits for acknowledgement: %(words)s"),
    Outcome.WAITING: _("%(kind)s %(reference)s waits again: %(words)s"),
}  # fmt: skip


def _event(document: Document, told: Report) -> dict[str, Any]:
    outcome, number = _outcome(told), told.booked.number if told.booked else ""
    words = str(_WORDS[outcome]) % {
        "kind": document.get_kind_display().capitalize(), "reference": document.reference, "number": number, "words": told.words,
    }  # fmt: skip
    after = {"outcome": outcome, "number": number}
    columns = events.columns(document, str(outcome.label), after=after, why=told.words, words=words[:500])
    return {**columns, "order_id": document.order_id, "acting_for_id": None}
