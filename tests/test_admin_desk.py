"""The desk's own pages: the queue, a record's verbs, bulk approval, problems by cause, and what a stale tab may not do."""

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
from tests.admin_company import desk, person, stored

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner() -> User:
    return person("order data owner", "accountant", username="kim")


@pytest.fixture
def shop(owner: User) -> models.Shop:
    return desk(owner)


@pytest.fixture
def client(owner: User) -> Client:
    signed_in = Client()
    signed_in.force_login(owner)
    return signed_in


def words(reply: Any) -> str:
    return " ".join(str(message) for message in get_messages(reply.wsgi_request))


def act(client: Client, order: models.Order, verb: str, **fields: Any) -> Any:
    return client.post(
        reverse("admin:act", args=["order", order.pk, verb]), {"version": order.version, "tab": "ready", **fields}
    )


def numbered(number: str) -> models.Order:
    return models.Order.objects.get(number=number)


def test_the_queue_says_why_each_order_waits(client: Client, shop: models.Shop) -> None:
    html = client.get(reverse("admin:review")).content.decode()
    assert "SKU APRON-L is not mapped" in html
    assert "No tax code is mapped for “TVA”" in html
    assert "0.49 EUR more than the lines" in html


def test_every_page_says_beside_review_how_many_wait(client: Client, shop: models.Shop) -> None:
    pages = [client.get(reverse(f"admin:{name}")) for name in ("index", "review", "problems", "proof")]
    assert [page.context["waiting"] for page in pages] == [queue.waiting()] * 4


def test_the_tabs_divide_the_orders_and_count_them(shop: models.Shop) -> None:
    counts = queue.counts(queue.View())
    assert sum(counts.values()) == models.Order.objects.count()
    assert (counts["review"], counts["ready"]) == (7, 9)


def test_an_outcome_unknown_for_over_fifteen_minutes_is_failed_and_before_that_on_its_way(shop: models.Shop) -> None:
    unknown = {"state": "approved", "progress": "unknown"}
    stored(shop, "fresh", progress_at=timezone.now() - timedelta(minutes=14), **unknown)
    stored(shop, "old", progress_at=timezone.now() - timedelta(minutes=16), **unknown)
    stored(shop, "timeless", **unknown)
    assert {order.number for order in queue.rows(queue.View(tab="approved"))} == {"fresh", "timeless"}
    assert {order.number for order in queue.rows(queue.View(tab="failed"))} == {"old"}


def test_neighbours_follow_the_view_also_where_an_order_has_no_date(shop: models.Shop) -> None:
    first = stored(shop, "undated", placed_at=None)
    view = queue.View(tab="ready")
    listed = [order.pk for order in queue.rows(view)]
    assert listed[0] == first.pk
    walked, place = [first.pk], queue.place(view, first)
    while place.next:
        walked.append(place.next)
        place = queue.place(view, models.Order.objects.get(pk=place.next))
        assert place.previous == walked[-2]
        assert place.position == len(walked)
    assert walked == listed


def test_approve_signs_and_shows_the_next_order_of_the_same_tab(client: Client, shop: models.Shop) -> None:
    first, second = queue.rows(queue.View(tab="ready"))[:2]
    reply = act(client, first, "approve")
    first.refresh_from_db()
    assert first.state == models.State.APPROVED
    assert first.documents.exists()
    assert reply.url.startswith(reverse("admin:record", args=["order", second.pk]))
    assert "8 left here" in words(reply)


def test_a_stale_tab_approves_nothing_and_hears_what_happened_meanwhile(
    client: Client, shop: models.Shop, owner: User
) -> None:
    order = numbered("1001")
    seen = models.Event.objects.filter(order=order).order_by("-pk")[0].pk
    review.correct(order, "order", "po_number", "PO-9", by=owner, reason="on the phone")
    reply = act(client, order, "approve", seen=seen)
    assert numbered("1001").state == models.State.PENDING
    assert "changed since you looked" in words(reply)
    assert "Meanwhile: " in words(reply)


def test_a_form_without_a_version_decides_nothing(client: Client, shop: models.Shop) -> None:
    order = numbered("1001")
    reply = client.post(reverse("admin:act", args=["order", order.pk, "approve"]), {"tab": "ready"})
    assert numbered("1001").state == models.State.PENDING
    assert "Load it again" in words(reply)


def test_an_order_with_a_problem_shows_why_it_cannot_be_approved(client: Client, shop: models.Shop) -> None:
    order = numbered("1011")
    html = client.get(reverse("admin:record", args=["order", order.pk])).content.decode()
    assert "disabled title=" in html
    assert f"{reverse('admin:orders_itemmapping_add')}?ledger={shop.ledger_id}&amp;key=APRON-L" in html
    act(client, order, "approve")
    assert numbered("1011").state == models.State.PENDING


def test_hold_reject_and_reopen_from_the_page(client: Client, shop: models.Shop) -> None:
    act(
        client,
        numbered("1001"),
        "hold",
        question="Which address?",
        until=(timezone.now() + timedelta(days=3)).date().isoformat(),
    )
    held = numbered("1001")
    assert (held.state, held.question) == (models.State.HELD, "Which address?")
    act(client, held, "reject", reason="duplicate", note="see 1000")
    rejected = numbered("1001")
    assert (rejected.state, rejected.reject_reason) == (models.State.REJECTED, "duplicate")
    act(client, rejected, "reopen", why="a mistake")
    assert numbered("1001").state == models.State.PENDING


def test_a_correction_shows_the_stores_value_struck_through_and_can_be_taken_back(
    client: Client, shop: models.Shop
) -> None:
    order = numbered("1001")
    act(client, order, "correct", place="order.customer_name", value="Anna Keller-Blum", reason="by phone")
    page = client.get(reverse("admin:record", args=["order", order.pk])).content.decode()
    assert "Anna Keller-Blum <s>Finn Sato</s>" in page
    correction = models.Correction.objects.get(order=order)
    act(client, numbered("1001"), "drop", correction=correction.pk)
    assert numbered("1001").customer_name == "Finn Sato"


def test_an_adjustment_names_a_difference_and_makes_the_order_ready(client: Client, shop: models.Shop) -> None:
    order = numbered("1015")
    account = models.Account.objects.get(ledger=shop.ledger, code="Income:Fees")
    act(client, order, "adjust", account=account.pk, net="0.49", reason="fee of the store")
    assert numbered("1015").ready
    adjustment = models.Adjustment.objects.get(order=order)
    act(client, numbered("1015"), "withdraw", adjustment=adjustment.pk)
    assert not numbered("1015").ready


@pytest.mark.parametrize(("typed", "told"), [("12,30", "“12,30” is not an amount"), ("NaN", "“NaN” is not an amount")])
def test_an_amount_that_cannot_be_read_is_named(client: Client, shop: models.Shop, typed: str, told: str) -> None:
    account = models.Account.objects.get(ledger=shop.ledger, code="Income:Fees")
    reply = act(client, numbered("1015"), "adjust", account=account.pk, net=typed, reason="fee")
    assert told in words(reply)
    assert not models.Adjustment.objects.exists()


def test_somebody_who_is_neither_owner_nor_deputy_is_refused_in_words(shop: models.Shop) -> None:
    other = Client()
    other.force_login(person("order data owner", username="lee"))
    reply = act(other, numbered("1001"), "approve")
    assert "Only kim, who owns the orders of eu" in words(reply)
    assert numbered("1001").state == models.State.PENDING


def test_verbs_are_sent_never_followed(client: Client, shop: models.Shop) -> None:
    assert client.get(reverse("admin:act", args=["order", numbered("1001").pk, "approve"])).status_code == 405
    assert act(client, numbered("1001"), "destroy").status_code == 404


def test_mapping_a_sku_once_moves_every_order_that_waited_for_it(client: Client, shop: models.Shop) -> None:
    problems = client.get(reverse("admin:problems")).content.decode()
    form = reverse("admin:orders_itemmapping_add")
    assert f"{form}?ledger={shop.ledger_id}&amp;key=APRON-L" in problems
    back = reverse("admin:problems")
    reply = client.post(f"{form}?next={back}", {"ledger": shop.ledger_id, "key": "APRON-L", "item": "Apron"})
    assert reply.url == back
    assert "3 orders moved to Ready." in words(reply)
    assert numbered("1011").ready
    released = models.Bulk.objects.get()
    assert f'href="{reverse("admin:bulk", args=[released.pk])}"' in words(reply)
    client.post(reverse("admin:bulk", args=[released.pk]), {"confirm": "1"})
    review.bulk.work(60)
    assert {numbered(number).state for number in ("1011", "1012", "1013")} == {models.State.APPROVED}
    event = models.Event.objects.get(noun="itemmapping")
    assert '"key":"APRON-L"' in event.body.replace(" ", "")


def test_a_form_never_sends_people_to_another_site(client: Client, shop: models.Shop) -> None:
    form = reverse("admin:orders_itemmapping_add")
    reply = client.post(f"{form}?next=https://example.org/", {"ledger": shop.ledger_id, "key": "X", "item": "X"})
    assert reply.url == reverse("admin:orders_itemmapping_changelist")


def test_refunds_have_the_same_queue_and_page(client: Client, shop: models.Shop) -> None:
    html = client.get(f"{reverse('admin:review')}?kind=refund").content.decode()
    assert "1018" in html
    assert "1 refund ·" in html
    refund = models.Refund.objects.get()
    page = client.get(reverse("admin:record", args=["refund", refund.pk]))
    assert "Refund of order 1018" in page.content.decode()
    reply = client.post(
        reverse("admin:act", args=["refund", refund.pk, "hold"]), {"kind": "refund", "version": refund.version}
    )
    refund.refresh_from_db()
    assert refund.state == models.State.HELD, words(reply)


def test_the_page_shows_the_attempts_that_the_post_brings_along(
    client: Client, shop: models.Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = {
        "at": timezone.now(),
        "call": "book",
        "outcome": "refused",
        "tone": "bad",
        "words": "No such account.",
        "connection": "books",
    }
    monkeypatch.setattr(desk_pages, "attempts_providers", [lambda record: [row]])
    assert (
        "No such account." in client.get(reverse("admin:record", args=["order", numbered("1001").pk])).content.decode()
    )


def test_what_changed_since_the_approval_is_shown_beside_what_was_approved(
    client: Client, shop: models.Shop, owner: User
) -> None:
    order = numbered("1001")
    review.approve(order, by=owner)
    review.correct(numbered("1001"), "order", "po_number", "PO-9", by=owner, reason="late")
    page = client.get(reverse("admin:record", args=["order", order.pk]))
    assert [(change.place, change.before, change.after) for change in page.context["changes"]] == [
        ("PO number", "", "PO-9")
    ]


def test_a_search_finds_by_number_name_and_sku_within_a_tab(client: Client, shop: models.Shop) -> None:
    for text, found in (("1011", {"1011"}), ("apron", {"1011", "1012", "1013"}), ("finn", {"1011"})):
        page = client.get(reverse("admin:review"), {"q": text})
        assert {row["record"].number for row in page.context["rows"]} == found


def test_amounts_are_shown_whole_and_never_rounded_away() -> None:
    from orders.templatetags import desk as shown

    assert shown.money(Decimal("1204.5"), "EUR") == "1,204.50"
    assert shown.money(Decimal("-12.345"), "EUR") == "−12.345"
    assert shown.money(Decimal("1200.000000"), "JPY") == "1,200"
    assert shown.named(Decimal("1.5"), "KWD") == "1.500 KWD"


def test_the_pages_of_a_cause_and_of_the_proof_say_who_owns_what_they_show(client: Client, shop: models.Shop) -> None:
    cause = f"{reverse('admin:cause', args=[shop.ledger_id])}?cause=sku:APRON-L"
    for page in (cause, reverse("admin:proof"), f"{reverse('admin:proof')}?shop=eu"):
        assert "You own Shop eu" in client.get(page).content.decode(), page
