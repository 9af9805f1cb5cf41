"""A cause with one way out is settled with one click: exactly what was shown, each record with an event of its own, the rest with its reason."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from orders import models
from tests import desk as orders
from tests.admin_company import desk, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> models.Shop:
    made = desk(person("order data owner", username="kim"))
    for number in ("1011", "1012"):
        order = models.Order.objects.get(number=number)
        models.Finding.objects.create(order=order, code="test_order", severity="blocking", words="A test.")
        models.Order.objects.filter(pk=order.pk).update(blockers=2)
    return made


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def settle(client: Client, shop: models.Shop, *seen: str, cause: str = "test_order") -> Any:
    there = reverse("admin:cause", args=[shop.ledger_id])
    return client.post(there, {"cause": cause, "settle": "1", "seen": seen}, follow=True)


def shown(client: Client, shop: models.Shop) -> list[str]:
    page = client.get(reverse("admin:cause", args=[shop.ledger_id]), {"cause": "test_order"})
    assert page.context["way"] == "Reject them as test orders"
    return [row["seen"] for row in page.context["rows"]]


def test_test_orders_are_rejected_together(shop: models.Shop) -> None:
    client = signed_in(orders.owner(shop))
    assert "3 decided." in settle(client, shop, *shown(client, shop)).content.decode()
    rejected = models.Order.objects.filter(state=models.State.REJECTED)
    assert set(rejected.values_list("number", "reject_reason")) == {(n, "test") for n in ("1011", "1012", "1017")}
    assert all(orders.verbs(order)[-1] == "rejected" for order in rejected)


def test_what_was_not_shown_or_changed_since_stays(shop: models.Shop) -> None:
    client = signed_in(orders.owner(shop))
    first, *_others = shown(client, shop)
    models.Order.objects.filter(pk=int(first.split(":")[1])).update(version=99)
    page = settle(client, shop, first).content.decode()
    assert "It was changed since you looked at it." in page
    assert not models.Order.objects.filter(state=models.State.REJECTED).exists()


def test_a_cause_without_one_way_out_is_refused(shop: models.Shop) -> None:
    client = signed_in(orders.owner(shop))
    page = settle(client, shop, cause="sku:APRON-L").content.decode()
    assert "Look at them one by one." in page
    assert settle(client, shop, cause="sku:GONE").status_code == 200


def test_who_may_not_decide_settles_nothing(shop: models.Shop) -> None:
    for role in ("accountant", "auditor", "IT lead"):
        assert settle(signed_in(person(role)), shop, "order:1:1").status_code == 403
    stranger = settle(signed_in(person("deputy", username="dario")), shop, *shown(signed_in(orders.owner(shop)), shop))
    assert "Only kim, who owns the orders" in stranger.content.decode()
    assert not models.Order.objects.filter(state=models.State.REJECTED).exists()
