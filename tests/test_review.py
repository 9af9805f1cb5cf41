"""Decisions: who may take them, on what, and what they leave behind."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from orders import documents, ownership, review
from orders import models as m
from tests import desk, factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> m.Shop:
    return desk.shop()


@pytest.fixture
def owner(shop: m.Shop) -> User:
    return desk.owner(shop)


def deputy(shop: m.Shop, *, limit: str | None = None, ended: bool = False) -> User:
    made, now = factories.user(), timezone.now()
    until = now - timedelta(hours=1) if ended else now + timedelta(days=1)
    m.Deputy.objects.create(
        shop=shop, deputy=made, from_at=now - timedelta(days=1), until_at=until, limit=Decimal(limit) if limit else None
    )
    return made


# Who may decide


def test_only_the_owner_or_a_deputy_approves_superusers_included(shop: m.Shop) -> None:
    order = desk.told(shop)
    boss = factories.user(is_superuser=True, is_staff=True)
    assert "Only" in desk.refused(review.approve, order, by=boss)
    assert not m.Document.objects.exists()


def test_a_deputy_acts_for_the_owner_and_the_event_says_so(shop: m.Shop, owner: User) -> None:
    someone = deputy(shop)
    order = desk.told(shop)
    approval = review.approve(order, by=someone)
    event = m.Event.objects.get(verb="approved")
    assert (approval.acting_for, event.by, event.acting_for) == (owner, someone, owner)


def test_a_deputy_whose_time_is_over_may_not_decide(shop: m.Shop) -> None:
    order = desk.told(shop)
    someone = deputy(shop, ended=True)
    for call, values in ((review.approve, {}), (review.hold, {}), (review.reject, {"reason": "other"})):
        assert "Only" in desk.refused(call, order, by=someone, **values)


def test_a_deputys_limit_counts_what_persons_added_to_the_order(shop: m.Shop, owner: User) -> None:
    order = desk.told(shop)
    someone = deputy(shop, limit="20")
    review.adjust(
        order, account=factories.account(shop.ledger, "Income:Goods"), net=Decimal(50), by=owner, reason="extra"
    )
    assert "limit" in desk.refused(review.approve, order, by=someone)
    review.withdraw(order.adjustments.get(), by=owner)
    assert review.approve(order, by=someone).acting_for == owner


def test_a_refund_that_gives_no_money_back_is_worth_what_its_lines_make(shop: m.Shop) -> None:
    order = desk.approved(shop)
    desk.told(shop, refunds=(factories.refund("0", payments=()),))
    refund = order.refunds.get()
    assert "limit" in desk.refused(review.approve, refund, by=deputy(shop, limit="5"))
    assert review.approve(refund, by=desk.owner(shop)).amount == Decimal("11.90")


# Four eyes


def test_above_the_limit_two_people_approve_and_the_first_signs_nothing(owner: User, shop: m.Shop) -> None:
    limited(shop, "10")
    second = deputy(shop)
    order = desk.told(shop)
    first = review.approve(order, by=owner)
    assert desk.fresh(order).state == "pending"
    assert not m.Document.objects.exists()
    assert "second person" in desk.refused(review.approve, order, by=owner)
    both = review.approve(order, by=second)
    assert (both.pk, both.by, both.second_by) == (first.pk, owner, second)
    assert desk.fresh(order).state == "approved"
    assert desk.verbs(order).count("approved") == 2


def test_the_first_of_two_may_have_ceased_to_be_a_deputy(owner: User, shop: m.Shop) -> None:
    limited(shop, "10")
    first = deputy(shop)
    order = desk.told(shop)
    review.approve(order, by=first)
    m.Deputy.objects.update(until_at=timezone.now() - timedelta(minutes=1))
    assert review.approve(order, by=owner).second_by == owner


def test_content_that_changed_between_first_and_second_asks_for_two_anew(owner: User, shop: m.Shop) -> None:
    limited(shop, "10")
    second = deputy(shop)
    order = desk.told(shop)
    review.approve(order, by=owner)
    desk.told(shop, lines=(factories.line("23.80", tax="3.80"),))
    assert review.approve(order, by=second).second_by is None
    assert desk.fresh(order).state == "pending"
    assert review.approve(order, by=owner).second_by == owner
    assert m.Document.objects.get(kind="invoice").gross == Decimal("23.80")


def test_whoever_corrected_may_not_approve_where_the_ledger_forbids_it(shop: m.Shop, owner: User) -> None:
    m.Ledger.objects.update(corrector_may_not_approve=True)
    order = desk.told(shop)
    review.correct(order, "order", "customer_name", "Paula Neu", by=owner, reason="misspelt")
    assert "corrected" in desk.refused(review.approve, order, by=owner)
    assert review.approve(order, by=deputy(shop)).acting_for == owner


def limited(shop: m.Shop, amount: str) -> None:
    m.Ledger.objects.filter(pk=shop.ledger_id).update(four_eyes_limit=Decimal(amount))


# On what


def test_a_stale_page_decides_nothing(shop: m.Shop, owner: User) -> None:
    order = desk.told(shop)
    desk.told(shop, lines=(factories.line("23.80", tax="3.80"),))
    for call, values in ((review.approve, {}), (review.hold, {}), (review.reject, {"reason": "other"})):
        assert "changed" in desk.refused(call, order, by=owner, version=order.version, **values)
    assert desk.fresh(order).state == "pending"


def test_only_what_is_pending_can_be_approved(shop: m.Shop, owner: User) -> None:
    order = desk.told(shop)
    review.hold(order, by=owner, question="who?")
    assert "pending" in desk.refused(review.approve, order, by=owner)
    review.reopen(order, by=owner)
    review.reject(order, by=owner, reason="duplicate")
    assert "pending" in desk.refused(review.approve, order, by=owner)
    review.reopen(order, by=owner)
    review.approve(order, by=owner)
    assert "pending" in desk.refused(review.approve, order, by=owner)
    assert desk.verbs(order) == ["received", "held", "reopened", "rejected", "reopened", "approved"]


def test_what_a_refused_approval_found_is_shown_in_the_queue(shop: m.Shop, owner: User) -> None:
    order = desk.told(shop)
    m.ItemMapping.objects.all().delete()
    assert desk.fresh(order).blockers == 0
    assert "MUG" in desk.refused(review.approve, order, by=owner)
    assert desk.fresh(order).blockers == 1
    assert desk.codes(order) == {"sku_unknown"}


def test_a_hold_ends_when_its_moment_has_come(shop: m.Shop, owner: User) -> None:
    order = desk.told(shop)
    review.hold(order, by=owner, until=timezone.now() + timedelta(hours=1))
    review.wake(order)
    assert desk.fresh(order).state == "held"
    m.Order.objects.update(held_until=timezone.now() - timedelta(seconds=1))
    review.wake(order)
    assert (desk.fresh(order).state, desk.fresh(order).held_until) == ("pending", None)
    assert desk.verbs(order)[-1] == "woken"


def test_a_record_is_not_given_to_somebody_who_cannot_sign_in(shop: m.Shop, owner: User) -> None:
    order = desk.told(shop)
    assert "deactivated" in desk.refused(review.assign, order, factories.user(is_active=False), by=owner)
    someone = factories.user()
    review.assign(order, someone, by=owner)
    assert ownership.accountable(desk.fresh(order)) == someone


# The undo


def test_the_undo_voids_what_was_not_taken(shop: m.Shop, owner: User) -> None:
    order = desk.approved(shop)
    review.reopen(order, by=owner, why="too early")
    assert desk.fresh(order).state == "pending"
    assert {item.booking.voided_at is None for item in order.documents.all()} == {False}
    assert {item.why for item in desk.take(order.documents.all())} == {"voided"}
    assert desk.verbs(order)[-1] == "undone"


def test_what_was_taken_can_be_neither_undone_nor_rejected(shop: m.Shop, owner: User) -> None:
    order = desk.approved(shop)
    desk.take(desk.open_documents(order)[:1])
    assert "no longer be undone" in desk.refused(review.reopen, order, by=owner)
    desk.told(shop, lines=(factories.line("23.80", tax="3.80"),))
    assert desk.fresh(order).state == "pending"
    assert "sent to the books" in desk.refused(review.reject, order, by=owner, reason="other")


def test_an_undone_order_takes_its_untaken_refund_along(shop: m.Shop, owner: User) -> None:
    order = desk.approved(shop)
    desk.told(shop, refunds=(factories.refund(),))
    refund = order.refunds.get()
    review.approve(refund, by=owner)
    review.reopen(order, by=owner)
    assert (desk.fresh(refund).state, desk.fresh(refund).progress) == ("pending", "")
    assert desk.codes(refund) == {"order_not_approved"}
    assert desk.open_documents(order) == []
    review.approve(order, by=owner)
    review.approve(refund, by=owner)
    desk.book_all(order)
    assert {desk.fresh(order).progress, desk.fresh(refund).progress} == {"posted"}
    assert not any(desk.sums(order).values())


def test_a_refund_does_not_wait_for_an_invoice_that_was_refused(shop: m.Shop, owner: User) -> None:
    order = desk.approved(shop)
    desk.told(shop, refunds=(factories.refund(),))
    refund = order.refunds.get()
    review.approve(refund, by=owner)
    desk.book(order.documents.get(kind="invoice"), "refused")
    review.reopen(order, by=owner)
    assert desk.fresh(refund).state == "pending"
    review.approve(order, by=owner)
    review.approve(refund, by=owner)
    note = order.documents.get(kind="credit_note", booking__voided_at=None)
    assert [item.after.revision for item in note.waits_for.all()] == [2]


def test_the_refunds_of_a_rejected_order_say_what_keeps_them(shop: m.Shop, owner: User) -> None:
    order = desk.told(shop, refunds=(factories.refund(),))
    review.reject(order, by=owner, reason="fraud")
    assert "rejected" in order.refunds.get().findings.get(code="order_not_approved").words


# After a refusal by the ledger


def test_a_refused_document_is_signed_anew_as_the_next_revision(shop: m.Shop, owner: User) -> None:
    order = desk.approved(shop)
    desk.book(order.documents.get(kind="invoice"), "refused")
    assert desk.fresh(order).progress == "failed"
    review.reopen(order, by=owner)
    review.approve(order, by=owner)
    again = order.documents.get(kind="invoice", revision=2)
    assert again.reference == "EU1001r2"
    desk.book_all(order)
    assert desk.fresh(order).progress == "posted"
    assert "no longer be undone" in desk.refused(review.reopen, order, by=owner)


def test_nothing_is_signed_by_itself_after_a_refusal(shop: m.Shop) -> None:
    order = desk.approved(shop)
    desk.book(order.documents.get(kind="invoice"), "refused")
    before = m.Document.objects.count()
    desk.told(shop, shipments=(factories.shipment(),))
    assert m.Document.objects.count() == before
    assert (desk.fresh(order).state, desk.fresh(order).progress) == ("approved", "failed")


def test_a_refused_payment_that_the_store_takes_back_does_not_fail_the_order_for_ever(
    shop: m.Shop, owner: User
) -> None:
    order = desk.approved(shop)
    desk.book(order.documents.get(kind="invoice"))
    desk.book(order.documents.get(kind="payment"), "refused")
    desk.told(shop, payments=(factories.payment(status="failure"),), payment_state="pending")
    review.reopen(order, by=owner)
    review.approve(order, by=owner)
    assert desk.fresh(order).progress == "posted"


def test_a_second_report_changes_nothing(shop: m.Shop) -> None:
    order = desk.approved(shop)
    invoice = order.documents.get(kind="invoice")
    desk.book(invoice)
    events = m.Event.objects.count()
    for outcome in ("booked", "unknown", "refused", "waiting", "stuck"):
        documents.report(invoice, documents.Report(outcome=outcome, booked=desk.booked(invoice)))
    assert m.Event.objects.count() == events
    assert m.Booking.objects.get(document=invoice).outcome == "booked"


def test_the_progress_of_an_order_is_that_of_its_slowest_document(shop: m.Shop) -> None:
    order = desk.approved(shop)
    invoice, payment = desk.open_documents(order)
    desk.book(invoice)
    assert desk.fresh(order).progress == "waiting"
    desk.book(payment, "unknown")
    assert desk.fresh(order).progress == "unknown"
    documents.report(payment, documents.Report(outcome="booked", booked=desk.booked(payment)))
    assert desk.fresh(order).progress == "posted"


def test_an_unknown_outcome_told_again_does_not_hide_for_how_long_it_lasts(shop: m.Shop) -> None:
    order = desk.approved(shop)
    invoice = order.documents.get(kind="invoice")
    desk.book(invoice, "unknown")
    m.Order.objects.update(progress="failed")
    documents.report(invoice, documents.Report(outcome="unknown", words="still no answer"))
    assert desk.fresh(order).progress == "failed"
