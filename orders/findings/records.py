"""A record as its checks need it, read afresh in few queries; and what they found, laid beside what stands."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import Prefetch
from django.utils import timezone

from orders.documents.problem import Problem
from orders.findings.codes import CODES
from orders.models import Document, Finding, Order, Payout, Refund, Reviewed, Severity, about, made, noun

Key = tuple[str, str, str]
_TELLS = ("severity", "words", "fix", "difference")
_WIDTHS = {field.name: field.max_length for field in Finding._meta.fields if field.max_length}
_DOCUMENTS = Prefetch("documents", Document.objects.select_related("booking", "invoice"))


def order(pk: int) -> Order:
    """The order with all that its checks look at."""
    found = Order.objects.select_related("shop__ledger__adjustment_account", "customer", "billing", "shipping")
    return found.prefetch_related("lines__taxes", "payments", "adjustments", "corrections", _DOCUMENTS).get(pk=pk)


def refund(pk: int) -> Refund:
    """The refund with its order, and that order's other refunds."""
    found = Refund.objects.select_related(
        "order__shop__ledger__adjustment_account", "order__customer", "order__billing", "order__shipping"
    )
    documents = Prefetch("order__documents", Document.objects.select_related("booking", "invoice"))
    return found.prefetch_related(
        "lines__taxes", "adjustments", "payments", "order__lines__taxes", "order__refunds__lines", documents
    ).get(pk=pk)


def payout(pk: int) -> Payout:
    """The payout with its movements and their payments."""
    found = Payout.objects.select_related("shop__ledger__adjustment_account")
    return found.prefetch_related("lines__payment__order", "adjustments__account").get(pk=pk)


def keep(record: Reviewed, problems: Iterable[Problem]) -> list[Finding]:
    """Make the record's findings those of the problems: what stays keeps its `since`. Sets `blockers` and `warnings` on row and record.

    What one fix solves is said once a record: of problems with the same code and cause the first stands. In the caller's transaction.
    """
    wanted = {_key(item): item for item in _once(problems)}
    stored = {(row.code, row.field, row.cause): row for row in Finding.objects.filter(**about(record))}
    gone = [row.pk for key, row in stored.items() if key not in wanted]
    kept = [row for key, row in stored.items() if key in wanted]
    reworded = [row for row in kept if _tell(row, wanted[row.code, row.field, row.cause])]
    fresh = [_finding(record, key, item) for key, item in wanted.items() if key not in stored]
    if gone:
        Finding.objects.filter(pk__in=gone).delete()
    if reworded:
        Finding.objects.bulk_update(reworded, _TELLS)
    if fresh:
        Finding.objects.bulk_create(fresh)
    _count(record, [*kept, *fresh])
    return [*kept, *fresh]


def _once(problems: Iterable[Problem]) -> list[Problem]:
    """The first of those that one fix solves; without a cause, of those in the same field."""
    first: dict[Key, Problem] = {}
    for item in problems:
        first.setdefault((item.code, item.cause, "" if item.cause else item.field), item)
    return list(first.values())


def _key(item: Problem) -> Key:
    return item.code, _cut(item.field, "field"), _cut(item.cause, "cause")


def _finding(record: Reviewed, key: Key, item: Problem) -> Finding:
    row = Finding(**{noun(record): record}, code=key[0], field=key[1], cause=key[2])
    _tell(row, item)
    return row


def _says(item: Problem) -> tuple[Any, ...]:
    """The columns _TELLS."""
    entry = None if item.fix else CODES.get(item.code)
    fix = str(entry.fix) if entry else item.fix
    return item.severity, _cut(item.words, "words"), _cut(fix, "fix"), item.difference


def _tell(row: Finding, item: Problem) -> bool:
    """Put into the row what the problem says; True if it said something else before."""
    said = _says(item)
    before = tuple(getattr(row, name) for name in _TELLS)
    for name, value in zip(_TELLS, said, strict=True):
        setattr(row, name, value)
    return before != said


def fresh(record: Reviewed, problems: Iterable[Problem]) -> list[Finding]:
    """The findings of a record that has none yet, to be written by COPY: each says since when it stands."""
    wanted = {_key(item): item for item in _once(problems)}
    about, now = f"{noun(record)}_id", timezone.now()
    return [_made(about, record.pk, key, item, now) for key, item in wanted.items()]


def _made(about: str, pk: int, key: Key, item: Problem, now: datetime) -> Finding:
    told = dict(zip(_TELLS, _says(item), strict=True))
    return made(Finding, {about: pk, "code": key[0], "field": key[1], "cause": key[2], "since": now, **told})


def count(record: Reviewed, rows: Iterable[Finding]) -> None:
    """Set the record's blockers and warnings."""
    weights = [row.severity for row in rows]
    record.blockers, record.warnings = weights.count(Severity.BLOCKING), weights.count(Severity.WARNING)


def _count(record: Reviewed, rows: list[Finding]) -> None:
    count(record, rows)
    type(record)._default_manager.filter(pk=record.pk).update(blockers=record.blockers, warnings=record.warnings)


def _cut(text: str, name: str) -> str:
    """As much as the column holds."""
    width = _WIDTHS[name]
    return text if len(text) <= width else f"{text[: width - 1]}…"
