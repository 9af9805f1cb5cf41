"""Takes in what became of documents: the bookings, the mirrored invoices, how far their records have come, and the events; many in as many statements as one."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection as database
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from orders import events, incoming, outgoing
from orders.documents import progress
from orders.models import Booking, Document, Event, Invoice, Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What the post says: booked (with what the ledger holds), refused (a definite no), stuck (a person must look), unknown, handed_out
    (a person carries it, and will tell), or waiting (nothing happened).
    """

    outcome: str
    words: str = ""
    fix: str = ""
    booked: outgoing.Booked | None = None


Told = tuple[Document, Report]

_LOCK_OWNERS = """
WITH owners AS MATERIALIZED (SELECT id FROM orders_order WHERE id IN (SELECT order_id FROM orders_document WHERE id = ANY(%(ids)s)) ORDER BY id FOR NO KEY UPDATE),
sources AS MATERIALIZED (SELECT refund_id, payout_id FROM orders_documentsource WHERE document_id = ANY(%(ids)s)),
payouts AS MATERIALIZED (SELECT id FROM orders_payout WHERE id IN (SELECT payout_id FROM sources) ORDER BY id FOR NO KEY UPDATE)
SELECT (SELECT count(*) FROM owners), (SELECT count(*) FROM payouts),
       EXISTS (SELECT 1 FROM sources WHERE refund_id IS NOT NULL OR payout_id IS NOT NULL)"""


def report(document: Document, told: Report) -> None:
    """Write down what became of a document. Once booked or refused it stays so: a later report changes nothing."""
    report_many([(document, told)])


def report_many(told: Sequence[Told]) -> None:
    """Write down what became of several documents, all or none; each of them once."""
    with transaction.atomic(savepoint=False):
        ids = [document.pk for document, _report in told]
        with_others = lock_owners(ids)
        rows = Booking.objects.select_for_update(no_key=True).filter(document_id__in=ids).order_by("document_id")
        bookings = {row.document_id: row for row in rows}
        standing = [(document, report) for document, report in told if _is_open(bookings[document.pk])]
        _write(standing, bookings)
        if booked := [pair for pair in standing if _outcome(pair[1]) == Outcome.BOOKED]:
            _mirror(booked)
        changed = [pair for pair in standing if _outcome(pair[1]) != bookings[pair[0].pk].outcome]
        progress.follow([document for document, _report in changed], with_others=with_others)
        Event.objects.bulk_create([_event(document, report) for document, report in changed])


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


def _is_open(booking: Booking) -> bool:
    return not (booking.booked_at or booking.refused_at or booking.voided_at)


def _outcome(told: Report) -> Outcome:
    return Outcome.WAITING if told.outcome == "waiting" else Outcome(told.outcome)


def _write(told: Iterable[Told], bookings: dict[int, Booking]) -> None:
    """The bookings, as many at once as come to the same."""
    alike: dict[tuple[Outcome, str, str, bool], list[int]] = defaultdict(list)
    for document, report in told:
        booking, outcome = bookings[document.pk], _outcome(report)
        fresh = outcome != booking.outcome or booking.outcome_at is None
        alike[outcome, report.words[:1000], report.fix[:500], fresh].append(document.pk)
    now = timezone.now()
    for (outcome, words, fix, fresh), ids in alike.items():
        fields: dict[str, Any] = {"outcome": outcome, "words": words, "fix": fix} | (
            {"outcome_at": now} if fresh else {}
        )
        fields |= {Outcome.BOOKED: {"booked_at": now}, Outcome.REFUSED: {"refused_at": now}}.get(outcome, {})
        Booking.objects.filter(pk__in=ids).update(**fields)


def _mirror(told: Sequence[Told]) -> None:
    """The invoices as the ledger holds them."""
    if missing := [document.reference for document, report in told if report.booked is None]:
        raise ValueError(f"{missing[0]} is reported as booked without what the ledger holds")
    Invoice.objects.bulk_create([_invoice(document, report.booked) for document, report in told if report.booked])


def _invoice(document: Document, booked: outgoing.Booked) -> Invoice:
    return Invoice(
        document=document, ledger_id=document.ledger_id, order_id=document.order_id, kind=document.kind, number=booked.number,
        their_id=booked.id, state=booked.state, currency=booked.currency, net=booked.net, tax=booked.tax, total=booked.gross,
        balance=booked.balance, taxes=incoming.plain(booked.taxes), adjustments=incoming.plain(booked.adjustments), read_at=timezone.now(),
        due_on=json.loads(document.body)["due_on"],
    )  # fmt: skip


def _event(document: Document, told: Report) -> Event:
    outcome, number = _outcome(told), told.booked.number if told.booked else ""
    words = {
        Outcome.BOOKED: _("%(kind)s %(reference)s booked as %(number)s"),
        Outcome.REFUSED: _("%(kind)s %(reference)s refused: %(words)s"),
        Outcome.STUCK: _("%(kind)s %(reference)s is stuck: %(words)s"),
        Outcome.UNKNOWN: _("%(kind)s %(reference)s: no trustworthy answer; the ledger will be asked before anything is sent again"),
        Outcome.HANDED_OUT: _("%(kind)s %(reference)s waits for acknowledgement: %(words)s"),
        Outcome.WAITING: _("%(kind)s %(reference)s waits again: %(words)s"),
    }[outcome] % {
        "kind": document.get_kind_display().capitalize(), "reference": document.reference, "number": number, "words": told.words,
    }  # fmt: skip
    after = {"outcome": outcome, "number": number}
    columns = events.columns(document, str(outcome.label), after=after, why=told.words, words=words[:500])
    return Event(**columns, order_id=document.order_id)
