"""Carries one claimed document to its ledger: finds it there, or else books it, and leaves a trace of every call."""

from __future__ import annotations

import logging
import random
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import F
from django.db.models.functions import Coalesce, Now

from integrations import connections
from integrations.accounting.base import Accounting, Booked
from integrations.errors import Conflict, Misconfigured, Refused, Trouble, Unavailable, Uncertain
from integrations.models import Attempt, AttemptOutcome, Binding, Connection, Delivery, DeliveryState
from orders import documents, incoming, money, outgoing
from orders.models import Document
from ordersync_site.redaction import redact

log = logging.getLogger(__name__)

CALL_SECONDS = 35  # a call's own time limits (5 to connect, 30 to read), which must fit into what is left of a lease
LONGEST_WAIT = 24 * 60 * 60
DATABASE_GONE = (OperationalError, InterfaceError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """A claimed delivery. `ask`: it may stand in the ledger already, so look and send nothing. `ends` is in this process's monotonic seconds."""

    delivery_id: int
    document_id: int
    connection_id: int
    fence: int
    ask: bool
    ends: float

    @property
    def has_time(self) -> bool:
        return time.monotonic() < self.ends - CALL_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a call came to. `retry_after` in seconds where the other side named a time."""

    outcome: AttemptOutcome
    words: str = ""
    fix: str = ""
    booked: Booked | None = None
    retry_after: float | None = None

    @property
    def halts(self) -> bool:
        """No sense in sending the next one right away."""
        return self.outcome in (AttemptOutcome.UNAVAILABLE, AttemptOutcome.MISCONFIGURED, AttemptOutcome.UNKNOWN)


class FencedOff(Exception):
    """The lease was lost: another worker has the delivery, and nothing more may be written about it."""


def post(lease: Lease, ledger: Accounting) -> Reply:
    """Ask for the document, or send it, and write down what came of it. Never raises for what the ledger or a bug in its adapter does.

    Raises FencedOff before the call if the lease is lost, and database errors; whoever dies in here leaves an attempt that was never closed.
    """
    row = Document.objects.get(pk=lease.document_id)
    attempt = _open(lease, row)
    reply = _call(lease, ledger, row)
    _close(attempt, reply)
    _settle(lease, row, reply)
    return reply


def _open(lease: Lease, row: Document) -> Attempt:
    """Commit the attempt, and that it is sent, before anything is sent."""
    fields: dict[str, Any] = {"tries": F("tries") + 1} | ({} if lease.ask else {"sent": True})
    with transaction.atomic():
        if not _held(lease).filter(leased_until__gt=Now() + timedelta(seconds=CALL_SECONDS)).update(**fields):
            raise FencedOff
        return Attempt.objects.create(
            delivery_id=lease.delivery_id,
            fence=lease.fence,
            call="find" if lease.ask else "book",
            request_hash=row.hash,
            started_at=Now(),
        )


def _call(lease: Lease, ledger: Accounting, row: Document) -> Reply:
    if connection.in_atomic_block:
        raise RuntimeError("a ledger must never be called inside a transaction: its answer may take minutes")
    try:
        document = documents.outgoing_of(row)
        booked = ledger.find(document) if lease.ask else ledger.book(document)
        return _found(lease, document, booked)
    except Trouble as error:
        return _trouble(lease, error)
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
        )


def _found(lease: Lease, document: outgoing.Document, booked: Booked | None) -> Reply:
    if booked is None and lease.ask:
        return Reply(outcome=AttemptOutcome.ABSENT)
    if booked is None:
        raise Uncertain("The ledger's adapter did not say what it booked.")
    _compare(document, booked)
    _not_another(lease, document, booked)
    return Reply(outcome=AttemptOutcome.FOUND if lease.ask else AttemptOutcome.BOOKED, booked=booked)


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
    theirs = Binding.objects.filter(
        connection_id=lease.connection_id, noun="document", theirs=_theirs(document, booked)
    )
    if other := theirs.exclude(ours=_ours(document)).first():
        raise Conflict(
            f"The ledger answers with {booked.number or booked.id}, which stands for {other.ours}.",
            fix="Look at both in the ledger, then retry.",
        )


def _trouble(lease: Lease, error: Trouble) -> Reply:
    kind = next(outcome for cls, outcome in _OUTCOMES if isinstance(error, cls))
    if kind == AttemptOutcome.REFUSED and lease.ask:  # a look-up's no says nothing about what stands there
        kind = AttemptOutcome.CONFLICT
    return Reply(
        outcome=kind, words=redact(error.words), fix=redact(error.fix), retry_after=getattr(error, "retry_after", None)
    )


_OUTCOMES: tuple[tuple[type[Trouble], AttemptOutcome], ...] = (
    (Conflict, AttemptOutcome.CONFLICT),
    (Refused, AttemptOutcome.REFUSED),
    (Unavailable, AttemptOutcome.UNAVAILABLE),
    (Misconfigured, AttemptOutcome.MISCONFIGURED),
    (Trouble, AttemptOutcome.UNKNOWN),
)


def _close(attempt: Attempt, reply: Reply) -> None:
    """Keep the answer first and by itself: it is true, whoever holds the lease by now."""
    said = incoming.plain(reply.booked) if reply.booked else {}
    Attempt.objects.filter(pk=attempt.pk).update(
        ended_at=Now(), outcome=reply.outcome, words=reply.words[:1000], reply=said
    )


def _settle(lease: Lease, row: Document, reply: Reply) -> None:
    try:
        with transaction.atomic():
            _write_back(lease, row, reply)
    except FencedOff:
        log.warning(
            "Document %s: the lease was lost before %s was written down; the next look-up decides.",
            row.reference,
            reply.outcome,
        )
    except DATABASE_GONE:
        raise
    except Exception as error:
        log.exception("Document %s: %s could not be written down.", row.reference, reply.outcome)
        words = f"The ledger answered “{reply.outcome}”, and a fault in ordersync kept it from being written down: {type(error).__name__}: {error}"
        _end(
            lease,
            state=DeliveryState.PARKED,
            words=words[:1000],
            fix="Report it, with these words; then retry: the ledger is looked up first.",
            sent=True,
        )


def _write_back(lease: Lease, row: Document, reply: Reply) -> None:
    """The delivery's next state, the connection's health and the office's report, all or nothing. Raises FencedOff."""
    delivery = Delivery.objects.select_for_update(of=("self",), no_key=True).get(pk=lease.delivery_id)
    state, report, fields = _next(delivery, reply)
    if not _end(lease, state=state, words=reply.words[:1000], fix=reply.fix[:500], **fields):
        raise FencedOff
    _tell_connection(lease, reply)
    if reply.booked:
        _bind(lease, row, reply.booked)
    if report:
        documents.report(
            row, documents.Report(outcome=report, words=reply.words[:1000], fix=reply.fix[:500], booked=reply.booked)
        )


def _next(delivery: Delivery, reply: Reply) -> tuple[DeliveryState, str, dict[str, Any]]:
    """The state to go to, what to report ("" nothing), and other fields of the delivery."""
    was_unknown = delivery.unknown_since is not None
    later = {"not_before": Now() + _wait(delivery.tries, first=10, longest=3600)}
    match reply.outcome:
        case AttemptOutcome.BOOKED | AttemptOutcome.FOUND:
            return DeliveryState.BOOKED, "booked", {"ended_at": Now(), "unknown_since": None}
        case AttemptOutcome.ABSENT:
            cleared = {"sent": False, "unknown_since": None, "not_before": Now()}
            return DeliveryState.WAITING, "waiting" if was_unknown else "", cleared
        case AttemptOutcome.UNKNOWN:
            later = {"not_before": Now() + _wait(delivery.tries, first=5, longest=900)}
            since = {"unknown_since": Coalesce("unknown_since", Now())}
            return DeliveryState.UNKNOWN, "" if was_unknown else "unknown", later | since
        case AttemptOutcome.UNAVAILABLE | AttemptOutcome.MISCONFIGURED:
            return DeliveryState.UNKNOWN if was_unknown else DeliveryState.WAITING, "", later
        case AttemptOutcome.REFUSED:
            return DeliveryState.PARKED, "refused", {"unknown_since": None}
        case _:  # a conflict, a bug: it may stand there, so the document is not refused, it is stuck
            return DeliveryState.PARKED, "stuck", {"unknown_since": None}


def _tell_connection(lease: Lease, reply: Reply) -> None:
    there = Connection.objects.get(pk=lease.connection_id)
    row = Connection.objects.filter(pk=there.pk)
    match reply.outcome:
        case AttemptOutcome.UNAVAILABLE | AttemptOutcome.UNKNOWN:
            asked = reply.retry_after
            wait = (
                _wait(there.failures, first=5, longest=600)
                if asked is None
                else timedelta(seconds=min(max(asked, 0), LONGEST_WAIT))
            )
            row.update(failures=F("failures") + 1, not_before=Now() + wait)
        case AttemptOutcome.MISCONFIGURED:
            connections.pause(there, reply.words, reply.fix)
        case AttemptOutcome.BUG:
            return
        case _:
            row.update(failures=0, last_success_at=Now())


def _wait(failures: int, *, first: int, longest: int) -> timedelta:
    """Twice as long each time, give or take a quarter, so that many do not come back together."""
    return timedelta(seconds=min(first * 2 ** min(failures, 20), longest) * random.uniform(0.75, 1.25))  # noqa: S311


def _bind(lease: Lease, row: Document, booked: Booked) -> None:
    document = documents.outgoing_of(row)
    values = {"theirs": _theirs(document, booked), "bound_at": Now()}
    Binding.objects.update_or_create(
        connection_id=lease.connection_id, noun="document", ours=_ours(document), defaults=values
    )


def _ours(document: outgoing.Document) -> str:
    return f"{document.kind}:{document.reference}"


def _theirs(document: outgoing.Document, booked: Booked) -> str:
    return f"{document.kind}:{booked.id}"[:300]


def _held(lease: Lease) -> Any:
    return Delivery.objects.filter(pk=lease.delivery_id, fence=lease.fence, state=DeliveryState.LEASED)


def _end(lease: Lease, **fields: Any) -> int:
    return int(_held(lease).update(leased_until=None, worker="", **fields))
