"""Where a value comes from, two orders side by side, and what was sent for an order: shown to those alone who may see it."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from orders import models, review
from orders.admin import desk as desk_pages
from orders.admin.desk import explain
from tests import desk as office
from tests import factories
from tests.admin_company import person

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner() -> User:
    return person("order data owner", username="kim")


@pytest.fixture
def shop(owner: User) -> models.Shop:
    return office.shop("eu", owner=owner)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def rows(order: models.Order) -> dict[str, explain.Row]:
    return {row.place: row for _name, listed in explain.groups(order, customer=True) for row in listed}


def test_a_value_is_followed_from_the_store_to_what_the_ledger_read_back(shop: models.Shop, owner: User) -> None:
    order = office.told(shop)
    said = order.customer_name
    review.correct(order, "order", "customer_name", "Anna Blum", by=owner, reason="by phone")
    line = order.lines.get()
    before = rows(office.fresh(order))
    assert before["order.customer_name"].store == said
    assert before["order.customer_name"].correction.value == "Anna Blum"
    assert before[f"line:{line.pk}"].rule.startswith("item ")
    assert not before[f"line:{line.pk}"].signed
    review.approve(office.fresh(order), by=owner)
    office.book_all(office.fresh(order))
    after = rows(office.fresh(order))
    reference = order.documents.get(kind="invoice").reference
    assert after["order.customer_name"].signed == "Anna Blum"
    assert after[f"line:{line.pk}"].signed.startswith(f"{reference}: ")
    assert after[f"line:{line.pk}"].rule == before[f"line:{line.pk}"].rule
    assert after["gross"].signed == f"{reference}: 11.90 EUR"
    assert after["gross"].read == f"{reference}: 11.90 EUR"


def test_the_review_page_leads_from_a_field_to_its_row(shop: models.Shop, owner: User) -> None:
    order = office.told(shop)
    page = signed_in(owner).get(reverse("admin:record", args=["order", order.pk])).content.decode()
    there = reverse("admin:explain", args=[order.pk])
    assert f'{there}?tab=ready#order.customer_name"' in page
    assert 'id="order.customer_name"' in signed_in(owner).get(there).content.decode()


def test_who_sees_no_orders_is_told_nothing_of_where_they_come_from(shop: models.Shop) -> None:
    order = office.told(shop)
    there = reverse("admin:explain", args=[order.pk])
    assert signed_in(person("auditor")).get(there).status_code == 200
    assert signed_in(person("marketing manager")).get(there).status_code == 403
    assert signed_in(person("IT lead")).get(there).status_code == 403


def test_two_orders_stand_side_by_side_and_one_is_rejected_as_the_others_duplicate(
    shop: models.Shop, owner: User
) -> None:
    first, second = office.told(shop, "1"), office.told(shop, "2", number="1001")
    page = signed_in(owner).get(reverse("admin:record", args=["order", second.pk]))
    compare = next(row["fix"] for row in page.context["findings"] if row["finding"].code == "duplicate")
    assert (compare.words, compare.href.partition("?")[0]) == (
        "Compare", reverse("admin:beside", args=[second.pk, first.pk]),
    )  # fmt: skip
    beside = signed_in(owner).get(compare.href)
    differs = {pair.label for pair in beside.context["pairs"] if pair.differs}
    assert "Id in the store" in differs
    assert "Total due" not in differs
    assert [side["can_reject"] for side in beside.context["sides"]] == [True, True]
    twin = beside.context["sides"][0]
    signed_in(owner).post(
        reverse("admin:act", args=["order", second.pk, "reject"]),
        {"version": second.version, "reason": "duplicate", "note": twin["note"]},
    )
    assert (office.fresh(second).state, office.fresh(second).reject_note) == ("rejected", f"the same as {first}")


def test_who_may_not_decide_compares_and_rejects_nothing(shop: models.Shop) -> None:
    first, second = office.told(shop, "1"), office.told(shop, "2", number="1001")
    there = reverse("admin:beside", args=[first.pk, second.pk])
    page = signed_in(person("accountant")).get(there)
    assert [side["can_reject"] for side in page.context["sides"]] == [False, False]
    assert signed_in(person("marketing manager")).get(there).status_code == 403
    assert signed_in(person("accountant", username="otto")).get(there.replace(str(second.pk), "0")).status_code == 404


@pytest.mark.parametrize(("role", "shown"), [("order data owner", True), ("accountant", False), ("auditor", True)])
def test_request_and_response_are_shown_to_those_who_may_see_attempts(
    shop: models.Shop, monkeypatch: pytest.MonkeyPatch, role: str, shown: bool
) -> None:
    row: dict[str, Any] = {
        "at": factories.NOON, "call": "book", "outcome": "refused", "tone": "bad", "words": "No such account.", "connection": "books",
        "sent": '{"gross": "11.90"}', "reply": '{"error": 404}',
    }  # fmt: skip
    monkeypatch.setattr(desk_pages, "attempts_providers", [lambda record: [row]])
    address = reverse("admin:record", args=["order", office.told(shop).pk])
    page = signed_in(person(role, username="reader")).get(address).content.decode()
    assert "No such account." in page
    assert ("{&quot;error&quot;: 404}" in page) == shown
