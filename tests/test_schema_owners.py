"""Attacks on the promise that every shop has exactly one owner, who can sign in, at every moment."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError
from django.utils import timezone

from orders import ownership
from orders.models import Appointment, Shop
from tests import factories, races, signed

pytestmark = [pytest.mark.django_db, pytest.mark.constraint]
TOMORROW = timedelta(days=1)


def appoint(shop: Shop, owner: User, *, after: timedelta = TOMORROW) -> Appointment:
    return Appointment.objects.create(shop=shop, owner=owner, since=factories.NOON + timedelta(days=365) + after)


def test_a_shop_without_a_first_appointment_is_refused_at_commit() -> None:
    shop = factories.shop()
    with signed.refused("has no first appointment"):
        Shop.objects.create(code="bare", name="bare", ledger=shop.ledger, currency="EUR", prefix="BARE")


def test_a_later_appointment_is_not_enough_for_a_new_shop() -> None:
    shop = factories.shop()
    with signed.refused("has no first appointment"):
        bare = Shop.objects.create(code="bare", name="bare", ledger=shop.ledger, currency="EUR", prefix="BARE")
        appoint(bare, factories.user())


@pytest.mark.parametrize(
    "attack",
    [
        "DELETE FROM orders_appointment WHERE since IS NULL",
        "UPDATE orders_appointment SET since = now() WHERE since IS NULL",
        "UPDATE orders_appointment SET since = '2000-01-01' WHERE since IS NULL",
    ],
)
def test_the_first_appointment_stays(attack: str) -> None:
    factories.shop()
    with signed.refused("has no first appointment"):
        assert signed.execute(attack) == 1


def test_the_first_appointment_is_not_moved_to_another_shop() -> None:
    shop, other = factories.shop(), factories.shop("us")
    with signed.refused("."):
        Appointment.objects.filter(shop=other).update(shop=shop)
    Appointment.objects.create(shop=other, owner=factories.user(), since=timezone.now())
    with signed.refused("has no first appointment"):
        Appointment.objects.filter(shop=other, since=None).update(since=timezone.now() + TOMORROW, shop=shop)


def test_a_shop_has_one_first_appointment_and_one_owner_from_any_moment() -> None:
    shop = factories.shop()
    appoint(shop, factories.user())
    for since in (None, factories.NOON + timedelta(days=365) + TOMORROW):
        with signed.refused("one_owner_at_a_time"):
            Appointment.objects.create(shop=shop, owner=factories.user(), since=since)


def test_a_shop_goes_together_with_its_appointments() -> None:
    shop = factories.shop()
    with transaction.atomic():
        shop.delete()
        signed.checked_now()
    assert not Appointment.objects.exists()


def test_nobody_who_cannot_sign_in_is_appointed() -> None:
    shop = factories.shop()
    gone = factories.user(is_active=False)
    with signed.refused("is not active"):
        appoint(shop, gone)
    with signed.refused("is not active"):
        Appointment.objects.filter(shop=shop).update(owner=gone)


def test_the_owner_of_now_and_of_later_stay_active_and_the_one_of_before_need_not() -> None:
    first, now, later = factories.user(), factories.user(), factories.user()
    shop = factories.shop(owner=first)
    Appointment.objects.create(shop=shop, owner=now, since=timezone.now() - TOMORROW)
    Appointment.objects.create(shop=shop, owner=later, since=timezone.now() + TOMORROW)
    for person in (now, later):
        with signed.refused("appoint another owner first"):
            User.objects.filter(pk=person.pk).update(is_active=False)
    first.is_active = False
    first.save()
    assert ownership.owner(shop) == now


def test_an_owner_is_not_deleted() -> None:
    shop = factories.shop()
    owner = ownership.owner(shop)
    with pytest.raises(ProtectedError):
        owner.delete()
    with signed.refused("."):
        signed.execute("DELETE FROM auth_user WHERE id = %s", owner.pk)


@pytest.mark.django_db(transaction=True)
def test_of_two_appointed_for_the_same_moment_one_wins() -> None:
    shop, people = factories.shop(), [factories.user(), factories.user()]
    outcomes = races.race([lambda person=person: appoint(shop, person) for person in people])
    assert {type(outcome) for outcome in outcomes} == {Appointment, IntegrityError}
    assert Appointment.objects.filter(shop=shop).count() == 2


@pytest.mark.django_db(transaction=True)
def test_an_appointment_waits_for_a_deactivation_under_way_and_is_then_refused() -> None:
    shop, person = factories.shop(), factories.user()
    with transaction.atomic():
        User.objects.filter(pk=person.pk).update(is_active=False)
        appointed = races.start(lambda: appoint(shop, person))
        races.wait_until_blocked(appointed)
    assert isinstance(appointed.result(10), IntegrityError)
    assert "is not active" in str(appointed.result())


@pytest.mark.django_db(transaction=True)
def test_a_deactivation_waits_for_an_appointment_under_way_and_is_then_refused() -> None:
    shop, person = factories.shop(), factories.user()
    with transaction.atomic():
        appoint(shop, person)
        deactivated = races.start(lambda: User.objects.filter(pk=person.pk).update(is_active=False))
        races.wait_until_blocked(deactivated)
    assert isinstance(deactivated.result(10), IntegrityError)
    assert "appoint another owner first" in str(deactivated.result())


@pytest.mark.django_db(transaction=True)
def test_a_deactivation_is_refused_where_it_could_not_see_an_appointment() -> None:
    person = factories.user()
    with signed.refused("isolation level read committed"):
        signed.isolated("REPEATABLE READ")
        User.objects.filter(pk=person.pk).update(is_active=False)
