"""The decisions of the order data owner, as services: compare-and-set, an event, one transaction."""

from orders.review import bulk, causes, settling
from orders.review.approval import approve
from orders.review.changes import (
    Change,
    adjust,
    correct,
    correct_all,
    drop_correction,
    post_on_first_open_day,
    withdraw,
)
from orders.review.decisions import assign, hold, reject, reopen, wake
from orders.review.handing_over import given, given_causes, hand_over
from orders.review.questions import answer
from orders.review.records import waits_for_second
from orders.review.refresh import refresh
from orders.review.refusal import Refused
from orders.review.suggestions import suggest_count, suggest_value
from orders.review.undoing import undo, undo_plan

__all__ = [
    "Change",
    "Refused",
    "adjust",
    "answer",
    "approve",
    "assign",
    "bulk",
    "causes",
    "correct",
    "correct_all",
    "drop_correction",
    "given",
    "given_causes",
    "hand_over",
    "hold",
    "post_on_first_open_day",
    "refresh",
    "reject",
    "reopen",
    "settling",
    "suggest_count",
    "suggest_value",
    "undo",
    "undo_plan",
    "waits_for_second",
    "wake",
    "withdraw",
]
