"""An owner goes away for all shops at once, deputies decide meanwhile, and nobody names deputies of what is not his."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from orders import absence, models, ownership, review
from tests import factories
from tests.admin_company import desk, person, stored

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner() -> User:
    return person("order data owner", username="kim")


@pytest.fixture
def deputy() -> User:
    return person("deputy", username="dario")


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def day(n: int) -> str:
    return (timezone.localdate() + timedelta(days=n)).isoformat()


def leave(client: Client, deputy: User, **fields: Any) -> Any:
    form = {"from_on": day(0), "until_on": day(6), "deputy": deputy.pk, "limit": "", **fields}
    return client.post(reverse("admin:away"), form, follow=True)


def test_one_form_names_a_deputy_of_every_shop_and_each_may_decide_at_once(owner: User, deputy: User) -> None:
    shops = [factories.shop(code, owner=owner) for code in ("eu", "us")]
    others = factories.shop("else", owner=factories.user("zoe"))
    page = leave(signed_in(owner), deputy, limit="250")
    assert "Deputies are named for 2 shops." in page.content.decode()
    for shop in shops:
        assert ownership.authority(deputy, shop, amount=Decimal(250)) == ownership.Authority(owner, Decimal(250))
    with pytest.raises(ownership.NotAllowed):
        ownership.authority(deputy, others)
    assert models.Event.objects.filter(noun="deputy", verb="named", by=owner).count() == 2


def test_the_last_day_is_a_day_away_and_the_next_is_not(owner: User, deputy: User) -> None:
    shop = factories.shop("eu", owner=owner)
    leave(signed_in(owner), deputy, from_on=day(3), until_on=day(4))
    (row,) = shop.deputies.all()
    morning = timezone.make_aware(datetime.combine(timezone.localdate() + timedelta(days=3), datetime.min.time()))
    assert (row.from_at, row.until_at) == (morning, morning + timedelta(days=2))


def test_one_shop_has_somebody_else_and_another_nobody(owner: User, deputy: User) -> None:
    eu, us, jp = (factories.shop(code, owner=owner) for code in ("eu", "us", "jp"))
    lee = person("order data owner", username="lee")
    leave(signed_in(owner), deputy, **{f"shop_{us.pk}": lee.pk, f"shop_{jp.pk}": "nobody"})
    named = {row.shop_id: row.deputy for row in models.Deputy.objects.select_related("deputy")}
    assert named == {eu.pk: deputy, us.pk: lee}


def test_what_is_with_the_owner_by_name_is_handed_over_if_wished(owner: User, deputy: User) -> None:
    shop = desk(owner)
    order = models.Order.objects.filter(shop=shop)[0]
    review.assign(order, owner, by=owner)
    review.causes.give(shop.ledger, "sku:APRON-L", owner, by=owner)
    client = signed_in(owner)
    assert "Hand over the 2 things that are with you by name" in client.get(reverse("admin:away")).content.decode()
    assert "2 things were handed over." in leave(client, deputy, hand_over="on").content.decode()
    order.refresh_from_db()
    assert (order.assignee, models.AssignedCause.objects.get().to) == (deputy, deputy)


def test_who_is_back_ends_it_at_once_and_what_has_not_begun_is_withdrawn(owner: User, deputy: User) -> None:
    shop = factories.shop("eu", owner=owner)
    client = signed_in(owner)
    leave(client, deputy)
    leave(client, deputy, from_on=day(10), until_on=day(12))
    ids = list(models.Deputy.objects.values_list("pk", flat=True))
    page = client.post(reverse("admin:back"), {"id": ids}, follow=True)
    assert "2 deputyships ended." in page.content.decode()
    with pytest.raises(ownership.NotAllowed):
        ownership.authority(deputy, shop)
    assert models.Deputy.objects.count() == 1
    assert set(models.Event.objects.filter(noun="deputy").values_list("verb", flat=True)) == {"named", "ended", "withdrawn"}  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"from_on": day(-1)}, "That day is over"),
        ({"until_on": day(-1)}, "The last day lies before the first."),
        ({"limit": "-1"}, "greater than or equal to 0"),
    ],
)
def test_a_form_that_is_wrong_says_so_and_names_nobody(
    owner: User, deputy: User, fields: dict[str, Any], words: str
) -> None:
    factories.shop("eu", owner=owner)
    assert words in leave(signed_in(owner), deputy, **fields).content.decode()
    assert not models.Deputy.objects.exists()


def test_nobody_names_or_ends_a_deputy_of_somebody_elses_shop(owner: User, deputy: User) -> None:
    shop = factories.shop("eu", owner=factories.user("zoe"))
    times = {"from_at": timezone.now(), "until_at": timezone.now() + timedelta(days=1)}
    stand = absence.Stand(shop, deputy, None)
    with pytest.raises(ownership.NotAllowed, match="zoe owns"):
        absence.name(stand, **times, by=owner)
    row = models.Deputy.objects.create(shop=shop, deputy=deputy, **times)
    page = signed_in(owner).post(reverse("admin:back"), {"id": row.pk}, follow=True)
    assert "Zoe owns" in page.content.decode()
    fields = {"shop": shop.pk, "deputy": deputy.pk, "limit": ""} | {
        f"{name}_{n}": value for name in times for n, value in enumerate((day(1 + (name == "until_at")), "08:00"))
    }
    page = signed_in(owner).post(reverse("admin:orders_deputy_add"), fields, follow=True)
    assert "Zoe owns" in page.content.decode()
    assert models.Deputy.objects.get() == row


def test_only_somebody_who_may_decide_stands_in(owner: User) -> None:
    shop = factories.shop("eu", owner=owner)
    times = {"from_at": timezone.now(), "until_at": timezone.now() + timedelta(days=1), "by": owner}
    for other in (person("accountant", username="anna"), person("auditor", "deputy", username="ada")):
        with pytest.raises(ownership.NotAllowed, match="may not decide"):
            absence.name(absence.Stand(shop, other, None), **times)
    with pytest.raises(ownership.NotAllowed, match="needs no deputyship"):
        absence.name(absence.Stand(shop, owner, None), **times)


def test_who_names_no_deputies_does_not_see_the_form(deputy: User) -> None:
    for user in (deputy, person("auditor", username="ada")):
        assert signed_in(user).get(reverse("admin:away")).status_code == 403
        assert signed_in(user).post(reverse("admin:back"), {"id": 1}).status_code == 403


def test_who_owns_nothing_is_told_so(owner: User) -> None:
    assert "You own no shop." in signed_in(owner).get(reverse("admin:away")).content.decode()


def test_a_record_of_a_shop_without_stand_in_stays_where_it_is(owner: User, deputy: User) -> None:
    shop = factories.shop("eu", owner=owner)
    order = stored(shop, "1", assignee=owner)
    assert review.hand_over(owner, {}) == 0
    order.refresh_from_db()
    assert order.assignee == owner
