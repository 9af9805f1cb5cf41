"""The approval queue: which records lie in which tab, how many, worth how much, and which one comes next."""

from __future__ import annotations

from orders.queue.beside import LOST, asked, findings, questions, troubles, undo_until, undo_window, unsettled
from orders.queue.kinds import CHANGES, KINDS, Decided, amount
from orders.queue.places import Place, place
from orders.queue.scalars import COUNTED_UP_TO
from orders.queue.tabs import TABS, UNKNOWN_FOR, Tab, in_tab, tab_of
from orders.queue.tallies import amounts, counts, oldest, pending, tally, waiting
from orders.queue.views import View, exact, rows

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
