"""What a ledger says of our documents later: paid, overdue, voided, edited; on the order's page and in the list, and in the proof."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from orders import documents, incoming, intake, outgoing, reconciliation
from orders import models as m
from orders.outgoing import DocumentKind
from tests import desk
from tests.admin_company import person

pytestmark = [pytest.mark.django_db]
UNPAID = {"payments": (), "payment_state": incoming.PaymentState.PENDING}


def posted(shop: m.Shop, **fields: Any) -> m.Order:
    order = desk.approved(shop, **UNPAID, **fields)
    desk.book_all(order)
    return desk.fresh(order)


def says(order: m.Order, of: str = DocumentKind.INVOICE, **fields: Any) -> None:
    """The ledger tells how the order's invoice (or another document of it) stands."""
    document = order.documents.get(kind=of)
    told: dict[str, Any] = {
        "reference": document.reference, "number": document.reference, "state": "open", "net": document.net,
        "tax": document.tax, "total": document.gross, "balance": document.gross, "kind": document.kind,
    }  # fmt: skip
    intake.receive_states(order.shop.ledger, [incoming.InvoiceState(**told | fields)])


def shown(order: m.Order) -> tuple[str, str]:
    """The order's page and its list."""
    client = Client()
    client.force_login(desk.owner(order.shop))
    record = client.get(reverse("admin:record", args=["order", order.pk])).content.decode()
    return record, client.get(reverse("admin:orders_order_changelist")).content.decode()


@pytest.fixture
def shop() -> m.Shop:
    return desk.shop(owner=person("order data owner", username="kim"))


def test_paid_and_overdue_stand_on_the_order_in_list_and_page(shop: m.Shop) -> None:
    order = posted(shop)
    assert all(">overdue<" not in page for page in shown(order))
    says(order, due_on=timezone.localdate() - timedelta(days=1))
    assert all(">overdue<" in page for page in shown(order))
    says(order, state="paid", balance=Decimal(0))
    assert all(">paid<" in page and ">overdue<" not in page for page in shown(order))


def test_what_falls_due_today_is_not_overdue_and_a_day_once_known_is_kept(shop: m.Shop) -> None:
    due = timezone.localdate()
    order = posted(shop, due_on=due)
    assert m.Invoice.objects.get().due_on == due, "the signed day, until the ledger says another"
    says(order)
    invoice = m.Invoice.objects.get()
    assert (invoice.due_on, invoice.overdue) == (due, False)
    says(order, due_on=due - timedelta(days=3))
    assert m.Invoice.objects.get().overdue


def test_a_list_of_orders_asks_for_all_invoices_at_once(shop: m.Shop, django_assert_max_num_queries: Any) -> None:
    for number in ("1", "2", "3"):
        desk.book_all(desk.approved(shop, number, **UNPAID))
    client = Client()
    client.force_login(desk.owner(shop))
    address = reverse("admin:orders_order_changelist")
    client.get(address)
    with django_assert_max_num_queries(14):
        client.get(address)


@pytest.mark.parametrize("state", ["voided", "deleted"])
def test_what_is_gone_from_the_ledger_is_a_finding_with_a_way_out_and_a_difference_in_the_proof(
    shop: m.Shop, state: str
) -> None:
    order = posted(shop)
    assert reconciliation.proof(shop).holds
    says(order, state=state)
    finding = order.findings.get(code="invoice_changed_in_ledger")
    assert f"was {state} in the ledger" in finding.words
    assert "Bring it back in the ledger" in finding.fix
    assert not reconciliation.proof(shop).holds
    says(order)
    assert not order.findings.filter(code="invoice_changed_in_ledger").exists()
    assert reconciliation.proof(shop).holds


def test_another_tax_with_the_same_total_is_found_and_both_are_shown(shop: m.Shop) -> None:
    order = posted(shop)
    says(order, net=Decimal("10.60"), tax=Decimal("1.30"), taxes=(("DE7", Decimal("1.30")),))
    words = order.findings.get(code="invoice_changed_in_ledger").words
    assert "with 1.30 of tax instead of 1.90" in words
    differing = reconciliation.proof(shop).differences
    assert {one.measure for one in differing} >= {"tax DE19", "tax DE7", "net"}


# Payments and journals are read back as well


@pytest.mark.parametrize("state", ["voided", "deleted"])
def test_a_payment_that_is_gone_from_the_ledger_is_a_finding_and_a_difference(shop: m.Shop, state: str) -> None:
    order = desk.approved(shop)
    desk.book_all(order)
    says(order, DocumentKind.PAYMENT, state=state)
    finding = order.findings.get(code="invoice_changed_in_ledger")
    assert (f"was {state} in the ledger" in finding.words, finding.field) == (True, "document:payment:EU1001")
    assert not reconciliation.proof(shop).holds
    says(order, DocumentKind.PAYMENT, state="paid", balance=Decimal(0))
    assert not order.findings.filter(code="invoice_changed_in_ledger").exists()
    assert reconciliation.proof(shop).holds


def test_a_payment_edited_in_the_ledger_is_found_with_both_figures(shop: m.Shop) -> None:
    order = desk.approved(shop)
    desk.book_all(order)
    says(
        order, DocumentKind.PAYMENT, state="paid", balance=Decimal(0), net=Decimal(5), tax=Decimal(0), total=Decimal(5)
    )
    words = order.findings.get(code="invoice_changed_in_ledger").words
    assert "stands in the ledger with 5.00 instead of 11.90" in words
    assert not reconciliation.proof(shop).holds


def test_an_entry_told_by_its_lines_is_the_same_money(shop: m.Shop) -> None:
    """A ledger that knows entries only by their lines tells what stands at the debit, fees and all."""
    order = desk.approved(shop)
    desk.book_all(order)
    document = order.documents.get(kind=DocumentKind.PAYMENT)
    total = outgoing.turnover(documents.outgoing_of(document))
    says(order, DocumentKind.PAYMENT, state="paid", balance=Decimal(0), net=total, tax=Decimal(0), total=total)
    assert m.Invoice.objects.get(document=document).total == document.gross
    assert not order.findings.filter(code="invoice_changed_in_ledger").exists()
