"""Open, soft-closed and closed days."""

from __future__ import annotations

from datetime import date

import pytest
from django.db.backends.postgresql.psycopg_any import DateRange

from orders import models, periods
from orders.models import PeriodState
from tests import factories

pytestmark = pytest.mark.django_db


def period(
    ledger: models.Ledger, lower: date, upper: date | None, state: PeriodState = PeriodState.CLOSED
) -> models.Period:
    return models.Period.objects.create(ledger=ledger, period=DateRange(lower, upper), state=state)


def test_a_day_without_a_period_is_open() -> None:
    assert periods.state(factories.ledger(), date(2026, 10, 1)) == PeriodState.OPEN


def test_a_period_holds_its_first_day_and_not_its_last_bound_and_only_its_own_ledger() -> None:
    ledger = factories.ledger()
    period(ledger, date(2026, 9, 1), date(2026, 10, 1))
    assert periods.state(ledger, date(2026, 9, 1)) == PeriodState.CLOSED
    assert periods.state(ledger, date(2026, 10, 1)) == PeriodState.OPEN
    assert periods.state(factories.ledger("other"), date(2026, 9, 1)) == PeriodState.OPEN


def test_the_first_open_day_lies_behind_all_closed_periods_in_a_row() -> None:
    ledger = factories.ledger()
    period(ledger, date(2026, 10, 1), date(2026, 11, 1), PeriodState.SOFT_CLOSED)
    period(ledger, date(2026, 9, 1), date(2026, 10, 1))
    period(ledger, date(2026, 11, 1), date(2026, 12, 1), PeriodState.OPEN)
    assert periods.first_open_day(ledger, date(2026, 9, 15)) == date(2026, 11, 1)
    assert periods.first_open_day(ledger, date(2026, 11, 15)) == date(2026, 11, 15)
    assert periods.first_open_day(ledger, date(2026, 8, 31)) == date(2026, 8, 31)


def test_where_everything_is_closed_there_is_no_open_day_and_it_says_so() -> None:
    ledger = factories.ledger()
    period(ledger, date(2026, 9, 1), None)
    with pytest.raises(periods.Refused, match="Everything from 2026-10-01 on is closed"):
        periods.first_open_day(ledger, date(2026, 10, 1))


def test_closing_and_reopening_say_who_and_why() -> None:
    ledger, person = factories.ledger(), factories.user()
    month = period(ledger, date(2026, 9, 1), date(2026, 10, 1), PeriodState.OPEN)
    periods.close(month, by=person, reason="Filed")
    assert periods.state(ledger, date(2026, 9, 2)) == PeriodState.CLOSED
    with pytest.raises(periods.Refused, match="why"):
        periods.reopen(month, by=person, reason=" ")
    periods.reopen(month, PeriodState.SOFT_CLOSED, by=person, reason="A late invoice")
    assert periods.state(ledger, date(2026, 9, 2)) == PeriodState.SOFT_CLOSED
    reopened, closed = models.Event.objects.filter(noun="period")
    assert (closed.verb, closed.by, reopened.verb) == ("closed", person, "reopened")
    assert '"why":"A late invoice"' in reopened.body


def test_closing_cannot_open_and_reopening_cannot_close() -> None:
    month = period(factories.ledger(), date(2026, 9, 1), date(2026, 10, 1))
    with pytest.raises(periods.Refused):
        periods.close(month, PeriodState.OPEN, by=None)
    with pytest.raises(periods.Refused):
        periods.reopen(month, PeriodState.CLOSED, by=None, reason="x")
