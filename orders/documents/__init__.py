"""Documents: what would be posted (plan), what was signed (sign, chain), and what became of it (take, report)."""

from orders.documents.books import Books
from orders.documents.chain import Tampered, events_verify, intact, verify
from orders.documents.matching import OF_KIND, match, numbers, release
from orders.documents.orders import plan
from orders.documents.payouts import plan as plan_payout
from orders.documents.plan import Draft, Origin, Plan
from orders.documents.problem import Problem
from orders.documents.progress import documents_of, update_progress
from orders.documents.refunds import plan as plan_refund
from orders.documents.report import Report, report, report_many
from orders.documents.sheet import named
from orders.documents.sign import Unbalanced, sign
from orders.documents.sketch import obstacles, obstacles_of_refund
from orders.documents.stored import Signed, outgoing_of, to_send
from orders.documents.take import Taken, take
from orders.documents.undo import Step, Undo, Way, in_books, undo
from orders.documents.upcoming import upcoming

__all__ = [
    "OF_KIND",
    "Books",
    "Draft",
    "Origin",
    "Plan",
    "Problem",
    "Report",
    "Signed",
    "Step",
    "Taken",
    "Tampered",
    "Unbalanced",
    "Undo",
    "Way",
    "documents_of",
    "events_verify",
    "in_books",
    "intact",
    "match",
    "named",
    "numbers",
    "obstacles",
    "obstacles_of_refund",
    "outgoing_of",
    "plan",
    "plan_payout",
    "plan_refund",
    "release",
    "report",
    "report_many",
    "sign",
    "take",
    "to_send",
    "undo",
    "upcoming",
    "update_progress",
    "verify",
]
