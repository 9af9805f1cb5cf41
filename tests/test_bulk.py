"""Approving many together: exactly what was shown or nothing, in turns that survive a kill, with what was left out and why."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from orders import models, queue, review
from orders.admin import desk as desk_pages
from orders.review import bulk
from tests import boundaries
from tests.admin_company import desk, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner() -> User:
    return person("order data owner", username="kim")


@pytest.fixture
def shop(owner: User) -> models.Shop:
    return desk(owner)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def ready() -> list[models.Order]:
    return list(queue.rows(queue.View(tab="ready")))


def frozen(by: User, orders: list[models.Order] | None = None) -> models.Bulk:
    return bulk.freeze("order", [order.pk for order in orders or ready()], by=by)


def fresh(made: models.Bulk) -> models.Bulk:
    return models.Bulk.objects.get(pk=made.pk)


def approved() -> int:
    return models.Order.objects.filter(state=models.State.APPROVED).count()


def words(reply: Any) -> str:
    return " ".join(str(message) for message in get_messages(reply.wsgi_request))


def test_a_set_is_frozen_with_its_worth_and_says_what_is_left_out(shop: models.Shop, owner: User) -> None:
    blocked = models.Order.objects.get(number="1011")
    chosen = ready()[:3]
    made = frozen(owner, [*chosen, blocked])
    assert made.records == [[order.pk, order.version] for order in sorted(chosen, key=lambda order: order.pk)]
    assert {key: Decimal(total) for key, total in made.sums.items()} == {
        "EUR": sum((order.total_due for order in chosen), Decimal(0))
    }
    assert made.left_out == [[blocked.pk, "1011", "It has problems."]]
    assert approved() == 0


def test_exactly_the_frozen_set_is_approved(shop: models.Shop, owner: User) -> None:
    chosen = ready()[:3]
    made = frozen(owner, chosen)
    bulk.confirm(made, by=owner)
    assert bulk.work(60) == (3, 0)
    assert (fresh(made).state, fresh(made).approved) == (models.BulkState.DONE, 3)
    assert {order.pk for order in models.Order.objects.filter(state="approved")} == {order.pk for order in chosen}


def test_a_set_of_which_one_changed_is_refused_for_ever_and_approves_nothing(shop: models.Shop, owner: User) -> None:
    made = frozen(owner)
    review.correct(ready()[0], "order", "po_number", "PO-1", by=owner, reason="on the phone")
    with pytest.raises(review.Refused) as caught:
        bulk.confirm(made, by=owner)
    assert "nothing was approved" in caught.value.words
    assert fresh(made).state == models.BulkState.REFUSED
    with pytest.raises(review.Refused):
        bulk.confirm(made, by=owner)
    assert (bulk.work(60), approved()) == ((0, 0), 0)


def test_what_changes_after_the_confirmation_is_left_out_in_words(shop: models.Shop, owner: User) -> None:
    made, first = frozen(owner), ready()[-1]
    bulk.confirm(made, by=owner)
    review.hold(first, by=owner, question="Is it paid?")
    assert bulk.work(60) == (8, 1)
    ((key, number, why),) = fresh(made).left_out
    assert (key, number) == (first.pk, first.number)
    assert "changed since you looked" in why


def test_a_record_that_breaks_off_is_left_out_and_stops_nothing(
    shop: models.Shop, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, broken = frozen(owner), ready()[3].pk
    real = bulk.approve

    def approve(record: Any, **given: Any) -> Any:
        if record.pk == broken:
            raise ZeroDivisionError
        return real(record, **given)

    monkeypatch.setattr(bulk, "approve", approve)
    bulk.confirm(made, by=owner)
    assert bulk.work(60) == (8, 1)
    assert "ZeroDivisionError" in fresh(made).left_out[0][2]


def test_a_turn_ends_with_its_time_and_the_next_goes_on_where_it_stood(shop: models.Shop, owner: User) -> None:
    made = frozen(owner)
    bulk.confirm(made, by=owner)
    assert bulk.work(0) == (0, 0)
    assert bulk._step(made.pk) is True
    assert (fresh(made).position, approved()) == (1, 1)
    assert bulk.work(60) == (8, 0)
    assert models.Approval.objects.count() == 9


def test_a_stopped_set_keeps_what_is_approved_and_approves_no_more(shop: models.Shop, owner: User) -> None:
    made = frozen(owner)
    bulk.confirm(made, by=owner)
    bulk._step(made.pk)
    bulk.stop(made, by=owner)
    assert (bulk.work(60), approved(), fresh(made).state) == ((0, 0), 1, models.BulkState.CANCELLED)


def test_a_deputys_limit_leaves_out_what_is_above_it(shop: models.Shop, owner: User) -> None:
    lee = person("deputy", username="lee")
    now = timezone.now()
    models.Deputy.objects.create(
        shop=shop, deputy=lee, from_at=now - timedelta(days=1), until_at=now + timedelta(days=1), limit=Decimal("60")
    )
    made = frozen(lee)
    cheap = [order for order in ready() if order.total_due <= 60]
    assert len(made.records) == len(cheap)
    assert "above your limit as deputy, 60" in made.left_out[0][2]
    bulk.confirm(made, by=lee)
    assert bulk.work(60) == (len(cheap), 0)
    assert {row.acting_for for row in models.Approval.objects.all()} == {owner}


def test_only_whoever_chose_a_set_confirms_it(shop: models.Shop, owner: User) -> None:
    made = frozen(owner)
    other = person("order data owner", username="lee")
    with pytest.raises(review.Refused):
        bulk.confirm(made, by=other)
    assert fresh(made).state == models.BulkState.SHOWN


def test_the_page_shows_the_set_approves_it_and_says_what_became_of_it(
    shop: models.Shop, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orders.admin.desk.bulk.AT_ONCE_SECONDS", 60)
    client = signed_in(owner)
    there = client.post(reverse("admin:approve"), {"tab": "ready", "all": "1"}).url
    page = client.get(there).content.decode()
    assert "Exactly these are approved" in page
    assert "for 5 min, each by itself" in page
    assert "9 approved" in words(client.post(there, {"confirm": "1"}))
    assert "9 of 9 approved." in client.get(there).content.decode()


def test_a_large_set_goes_on_in_the_background_and_shows_its_progress(
    shop: models.Shop, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    rung: list[str] = []
    monkeypatch.setattr("orders.admin.desk.bulk.AT_ONCE_SECONDS", 0)
    monkeypatch.setattr(desk_pages, "bells", [rung.append])
    client = signed_in(owner)
    there = client.post(reverse("admin:approve"), {"tab": "ready", "all": "1"}).url
    client.post(there, {"confirm": "1"})
    assert rung == ["bulk"]
    page = client.get(there).content.decode()
    assert 'data-refresh="2"' in page
    assert "0 of 9" in page
    client.post(there, {"stop": "1"})
    assert models.Bulk.objects.get().state == models.BulkState.CANCELLED


def test_nothing_ready_is_no_set(shop: models.Shop, owner: User) -> None:
    blocked = models.Order.objects.get(number="1011")
    reply = signed_in(owner).post(reverse("admin:approve"), {"tab": "ready", "id": [blocked.pk]})
    assert "None of the selected records" in words(reply)


def test_who_decides_nothing_neither_chooses_nor_confirms(shop: models.Shop, owner: User) -> None:
    made = frozen(owner)
    for role in ("accountant", "auditor"):
        client = signed_in(person(role))
        assert client.post(reverse("admin:approve"), {"tab": "ready", "all": "1"}).status_code == 403
        assert client.get(reverse("admin:bulk", args=[made.pk])).status_code == 200
        assert client.post(reverse("admin:bulk", args=[made.pk]), {"confirm": "1"}).status_code == 403
    assert signed_in(person("marketing manager")).get(reverse("admin:bulk", args=[made.pk])).status_code == 403


@pytest.mark.django_db(transaction=True)
def test_killed_before_or_after_any_commit_it_goes_on_and_approves_each_record_once() -> None:
    owner = person("order data owner", username="kim")
    desk(owner)
    made = frozen(owner)
    bulk.confirm(made, by=owner)
    counts = []
    for at, after in ((0, False), (0, True), (1, False), (1, True)):
        with boundaries.watching(watch := boundaries.Watch(at, after=after), kinds=()):
            assert boundaries.killed(watch, lambda: bulk.work(60))
        counts.append((approved(), fresh(made).position))
    assert counts == [(0, 0), (1, 1), (2, 2), (4, 4)]
    bulk.work(60)
    whole = len(made.records)
    assert (fresh(made).state, fresh(made).approved, approved()) == (models.BulkState.DONE, whole, whole)
    assert models.Event.objects.filter(noun="order", verb="approved").count() == whole
    invoices = models.Document.objects.filter(kind="invoice").values_list("order", flat=True)
    assert sorted(invoices) == sorted(key for key, _version in made.records)
