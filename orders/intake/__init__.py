"""The one door for everything that stores and ledgers tell: each record by itself, versioned, laid under people's corrections, or quarantined with a reason."""

from __future__ import annotations

from orders.intake.batches import receive
from orders.intake.choices import receive_choices
from orders.intake.counts import receive_counts
from orders.intake.foretell import foretell
from orders.intake.ledger import receive_states
from orders.intake.outcomes import receive_outcome, receive_outcomes
from orders.intake.receipt import Change, Line, Receipt

__all__ = [
    "Change",
    "Line",
    "Receipt",
    "foretell",
    "receive",
    "receive_choices",
    "receive_counts",
    "receive_outcome",
    "receive_outcomes",
    "receive_states",
]
