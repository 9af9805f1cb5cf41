"""Stock adjustments and customer changes are decided at the same desk: in the queue, on a page of their own, many together, undone until they are told."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from orders import changes, models, queue, review
from tests import factories
from tests.admin_company import person

pytestmark = pytest.mark.django_db
KINDS = ["stockadjustment", "customerchange"]


@pytest.fixture
def owner() -> User:
    return person("order data owner", username="kim")


@pytest.fixture
def shop(owner: User) -> models.Shop:
    made = factories.shop("eu", owner=owner)
    buyer = models.Customer.objects.create(shop=made, store_id="C1", name="Anna Keller", email="old@example.org")
    models.StockAdjustment.objects.create(
        shop=made, sku="MUG", location="Main", before=12, after=9, reason="counted on the shelf"
    )
    models.CustomerChange.objects.create(
        customer=buyer, field="email", before="old@example.org", after="new@example.org"
    )
    return made


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def record(kind: str) -> Any:
    return queue.KINDS[kind].objects.get()


def act(client: Client, kind: str, verb: str, **fields: Any) -> Any:
    address = reverse("admin:act", args=[kind, record(kind).pk, verb])
    return client.post(address, {"kind": kind, "tab": "ready", "version": record(kind).version, **fields})


@pytest.mark.parametrize(("kind", "shown"), [(KINDS[0], "12 → 9"), (KINDS[1], "old@example.org → new@example.org")])
def test_a_change_lies_in_the_queue_with_what_it_was_and_shall_be(
    shop: models.Shop, owner: User, kind: str, shown: str
) -> None:
    page = signed_in(owner).get(reverse("admin:review"), {"kind": kind, "tab": "ready"})
    (row,) = page.context["rows"]
    assert row["change"] == shown
    assert "1 change" in page.content.decode()
    assert {item["name"]: item["count"] for item in page.context["kinds"]} == {
        "order": 0, "refund": 0, "payout": 0, "stockadjustment": 1, "customerchange": 1,
    }  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_a_change_is_approved_on_its_page_and_undone_until_the_store_is_told(
    shop: models.Shop, owner: User, kind: str
) -> None:
    client = signed_in(owner)
    act(client, kind, "approve")
    assert record(kind).state == models.State.APPROVED
    page = client.get(reverse("admin:record", args=[kind, record(kind).pk]))
    assert page.context["can_reopen"]
    act(client, kind, "reopen")
    assert record(kind).state == models.State.PENDING
    act(client, kind, "approve")
    name = "stock" if kind == "stockadjustment" else "customer"
    (approved,) = changes.approved(shop, name)
    assert changes.take(name, approved.record.pk, approved.approval_id)
    assert not client.get(reverse("admin:record", args=[kind, record(kind).pk])).context["can_reopen"]


@pytest.mark.parametrize("kind", KINDS)
def test_changes_are_held_rejected_and_approved_together_like_the_rest(
    shop: models.Shop, owner: User, kind: str
) -> None:
    client = signed_in(owner)
    act(client, kind, "hold", question="Who counted?", of="kim")
    assert "asked of kim" in client.get(reverse("admin:review"), {"kind": kind, "tab": "held"}).content.decode()
    act(client, kind, "answer", answer="I did.")
    act(client, kind, "reject", reason="other", note="a mistake")
    assert record(kind).state == models.State.REJECTED
    act(client, kind, "reopen")
    there = client.post(reverse("admin:approve"), {"kind": kind, "tab": "ready", "all": "1"}).url
    assert client.get(there).context["sums"] == {}
    client.post(there, {"confirm": "1"})
    review.bulk.work(60)
    assert record(kind).state == models.State.APPROVED


def test_changes_are_found_by_sku_and_by_customer(shop: models.Shop) -> None:
    def found(kind: str, text: str) -> int:
        return queue.rows(queue.View(kind=kind, tab="ready", text=text)).count()

    from orders import search

    search.index(models.Customer.objects.get())
    assert [found("stockadjustment", text) for text in ("mug", "Main", "apron")] == [1, 1, 0]
    assert [found("customerchange", text) for text in ("keller", "nobody")] == [1, 0]


def test_who_sees_no_customers_sees_no_change_of_one(shop: models.Shop) -> None:
    entrepreneur = signed_in(person("entrepreneur"))
    assert entrepreneur.get(reverse("admin:review"), {"kind": "stockadjustment"}).status_code == 200
    assert entrepreneur.get(reverse("admin:review"), {"kind": "customerchange"}).status_code == 403
    change = record("customerchange")
    assert entrepreneur.get(reverse("admin:record", args=["customerchange", change.pk])).status_code == 403
    accountant = signed_in(person("accountant"))
    assert act(accountant, "stockadjustment", "approve").status_code == 403
    assert record("stockadjustment").after == Decimal(9)


def test_a_list_leads_to_the_same_page(shop: models.Shop, owner: User) -> None:
    for kind in KINDS:
        address = reverse(f"admin:orders_{kind}_change", args=[record(kind).pk])
        assert signed_in(owner).get(address).url == reverse("admin:record", args=[kind, record(kind).pk])
