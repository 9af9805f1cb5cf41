"""Hands documents out in files and takes in what became of them: a batch is made, acknowledged or withdrawn, by a person, and each step is an event."""

from integrations.handover.answering import acknowledge, acknowledge_all, withdraw
from integrations.handover.making import make, tick
from integrations.handover.standing import NotDone, Told, counted, late, ledger_of, ready, unanswered

__all__ = [
    "NotDone",
    "Told",
    "acknowledge",
    "acknowledge_all",
    "counted",
    "late",
    "ledger_of",
    "make",
    "ready",
    "tick",
    "unanswered",
    "withdraw",
]
