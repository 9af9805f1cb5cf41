"""A question about a record, put to one person, and the answer that brings it back; causes given to a person; what a fix would release."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from orders import findings, models, queue, review
from orders.review import causes, questions
from tests.admin_company import desk, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner() -> User:
    return person("order data owner", username="kim")


@pytest.fixture
def shop(owner: User) -> models.Shop:
    return desk(owner)


@pytest.fixture
def accountant() -> User:
    return person("accountant", username="anna")


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def numbered(number: str) -> models.Order:
    return models.Order.objects.get(number=number)


def words(reply: Any) -> str:
    return " ".join(str(message) for message in get_messages(reply.wsgi_request))


def act(user: User, order: models.Order, verb: str, **fields: Any) -> Any:
    address = reverse("admin:act", args=["order", order.pk, verb])
    return signed_in(user).post(address, {"version": order.version, "tab": "ready", **fields})


def ask(owner: User, of: User, number: str = "1001") -> models.Order:
    act(owner, numbered(number), "hold", question="Is this the same buyer?", of=of.username)
    return numbered(number)


def test_a_question_is_put_to_a_person_whose_answer_brings_the_order_back(
    shop: models.Shop, owner: User, accountant: User
) -> None:
    order = ask(owner, accountant)
    assert order.state == models.State.HELD
    mine = signed_in(accountant).get(reverse("admin:review"), {"tab": "held", "with": "anna"})
    assert [row["record"].pk for row in mine.context["rows"]] == [order.pk]
    assert "asked of anna" in mine.content.decode()
    today = signed_in(accountant).get(reverse("admin:index"))
    assert today.context["questions"] == 1
    task = next(row for row in today.context["tasks"] if row["words"] == "Questions for you")
    assert (task["count"], task["href"]) == (1, f"{reverse('admin:review')}?tab=held&with=anna")
    page = signed_in(accountant).get(reverse("admin:record", args=["order", order.pk])).content.decode()
    assert "kim asks anna" in page
    act(accountant, order, "answer", answer="Yes, she moved.")
    assert numbered("1001").state == models.State.PENDING
    listed = signed_in(owner).get(reverse("admin:review"), {"tab": "ready"}).content.decode()
    assert "anna answered: Yes, she moved." in listed
    assert models.Event.objects.filter(order=order, verb="answered", by=accountant).exists()


def test_somebody_who_is_not_asked_and_decides_nothing_answers_nothing(
    shop: models.Shop, owner: User, accountant: User
) -> None:
    order = ask(owner, accountant)
    reply = act(person("accountant", username="otto"), order, "answer", answer="No.")
    assert "Only kim, who owns the orders" in words(reply)
    assert act(person("marketing manager"), order, "answer", answer="No.").status_code == 403
    assert act(person("auditor"), order, "answer", answer="No.").status_code == 403
    assert numbered("1001").state == models.State.HELD
    act(owner, order, "answer", answer="I know it myself now.")
    assert numbered("1001").state == models.State.PENDING


@pytest.mark.parametrize("role", ["marketing manager", "auditor"])
def test_nobody_is_asked_who_may_not_see_or_may_not_answer(shop: models.Shop, owner: User, role: str) -> None:
    order = numbered("1001")
    with pytest.raises(review.Refused) as caught:
        review.hold(order, by=owner, question="Why?", of=person(role, username="other"))
    assert "Ask somebody who may" in caught.value.fix
    assert numbered("1001").state == models.State.PENDING
    page = signed_in(owner).get(reverse("admin:record", args=["order", order.pk]))
    assert list(page.context["colleagues"]) == ["kim"]


def test_a_question_needs_words_and_an_answer_too(shop: models.Shop, owner: User, accountant: User) -> None:
    with pytest.raises(review.Refused):
        review.hold(numbered("1001"), by=owner, question=" ", of=accountant)
    ask(owner, accountant)
    with pytest.raises(review.Refused):
        review.answer(numbered("1001"), by=accountant, words=" ")


def test_a_question_ends_with_the_hold_however_it_ends(shop: models.Shop, owner: User, accountant: User) -> None:
    order = ask(owner, accountant)
    review.reopen(order, by=owner)
    assert questions.open_one(order) is None
    order = ask(owner, accountant, "1002")
    review.reject(order, by=owner, reason="test")
    assert questions.open_one(order) is None
    order = ask(owner, accountant, "1003")
    models.Order.objects.filter(pk=order.pk).update(held_until=timezone.now() - timedelta(seconds=1))
    review.wake(order)
    assert questions.open_one(order) is None
    with pytest.raises(review.Refused):
        review.answer(numbered("1003"), by=accountant, words="Too late.")


def test_a_snoozed_order_comes_back_by_itself(shop: models.Shop, owner: User) -> None:
    order = numbered("1001")
    page = signed_in(owner).get(reverse("admin:record", args=["order", order.pk]))
    day = page.context["snoozes"][0][1]
    act(owner, order, "hold", until=day.isoformat())
    held = numbered("1001")
    assert timezone.localdate(held.held_until) == day


def test_a_cause_says_what_its_fix_would_make_ready_and_what_stays(shop: models.Shop, owner: User) -> None:
    stuck = numbered("1013")
    models.Finding.objects.create(order=stuck, code="test_order", severity="blocking", words="A test.")
    models.Order.objects.filter(pk=stuck.pk).update(blockers=2)
    assert findings.released(shop.ledger, "sku:APRON-L") == 2
    waits = {wait.record.number: wait.others for wait in findings.waiting(shop.ledger, "sku:APRON-L", most=50)}
    assert waits == {"1011": [], "1012": [], "1013": ["A test."]}
    page = signed_in(owner).get(reverse("admin:cause", args=[shop.ledger_id]), {"cause": "sku:APRON-L"})
    assert (page.context["released"], len(page.context["rows"])) == (2, 3)


def test_a_cause_is_given_to_a_person_who_finds_it_first(shop: models.Shop, owner: User, accountant: User) -> None:
    there = reverse("admin:cause", args=[shop.ledger_id])
    reply = signed_in(owner).post(there, {"cause": "total_mismatch", "to": "anna"})
    assert "Given to anna" in words(reply)
    rows = signed_in(accountant).get(reverse("admin:problems")).context["books"][0]["groups"]
    assert (rows[0]["group"].code, rows[0]["given"].to) == ("total_mismatch", accountant)
    signed_in(owner).post(there, {"cause": "total_mismatch", "to": ""})
    assert not models.AssignedCause.objects.exists()


def test_a_cause_is_given_by_and_to_those_alone_who_may(shop: models.Shop, owner: User) -> None:
    there = reverse("admin:cause", args=[shop.ledger_id])
    with pytest.raises(review.Refused):
        causes.give(shop.ledger, "sku:APRON-L", person("marketing manager", username="mara"), by=owner)
    assert "Nobody is called" in words(signed_in(owner).post(there, {"cause": "sku:APRON-L", "to": "nobody"}))
    for role, status in (("entrepreneur", 403), ("auditor", 403)):
        assert signed_in(person(role)).post(there, {"cause": "sku:APRON-L", "to": "kim"}).status_code == status
    assert signed_in(User.objects.get(username="mara")).get(there, {"cause": "sku:APRON-L"}).status_code == 403


def test_a_cause_that_nothing_waits_for_any_more_leads_back(shop: models.Shop, owner: User) -> None:
    reply = signed_in(owner).get(reverse("admin:cause", args=[shop.ledger_id]), {"cause": "sku:GONE"})
    assert reply.url == reverse("admin:problems")
    assert "Nothing waits for this any more." in words(reply)
    assert queue.waiting() == 7
