"""Attacks on the credit limit: whatever credits an invoice line never exceeds it, under any race."""

from __future__ import annotations

import functools
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError
from django.utils import timezone

from orders import models
from orders.models import Booking, DocumentLine
from tests import factories, races, signed

pytestmark = [pytest.mark.django_db, pytest.mark.constraint]


@pytest.fixture
def shop() -> models.Shop:
    return factories.shop()


@pytest.fixture
def invoiced(shop: models.Shop) -> DocumentLine:
    """An invoice line over 10 net and 1.90 tax, quantity 2."""
    return signed.document(shop, [{"quantity": "2"}]).lines.get()


def test_a_line_is_credited_in_parts_up_to_all_of_it(shop: models.Shop, invoiced: DocumentLine) -> None:
    signed.credit(shop, invoiced, net="4", tax="0.76", quantity="1")
    signed.credit(shop, invoiced, net="6", tax="1.14", quantity="1")
    assert invoiced.credited_by.count() == 2


@pytest.mark.parametrize("beyond", [{"net": "10.01"}, {"tax": "1.91"}, {"quantity": "2.000001"}])
def test_no_credit_goes_beyond_its_line(shop: models.Shop, invoiced: DocumentLine, beyond: dict[str, Any]) -> None:
    with signed.refused("credit beyond invoice line"):
        signed.credit(shop, invoiced, **beyond)


@pytest.mark.parametrize("beyond", [{"net": "0.01"}, {"tax": "0.01"}, {"quantity": "0.000001"}])
def test_nothing_is_left_of_a_line_that_was_credited_whole(
    shop: models.Shop, invoiced: DocumentLine, beyond: dict[str, Any]
) -> None:
    signed.credit(shop, invoiced)
    with signed.refused("credit beyond invoice line"):
        signed.credit(shop, invoiced, **({"net": "0", "tax": "0", "quantity": "0"} | beyond))


def test_two_lines_of_one_credit_note_count_together(shop: models.Shop, invoiced: DocumentLine) -> None:
    half = {"net": "6", "tax": "0.95", "quantity": "1", "credits": invoiced}
    with signed.refused("credit beyond invoice line"):
        signed.document(shop, [half, half], kind="credit_note")


@pytest.mark.parametrize("turned", [{"net": "-1"}, {"tax": "-1"}, {"quantity": "-1"}])
def test_a_credit_has_the_sign_of_its_line(shop: models.Shop, invoiced: DocumentLine, turned: dict[str, Any]) -> None:
    with signed.refused("credit beyond invoice line"):
        signed.credit(shop, invoiced, **({"net": "0", "tax": "0", "quantity": "0"} | turned))


def test_a_negative_credit_makes_no_room_that_is_gone_when_it_is_voided(
    shop: models.Shop, invoiced: DocumentLine
) -> None:
    signed.credit(shop, invoiced, net="5", tax="0.95", quantity="1")
    with signed.refused("with its sign"):
        signed.credit(shop, invoiced, net="-5", tax="-0.95", quantity="-1")


def test_a_discount_is_credited_below_zero_and_no_further(shop: models.Shop) -> None:
    discount = signed.document(shop, [{"net": "-3", "tax": "-0.57"}]).lines.get()
    signed.credit(shop, discount, net="-2", tax="-0.38", quantity="0")
    with signed.refused("credit beyond invoice line"):
        signed.credit(shop, discount, net="-1.01", tax="0", quantity="0")


def test_a_credit_is_in_the_currency_of_its_line(shop: models.Shop, invoiced: DocumentLine) -> None:
    with signed.refused("in its currency"):
        signed.credit(shop, invoiced, net="1", tax="0", currency="USD")


@pytest.mark.parametrize("ended", ["voided_at", "refused_at"])
def test_what_was_voided_or_refused_does_not_count(shop: models.Shop, invoiced: DocumentLine, ended: str) -> None:
    first = signed.credit(shop, invoiced)
    Booking.objects.filter(document=first).update(**{ended: timezone.now()})
    signed.credit(shop, invoiced)
    with signed.refused("credit beyond invoice line"):
        signed.credit(shop, invoiced, net="0.01", tax="0", quantity="0")


def test_a_credit_counts_also_without_a_booking(shop: models.Shop, invoiced: DocumentLine) -> None:
    bare = signed.head(shop, [{}], kind="credit_note")
    signed.line(bare, credits=invoiced, quantity="2").save()
    with signed.refused("credit beyond invoice line"):
        signed.credit(shop, invoiced, net="0.01", tax="0", quantity="0")


@pytest.mark.django_db(transaction=True)
def test_of_eight_who_credit_the_same_lines_at_once_one_wins_and_nobody_deadlocks(shop: models.Shop) -> None:
    first, second = signed.document(shop, [{}, {}]).lines.order_by("n")

    def attempt(turned: bool) -> object:
        order = [second, first] if turned else [first, second]
        rows = [{"net": "6", "tax": "1.14", "quantity": "1", "credits": row} for row in order]
        return signed.document(shop, rows, kind="credit_note").pk

    outcomes = races.race([functools.partial(attempt, n % 2 == 1) for n in range(8)])
    winners = [outcome for outcome in outcomes if isinstance(outcome, int)]
    losers = [str(outcome) for outcome in outcomes if isinstance(outcome, IntegrityError)]
    assert (len(winners), len(losers)) == (1, 7), outcomes
    assert all("credit beyond invoice line" in words for words in losers)
    assert sum(row.net for row in first.credited_by.all()) == Decimal(6)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
def test_a_credit_is_refused_where_two_could_not_see_each_other(
    shop: models.Shop, invoiced: DocumentLine, level: str
) -> None:
    with signed.refused("isolation level read committed"):
        signed.isolated(level)
        signed.credit(shop, invoiced)
    assert not invoiced.credited_by.exists()
