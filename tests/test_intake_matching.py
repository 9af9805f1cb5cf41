"""Which order is meant, and whether what is told of it is news."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from orders import incoming, intake, models
from tests import factories

pytestmark = pytest.mark.django_db
LATER = factories.NOON + timedelta(hours=1)


def one(shop: models.Shop) -> models.Order:
    return models.Order.objects.get(shop=shop)


def receive(shop: models.Shop, *records: incoming.Record, **source: object) -> intake.Receipt:
    return intake.receive(shop, records, source=factories.source(**source))


def test_the_same_version_again_writes_nothing() -> None:
    shop, told = factories.shop(), factories.order()
    receive(shop, told)
    counts = [model.objects.count() for model in (models.OrderVersion, models.Event, models.Address, models.OrderLine)]
    receipt = receive(shop, told)
    assert len(receipt.same) == 1
    assert not receipt.updated
    assert counts == [
        model.objects.count() for model in (models.OrderVersion, models.Event, models.Address, models.OrderLine)
    ]
    assert one(shop).version == 1


def test_a_newer_version_changes_the_order_and_one_event_says_from_what_to_what() -> None:
    shop = factories.shop()
    receive(shop, factories.order(po_number="A", email="old@example.org"))
    receipt = receive(shop, factories.order(po_number="B", email="new@example.org", updated_at=LATER))
    order = one(shop)
    assert len(receipt.updated) == 1
    assert (order.po_number, order.email, order.version, order.as_of) == ("B", "new@example.org", 2, LATER)
    event = order.events.get(verb="changed", noun="order")
    body = json.loads(event.body)
    assert (body["from"]["po_number"], body["to"]["po_number"]) == ("A", "B")
    assert "new@example.org" not in event.body + event.words
    assert json.loads(event.personal)["email"] == {"from": "old@example.org", "to": "new@example.org"}
    assert [version.applied for version in order.versions.all()] == [True, True]


def test_an_older_version_is_kept_and_changes_nothing() -> None:
    shop = factories.shop()
    receive(shop, factories.order(po_number="B", updated_at=LATER))
    receipt = receive(shop, factories.order(po_number="A"))
    order = one(shop)
    assert len(receipt.older) == 1
    assert (order.po_number, order.version) == ("B", 1)
    assert [version.applied for version in order.versions.all()] == [True, False]


def test_of_two_versions_of_one_moment_the_later_to_arrive_counts_and_the_first_again_is_nothing_new() -> None:
    shop = factories.shop()
    first, second = factories.order(po_number="A"), factories.order(po_number="B")
    receive(shop, first, second)
    assert one(shop).po_number == "B"
    assert len(receive(shop, first).same) == 1
    assert one(shop).po_number == "B"


def test_a_store_without_times_of_change_is_ordered_by_arrival() -> None:
    shop = factories.shop()
    for po_number in ("A", "B", "A"):
        receive(shop, factories.order(po_number=po_number, updated_at=None))
    assert one(shop).po_number == "A"
    assert len(receive(shop, factories.order(po_number="A", updated_at=None)).same) == 1


def test_two_ids_with_one_number_are_two_orders() -> None:
    shop = factories.shop()
    receive(shop, factories.order("1", number="1001"), factories.order("2", number="1001"))
    assert sorted(models.Order.objects.values_list("store_id", flat=True)) == ["1", "2"]


def test_one_id_with_another_number_is_the_same_order_renumbered() -> None:
    shop = factories.shop()
    receive(shop, factories.order("1", number="1001"), factories.order("1", number="A-1", updated_at=LATER))
    assert one(shop).number == "A-1"


def test_an_order_without_id_is_found_by_its_number_or_refused_where_two_have_it() -> None:
    shop = factories.shop()
    receive(shop, factories.order("1", number="1001"))
    assert len(receive(shop, factories.order("", number="1001", po_number="B", updated_at=LATER)).updated) == 1
    assert one(shop).po_number == "B"
    receive(shop, factories.order("2", number="1001"))
    refused = receive(shop, factories.order("", number="1001", po_number="C")).refused
    assert "Several orders have the number 1001" in refused[0].words
    assert refused[0].field == "id"


def test_an_order_that_came_without_id_takes_the_id_told_later_and_no_second_one() -> None:
    shop = factories.shop()
    receive(shop, factories.order("", number="1001"), fidelity=incoming.FILE)
    receive(shop, factories.order("7", number="1001"))
    assert one(shop).store_id == "7"
    receive(shop, factories.order("8", number="1001"))
    assert models.Order.objects.filter(shop=shop).count() == 2


def test_two_shops_may_use_the_same_ids_and_numbers() -> None:
    first, second = factories.shop("a"), factories.shop("b")
    receive(first, factories.order())
    receive(second, factories.order())
    assert one(first).pk != one(second).pk
