"""Two intakes at once: one order, and nothing lost."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection

from orders import incoming, intake, models
from tests import factories

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.constraint]


def at_once(*works: Callable[[], intake.Receipt]) -> list[intake.Receipt]:
    """Run all of them at the same moment, each on a connection of its own; returns what they return."""
    start, receipts = threading.Barrier(len(works)), []

    def run(work: Callable[[], intake.Receipt]) -> None:
        try:
            start.wait(timeout=30)
            receipts.append(work())
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert len(receipts) == len(works), "a thread failed or hung"
    return receipts


def work(shop: models.Shop, *records: incoming.Record, fidelity: int = incoming.API) -> Callable[[], intake.Receipt]:
    return lambda: intake.receive(shop, records, source=factories.source(fidelity=fidelity))


def test_the_same_new_order_from_two_sides_is_one_order() -> None:
    shop = factories.shop()
    told = [factories.order(str(n)) for n in range(1, 6)]
    first, second = at_once(work(shop, *told), work(shop, *told))
    assert models.Order.objects.count() == models.OrderVersion.objects.count() == 5
    assert len(first.created) + len(second.created) == len(first.same) + len(second.same) == 5
    assert not first.refused + second.refused
    assert models.Customer.objects.count() == 1


def test_a_new_order_with_and_without_its_id_at_once_is_one_order() -> None:
    shop = factories.shop()
    for n in range(1, 6):
        nameless = factories.order("", number=str(1000 + n))
        receipts = at_once(work(shop, factories.order(str(n))), work(shop, nameless, fidelity=incoming.FILE))
        assert not [line for receipt in receipts for line in receipt.refused]
    assert models.Order.objects.count() == 5
    assert sorted(models.Order.objects.values_list("store_id", flat=True)) == ["1", "2", "3", "4", "5"]


def test_two_versions_at_once_end_in_the_newer_one() -> None:
    shop = factories.shop()
    versions = [factories.order(po_number=str(n), updated_at=factories.NOON + timedelta(hours=n)) for n in range(6)]
    receipts = at_once(work(shop, *versions[::2]), work(shop, *reversed(versions[1::2])))
    order = models.Order.objects.get()
    assert order.po_number == "5"
    assert sorted(order.versions.values_list("n", flat=True)) == [1, 2, 3, 4, 5, 6]
    assert not [line for receipt in receipts for line in receipt.refused]


def test_new_orders_of_one_new_customer_at_once_make_one_customer() -> None:
    shop = factories.shop()
    receipts = at_once(
        work(shop, factories.order("1")), work(shop, factories.order("2")), work(shop, factories.order("3"))
    )
    assert [len(receipt.created) for receipt in receipts] == [1, 1, 1]
    assert models.Customer.objects.get().orders.count() == 3
