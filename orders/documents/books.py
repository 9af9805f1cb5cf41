"""What every order of a shop is drafted against, asked for once: mappings, periods and exchange rates."""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import date

from orders import periods
from orders.documents.chart import Chart
from orders.models import ExchangeRate, PeriodState, Shop


class Books:
    """The shop's ledger as it stands while one order, or a batch of them, is drafted; made anew for each, never kept."""

    def __init__(self, shop: Shop) -> None:
        self.shop, self.ledger = shop, shop.ledger
        self.chart = Chart(shop.ledger, shop)
        self.rate = functools.cache(self._rate)
        self.first_open_day = functools.cache(self._first_open_day)

    @functools.cached_property
    def _calendar(self) -> Callable[[date], PeriodState]:
        return periods.calendar(self.ledger)

    def period(self, day: date) -> PeriodState:
        """The state of that day."""
        return self._calendar(day)

    def _first_open_day(self, day: date) -> date | periods.Refused:
        """The day itself if it is open, else the first open day after it, or why there is none."""
        try:
            return periods.first_open_day(self.ledger, day)
        except periods.Refused as none:
            return none

    def _rate(self, currency: str, day: date) -> ExchangeRate | None:
        """The last rate into the base currency on or before that day."""
        rows = ExchangeRate.objects.filter(currency=currency, base_currency=self.ledger.base_currency, on__lte=day)
        return rows.first()
