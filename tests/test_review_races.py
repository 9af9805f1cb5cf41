"""Several people and processes at one order in the same moment: one decision stands, and nobody waits for ever."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from django.utils import timezone

from orders import documents, review
from orders import models as m
from tests import desk, factories
from tests.races import race

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.outbox]


def test_an_undo_that_races_the_claim_is_never_both_and_never_neither() -> None:
    shop = desk.shop()
    owner = desk.owner(shop)
    seen: Counter[str] = Counter()
    for n in range(15):
        order = desk.approved(shop, str(n), email=f"p{n}@example.org")
        rows = desk.open_documents(order)
        undone, taken = race([lambda: review.reopen(order, by=owner), lambda: desk.take(rows)])  # noqa: B023
        assert isinstance(taken, list), taken
        outcome = {item.why for item in taken}
        assert outcome == ({"voided"} if undone is None else {""}), (undone, taken)
        assert undone is None or isinstance(undone, review.Refused), undone
        seen["undone" if undone is None else "taken"] += 1
    assert seen.total() == 15


def test_an_undo_that_races_an_answer_never_deadlocks() -> None:
    shop = desk.shop()
    for n in range(10):
        order = desk.approved(shop, str(n), email=f"p{n}@example.org")
        invoice = desk.open_documents(order)[0]
        desk.take([invoice])
        told = documents.Report(outcome="refused", words="no")
        results = race(
            [lambda: review.reopen(order, by=desk.owner(shop)), lambda: documents.report(invoice, told)]  # noqa: B023
        )
        assert [item for item in results if item is not None and not isinstance(item, review.Refused)] == []


def test_two_answers_at_once_leave_the_order_posted() -> None:
    shop = desk.shop()
    for n in range(10):
        order = desk.approved(shop, str(n), email=f"p{n}@example.org")
        rows = desk.open_documents(order)
        desk.take(rows)
        told = [documents.Report(outcome="booked", booked=desk.booked(row)) for row in rows]
        assert race(
            [lambda row=row, said=said: documents.report(row, said) for row, said in zip(rows, told, strict=True)]
        ) == [None, None]  # type: ignore[misc]
        assert desk.fresh(order).progress == "posted"


def test_two_people_approve_one_order_once() -> None:
    shop = desk.shop()
    now = timezone.now()
    second = factories.user()
    m.Deputy.objects.create(shop=shop, deputy=second, from_at=now - timedelta(days=1), until_at=now + timedelta(days=1))
    for n in range(8):
        order = desk.told(shop, str(n), email=f"p{n}@example.org")
        results = race([lambda by=by: review.approve(order, by=by) for by in (desk.owner(shop), second)])  # type: ignore[misc]  # noqa: B023
        assert sorted(type(item).__name__ for item in results) == ["Approval", "Refused"], results
        assert order.documents.filter(kind="invoice").count() == 1
    assert documents.verify(shop.ledger) == []


def test_an_approval_that_races_a_new_version_signs_what_was_seen_or_nothing() -> None:
    shop = desk.shop()
    for n in range(8):
        order = desk.told(shop, str(n), email=f"p{n}@example.org")
        dearer = (factories.line("23.80", tax="3.80"),)
        approval, _told = race(
            [
                lambda: review.approve(order, by=desk.owner(shop), version=order.version),  # noqa: B023
                lambda: desk.told(shop, str(n), email=f"p{n}@example.org", lines=dearer),  # noqa: B023
            ]
        )
        assert desk.open_documents(order) == []
        assert desk.fresh(order).state == "pending"
        assert isinstance(approval, (m.Approval, review.Refused)), approval


def test_two_refunds_of_one_line_approved_at_once_credit_it_once() -> None:
    shop = desk.shop()
    for n in range(5):
        order = desk.approved(shop, str(n), email=f"p{n}@example.org")
        back = (factories.refund("5.95", id="A"), factories.refund("5.95", id="B"))
        desk.told(shop, str(n), email=f"p{n}@example.org", refunds=back)
        rows = list(order.refunds.all())
        results = race([lambda row=row: review.approve(row, by=desk.owner(shop)) for row in rows])  # type: ignore[misc]
        assert all(isinstance(item, (m.Approval, review.Refused)) for item in results), results


def test_numbers_of_ours_have_no_gap_and_rise_with_the_days() -> None:
    shop = desk.shop(ledger_numbering="ours")
    rows = [desk.approved(shop, str(n), email=f"p{n}@example.org").documents.get(kind="invoice") for n in range(8)]
    results = race([lambda row=row: desk.take([row]) for row in rows])  # type: ignore[misc]
    assert all(isinstance(item, list) and item[0].ok for item in results), results
    numbers = m.Booking.objects.filter(document__in=rows).values_list("number", flat=True)
    assert sorted(map(int, numbers)) == list(range(1, 9))
