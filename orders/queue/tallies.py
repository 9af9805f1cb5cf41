"""How many records lie in each tab, how old they are and what they are worth."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import (
    Count,
    F,
    Min,
    Q,
    QuerySet,
    Sum,
)
from django.utils import timezone

from orders.models import Order, Progress, State
from orders.queue.kinds import AMOUNT, CHANGES, KINDS, MOMENT
from orders.queue.scalars import COUNTED_UP_TO, counted, scalars
from orders.queue.tabs import TABS, Tab
from orders.queue.views import View, filtered, rows

_OPEN = [progress for progress in Progress if progress != Progress.POSTED]


def counts(view: View) -> dict[str, int]:
    """How many records lie in each tab under the view's filter. Exact for open states, else at most COUNTED_UP_TO + 1."""
    return tally(view).counts


class Tally(NamedTuple):
    """The counts by tab, the sums of the view's own tab by currency (none of a tab that is counted up to a cap only), and what is pending of other kinds."""

    counts: dict[str, int]
    sums: dict[str, Decimal]
    pending: dict[str, int]


def tally(view: View) -> Tally:
    """What the queue's frame shows; two statements."""
    if view.text:
        return Tally(*_tally_of_search(view), pending())
    now = timezone.now()
    found = filtered(view).order_by()
    still_open = Q(state__in=[State.PENDING, State.HELD]) | Q(state=State.APPROVED, progress__in=_OPEN)
    exact, sums = _summed(found.filter(still_open), view, [tab for tab in TABS.values() if tab.counted])
    newest = F(MOMENT[view.kind]).desc(), F("id").desc()  # in an index's order, else PostgreSQL reads the table for it
    capped = {tab.name: found.filter(tab.holds(now)).order_by(*newest) for tab in TABS.values() if not tab.counted}
    found_capped = _capped(capped | _pending())
    beside = {kind: found_capped.pop(kind) for kind in _pending()}
    return Tally(exact | found_capped, sums if TABS[view.tab].counted else {}, beside)


def _tally_of_search(view: View) -> tuple[dict[str, int], dict[str, Decimal]]:
    """What a search finds is little, or the search is stopped: counted tab by tab without looking at what else is open."""
    by_tab, sums = _summed(filtered(view).order_by(), view, list(TABS.values()))
    return {name: min(n, COUNTED_UP_TO + 1) for name, n in by_tab.items()}, sums


def _summed(found: QuerySet[Any], view: View, tabs: Sequence[Tab]) -> tuple[dict[str, int], dict[str, Decimal]]:
    """How many of these lie in each tab, and what the view's own are worth by currency; answered by `order_open` alone where nothing is filtered."""
    now = timezone.now()
    counts = {tab.name: Count("state", filter=tab.holds(now)) for tab in tabs}
    if view.kind in CHANGES:
        return dict(found.aggregate(**counts)), {}
    worth = Sum(AMOUNT[view.kind], filter=TABS[view.tab].holds(now))
    by_currency = list(found.values("currency").annotate(**counts, worth=worth))
    sums = {row["currency"]: row["worth"] for row in by_currency if row["worth"] is not None}
    return {name: sum(row[name] for row in by_currency) for name in counts}, sums


def pending() -> dict[str, int]:
    """How many records of each kind but orders wait for a decision; one statement."""
    return _capped(_pending())


def _pending() -> dict[str, QuerySet[Any]]:
    return {
        kind: model._default_manager.filter(state=State.PENDING).order_by()
        for kind, model in KINDS.items()
        if model is not Order
    }


def _capped(asked: dict[str, QuerySet[Any]]) -> dict[str, int]:
    """How many records each finds, at most COUNTED_UP_TO + 1; one statement for all."""
    return dict(zip(asked, scalars(*map(counted, asked.values())), strict=True))


def waiting() -> int:
    """How many orders need a person's look."""
    return Order.objects.filter(TABS["review"].holds(timezone.now())).count()


def oldest(view: View) -> datetime | None:
    """Since when the oldest record of a view has been with us; None if there is none."""
    found: datetime | None = rows(view).order_by().aggregate(oldest=Min("received_at"))["oldest"]
    return found


def amounts(records: QuerySet[Any], kind: str) -> dict[str, Decimal]:
    """The sums of these records by currency."""
    summed = records.order_by().values_list("currency").annotate(Sum(AMOUNT[kind]))
    return dict(summed)
