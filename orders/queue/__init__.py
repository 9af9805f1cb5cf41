"""The approval queue: which records lie in which tab, how many, worth how much, and which one comes next."""

from __future__ import annotations

from orders.queue.beside import LOST, asked, findings, questions, troubles, undo_until, undo_window, unsettled
from orders.queue.kinds import CHANGES, KINDS, Decided, amount
from orders.queue.views import (
    COUNTED_UP_TO,
    TABS,
    UNKNOWN_FOR,
    Place,
    Tab,
    View,
    amounts,
    counts,
    exact,
    in_tab,
    oldest,
    pending,
    place,
    rows,
    tab_of,
    tally,
    waiting,
)

__all__ = [
    "CHANGES",
    "COUNTED_UP_TO",
    "KINDS",
    "LOST",
    "TABS",
    "UNKNOWN_FOR",
    "Decided",
    "Place",
    "Tab",
    "View",
    "amount",
    "amounts",
    "asked",
    "counts",
    "exact",
    "findings",
    "in_tab",
    "oldest",
    "pending",
    "place",
    "questions",
    "rows",
    "tab_of",
    "tally",
    "troubles",
    "undo_until",
    "undo_window",
    "unsettled",
    "waiting",
]
