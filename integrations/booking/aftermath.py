"""Writes down what came of calls: the deliveries, the connection's health, the bindings and the office's reports, all or nothing."""

from __future__ import annotations

import functools
import logging
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import connection as database
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Coalesce, Now

from integrations import connections
from integrations.booking import known
from integrations.booking.lease import DATABASE_GONE, HELD, Hold, Lease, Reply, end, names, ours, theirs
from integrations.models import AttemptOutcome, Connection, Delivery, DeliveryState
from orders import documents, intake
from orders.models import Document

log = logging.getLogger(__name__)

HEALTH_TELLS = 5  # seconds
LONGEST_WAIT = 24 * 60 * 60
LONGEST_BACKOFF = 300  # of our own accord: all is drained within ten minutes once the other side is well again


# Whoever holds its lease no more changes nothing: neither the delivery nor what stands for the document.
_BOOKED = f"""
WITH ended AS (
  UPDATE integrations_delivery d
     SET state = 'booked', ended_at = now(), unknown_since = NULL, leased_until = NULL, worker = '', words = '', fix = ''
   WHERE {HELD} RETURNING d.id, d.connection_id)
INSERT INTO integrations_binding AS b (connection_id, noun, ours, theirs, bound_at)
SELECT ended.connection_id, 'document', told.ours, told.theirs, now()
  FROM unnest(%(ids)s::bigint[], %(ours)s::text[], %(theirs)s::text[]) AS told (id, ours, theirs) JOIN ended USING (id)
    ON CONFLICT (connection_id, noun, ours) DO UPDATE SET theirs = excluded.theirs, bound_at = excluded.bound_at RETURNING b.ours"""  # noqa: S608

# Told again only where it is news, so that those who claim there seldom wait for it.
_WELL = """
UPDATE integrations_connection SET failures = 0, last_success_at = now()
 WHERE id = %s AND (failures > 0 OR last_success_at IS NULL OR last_success_at < now() - make_interval(secs => %s))"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of one document's part of a call. `speaks`: for the connection's health, which hears of each call once."""

    lease: Lease
    row: Document
    reply: Reply
    speaks: bool = True


def settle(answers: Sequence[Answer]) -> None:
    """Write them down, unless their leases were lost: what was booked in one transaction, all else each in its own."""
    if booked := [answer for answer in answers if answer.reply.booked]:
        _together(booked)
    for answer in answers:
        if not answer.reply.booked:
            _alone(answer, functools.partial(_write_back, answer))


def _together(answers: Sequence[Answer]) -> None:
    """All or none; where it fails each by itself, so that one that cannot be written down keeps no other back."""
    if len(answers) == 1:
        _alone(answers[0], functools.partial(_write_booked, answers))
        return
    try:
        with transaction.atomic():
            _write_booked(answers)
    except Exception:
        if not database.is_usable():
            raise
        log.exception("%d answers could not be written down together; each is by itself.", len(answers))
        for answer in answers:
            _together([answer])


def _alone(answer: Answer, write: Callable[[], None]) -> None:
    """What cannot be written down is parked, and a retry looks it up."""
    try:
        with transaction.atomic():
            write()
    except DATABASE_GONE:
        raise
    except Exception as error:
        log.exception("Document %s: %s could not be written down.", answer.row.reference, answer.reply.outcome)
        words = (
            f"The ledger answered “{answer.reply.outcome}”, and a fault in ordersync kept it from being written down: "
        )
        _park(answer, words + f"{type(error).__name__}: {error}")


def _park(answer: Answer, words: str) -> None:
    fix = "Report it, with these words; then retry: the ledger is looked up first."
    with transaction.atomic():
        if end(answer.lease, state=DeliveryState.PARKED, words=words[:1000], fix=fix, sent=True):
            intake.receive_outcome(answer.row, documents.Report(outcome="stuck", words=words[:1000], fix=fix))


def _write_booked(answers: Sequence[Answer]) -> None:
    """The deliveries and what stands for what, the connection's health, and the office's reports."""
    bound = _bound(answers)
    kept = [answer for answer in answers if _ours(answer) in bound]
    for lost in (answer for answer in answers if _ours(answer) not in bound):
        _tell_lost(lost)
    if spoken := [answer for answer in kept if answer.speaks]:
        tell_connection(spoken[0].lease, spoken[0].reply)
    if found := [item for answer in kept if answer.reply.booked for item in answer.reply.booked.bound]:
        known.keep(kept[0].lease.connection_id, found)
    if kept:
        told = [(one.row, documents.Report(outcome="booked", booked=one.reply.booked)) for one in kept]
        intake.receive_outcomes(told)


def _bound(answers: Sequence[Answer]) -> set[str]:
    """End the deliveries as booked, those that are still held; the names of their documents."""
    values = {**names([answer.lease for answer in answers]), "ours": [_ours(answer) for answer in answers]}
    values["theirs"] = [theirs(one.row.kind, one.reply.booked.id) for one in answers if one.reply.booked]
    with database.cursor() as cursor:
        cursor.execute(_BOOKED, values)
        return {name for (name,) in cursor.fetchall()}


def _ours(answer: Answer) -> str:
    return ours(answer.row.kind, answer.row.reference)


def _tell_lost(answer: Answer) -> None:
    words = "Document %s: the lease was lost before %s was written down; the next look-up decides."
    log.warning(words, answer.row.reference, answer.reply.outcome)


def _write_back(answer: Answer) -> None:
    """The delivery's next state, the connection's health and the office's report."""
    lease, reply = answer.lease, answer.reply
    delivery = Delivery.objects.select_for_update(of=("self",), no_key=True).get(pk=lease.delivery_id)
    state, outcome, fields = next_state(delivery, reply)
    words, fix = reply.words[:1000], reply.fix[:500]
    if not end(lease, state=state, words=words, fix=fix, **fields):
        _tell_lost(answer)
        return
    if answer.speaks:
        tell_connection(lease, reply)
    if outcome:
        intake.receive_outcome(answer.row, documents.Report(outcome=outcome, words=words, fix=fix, cause=reply.cause))


def next_state(delivery: Delivery, reply: Reply) -> tuple[DeliveryState, str, dict[str, Any]]:
    """The state to go to, what to report ("" nothing), and other fields of the delivery."""
    was_unknown = delivery.unknown_since is not None
    later = {"not_before": Now() + _wait(delivery.tries, first=10, longest=LONGEST_BACKOFF)}
    match reply.outcome:
        case AttemptOutcome.BOOKED | AttemptOutcome.FOUND:
            return DeliveryState.BOOKED, "booked", {"ended_at": Now(), "unknown_since": None}
        case AttemptOutcome.ABSENT:
            cleared = {"sent": False, "unknown_since": None, "not_before": Now()}
            return DeliveryState.WAITING, "waiting" if was_unknown else "", cleared
        case AttemptOutcome.HANDED_OUT:  # never retried by itself: whoever acknowledges it wakes it
            return DeliveryState.HANDED_OUT, "stuck" if reply.late else "handed_out", {"unknown_since": None}
        case AttemptOutcome.UNKNOWN:
            later = {"not_before": Now() + _wait(delivery.tries, first=5, longest=LONGEST_BACKOFF)}
            since = {"unknown_since": Coalesce("unknown_since", Now())}
            return DeliveryState.UNKNOWN, "" if was_unknown else "unknown", later | since
        case AttemptOutcome.UNAVAILABLE | AttemptOutcome.MISCONFIGURED:
            return DeliveryState.UNKNOWN if was_unknown else DeliveryState.WAITING, "", later
        case AttemptOutcome.REFUSED:
            return DeliveryState.PARKED, "refused", {"unknown_since": None}
        case _:  # a conflict, a bug: it may stand there, so the document is not refused, it is stuck
            return DeliveryState.PARKED, "stuck", {"unknown_since": None}


def tell_connection(lease: Hold, reply: Reply) -> None:
    row = Connection.objects.filter(pk=lease.connection_id)
    match reply.outcome:
        case AttemptOutcome.UNAVAILABLE | AttemptOutcome.UNKNOWN:
            asked = reply.retry_after
            wait = (
                _wait(row.get().failures, first=5, longest=LONGEST_BACKOFF)
                if asked is None
                else timedelta(seconds=min(max(asked, 0), LONGEST_WAIT))
            )
            row.update(failures=F("failures") + 1, not_before=Now() + wait)
        case AttemptOutcome.MISCONFIGURED:
            connections.pause(row.get(), reply.words, reply.fix)
        case AttemptOutcome.BUG:
            return
        case _:
            with database.cursor() as cursor:
                cursor.execute(_WELL, [lease.connection_id, HEALTH_TELLS])


def _wait(failures: int, *, first: int, longest: int) -> timedelta:
    """Twice as long each time, give or take a quarter, so that many do not come back together."""
    return timedelta(seconds=min(first * 2 ** min(failures, 20), longest) * random.uniform(0.75, 1.25))  # noqa: S311
