"""Who is accountable, and who may decide as whom."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from orders import models, ownership
from tests import factories

pytestmark = pytest.mark.django_db


def deputy(shop: models.Shop, person: object, *, limit: str | None = None, days: int = 1) -> None:
    now = timezone.now()
    models.Deputy.objects.create(
        shop=shop,
        deputy=person,
        from_at=now - timedelta(days=1),
        until_at=now + timedelta(days=days),
        limit=Decimal(limit) if limit else None,
    )


def test_the_first_owner_owns_the_shop_at_every_moment_until_the_next_is_appointed() -> None:
    first, second = factories.user(), factories.user()
    shop = factories.shop(owner=first)
    change = timezone.now() + timedelta(days=2)
    ownership.appoint(shop, second, since=change, by=first)
    assert ownership.owner(shop) == first
    assert ownership.owner(shop, change - timedelta(microseconds=1)) == first
    assert ownership.owner(shop, change) == second
    assert ownership.owner(shop, timezone.now() - timedelta(days=9999)) == first


def test_an_appointment_is_refused_in_the_past_twice_at_one_moment_or_for_somebody_deactivated() -> None:
    shop, later = factories.shop(), timezone.now() + timedelta(days=1)
    ownership.appoint(shop, factories.user(), since=later, by=None)
    with pytest.raises(ownership.NotAllowed, match="already"):
        ownership.appoint(shop, factories.user(), since=later, by=None)
    with pytest.raises(ownership.NotAllowed, match="past"):
        ownership.appoint(shop, factories.user(), since=timezone.now() - timedelta(hours=1), by=None)
    with pytest.raises(ownership.NotAllowed, match="deactivated"):
        ownership.appoint(shop, factories.user(is_active=False), since=later + timedelta(days=1), by=None)
    assert models.Event.objects.filter(verb="appointed").count() == 1


def test_an_owner_cannot_be_deactivated() -> None:
    shop = factories.shop()
    owner = ownership.owner(shop)
    owner.is_active = False
    with pytest.raises(IntegrityError, match="appoint another owner first"), transaction.atomic():
        owner.save()


def test_a_shop_without_an_owner_cannot_exist() -> None:
    shop = factories.shop()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    with pytest.raises(IntegrityError, match="first appointment"), transaction.atomic():
        models.Appointment.objects.filter(shop=shop).delete()


def test_an_order_belongs_to_its_assignee_else_to_the_owner() -> None:
    shop, other = factories.shop(), factories.user()
    order = models.Order(shop=shop)
    assert ownership.accountable(order) == ownership.owner(shop)
    order.assignee = other
    assert ownership.accountable(order) == other
    refund = models.Refund(order=order)
    assert ownership.accountable(refund) == ownership.owner(shop)


def test_the_owner_decides_for_himself_and_a_deputy_for_the_owner() -> None:
    shop, person = factories.shop(), factories.user()
    deputy(shop, person, limit="100")
    owner = ownership.owner(shop)
    assert ownership.authority(owner, shop, amount=Decimal("1e9")) == ownership.Authority(None, None)
    assert ownership.authority(person, shop, amount=Decimal(100)) == ownership.Authority(owner, Decimal(100))


def test_a_deputy_stops_at_the_limit_also_for_money_that_goes_back() -> None:
    shop, person = factories.shop(), factories.user()
    deputy(shop, person, limit="100")
    for amount in ("100.01", "-100.01"):
        with pytest.raises(ownership.NotAllowed, match=r"limit as deputy is 100.* this is 100\.01"):
            ownership.authority(person, shop, amount=Decimal(amount))


def test_of_two_deputyships_the_wider_one_counts() -> None:
    shop, person = factories.shop(), factories.user()
    deputy(shop, person, limit="100")
    deputy(shop, person)
    assert ownership.authority(person, shop, amount=Decimal(5000)).limit is None


def test_nobody_else_may_decide_not_even_a_superuser_or_a_deputy_whose_time_is_over() -> None:
    shop, person = factories.shop(), factories.user(is_superuser=True)
    deputy(shop, person)
    after = timezone.now() + timedelta(days=1, seconds=1)
    with pytest.raises(ownership.NotAllowed, match=f"Only {ownership.owner(shop)}"):
        ownership.authority(person, shop, at=after)
    with pytest.raises(ownership.NotAllowed):
        ownership.authority(factories.user(is_superuser=True), shop)
