"""How the month goes: orders by day, how long they take from Buy to each station, and who has them meanwhile."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from django.db import connection
from django.db.models import Count, Q
from django.utils import timezone

from orders.models import Order, Progress

DAYS = 30


@dataclass(frozen=True, slots=True)
class Day:
    """One day's orders: those in the books, and those that wait or will never be there."""

    on: date
    posted: int
    others: int


def days() -> list[Day]:
    """The last DAYS days, oldest first, also those without orders. A shop in the east may be a day ahead: its orders of that day count."""
    today = timezone.localdate()
    recent = Order.objects.filter(placed_at__gte=timezone.now() - timedelta(days=DAYS + 1))
    counted = (
        recent.order_by()
        .values_list("placed_on")
        .annotate(total=Count("id"), posted=Count("id", filter=Q(progress=Progress.POSTED)))
    )
    found = {on: Day(on, posted, total - posted) for on, total, posted in counted}
    tomorrow = today + timedelta(days=1)
    last = tomorrow if tomorrow in found else today
    listed = (last - timedelta(days=n) for n in reversed(range(DAYS)))
    return [found.get(on, Day(on, 0, 0)) for on in listed]


@dataclass(frozen=True, slots=True)
class Station:
    """How long orders take from Buy to here: how many came here, the time of half of them, and of nine in ten."""

    name: str
    orders: int
    median: timedelta | None
    p90: timedelta | None


@dataclass(frozen=True, slots=True)
class Holder:
    """Who had the orders for how long between Buy and the books: the mean time, and its share of the whole in percent."""

    name: str
    mean: timedelta
    share: int


@dataclass(frozen=True, slots=True)
class Clock:
    """From Buy on, over the orders of the last DAYS days. `holders`: over those that are in the books, in the order in which they hold one."""

    stations: tuple[Station, ...]
    holders: tuple[Holder, ...]

    @property
    def posted(self) -> timedelta | None:
        """The median time from Buy to the books."""
        return next((station.median for station in self.stations if station.name == "posted"), None)


_STATIONS = ("received", "approved", "posted", "shipped", "invoiced")
# An order is nobody's twice: the store's until we have it, the desk's until it is approved (again), then the ledger's until all its documents are booked.
_HOLDERS = {
    "store": "received - placed",
    "desk": "greatest(approved - received, interval '0')",
    "ledger": "greatest(posted - greatest(approved, received), interval '0')",
}
_CLOCK = f"""
WITH recent AS (
    SELECT o.placed_at AS placed, greatest(o.received_at, o.placed_at) AS received, a.at AS approved,
           CASE o.progress WHEN 'posted' THEN greatest(o.progress_at, o.placed_at) END AS posted,
           (SELECT min(s.shipped_at) FROM orders_shipment s WHERE s.order_id = o.id AND NOT s.cancelled) AS shipped,
           (SELECT min(b.booked_at) FROM orders_document d JOIN orders_booking b ON b.document_id = d.id
             WHERE d.order_id = o.id AND d.kind = 'invoice') AS invoiced
      FROM orders_order o LEFT JOIN orders_approval a ON a.order_id = o.id AND a.fallen_at IS NULL
     WHERE o.placed_at >= %s
), held AS (
    SELECT {", ".join(f"{length} AS {name}" for name, length in _HOLDERS.items())} FROM recent
     WHERE posted IS NOT NULL AND approved IS NOT NULL
)
SELECT {", ".join(f"count({name}), percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY greatest({name} - placed, interval '0'))" for name in _STATIONS)},
       {", ".join(f"(SELECT avg({name}) FROM held)" for name in _HOLDERS)}
  FROM recent"""  # noqa: S608  # the parts are constants of this module


def clock() -> Clock:
    """How long orders take, and who has them meanwhile; one statement."""
    with connection.cursor() as cursor:
        cursor.execute(_CLOCK, [timezone.now() - timedelta(days=DAYS)])
        row = list(cursor.fetchone())
    pairs = zip(_STATIONS, row[0::2], row[1::2], strict=False)
    stations = tuple(Station(name, count, *(times or (None, None))) for name, count, times in pairs if count)
    return Clock(stations, _holders(dict(zip(_HOLDERS, row[2 * len(_STATIONS) :], strict=True))))


def _holders(means: dict[str, timedelta | None]) -> tuple[Holder, ...]:
    whole = sum((mean for mean in means.values() if mean), timedelta())
    if not whole:
        return ()
    return tuple(Holder(name, mean, round(mean / whole * 100)) for name, mean in means.items() if mean is not None)
