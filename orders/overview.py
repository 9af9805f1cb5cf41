"""How the month goes: orders by day, and how long they take from Buy to the books."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import Aggregate, Count, DurationField, ExpressionWrapper, F, Q
from django.utils import timezone

from orders.models import Order, Progress

DAYS = 30


class Median(Aggregate):
    """The middle value; PostgreSQL's own."""

    function = "percentile_cont"
    template = "%(function)s(0.5) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = DurationField()


@dataclass(frozen=True, slots=True)
class Day:
    """One day's orders: those in the books, and those that wait or will never be there."""

    on: date
    posted: int
    others: int


def days() -> list[Day]:
    """The last DAYS days, oldest first, also those without orders."""
    today = timezone.localdate()
    first = today - timedelta(days=DAYS - 1)
    recent = Order.objects.filter(placed_at__gte=timezone.now() - timedelta(days=DAYS + 1))
    counted = (
        recent.order_by()
        .values_list("placed_on")
        .annotate(total=Count("id"), posted=Count("id", filter=Q(progress=Progress.POSTED)))
    )
    found = {on: Day(on, posted, total - posted) for on, total, posted in counted}
    listed = (first + timedelta(days=n) for n in range(DAYS))
    return [found.get(on, Day(on, 0, 0)) for on in listed]


def to_the_books() -> timedelta | None:
    """The median time from Buy to the books, over the orders of the last DAYS days that are there."""
    recent = Order.objects.filter(progress=Progress.POSTED, placed_at__gte=timezone.now() - timedelta(days=DAYS))
    took: Any = ExpressionWrapper(F("progress_at") - F("placed_at"), output_field=DurationField())
    found: timedelta | None = recent.aggregate(median=Median(took))["median"]
    return found
