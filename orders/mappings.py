"""What follows when something that records waited for is set: a mapping, an account, a rate, a period. They are checked again, and some become ready."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from django.db import models as fields
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
    Severity,
    State,
    TaxCode,
    TaxMapping,
)

OPEN = (State.PENDING, State.HELD)


class Moved(NamedTuple):
    """How many records were checked again, and how many orders became ready by it."""

    checked: int
    ready: int


def recheck(record: fields.Model) -> Moved:
    """Check every open record again that waits for what this record says; the caller's transaction."""
    checked, ready = 0, 0
    for ledger in _ledgers(record):
        for cause in _waited_for(record):
            blocked = _blocked(ledger, cause)
            checked += findings.recheck(ledger, cause)
            ready += Order.objects.filter(pk__in=blocked, state=State.PENDING, blockers=0).count()
    return Moved(checked, ready)


def waits(record: fields.Model) -> bool:
    """Whether records may wait for records of this kind."""
    return bool(list(_beginnings(record)))


def _beginnings(record: fields.Model) -> Iterator[str]:
    """What the causes begin with that this record may remove (they are made in orders.documents.chart and sheet)."""
    match record:
        case ItemMapping():
            yield f"sku:{record.key}"
        case TaxMapping():
            yield f"tax:{record.treatment}|"
        case AccountMapping():
            yield f"account:{record.purpose}:{record.value}"
        case TaxCode():
            yield f"taxcode:{record.code}"
        case ExchangeRate():
            yield f"rate:{record.currency}"
        case Period():
            yield "period:"
        case Ledger():
            yield from ("account:ledger:", "kind:", "sku:")


def _waited_for(record: fields.Model) -> list[str]:
    """The causes that stored findings of open records name, among those this record may remove."""
    wanted = Q()
    for beginning in _beginnings(record):
        wanted |= Q(cause__startswith=beginning)
    if not wanted:
        return []
    waiting = Q(order__state__in=OPEN) | Q(refund__state__in=OPEN) | Q(payout__state__in=OPEN)
    return list(Finding.objects.filter(wanted, waiting).order_by().values_list("cause", flat=True).distinct())


def _ledgers(record: fields.Model) -> list[Ledger]:
    if isinstance(record, Ledger):
        return [record]
    if isinstance(record, ExchangeRate):
        return list(Ledger.objects.filter(base_currency=record.base_currency))
    ledger = getattr(record, "ledger", None)
    return [ledger] if isinstance(ledger, Ledger) else []


def _blocked(ledger: Ledger, cause: str) -> list[int]:
    waiting = Finding.objects.filter(
        cause=cause, severity=Severity.BLOCKING, order__state=State.PENDING, order__shop__ledger=ledger
    )
    return list(waiting.order_by().values_list("order_id", flat=True).distinct())
