"""Undo as a plan: what an order made in the books, what is in the way, the way back, and that nothing is left when it was run."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from beancount import loader
from django.core.management import CommandError, call_command
from django.db.backends.postgresql.psycopg_any import DateRange
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from integrations import connections, outbox
from integrations.booking import traces
from orders import findings, incoming, reconciliation, review
from orders import models as m
from orders.documents import Way
from orders.outgoing import DocumentKind
from tests import desk, factories
from tests.admin_company import person

pytestmark = [pytest.mark.django_db]


def posted(shop: m.Shop, id: str = "1", **fields: Any) -> m.Order:
    """An order of which everything stands in the books."""
    order = desk.approved(shop, id, **fields)
    desk.book_all(order)
    return desk.fresh(order)


def deputy(shop: m.Shop, person: Any) -> None:
    now = timezone.now()
    m.Deputy.objects.create(shop=shop, deputy=person, from_at=now - timedelta(days=1), until_at=now + timedelta(days=1))


def ways(order: m.Order) -> list[tuple[str, str]]:
    return [(step.document.kind, step.way) for step in review.undo_plan(order).steps]


def test_a_posted_order_is_taken_back_by_a_credit_note_and_its_money_and_the_books_show_zero() -> None:
    shop = desk.shop()
    order = posted(shop)
    assert desk.sums(order)
    assert ways(order) == [("invoice", Way.CREDIT_NOTE), ("payment", Way.REFUND_PAYMENT)]
    approval = review.undo(order, by=desk.owner(shop), why="ordered twice")
    signed = list(approval.documents.order_by("n"))
    assert [item.kind for item in signed] == [DocumentKind.CREDIT_NOTE, DocumentKind.REFUND_PAYMENT]
    assert not approval.documents.filter(booking__not_before__gt=timezone.now()).exists()
    desk.book_all(order)
    order = desk.fresh(order)
    assert (order.state, order.progress) == (m.State.HELD, m.Progress.NONE)
    assert order.question == "Taken back out of the books: ordered twice"
    assert desk.sums(order) == {}
    proof = reconciliation.proof(shop)
    assert proof.holds
    assert {(row.booked, row.approved) for row in (*proof.sales, *proof.money)} == {(0, 0)}
    assert desk.verbs(order)[-1] == "taken back"


def test_what_was_taken_back_may_be_rejected_once_the_credit_note_is_booked() -> None:
    shop = desk.shop()
    order = posted(shop)
    review.undo(order, by=desk.owner(shop), why="ordered twice")
    words = desk.refused(review.reject, desk.fresh(order), by=desk.owner(shop), reason="duplicate")
    assert "sent to the books already" in words
    desk.book_all(order)
    review.reject(desk.fresh(order), by=desk.owner(shop), reason="duplicate")
    assert reconciliation.proof(shop).holds


def test_what_was_taken_back_is_booked_again_as_the_next_revision_after_its_credit_note() -> None:
    shop = desk.shop()
    order = posted(shop)
    review.undo(order, by=desk.owner(shop), why="wrong customer")
    review.reopen(desk.fresh(order), by=desk.owner(shop))
    review.approve(desk.fresh(order), by=desk.owner(shop))
    invoice = order.documents.get(kind=DocumentKind.INVOICE, revision=2)
    note = order.documents.get(kind=DocumentKind.CREDIT_NOTE)
    assert [row.after for row in invoice.waits_for.all()] == [note]
    desk.book_all(order)
    assert desk.fresh(order).progress == m.Progress.POSTED
    assert reconciliation.proof(shop).holds
    money = order.documents.get(kind=DocumentKind.PAYMENT, revision=2)
    assert invoice in [row.after for row in money.waits_for.all()]
    assert account(shop, "receivable") not in desk.sums(order)


def test_a_deposit_and_its_use_are_taken_back_too() -> None:
    shop = desk.shop(recognise_on=m.RecogniseOn.FULFILLED)
    order = desk.approved(shop)
    desk.book_all(order)
    desk.told(shop, shipments=(factories.shipment(),), fulfilment_state="fulfilled")
    desk.book_all(order)
    order = desk.fresh(order)
    assert {kind for kind, _way in ways(order)} == {"invoice", "payment", "journal"}
    review.undo(order, by=desk.owner(shop), why="a test of the shop")
    desk.book_all(order)
    assert desk.sums(order) == {}
    assert reconciliation.proof(shop).holds
    review.reopen(desk.fresh(order), by=desk.owner(shop))
    review.approve(desk.fresh(order), by=desk.owner(shop))
    desk.book_all(order)
    assert desk.fresh(order).progress == m.Progress.POSTED
    assert reconciliation.proof(shop).holds
    assert account(shop, "deposits") not in desk.sums(order)


def account(shop: m.Shop, role: str) -> str:
    return m.AccountMapping.objects.get(ledger=shop.ledger, purpose="role", value=role).account.code


def test_what_was_not_sent_yet_is_withdrawn_and_signs_nothing() -> None:
    shop = desk.shop()
    order = desk.approved(shop)
    assert ways(order) == [("invoice", Way.VOID), ("payment", Way.VOID)]
    approval = review.undo(order, by=desk.owner(shop), why="too early")
    assert not approval.documents.exists()
    assert not desk.open_documents(order)


def test_a_closed_period_moves_the_way_back_to_the_first_open_day() -> None:
    shop = desk.shop()
    order = posted(shop)
    invoice = order.documents.get(kind=DocumentKind.INVOICE)
    day = invoice.posting_on
    m.Period.objects.create(ledger=shop.ledger, period=DateRange(day, day + timedelta(days=1)), state="closed")
    note = review.undo_plan(order).plan.drafts[0].document
    assert note.tax_on == invoice.tax_on
    assert note.posting_on > invoice.posting_on
    review.undo(order, by=desk.owner(shop), why="ordered twice")
    desk.book_all(order)
    assert desk.sums(order) == {}


def mirrored(order: m.Order, **fields: Any) -> None:
    m.Invoice.objects.filter(order=order, kind=DocumentKind.INVOICE).update(**fields)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"state": "voided"}, "was voided in the ledger already"),
        ({"total": Decimal("9.90"), "net": Decimal("8.00"), "tax": Decimal("1.90")}, "was changed in the ledger"),
        ({"state": "paid"}, "paid in the ledger by money that did not come through ordersync"),
        ({"balance": Decimal("1.90")}, "paid in the ledger by money that did not come through ordersync"),
    ],
)
def test_what_happened_in_the_ledger_meanwhile_is_in_the_way_and_nothing_is_done(
    fields: dict[str, Any], words: str
) -> None:
    shop = desk.shop()
    order = posted(shop, payments=(), payment_state=incoming.PaymentState.PENDING)
    mirrored(order, **fields)
    assert not review.undo_plan(order).possible
    assert words in desk.refused(review.undo, order, by=desk.owner(shop), why="ordered twice")
    assert desk.fresh(order).state == m.State.APPROVED
    assert order.documents.count() == 1


def test_an_outcome_that_nobody_knows_is_waited_for() -> None:
    shop = desk.shop()
    order = desk.approved(shop)
    desk.book(desk.open_documents(order)[0], "unknown")
    assert "is not known yet" in desk.refused(review.undo, order, by=desk.owner(shop), why="ordered twice")


def test_a_refund_in_the_books_is_taken_back_by_hand() -> None:
    shop = desk.shop()
    order = desk.approved(shop, refunds=(factories.refund(),))
    desk.book_all(order)
    review.approve(order.refunds.get(), by=desk.owner(shop))
    desk.book_all(order)
    plan = review.undo_plan(order)
    assert Way.BY_HAND in {step.way for step in plan.steps}
    assert {problem.code for problem in plan.blocks} >= {"undo_by_hand"}


def test_only_who_may_decide_takes_back_and_above_the_limit_only_another_person() -> None:
    shop = desk.shop(ledger_four_eyes_limit=Decimal(5))
    order = desk.told(shop)
    owner, second = desk.owner(shop), factories.user("second")
    deputy(shop, second)
    review.approve(order, by=owner)
    review.approve(desk.fresh(order), by=second)
    desk.book_all(order)
    third = factories.user("third")
    assert "Only" in desk.refused(review.undo, order, by=third, why="x")
    assert "another person takes it back" in desk.refused(review.undo, order, by=second, why="x")
    assert "Say why" in desk.refused(review.undo, order, by=owner, why=" ")
    deputy(shop, third)
    review.undo(order, by=third, why="ordered twice")
    assert desk.fresh(order).state == m.State.HELD


def test_a_credit_note_that_the_ledger_refuses_leaves_the_invoice_standing_and_says_so() -> None:
    shop = desk.shop()
    order = posted(shop)
    review.undo(order, by=desk.owner(shop), why="ordered twice")
    desk.book(desk.open_documents(order)[0], "refused")
    findings.check(desk.fresh(order))
    assert order.findings.filter(code="posting_failed").exists()
    assert ("invoice", Way.CREDIT_NOTE) in ways(desk.fresh(order))
    review.undo(desk.fresh(order), by=desk.owner(shop), why="once more")
    desk.book_all(order)
    assert desk.sums(order) == {}
    assert order.documents.filter(kind=DocumentKind.CREDIT_NOTE).count() == 2


# The page and the shell


@pytest.fixture
def company() -> tuple[m.Shop, m.Order]:
    owner = person("order data owner", username="kim")
    shop = desk.shop(owner=owner)
    return shop, posted(shop)


def signed_in(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_the_page_shows_what_was_made_and_the_owner_takes_it_back(company: tuple[m.Shop, m.Order]) -> None:
    shop, order = company
    client = signed_in(desk.owner(shop))
    record = client.get(reverse("admin:record", args=["order", order.pk])).content.decode()
    address = reverse("admin:undo", args=[order.pk])
    assert address in record
    page = client.get(address).content.decode()
    assert "A credit note over the whole of it" in page
    assert "The same money the other way round" in page
    assert "11.90 EUR" in page
    sent = {"version": order.version, "why": "ordered twice", "tab": "posted"}
    reply = client.post(reverse("admin:act", args=["order", order.pk, "undo"]), sent, follow=True)
    assert "is taken back" in reply.content.decode()
    assert desk.fresh(order).state == m.State.HELD
    assert "Nothing of it stands in the books." in client.get(address).content.decode()


@pytest.mark.parametrize("role", ["accountant", "auditor", "entrepreneur", "deputy"])
def test_who_may_not_decide_finds_no_button_that_works_and_is_refused(
    company: tuple[m.Shop, m.Order], role: str
) -> None:
    _shop, order = company
    client = signed_in(person(role))
    page = client.get(reverse("admin:undo", args=[order.pk])).content.decode()
    assert "Take it back</button>" not in page or "disabled" in page
    sent = {"version": order.version, "why": "I want to", "tab": "posted"}
    client.post(reverse("admin:act", args=["order", order.pk, "undo"]), sent)
    assert desk.fresh(order).state == m.State.APPROVED
    assert order.documents.count() == 2


def test_the_page_asks_the_database_a_bounded_number_of_times(
    company: tuple[m.Shop, m.Order], django_assert_max_num_queries: Any
) -> None:
    shop, order = company
    client = signed_in(desk.owner(shop))
    client.get(reverse("admin:undo", args=[order.pk]))
    with django_assert_max_num_queries(45):
        client.get(reverse("admin:undo", args=[order.pk]))


def test_the_shell_shows_the_plan_and_runs_it_as_a_person_who_may(
    company: tuple[m.Shop, m.Order], capsys: pytest.CaptureFixture[str]
) -> None:
    shop, order = company
    call_command("undo", order.number, "--shop", shop.code)
    assert "a credit note over the whole of it" in capsys.readouterr().out
    with pytest.raises(CommandError, match="Say who decides"):
        call_command("undo", order.number, "--shop", shop.code, "--run")
    person("accountant", username="paul")
    with pytest.raises(CommandError, match="Only kim"):
        call_command("undo", order.number, "--shop", shop.code, "--run", "--by", "paul", "--why", "x")
    call_command("undo", order.number, "--shop", shop.code, "--run", "--by", "kim", "--why", "ordered twice", "--json")
    data = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert [row["way"] for row in data["steps"]] == ["credit_note", "refund_payment"]
    assert desk.fresh(order).state == m.State.HELD


@pytest.mark.django_db(transaction=True)
def test_in_a_real_ledger_every_account_is_at_zero_again(tmp_path: Path) -> None:
    shop = desk.shop(ledger_undo_seconds=0)
    connections.connect("beancount", "books", ledger=shop.ledger, options={"folder": str(tmp_path)})
    order = desk.approved(shop)
    outbox.tick(20)
    assert desk.fresh(order).progress == m.Progress.POSTED
    assert traces.traces(list(order.documents.all()))[0].noun == "document"
    assert any(balances(tmp_path).values())
    review.undo(desk.fresh(order), by=desk.owner(shop), why="ordered twice")
    outbox.tick(20)
    assert not order.documents.filter(booking__booked_at=None).exists()
    assert not any(balances(tmp_path).values())
    assert reconciliation.proof(shop).holds


def balances(folder: Path) -> dict[str, Decimal]:
    """What Beancount itself makes of its books."""
    entries, errors, _options = loader.load_file(str(folder / "main.beancount"))
    assert not errors
    found: dict[str, Decimal] = {}
    for entry in entries:
        for posting in getattr(entry, "postings", ()):
            found[posting.account] = found.get(posting.account, Decimal(0)) + posting.units.number
    return found
