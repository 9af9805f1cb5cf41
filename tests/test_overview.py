"""The measure of it all: how long orders take from Buy to each station, and who had them meanwhile."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from orders import models, overview
from tests import desk

pytestmark = pytest.mark.django_db


def order(shop: models.Shop, id: str, *, ago: float, received: float, approved: float, posted: float) -> models.Order:
    """An approved order, bought `ago` hours ago; the other hours count from Buy."""
    made = desk.approved(shop, id)
    bought = timezone.now() - timedelta(hours=ago)
    models.Order.objects.filter(pk=made.pk).update(
        placed_at=bought, received_at=bought + timedelta(hours=received), progress=models.Progress.POSTED,
        progress_at=bought + timedelta(hours=posted),
    )  # fmt: skip
    models.Approval.objects.filter(order=made).update(at=bought + timedelta(hours=approved))
    return made


def test_the_clock_tells_half_and_nine_in_ten_for_each_station_in_one_statement() -> None:
    shop = desk.shop()
    for n in range(1, 12):
        order(shop, str(n), ago=100, received=1, approved=1 + n, posted=2 + n)
    with CaptureQueriesContext(connection) as asked:
        clock = overview.clock()
    assert len(asked) == 1
    found = {station.name: (station.orders, station.median, station.p90) for station in clock.stations}
    assert found == {
        "received": (11, timedelta(hours=1), timedelta(hours=1)),
        "approved": (11, timedelta(hours=7), timedelta(hours=11)),
        "posted": (11, timedelta(hours=8), timedelta(hours=12)),
    }
    assert clock.posted == timedelta(hours=8)


def test_the_holders_of_an_order_make_its_whole_time_and_none_counts_twice() -> None:
    shop = desk.shop()
    order(shop, "1", ago=50, received=2, approved=8, posted=10)
    clock = overview.clock()
    assert [(holder.name, holder.mean, holder.share) for holder in clock.holders] == [
        ("store", timedelta(hours=2), 20),
        ("desk", timedelta(hours=6), 60),
        ("ledger", timedelta(hours=2), 20),
    ]
    assert sum((holder.mean for holder in clock.holders), timedelta()) == clock.posted


def test_an_order_older_than_thirty_days_or_not_approved_moves_no_clock() -> None:
    shop = desk.shop()
    order(shop, "1", ago=24 * 31, received=1, approved=2, posted=3)
    assert overview.clock() == overview.Clock((), ())
    desk.told(shop, "2", placed_at=timezone.now() - timedelta(hours=3))
    clock = overview.clock()
    assert [station.name for station in clock.stations] == ["received"]
    assert clock.holders == ()


def test_a_shipment_and_an_invoice_are_stations_too() -> None:
    shop = desk.shop()
    made = order(shop, "1", ago=50, received=1, approved=2, posted=3)
    bought = models.Order.objects.get(pk=made.pk).placed_at
    models.Shipment.objects.create(order=made, store_id="s1", shipped_at=bought + timedelta(hours=30))
    models.Shipment.objects.create(order=made, store_id="s2", shipped_at=bought + timedelta(hours=5), cancelled=True)
    taken = bought + timedelta(hours=2)
    models.Booking.objects.filter(document__order=made).update(taken_at=taken, booked_at=bought + timedelta(hours=4))
    found = {station.name: station.median for station in overview.clock().stations}
    assert (found["shipped"], found["invoiced"]) == (timedelta(hours=30), timedelta(hours=4))


def test_each_day_of_thirty_is_told_also_one_without_orders() -> None:
    assert len(overview.days()) == overview.DAYS
    desk.told(desk.shop(), "1", placed_at=timezone.now())
    assert [(day.posted, day.others) for day in overview.days()][-1] == (0, 1)


def test_a_shop_that_is_a_day_ahead_is_told_with_its_day() -> None:
    shop = desk.shop(time_zone="Pacific/Kiritimati")
    desk.told(shop, "1", placed_at=timezone.now())
    days = overview.days()
    assert len(days) == overview.DAYS
    assert (days[-1].on, days[-1].others) == (timezone.now().astimezone(ZoneInfo("Pacific/Kiritimati")).date(), 1)
