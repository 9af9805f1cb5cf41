"""Tells stores what the office wants them to know: makes the errands, claims those that are due, and carries each with a trace of every call.

The same discipline as for documents: an attempt before a call, a look before telling again, unknown is a state, and a bug parks one errand.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db import connection as database
from django.db import transaction
from django.db.models import Case, F, Value, When
from django.db.models.functions import Least, Now

from integrations import booking, connections
from integrations.booking import CALL_SECONDS, DATABASE_GONE, LEASE_SECONDS, FencedOff, Reply, end, held
from integrations.errors import Trouble
from integrations.models import Attempt, AttemptOutcome, Connection, Delivery, DeliveryState, Errand
from integrations.stores import base
from integrations.writeback.claims import Lease, claim, glance, recover, report
from integrations.writeback.errands import collect, news
from orders import events
from ordersync_site import logs
from ordersync_site.redaction import redact

__all__ = ["Tally", "claim", "collect", "glance", "recover", "tick", "unpark"]

log = logging.getLogger(__name__)

_DONE = {AttemptOutcome.BOOKED, AttemptOutcome.FOUND}
_PARKED = {AttemptOutcome.REFUSED, AttemptOutcome.CONFLICT, AttemptOutcome.BUG}


@dataclass(slots=True)
class Tally:
    """What a tick did: errands made, told, and not told, with the words."""

    made: int = 0
    told: int = 0
    failed: int = 0
    words: list[str] = field(default_factory=list)


def tick(seconds: float = 45) -> Tally:
    """Make and carry what is due, for at most that long. Safe at any time, in any number of processes."""
    deadline, tally = time.monotonic() + seconds, Tally()
    for there in _wishing():
        tally.made += _collected(there)
    while time.monotonic() < deadline:
        lapsed, due = glance()
        moved = recover() if lapsed else 0
        moved += sum([_drain(Connection.objects.get(pk=pk), deadline, tally) for pk in due])
        if not moved:
            break
    return tally


def unpark(delivery: Delivery) -> None:
    """Let a parked errand go again: the store is looked at before it is told. The caller holds the delivery's row lock."""
    errand = delivery.errand
    if errand is None:
        raise TypeError(f"{delivery} carries no errand")
    fields: dict[str, Any] = {"state": DeliveryState.WAITING, "sent": True, "not_before": Now(), "ended_at": None}
    Delivery.objects.filter(pk=delivery.pk).update(**fields, words="", fix="")
    report(errand, "waiting")


def _wishing() -> list[Connection]:
    """Connections of shops with a wish, which is read from their options before an adapter is made."""
    rows = Connection.objects.filter(active=True, paused_at=None).exclude(shop=None).select_related("shop")
    return [there for there in rows.order_by("pk") if any(name.startswith("tell_") for name in there.options)]


def _collected(there: Connection) -> int:
    store = _store(there)
    return collect(there, store.options) if store else 0


def _drain(there: Connection, deadline: float, tally: Tally) -> int:
    """One claim's worth of one connection; how many errands moved (or, without budget, 1 after a short wait for it)."""
    store = _store(there)
    if store is None:
        return 0
    leases, wait = claim(there, store.concurrency)
    if wait:
        time.sleep(max(0.0, min(wait, 1.0, deadline - time.monotonic())))
        return 1
    todo = list(leases)
    while todo and todo[0].has_time and time.monotonic() < deadline:
        lease = todo.pop(0)
        with logs.about(f"delivery-{lease.delivery_id}"):
            if _halts(lease, store, tally):
                break
    back = Case(When(unknown_since=None, then=Value(DeliveryState.WAITING)), default=Value(DeliveryState.UNKNOWN))
    for lease in todo:
        end(lease, state=back, not_before=Least("not_before", Now()))  # due still, though a clock jumped back
    return len(leases)


def _halts(lease: Lease, store: base.Listener, tally: Tally) -> bool:
    try:
        reply = _carry(lease, store)
    except FencedOff:
        log.warning("Delivery %s: the lease was lost before the call.", lease.delivery_id)
        return False
    tally.told += reply.outcome in _DONE
    tally.failed += reply.outcome in _PARKED or reply.outcome == AttemptOutcome.UNKNOWN
    tally.words += [reply.words] if reply.words else []
    return reply.halts


def _carry(lease: Lease, store: base.Listener) -> Reply:
    errand = Errand.objects.select_related("delivery").get(pk=lease.errand_id)
    attempt = _open(lease)
    log.info("Attempt %d: %s %s.", attempt.pk, attempt.call, errand.key)
    reply = _call(lease, store, errand)
    Attempt.objects.filter(pk=attempt.pk).update(ended_at=Now(), outcome=reply.outcome, words=reply.words[:1000])
    log.info("Attempt %d: %s.", attempt.pk, reply.outcome)
    _settle(lease, errand, reply)
    return reply


def _open(lease: Lease) -> Attempt:
    """Commit the attempt, and that it is sent, before anything is sent; the lease begins anew, so that the call has all of it."""
    fields: dict[str, Any] = {"tries": F("tries") + 1, "leased_until": Now() + timedelta(seconds=LEASE_SECONDS)}
    fields |= {} if lease.ask else {"sent": True}
    with transaction.atomic():
        if not held(lease).filter(leased_until__gt=Now() + timedelta(seconds=CALL_SECONDS)).update(**fields):
            raise FencedOff
        call = "look" if lease.ask else "tell"
        return Attempt.objects.create(delivery_id=lease.delivery_id, fence=lease.fence, call=call, started_at=Now())


def _call(lease: Lease, store: base.Listener, errand: Errand) -> Reply:
    """Look, or tell. Raises database errors only; RuntimeError if a transaction is open."""
    if database.in_atomic_block:
        raise RuntimeError("a store must never be called inside a transaction: its answer may take minutes")
    try:
        told = news(errand, str(errand.delivery.idempotency_key))
        if lease.ask:
            stands = store.stands(told)
            return Reply(outcome=AttemptOutcome.FOUND if stands else AttemptOutcome.ABSENT)
        store.tell(told)
        return Reply(outcome=AttemptOutcome.BOOKED)
    except Trouble as error:
        return booking.trouble(error, ask=lease.ask)
    except DATABASE_GONE:
        raise
    except Exception as error:
        log.exception("Errand %s: the call ended in a bug.", errand.key)
        words = f"A fault in ordersync or its adapter stopped this errand: {type(error).__name__}: {redact(str(error))}"
        fix = "Report it, with these words; then retry: the store is looked at first."
        return Reply(outcome=AttemptOutcome.BUG, words=words, fix=fix)


def _settle(lease: Lease, errand: Errand, reply: Reply) -> None:
    """The delivery's next state, the connection's health and the office's report, all or nothing; unless the lease was lost: then the next look decides."""
    try:
        with transaction.atomic():
            delivery = Delivery.objects.select_for_update(of=("self",), no_key=True).get(pk=lease.delivery_id)
            state, outcome, fields = booking.next_state(delivery, reply)
            if not end(lease, state=state, words=reply.words[:1000], fix=reply.fix[:500], **fields):
                raise FencedOff
            booking.tell_connection(lease, reply)
            if outcome:
                report(errand, outcome, reply.words)
            if outcome == "booked" and errand.order is not None:
                words = f"The store was told: {errand.get_kind_display()} {_what(errand)}"
                events.record(errand.order, "store told", order=errand.order, words=words[:500])
    except FencedOff:
        log.warning("Errand %s: the lease was lost before %s was written down.", errand.key, reply.outcome)
    except DATABASE_GONE:
        raise
    except Exception as error:  # one that cannot be written down waits for a person, and the others go on
        log.exception("Errand %s: %s could not be written down.", errand.key, reply.outcome)
        words = f"The store answered “{reply.outcome}”, and a fault in ordersync kept it from being written down: {type(error).__name__}"
        fix = "Report it, with these words; then retry: the store is looked at first."
        end(lease, state=DeliveryState.PARKED, words=words, fix=fix, sent=True)


def _what(errand: Errand) -> str:
    return str(errand.body.get("number") or errand.body.get("tag") or "")


def _store(there: Connection) -> base.Listener | None:
    """The adapter, if it can be made and listens; one that is only a door does not."""
    made: object = connections.ready(there)
    return made if isinstance(made, base.Listener) else None
