"""What people put right lies over the store's value, three ways."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.contrib.auth.models import User
from django.db import models as database

from orders import corrections, intake, models, search
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> models.Shop:
    return factories.shop()


@pytest.fixture
def person(shop: models.Shop) -> User:
    return factories.user("olga")


def told(shop: models.Shop, hours: int = 0, **fields: object) -> models.Order:
    """The order after the store told it again, that many hours later."""
    record = factories.order(updated_at=factories.NOON + timedelta(hours=hours), **fields)
    intake.receive(shop, [record], source=factories.source())
    return models.Order.objects.defer("search").get(shop=shop)


def correct(order: models.Order, field: str, value: str, person: User, target: str = "order") -> models.Correction:
    return corrections.correct(order, target, field, value, by=person, reason="Asked by telephone")


def test_a_correction_changes_the_column_and_keeps_the_stores_value_and_says_who_and_why(
    shop: models.Shop, person: User
) -> None:
    order = told(shop, po_number="A")
    made = correct(order, "po_number", " B ", person)
    order.refresh_from_db()
    assert (order.po_number, made.base, made.value, made.store_value) == ("B", "A", "B", "A")
    event = order.events.get(verb="corrected")
    assert (event.by, '"why":"Asked by telephone"' in event.body, '"po_number":"B"' in event.body) == (
        person,
        True,
        True,
    )


@pytest.mark.parametrize(
    ("store_says", "column", "stands", "store_value"),
    [("A", "B", True, "A"), ("B", "B", False, "A"), ("C", "B", True, "C")],
    ids=["the old value again: kept", "the corrected value: retired", "a third value: kept, in conflict"],
)
def test_a_new_version_is_merged_three_ways(
    shop: models.Shop, person: User, store_says: str, column: str, stands: bool, store_value: str
) -> None:
    made = correct(told(shop, po_number="A"), "po_number", "B", person)
    order = told(shop, 1, po_number=store_says, terms="x")
    made.refresh_from_db()
    assert (order.po_number, made.retired_at is None, made.store_value) == (column, stands, store_value)
    assert order.findings.filter(code="correction_conflict").exists() == (store_says == "C")


def test_a_conflict_ends_when_the_store_goes_back_to_what_was_corrected(shop: models.Shop, person: User) -> None:
    made = correct(told(shop, po_number="A"), "po_number", "B", person)
    told(shop, 1, po_number="C")
    told(shop, 2, po_number="A")
    made.refresh_from_db()
    assert (made.store_value, made.retired_at) == ("A", None)


def test_a_retired_correction_binds_no_longer(shop: models.Shop, person: User) -> None:
    correct(told(shop, po_number="A"), "po_number", "B", person)
    told(shop, 1, po_number="B")
    assert told(shop, 2, po_number="C").po_number == "C"


def test_a_conflict_is_settled_by_correcting_again_also_to_the_same_value(shop: models.Shop, person: User) -> None:
    first = correct(told(shop, po_number="A"), "po_number", "B", person)
    second = correct(told(shop, 1, po_number="C"), "po_number", "B", person)
    first.refresh_from_db()
    assert first.retired_at
    assert (second.base, second.store_value) == ("C", "C")


def test_a_dropped_correction_leaves_what_the_store_says_last(shop: models.Shop, person: User) -> None:
    made = correct(told(shop, po_number="A"), "po_number", "B", person)
    order = told(shop, 1, po_number="C")
    made.refresh_from_db()
    corrections.drop(made, by=person)
    order.refresh_from_db()
    assert order.po_number == "C"
    with pytest.raises(corrections.Refused, match="does not stand"):
        corrections.drop(made, by=person)


def test_correcting_back_to_the_stores_value_leaves_no_correction_standing(shop: models.Shop, person: User) -> None:
    order = told(shop, po_number="A")
    correct(order, "po_number", "B", person)
    correct(order, "po_number", "A", person)
    assert not models.Correction.objects.filter(retired_at=None).exists()
    assert told(shop, 1, po_number="C").po_number == "C"


def test_dates_addresses_and_lines_are_corrected_and_merged_like_the_rest(shop: models.Shop, person: User) -> None:
    order = told(shop)
    line = order.lines.get()
    correct(order, "due_on", "2026-12-31", person)
    correct(order, "city", "Neustadt", person, "billing")
    correct(order, "sku", "MUG-2", person, f"line:{line.pk}")
    correct(order, "kind", "fee", person, f"line:{line.pk}")
    order = told(shop, 1, po_number="B")
    line.refresh_from_db()
    assert (order.due_on, order.billing.city, order.shipping.city) == (date(2026, 12, 31), "Neustadt", "Musterstadt")
    assert (line.sku, line.kind) == ("MUG-2", "fee")


def test_a_missing_address_can_be_put_in(shop: models.Shop, person: User) -> None:
    order = told(shop, shipping=None)
    correct(order, "country", "at", person, "shipping")
    assert told(shop, 1, shipping=None, po_number="B").shipping.country == "AT"


def test_personal_values_stay_out_of_the_events_open_body(shop: models.Shop, person: User) -> None:
    order = told(shop)
    correct(order, "email", "new@example.org", person)
    event = order.events.get(verb="corrected")
    assert "new@example.org" in event.personal
    assert "example.org" not in event.body + event.words


def test_a_correction_is_found_by_search(shop: models.Shop, person: User) -> None:
    order = told(shop)
    correct(order, "company", "Neuland GmbH", person)
    found: database.QuerySet[models.Order] = search.query(models.Order.objects.all(), "neuland")
    assert list(found) == [order]


@pytest.mark.parametrize(
    ("target", "field", "value", "words"),
    [
        ("order", "total", "1", "cannot be corrected"),
        ("order", "currency", "USD", "cannot be corrected"),
        ("line:1", "amount", "1", "cannot be corrected"),
        ("nowhere", "kind", "fee", "cannot be corrected"),
        ("line:999999", "sku", "X", "no line 999999"),
        ("line:x", "sku", "X", "no line x"),
        ("order", "tax_treatment", "unheard", "not a valid choice"),
        ("order", "tax_treatment", "", "cannot be blank"),
        ("order", "tax_country", "GER", "no country code"),
        ("order", "due_on", "tomorrow", "date"),
        ("order", "po_number", "x" * 101, "at most 100"),
        ("order", "email", "paula@example.org", "already"),
    ],
)
def test_what_may_not_be_corrected_is_refused_in_words(
    shop: models.Shop, person: User, target: str, field: str, value: str, words: str
) -> None:
    order = told(shop)
    with pytest.raises(corrections.Refused, match=words):
        correct(order, field, value, person, target)
    assert not models.Correction.objects.exists()


def test_a_correction_needs_a_reason(shop: models.Shop, person: User) -> None:
    with pytest.raises(corrections.Refused, match="reason"):
        corrections.correct(told(shop), "order", "terms", "x", by=person, reason=" ")
