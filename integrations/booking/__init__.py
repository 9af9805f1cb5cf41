"""Carries one claimed document to its ledger: finds it there, or else books it, and leaves a trace of every call."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from integrations.accounting.base import Accounting
from integrations.booking import known
from integrations.booking.aftermath import next_state, settle, tell_connection
from integrations.booking.calls import call, trouble
from integrations.booking.lease import (
    CALL_SECONDS,
    DATABASE_GONE,
    LEASE_SECONDS,
    FencedOff,
    Hold,
    Lease,
    Reply,
    end,
    held,
    idempotency_key,
)
from integrations.models import Attempt
from orders import incoming
from orders.models import Document

__all__ = [
    "CALL_SECONDS",
    "DATABASE_GONE",
    "LEASE_SECONDS",
    "FencedOff",
    "Hold",
    "Lease",
    "Reply",
    "end",
    "held",
    "idempotency_key",
    "next_state",
    "post",
    "tell_connection",
    "trouble",
]

log = logging.getLogger(__name__)


def post(lease: Lease, ledger: Accounting) -> Reply:
    """Ask for the document, or send it, and write down what came of it. Never raises for what the ledger or a bug in its adapter does.

    Raises FencedOff before the call if the lease is lost, and database errors; whoever dies in here leaves an attempt that was never closed.
    """
    row = Document.objects.get(pk=lease.document_id)
    attempt = _open(lease, row)
    log.info("Attempt %d: %s %s of order %s.", attempt.pk, attempt.call, row.reference, row.order_id)
    reply = call(lease, ledger, row)
    _close(attempt, reply)
    log.info("Attempt %d: %s.", attempt.pk, reply.outcome)
    settle(lease, row, reply)
    return reply


def _open(lease: Lease, row: Document) -> Attempt:
    """Commit the attempt, and that it is sent, before anything is sent; the lease begins anew, so that the call has all of it."""
    fields: dict[str, Any] = {"tries": F("tries") + 1, "leased_until": Now() + timedelta(seconds=LEASE_SECONDS)}
    fields |= {} if lease.ask else {"sent": True}
    with transaction.atomic():
        if not held(lease).filter(leased_until__gt=Now() + timedelta(seconds=CALL_SECONDS)).update(**fields):
            raise FencedOff
        return Attempt.objects.create(
            delivery_id=lease.delivery_id,
            fence=lease.fence,
            call="find" if lease.ask else "book",
            request_hash=row.hash,
            started_at=Now(),
        )


def _close(attempt: Attempt, reply: Reply) -> None:
    """Keep the answer first and by itself: it is true, whoever holds the lease by now."""
    said = incoming.plain(reply.booked) if reply.booked else {}
    said |= {"untranslated": reply.untranslated} if reply.untranslated else {}
    asked = {"reply": {"asks": known.asked(reply.asks)}, "personal": known.labels(reply.asks)} if reply.asks else {}
    Attempt.objects.filter(pk=attempt.pk).update(
        **{"ended_at": Now(), "outcome": reply.outcome, "words": reply.words[:1000], "reply": said, **asked}
    )
