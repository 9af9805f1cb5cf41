"""What every order of a shop is drafted against, asked for once: mappings, periods and exchange rates."""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import QuerySet

from orders import periods
from orders.documents import chart
from orders.models import ExchangeRate, PeriodState, Shop, together


def asked(shop: Shop) -> list[QuerySet[Any, Any]]:
    """What stands in them for this shop, but for items and rates, of which there are many."""
    return [chart.accounts(shop), chart.taxes(shop), periods.named(shop.ledger_id)]


class Books:
    """The shop's ledger as it stands while one order, or a batch of them, is drafted; made anew for each, never kept."""

    def __init__(self, shop: Shop, rows: list[list[Any]] | None = None) -> None:
        """`rows` are those of `asked`, where they came along with others."""
        self.shop, self.ledger = shop, shop.ledger
        accounts, taxes, days = rows or together.fetched(*asked(shop))
        self.chart = chart.Chart(shop, accounts, taxes)
        self.period: Callable[[date], PeriodState] = periods.calendar_of(days)
        self.zone = ZoneInfo(shop.time_zone)
        self.rate = functools.cache(self._rate)
        self.first_open_day = functools.cache(self._first_open_day)

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
