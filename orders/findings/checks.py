"""Runs the checks over a record and its plan, and keeps what they find."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from django.conf import settings
from django.utils import translation

from orders import documents
from orders.documents.problem import Problem
from orders.findings import records, registry
from orders.models import Finding, Order, Payout, Refund, Severity

Record = TypeVar("Record")
_WEIGHTS = {str(severity): weight for weight, severity in enumerate(Severity)}
_IMPLIED_BY = {"invoice_missing": "order_not_approved"}


def check(order: Order, plan: documents.Plan | None = None) -> list[Finding]:
    """Find everything about the order again, and keep it; its blockers and warnings are counted. In the caller's transaction.

    `plan`: what would be signed, where the caller has drafted it already in the office's language.
    """
    fresh = records.order(order.pk)
    with in_office_language():
        return records.keep(order, joined(found(registry.ORDER, fresh), (plan or documents.plan(fresh)).problems))


def check_refund(refund: Refund, plan: documents.Plan | None = None) -> list[Finding]:
    """The same for a refund."""
    fresh = records.refund(refund.pk)
    with in_office_language():
        planned = (plan or documents.plan_refund(fresh)).problems
        return records.keep(refund, joined(found(registry.REFUND, fresh), planned))


def check_payout(payout: Payout, plan: documents.Plan | None = None) -> list[Finding]:
    """The same for a payout."""
    fresh = records.payout(payout.pk)
    with in_office_language():
        planned = (plan or documents.plan_payout(fresh)).problems
        return records.keep(payout, joined(found(registry.PAYOUT, fresh), planned))


def found(checks: Iterable[Callable[[Record], Iterator[Problem]]], record: Record) -> list[Problem]:
    """What all of these checks say of the record."""
    return [problem for check in checks for problem in check(record)]


def joined(ours: list[Problem], planned: Iterable[Problem]) -> list[Problem]:
    """What the checks and the plan found, nobody told twice: of a code that both found, the graver stands, ours on a tie."""
    theirs = [problem for problem in planned if _IMPLIED_BY.get(problem.code) not in {mine.code for mine in ours}]
    gravest = {problem.code: _gravity(problem) for problem in sorted(theirs, key=_gravity, reverse=True)}
    kept = [problem for problem in ours if _gravity(problem) <= gravest.get(problem.code, _gravity(problem))]
    known = {problem.code for problem in kept}
    return [*kept, *(problem for problem in theirs if problem.code not in known)]


def _gravity(problem: Problem) -> int:
    """0 is gravest."""
    return _WEIGHTS[problem.severity]


def in_office_language() -> translation.override:
    """Findings are stored, so they are worded in the office's language, not in that of whoever happened to cause the check."""
    return translation.override(settings.LANGUAGE_CODE)
