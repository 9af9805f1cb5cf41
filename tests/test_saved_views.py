"""Saved views of the queue: kept by name, shared or not, forgotten by their maker alone; and what a typed number opens."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.messages import get_messages
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from orders import models, queue, savedviews
from tests.admin_company import desk, person, stored

pytestmark = pytest.mark.django_db
REVIEW = "admin:review"


@pytest.fixture
def owner() -> User:
    return person("order data owner", username="kim")


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def keep(client: Client, name: str, **fields: str) -> Any:
    return client.post(reverse("admin:keep_view"), {"name": name, "tab": "ready", "q": "mug", **fields})


def words(reply: Any) -> str:
    return " ".join(str(message) for message in get_messages(reply.wsgi_request))


def test_a_view_is_kept_under_its_name_and_opens_the_same_filter_again(owner: User) -> None:
    client = signed_in(owner)
    reply = keep(client, "  Mugs   ready ")
    assert reply.url == f"{reverse(REVIEW)}?tab=ready&q=mug"
    page = client.get(reply.url)
    (item,) = page.context["saved"]
    assert (item["view"].name, item["href"], item["current"], item["key"]) == ("Mugs ready", reply.url, True, 1)
    assert models.Event.objects.get(noun="savedview").by == owner


def test_a_name_used_again_takes_the_older_views_place(owner: User) -> None:
    client = signed_in(owner)
    keep(client, "Mugs")
    keep(client, "Mugs", q="apron")
    assert models.SavedView.objects.get().query == "tab=ready&q=apron"


def test_a_shared_view_is_everybodys_and_its_makers_alone_to_forget(owner: User) -> None:
    keep(signed_in(owner), "Mugs", shared="on")
    keep(signed_in(owner), "Mine")
    colleague = signed_in(person("accountant", username="lee"))
    assert [item["view"].name for item in colleague.get(reverse(REVIEW)).context["saved"]] == ["Mugs"]
    shared = models.SavedView.objects.get(name="Mugs")
    assert "Only whoever made a view" in words(colleague.post(reverse("admin:forget_view", args=[shared.pk])))
    signed_in(owner).post(reverse("admin:forget_view", args=[shared.pk]))
    assert [view.name for view in models.SavedView.objects.all()] == ["Mine"]


@pytest.mark.parametrize("name", [" ", "x" * 41])
def test_a_view_without_a_fitting_name_is_refused(owner: User, name: str) -> None:
    assert "at most 40 letters" in words(keep(signed_in(owner), name))
    assert not models.SavedView.objects.exists()


def test_nobody_keeps_views_without_end(owner: User) -> None:
    for n in range(savedviews.MOST):
        savedviews.keep(owner, "review", f"View {n}", "", shared=False)
    savedviews.keep(owner, "review", "View 1", "tab=ready", shared=False)
    with pytest.raises(savedviews.Refused):
        savedviews.keep(owner, "review", "One more", "", shared=False)


def test_who_sees_no_orders_keeps_no_view_of_them() -> None:
    marketing = signed_in(person("marketing manager", username="mara"))
    assert keep(marketing, "Mugs").status_code == 403
    auditor = signed_in(person("auditor", username="ada"))
    assert auditor.get(reverse(REVIEW)).status_code == 200
    assert keep(auditor, "Mugs").status_code == 403


def test_a_view_shows_what_is_with_one_person(owner: User) -> None:
    shop = desk(owner)
    given = stored(shop, "given", assignee=owner)
    page = signed_in(owner).get(reverse(REVIEW), {"tab": "ready", "with": "kim"})
    assert [row["record"].pk for row in page.context["rows"]] == [given.pk]


def test_a_number_that_one_order_alone_has_opens_it_whatever_tab_it_lies_in(owner: User) -> None:
    desk(owner)
    client, order = signed_in(owner), models.Order.objects.get(number="1001")
    reply = client.get(reverse(REVIEW), {"q": "#1001", "go": "1"})
    assert reply.url == reverse("admin:record", args=["order", order.pk])
    assert client.get(reverse(REVIEW), {"q": "100", "go": "1"}).status_code == 200
    listed = client.get(reverse("admin:orders_order_changelist"), {"q": "1001"})
    assert listed.url == reverse("admin:record", args=["order", order.pk])
    models.Shipment.objects.create(order=order, store_id="p1", tracking_number="00340434")
    assert queue.exact("order", "00340434") == order.pk


def test_an_amount_finds_the_orders_that_are_worth_it(owner: User) -> None:
    shop = desk(owner)
    order = stored(shop, "worth", total="1204.50")
    for text in ("1,204.50", "1204,5", "1.204,50"):
        assert list(queue.rows(queue.View(tab="ready", text=text))) == [order]


def test_the_queue_asks_the_offices_tables_ten_times_at_most(owner: User) -> None:
    desk(owner)
    client = signed_in(owner)
    for tab in ("review", "ready", "approved"):
        with CaptureQueriesContext(connection) as asked:
            client.get(reverse(REVIEW), {"tab": tab})
        ours = [query["sql"] for query in asked if '"orders_' in query["sql"]]
        assert len(ours) <= 10, ours


def test_the_queue_says_who_owns_what_it_shows(owner: User) -> None:
    shop = desk(owner)
    assert signed_in(owner).get(reverse(REVIEW)).context["owned"] == f"You own {shop.name}"
    lists = ("orders_order", "orders_itemmapping", "orders_taxmapping", "orders_accountmapping", "orders_period")
    for page in ("admin:index", "admin:proof", *(f"admin:{name}_changelist" for name in lists)):
        reply = signed_in(owner).get(reverse(page))
        assert reply.context["owned"] == f"You own {shop.name}"
        assert f"You own {shop.name}" in reply.content.decode()
    other = signed_in(person("accountant", username="lee"))
    assert other.get(reverse(REVIEW)).context["owned"] == f"kim owns {shop.name}"
