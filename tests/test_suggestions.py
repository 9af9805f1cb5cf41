"""A count or a customer's value is suggested where the store's stands, waits in the queue, and is told to the store once approved."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from orders import models, review
from tests import desk, factories
from tests.admin_company import person

pytestmark = pytest.mark.django_db


@pytest.fixture
def accountant() -> User:
    return person("accountant", username="anna")


@pytest.fixture
def shop() -> models.Shop:
    return factories.shop("eu", owner=person("order data owner", username="kim"))


@pytest.fixture
def level(shop: models.Shop) -> models.StockLevel:
    return models.StockLevel.objects.create(shop=shop, sku="MUG", location="Main", quantity=12, counted_at=timezone.now())  # fmt: skip


@pytest.fixture
def customer(shop: models.Shop) -> models.Customer:
    return models.Customer.objects.create(shop=shop, store_id="C1", name="Anna Keller", email="old@example.org")


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_a_count_is_suggested_from_the_list_of_stock_and_waits_for_the_owner(
    accountant: User, level: models.StockLevel
) -> None:
    client = signed_in(accountant)
    there = reverse("admin:suggest_count", args=[level.pk])
    assert there in client.get(reverse("admin:orders_stocklevel_changelist")).content.decode()
    page = client.post(there, {"after": "9", "why": "three broken"}, follow=True)
    assert page.redirect_chain[0][0].startswith("/admin/review/stockadjustment/")
    made = models.StockAdjustment.objects.get()
    assert (made.before, made.after, made.reason, made.ready) == (12, 9, "three broken", True)
    assert desk.verbs(made) == ["suggested"]
    review.approve(made, by=desk.owner(level.shop))


def test_a_customers_value_is_suggested_from_its_page_and_its_words_keep_it_out_of_the_chain(
    accountant: User, customer: models.Customer
) -> None:
    client = signed_in(accountant)
    there = reverse("admin:suggest_value", args=[customer.pk])
    assert there in client.get(reverse("admin:orders_customer_change", args=[customer.pk])).content.decode()
    client.post(there, {"field": "email", "after": "new@example.org", "why": "told by phone"})
    made = models.CustomerChange.objects.get()
    assert (made.before, made.after) == ("old@example.org", "new@example.org")
    event = models.Event.objects.get(noun="customerchange")
    assert "example.org" not in event.body
    assert "new@example.org" in event.personal


@pytest.mark.parametrize(
    ("sku", "location", "after", "words"),
    [
        ("MUG", "Main", "12", "just that already"),
        ("MUG", "Attic", "1", "not counted there, but at “Main”"),
        ("CUP", "Main", "1", "counts no “CUP”"),
    ],
)
def test_a_count_that_cannot_be_told_is_refused(
    shop: models.Shop, level: models.StockLevel, accountant: User, sku: str, location: str, after: str, words: str
) -> None:
    refusal = desk.refused(review.suggest_count, shop, sku, location, Decimal(after), by=accountant, reason="r")
    assert words in refusal


@pytest.mark.parametrize(
    ("field", "after", "words"),
    [
        ("email", "old@example.org", "just that already"),
        ("phone", "0" * 61, "longer than the 60 letters"),
        ("tax_exempt", "1", "Choose what is to change"),
    ],
)
def test_a_value_that_cannot_be_told_is_refused(
    customer: models.Customer, accountant: User, field: str, after: str, words: str
) -> None:
    assert words in desk.refused(review.suggest_value, customer, field, after, by=accountant, reason="r")


def test_a_second_suggestion_waits_until_the_first_is_decided(
    shop: models.Shop, level: models.StockLevel, customer: models.Customer, accountant: User
) -> None:
    told: dict[str, Any] = {"by": accountant, "reason": "r"}
    made = review.suggest_count(shop, "MUG", "Main", Decimal(9), **told)
    review.suggest_value(customer, "phone", "1", **told)
    assert "waits for a decision already" in desk.refused(review.suggest_count, shop, "MUG", "Main", Decimal(8), **told)
    assert "waits for a decision already" in desk.refused(review.suggest_value, customer, "phone", "2", **told)
    review.reject(made, by=desk.owner(shop), reason="other")
    assert review.suggest_count(shop, "MUG", "Main", Decimal(8), **told).ready
    page = signed_in(accountant).post(reverse("admin:suggest_count", args=[level.pk]), {"after": "7", "why": "r"})
    assert "waits for a decision already" in page.content.decode()


def test_who_may_not_suggest_finds_no_way_and_is_refused(level: models.StockLevel, customer: models.Customer) -> None:
    for role in ("auditor", "marketing manager", "IT lead"):
        client = signed_in(person(role))
        assert client.get(reverse("admin:suggest_count", args=[level.pk])).status_code == 403
        assert client.get(reverse("admin:suggest_value", args=[customer.pk])).status_code == 403
        listed = client.get(reverse("admin:orders_stocklevel_changelist")).content.decode()
        assert "suggest another count" not in listed


def test_what_the_ledger_counts_is_changed_in_the_ledger(accountant: User, level: models.StockLevel) -> None:
    models.StockLevel.objects.update(counted_by=models.CountedBy.LEDGER)
    assert signed_in(accountant).get(reverse("admin:suggest_count", args=[level.pk])).status_code == 404
