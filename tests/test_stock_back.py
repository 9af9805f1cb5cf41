"""What the ledger counts, held against the store: kept beside it, and where they differ proposed as a change that a person approves."""

from __future__ import annotations

import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

from integrations import connections, jobs, stocktaking
from integrations.models import Connection
from orders import incoming, intake, review
from orders import models as m
from tests import desk, factories
from tests.admin_company import person
from tests.lab import odoo as lab

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> m.Shop:
    return desk.shop(owner=person("order data owner", username="kim"))


@pytest.fixture
def odoo(tmp_path: Path) -> Iterator[lab.Odoo]:
    with lab.Odoo(tmp_path) as server:
        yield server


def connected(shop: m.Shop, odoo: lab.Odoo, **more: str) -> Connection:
    options = {"url": odoo.url, "database": lab.DATABASE, "login": lab.LOGIN, "networks": "127.0.0.1/32", **more}
    return connections.connect("odoo", "odoo", ledger=shop.ledger, options=options, secrets={"key": lab.KEY})


def store_counts(shop: m.Shop, quantity: str, location: str = "", sku: str = "MUG") -> None:
    level = incoming.StockLevel(sku=sku, location=location, quantity=Decimal(quantity))
    intake.receive(shop, [level], source=factories.source())


def ledger_counts(shop: m.Shop, **by_warehouse: str) -> int:
    levels = [
        incoming.StockLevel(sku="MUG", location=name, quantity=Decimal(value)) for name, value in by_warehouse.items()
    ]
    return intake.receive_counts(shop, levels)


def open_ones(shop: m.Shop) -> list[tuple[str, Decimal, Decimal]]:
    rows = m.StockAdjustment.objects.filter(shop=shop, state__in=["pending", "held"]).order_by("location")
    return list(rows.values_list("location", "before", "after"))


def test_what_differs_is_proposed_once_with_both_counts(shop: m.Shop) -> None:
    store_counts(shop, "10")
    assert ledger_counts(shop, WH="4", OUT="3") == 1
    assert ledger_counts(shop, WH="4", OUT="3") == 1
    assert open_ones(shop) == [("", Decimal(10), Decimal(7))]
    row = m.StockAdjustment.objects.get()
    assert row.reason == "The ledger books-eu counts 7 in OUT, WH, the store 10."
    assert desk.verbs(row) == ["proposed"]
    levels = m.StockLevel.objects.filter(counted_by="ledger").values_list("location", "quantity")
    assert dict(levels) == {"WH": Decimal(4), "OUT": Decimal(3)}


def test_places_of_the_same_name_are_held_against_each_other(shop: m.Shop) -> None:
    store_counts(shop, "5", "WH")
    store_counts(shop, "1", "Shop floor")
    ledger_counts(shop, WH="4", OUT="9")
    assert open_ones(shop) == [("WH", Decimal(5), Decimal(4))]


def test_where_nobody_can_say_which_place_is_which_nothing_is_proposed(shop: m.Shop) -> None:
    store_counts(shop, "5", "Main")
    store_counts(shop, "1", "Shop floor")
    assert ledger_counts(shop, WH="4") == 0


def test_a_proposal_follows_the_counts_and_goes_when_they_agree(shop: m.Shop) -> None:
    store_counts(shop, "10")
    ledger_counts(shop, WH="7")
    ledger_counts(shop, WH="6")
    assert open_ones(shop) == [("", Decimal(10), Decimal(6))]
    store_counts(shop, "6")
    assert ledger_counts(shop, WH="6") == 0
    assert desk.verbs(m.StockAdjustment.objects.get()) == ["proposed", "counted again", "withdrawn"]
    store_counts(shop, "10")
    assert ledger_counts(shop, WH="6") == 1


def test_what_a_person_decided_is_not_proposed_again(shop: m.Shop) -> None:
    store_counts(shop, "10")
    ledger_counts(shop, WH="7")
    row = m.StockAdjustment.objects.get()
    review.reject(row, reason="other", by=desk.owner(shop), note="counted wrongly")
    assert ledger_counts(shop, WH="7") == 0
    assert ledger_counts(shop, WH="6") == 1, "another count is another question"
    review.approve(m.StockAdjustment.objects.get(state="pending"), by=desk.owner(shop))
    assert ledger_counts(shop, WH="5") == 0, "the store is to be told of the last one first"


def test_quantities_come_from_odoo_by_the_mapped_item(shop: m.Shop, odoo: lab.Odoo) -> None:
    there = connected(shop, odoo, stock="yes")
    mapping = m.ItemMapping.objects.get(key="MUG")
    mapping.item = "CUP"
    mapping.save()
    store_counts(shop, "10")
    odoo.counted("CUP", "WH", "8", reserved="1")
    assert jobs.JOBS["stock"].work(10).done == 1
    assert open_ones(shop) == [("", Decimal(10), Decimal(7))]
    assert any(check.name == "stock" and check.ok for check in connections.check(there))


def test_a_ledger_is_asked_for_quantities_only_where_its_option_says_so(shop: m.Shop, odoo: lab.Odoo) -> None:
    there = connected(shop, odoo)
    store_counts(shop, "10")
    odoo.counted("MUG", "WH", "8")
    assert stocktaking.count(there, time.monotonic() + 5) == 0
    assert not any(check.name == "stock" for check in connections.check(there))


def test_a_company_without_a_warehouse_is_told_where_to_make_one(shop: m.Shop, odoo: lab.Odoo) -> None:
    (found,) = [check for check in connections.check(connected(shop, odoo, stock="yes")) if check.name == "stock"]
    assert not found.ok
    assert "Warehouses" in found.fix


def test_the_difference_stands_in_the_queue(shop: m.Shop) -> None:
    store_counts(shop, "10")
    ledger_counts(shop, WH="7")
    client = Client()
    client.force_login(desk.owner(shop))
    page = client.get(reverse("admin:review"), {"kind": "stockadjustment", "tab": "ready"}).content.decode()
    assert "MUG" in page


def test_what_a_person_suggested_is_left_as_it_is(shop: m.Shop) -> None:
    store_counts(shop, "10")
    review.suggest_count(shop, "MUG", "", Decimal(9), by=desk.owner(shop), reason="counted")
    assert ledger_counts(shop, WH="7") == 1
    assert open_ones(shop) == [("", Decimal(10), Decimal(9))]
