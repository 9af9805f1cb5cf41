"""Carries claimed documents to their ledger: finds them there, or else books them, and leaves a trace of every call."""

from __future__ import annotations

from collections.abc import Sequence

from integrations.accounting.base import Accounting
from integrations.booking.aftermath import Answer, next_state, settle, tell_connection
from integrations.booking.attempts import Sending, begin, close, withdraw
from integrations.booking.calls import call, known_by_another, trouble
from integrations.booking.lease import (
    CALL_SECONDS,
    DATABASE_GONE,
    HELD,
    LEASE_SECONDS,
    FencedOff,
    Hold,
    Lease,
    Reply,
    end,
    held,
    idempotency_key,
    names,
)
from orders import outgoing

__all__ = [
    "CALL_SECONDS",
    "DATABASE_GONE",
    "HELD",
    "LEASE_SECONDS",
    "FencedOff",
    "Hold",
    "Lease",
    "Reply",
    "Sending",
    "begin",
    "conclude",
    "end",
    "held",
    "idempotency_key",
    "names",
    "next_state",
    "post",
    "send",
    "tell_connection",
    "trouble",
    "withdraw",
]

Call = tuple[Sequence[Sending], Sequence[Reply]]


def post(lease: Lease, ledger: Accounting) -> Reply:
    """Ask for the document, or send it, and write down what came of it. Never raises for what the ledger or a bug in its adapter does.

    Raises FencedOff before the call if the lease is lost, and database errors; whoever dies in here leaves an attempt that was never closed.
    """
    load = begin([lease], ledger)
    if not load:
        raise FencedOff
    return conclude([(load, send(load, ledger))])[0]


def send(load: Sequence[Sending], ledger: Accounting) -> list[Reply]:
    """One call for these, which go together: a reply for each. Touches no table; raises as `post` does."""
    fit = [sending.load for sending in load if isinstance(sending.load, outgoing.Document)]
    told = iter(call(fit, ledger, ask=load[0].lease.ask) if fit else ())
    return [sending.load if isinstance(sending.load, Reply) else next(told) for sending in load]


def conclude(calls: Sequence[Call]) -> list[Reply]:
    """Write down what came of calls of one connection, first the answers, then what follows from them; the replies as they count."""
    sent = [sending for load, _replies in calls for sending in load]
    replies = [reply for _load, replies in calls for reply in replies]
    rows = [(sending.row, reply) for sending, reply in zip(sent, replies, strict=True)]
    told = known_by_another(sent[0].lease.connection_id, rows)
    close(list(zip(sent, told, strict=True)))
    speakers = {_speaker(*call).attempt for call in calls}
    settle(
        [
            Answer(lease=sending.lease, row=sending.row, reply=reply, speaks=sending.attempt in speakers)
            for sending, reply in zip(sent, told, strict=True)
        ]
    )
    return told


def _speaker(load: Sequence[Sending], replies: Sequence[Reply]) -> Sending:
    """Whose answer says how well the connection is: the first that found no answer there, if there is one."""
    return next((sending for sending, reply in zip(load, replies, strict=True) if reply.halts), load[0])
