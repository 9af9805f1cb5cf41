"""Which days of a ledger are open, soft-closed or closed."""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from orders import events
from orders.models import Ledger, Period, PeriodState

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class Refused(Exception):
    """A period cannot be changed so, or no day after it is open; `words` says why."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words


def state(ledger: Ledger, day: date) -> PeriodState:
    """The state of that day; a day in no period is open."""
    return calendar(ledger)(day)


def named(ledger: Ledger | int) -> QuerySet[Period, tuple[Any, str]]:
    """The periods of a ledger, each with its state."""
    return Period.objects.filter(ledger=ledger).order_by("period").values_list("period", "state")


def calendar(ledger: Ledger) -> Callable[[date], PeriodState]:
    """`state` for many days of one ledger, as it stands now; one query."""
    return calendar_of(list(named(ledger)))


def calendar_of(named: list[tuple[Any, str]]) -> Callable[[date], PeriodState]:
    """The same of periods that were asked for already."""

    def state_of(day: date) -> PeriodState:
        return next((PeriodState(state) for period, state in named if day in period), PeriodState.OPEN)

    return functools.cache(state_of)


def first_open_day(ledger: Ledger, day: date) -> date:
    """The day itself if it is open, else the first open day after it. Raises Refused where a closed period has no end."""
    for closed in Period.objects.filter(ledger=ledger).exclude(state=PeriodState.OPEN).order_by("period"):
        if day in closed.period:
            if closed.period.upper is None:
                raise Refused(_("Everything from %(day)s on is closed. Reopen a period first.") % {"day": day})
            day = closed.period.upper
    return day


def close(period: Period, state: PeriodState = PeriodState.CLOSED, *, by: User | None, reason: str = "") -> Period:
    """Close the period softly or for good. Raises Refused for the state `open`."""
    if state == PeriodState.OPEN:
        raise Refused(_("A period is closed softly or for good; to open it again, reopen it."))
    return _set(period, state, "closed", by, reason)


def reopen(period: Period, state: PeriodState = PeriodState.OPEN, *, by: User | None, reason: str) -> Period:
    """Open the period again, or soften its closing. Raises Refused without a reason, or for the state `closed`."""
    if not reason.strip():
        raise Refused(_("Say why the period is reopened: auditors will ask."))
    if state == PeriodState.CLOSED:
        raise Refused(_("A period cannot be reopened into closed."))
    return _set(period, state, "reopened", by, reason)


@transaction.atomic
def _set(period: Period, state: PeriodState, verb: str, by: User | None, reason: str) -> Period:
    locked = Period.objects.select_for_update(no_key=True).get(pk=period.pk)
    before, locked.state = locked.state, state
    locked.save(update_fields=["state"])
    period.state = state
    events.record(
        locked, verb, by=by, before={"state": before}, after={"state": state}, why=reason, words=f"{locked} {verb}."
    )
    return period
