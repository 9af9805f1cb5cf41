"""The queue's questions find their answers through an index, so that a million orders cost what a thousand do."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import QuerySet
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from orders import queue, search
from orders.models import Order, Shop
from tests import factories, many
from tests.admin_company import person

pytestmark = [pytest.mark.django_db, pytest.mark.schema]
PAGE = 50


@pytest.fixture(scope="module")
def shop(django_db_setup: None, django_db_blocker: Any) -> Iterator[Shop]:
    """A shop with twenty thousand orders, for all tests of this file."""
    with django_db_blocker.unblock(), transaction.atomic():
        made = factories.shop()
        many.orders(made, 20_000)
        yield made
        transaction.set_rollback(True)


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", []):
        yield from nodes(part)


def look(rows: QuerySet[Any]) -> list[dict[str, Any]]:
    """Every node of the plan by which the first page of these rows is found, with what it really met."""
    return list(nodes(json.loads(rows[:PAGE].explain(format="json", analyze=True))[0]["Plan"]))


def met(plan: list[dict[str, Any]]) -> int:
    """How many rows of the table were looked at and thrown away."""
    return int(sum(node.get("Rows Removed by Filter", 0) * node.get("Actual Loops", 1) for node in plan))


def indexes(plan: list[dict[str, Any]]) -> set[str]:
    return {re.sub(r"_[0-9a-f]{8}(_like|_fk.*|_pk)?$", "", node["Index Name"]) for node in plan if "Index Name" in node}


@pytest.mark.parametrize("tab", queue.TABS)
def test_a_tab_is_read_from_an_index_and_not_from_the_whole_table(shop: Shop, tab: str) -> None:
    plan = look(queue.rows(queue.View(tab=tab)))
    assert not any(node["Node Type"] == "Seq Scan" for node in plan), plan
    assert met(plan) <= 1_000, plan


def test_the_newest_of_the_largest_tab_come_in_the_order_of_the_index_without_sorting(shop: Shop) -> None:
    assert not any("Sort" in node["Node Type"] for node in look(queue.rows(queue.View(tab="posted"))))


@pytest.mark.parametrize(
    "text", ["0012345", "WEB-0012346", "9012345", "person123@example.org", "person123", "city17 web", "mug 0012345"]
)
def test_what_people_search_for_is_found_through_an_index(shop: Shop, text: str) -> None:
    found = search.query(Order.objects.all(), text)
    plan = look(found)
    assert found.exists()
    assert not any(node["Node Type"] == "Seq Scan" for node in plan), plan
    assert indexes(plan) & {"order_search", "order_number", "order_email"}


@pytest.mark.parametrize("text", ["0012345", "WEB-0012346", "9012345", "person12345"])
def test_what_few_orders_have_is_found_in_their_tab_without_reading_the_tab(shop: Shop, text: str) -> None:
    found = queue.rows(queue.View(tab="posted", text=text))
    plan = look(found)
    assert found.exists()
    assert indexes(plan) & {"order_search", "order_number"}
    assert met(plan) <= 10, plan


def test_what_is_open_is_counted_and_summed_from_an_index_of_what_is_open() -> None:
    with CaptureQueriesContext(connection) as asked:
        queue.tally(queue.View())
    (opened, capped) = [query["sql"] for query in asked]
    for sql, index in ((opened, "order_open"), (capped, "order_queue")):
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
            cursor.execute(f"EXPLAIN {sql}")
            assert f"Index Only Scan using {index}" in "".join(row[0] for row in cursor.fetchall())


def test_a_search_that_too_much_answers_is_stopped_and_asks_for_more_letters(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = Client()
    client.force_login(person("order data owner", username="kim"))
    wide = f"{reverse('admin:review')}?tab=posted&q=web"
    assert "WEB-" in client.get(wide).content.decode()
    monkeypatch.setattr(search, "PATIENCE", 1)
    said = client.get(wide).content.decode()
    assert "Too many records answer “web”" in said
    assert "Type more letters" in said
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("0",)


def test_a_number_in_its_shop_is_looked_up_in_its_index(shop: Shop) -> None:
    assert "order_number" in indexes(look(Order.objects.filter(shop=shop, number="0012345")))


def test_an_address_is_looked_up_in_its_index(shop: Shop) -> None:
    assert "order_email" in indexes(look(Order.objects.filter(email="person7@example.org")))


def test_an_id_of_the_store_is_looked_up_in_its_index(shop: Shop) -> None:
    assert "one_order_per_store_id" in indexes(look(Order.objects.filter(shop=shop, store_id="9000007")))
