"""What follows when something that records waited for is set: a mapping, a tax code, a rate, a period. They are checked again, and some become ready."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.db.models import Q

from orders import findings
from orders.models import (
    AccountMapping,
    ExchangeRate,
    Finding,
    ItemMapping,
    Ledger,
    Order,
    Period,
    Purpose,
    Severity,
    State,
    TaxCode,
    TaxMapping,
)


class Moved(NamedTuple):
    """How many records were checked again, and which orders became ready by it."""

    checked: int
    ready: int
    orders: tuple[int, ...] = ()


def settled(record: Any) -> Moved:
    """Check every open record again that waits for what `record` (just saved: a mapping, tax code, rate, period or ledger) says; the caller's transaction."""
    checked, ready = 0, list[int]()
    for ledger in _ledgers(record):
        for cause in causes(record):
            blocked = _blocked(ledger, cause)
            checked += findings.recheck(ledger, cause)
            now = Order.objects.filter(pk__in=blocked, state=State.PENDING, blockers=0).order_by("pk")
            ready += now.values_list("pk", flat=True)
    return Moved(checked, len(ready), tuple(ready))


def moved(ledger: Ledger) -> int:
    """Check every open record of the ledger again: accounts, tax codes or items that mappings may name have gone there, or come back."""
    return findings.recheck_all(ledger)


def causes(record: Any) -> tuple[str, ...]:
    """The causes that the record may remove, as findings.recheck takes them (made in orders.documents.chart and sheet); none for what nothing waits for."""
    match record:
        case ItemMapping():
            return (f"sku:{record.key}",)
        case TaxMapping():
            return ("tax:",)
        case AccountMapping():
            return (
                ("account:payment:",)
                if record.purpose == Purpose.PAYMENT
                else (f"account:{record.purpose}:{record.value}",)
            )
        case TaxCode():
            return (f"taxcode:{record.code}",)
        case ExchangeRate():
            return (f"rate:{record.currency}",)
        case Period():
            return ("period:",)
        case Ledger():
            return ("account:ledger:", "kind:", "sku:")
    return ()


def _ledgers(record: Any) -> list[Ledger]:
    if isinstance(record, Ledger):
        return [record]
    if isinstance(record, ExchangeRate):
        return list(Ledger.objects.filter(base_currency=record.base_currency))
    return [record.ledger] if causes(record) else []


def _blocked(ledger: Ledger, cause: str) -> list[int]:
    named = Q(cause__startswith=cause) if cause.endswith(":") else Q(cause=cause)
    waiting = Finding.objects.filter(
        named, severity=Severity.BLOCKING, order__state=State.PENDING, order__shop__ledger=ledger
    )
    return list(waiting.order_by().values_list("order_id", flat=True).distinct())
