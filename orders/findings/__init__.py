"""What is wrong or remarkable about a record, found afresh from what stands in the database, with the fix in words."""

from __future__ import annotations

from orders.findings.causes import Affected, Group, Wait, affected, groups, recheck, recheck_all, released, waiting
from orders.findings.checks import check, check_payout, check_refund, in_office_language
from orders.findings.codes import CODES, Code, Concerns
from orders.findings.fresh import check_new

__all__ = [
    "CODES",
    "Affected",
    "Code",
    "Concerns",
    "Group",
    "Wait",
    "affected",
    "check",
    "check_new",
    "check_payout",
    "check_refund",
    "groups",
    "in_office_language",
    "recheck",
    "recheck_all",
    "released",
    "waiting",
]
