"""What is drafted and signed: invoices by shipment, refunds within them, payments against them, and what falls due later."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st

from orders import documents, incoming, money, outgoing, review
from orders import models as m
from orders.documents import lines, reference
from orders.incoming import LineKind, PaymentKind, PaymentStatus
from tests import desk, factories, signed

pytestmark = pytest.mark.django_db
MUGS = (desk.line("L1", "10.00", "1.60", quantity=Decimal(3)), desk.line("L2", "4.90", kind=LineKind.SHIPPING, sku=""))


def parcel(id: str, quantity: int, *, day: int = 1) -> incoming.Shipment:
    content = (incoming.ShipmentLine(line_id="L1", quantity=Decimal(quantity)),)
    return factories.shipment(id, lines=content, shipped_at=factories.NOON + timedelta(days=day))


def invoiced(order: m.Order) -> dict[str, Decimal]:
    """The gross of each standing invoice by its source."""
    rows = order.documents.filter(kind="invoice", booking__voided_at=None)
    return {row.key.rsplit(":", 1)[1]: row.gross for row in rows}


# Shipments


@given(data=st.data(), currency=st.sampled_from(["JPY", "EUR", "KWD"]))
@settings(max_examples=100)
def test_the_parts_of_a_line_sum_to_it_exactly(data: st.DataObject, currency: str) -> None:
    unit = money.minor_unit(currency)
    net, tax = (data.draw(st.integers(-9999, 9999)) * unit for _ in "nt")
    parts = data.draw(st.lists(st.integers(1, 7), min_size=1, max_size=8))
    line = m.OrderLine(kind="item", quantity=Decimal(sum(parts)), net=net)
    row = outgoing.Line(n=0, kind="item", text="", account="A", net=net, tax=tax, quantity=line.quantity)
    position = lines.Position(line, ((row, documents.Origin()),))
    shares, before = [], Decimal(0)
    for part in parts:
        shares += [share for share, _origin in lines.share(position, before, before + part, currency)]
        before += part
    assert (sum(s.net for s in shares), sum(s.tax for s in shares), sum(s.quantity for s in shares)) == (
        net,
        tax,
        before,
    )
    assert all(money.is_exact(s.net, currency) and money.is_exact(s.tax, currency) for s in shares)


def test_a_parcel_told_late_with_an_earlier_day_takes_what_is_left() -> None:
    shop = desk.shop(recognise_on="fulfilled")
    order = desk.approved(shop, lines=MUGS, shipments=(parcel("S2", 1, day=5),))
    assert invoiced(order) == {"S2": Decimal("8.23")}
    desk.told(
        shop, lines=MUGS, shipments=(parcel("S1", 2, day=2), parcel("S2", 1, day=5)), fulfilment_state="fulfilled"
    )
    assert sum(invoiced(order).values()) == order.total_due
    assert invoiced(order).keys() == {"S1", "S2"}
    desk.book_all(order)
    assert desk.fresh(order).progress == "posted"


def test_a_parcel_whose_content_changes_after_its_invoice_loses_nothing() -> None:
    shop = desk.shop(recognise_on="fulfilled")
    order = desk.approved(shop, lines=MUGS, shipments=(parcel("S1", 1),))
    desk.told(shop, lines=MUGS, shipments=(parcel("S1", 3),), fulfilment_state="fulfilled")
    assert sum(invoiced(order).values()) == order.total_due


def test_parcels_told_after_the_whole_was_invoiced_are_not_invoiced_again() -> None:
    shop = desk.shop(recognise_on="fulfilled")
    order = desk.approved(shop, lines=MUGS, fulfilment_state="fulfilled")
    assert invoiced(order) == {"1": order.total_due}
    desk.told(shop, lines=MUGS, shipments=(parcel("S1", 1), parcel("S2", 2)), fulfilment_state="fulfilled")
    assert invoiced(order) == {"1": order.total_due}


def test_an_order_is_not_posted_before_all_of_it_is_invoiced() -> None:
    shop = desk.shop(recognise_on="fulfilled")
    order = desk.approved(shop, lines=MUGS, shipments=(parcel("S1", 1),))
    desk.book_all(order)
    assert desk.fresh(order).progress == "waiting"
    desk.told(shop, lines=MUGS, shipments=(parcel("S1", 1), parcel("S2", 2)), fulfilment_state="fulfilled")
    desk.book_all(order)
    assert desk.fresh(order).progress == "posted"


def test_what_is_signed_later_is_signed_under_the_same_approval_with_an_event() -> None:
    shop = desk.shop(recognise_on="fulfilled")
    order = desk.approved(shop, lines=MUGS, payments=(), payment_state="pending")
    assert not order.documents.exists()
    desk.told(shop, lines=MUGS, payments=(), payment_state="pending", shipments=(parcel("S1", 3),))
    invoice = order.documents.get()
    assert (invoice.automatic, invoice.approval) == (True, order.approvals.get())
    assert "signed automatically" in desk.verbs(order)


def test_what_falls_due_beyond_the_approved_amount_asks_a_person() -> None:
    shop = desk.shop()
    order = desk.approved(shop, payments=(), payment_state="pending")
    desk.told(shop, payments=(factories.payment("50.00"),))
    assert desk.fresh(order).state == "pending"
    assert not order.documents.filter(kind="payment").exists()
    review.approve(order, by=desk.owner(shop))
    desk.book_all(order)
    assert desk.sums(order)["Liabilities:Deposits"] == Decimal("-38.10")
    assert "Assets:Receivable" not in desk.sums(order)


def test_what_falls_due_with_a_finding_in_the_way_asks_a_person() -> None:
    shop = desk.shop()
    order = desk.approved(shop, payments=(), payment_state="pending")
    m.AccountMapping.objects.filter(purpose="payment").delete()
    desk.told(shop)
    assert (desk.fresh(order).state, desk.codes(order)) == ("pending", {"payment_unmapped"})


# Edits


def test_paid_or_a_tracking_number_keeps_the_approval() -> None:
    shop = desk.shop()
    order = desk.approved(shop, payments=(), payment_state="pending")
    approval = order.approvals.get()
    desk.told(shop, shipments=(factories.shipment(),))
    assert (desk.fresh(order).state, order.approvals.get(fallen_at=None)) == ("approved", approval)
    assert set(order.documents.values_list("kind", flat=True)) == {"invoice", "payment"}


def test_a_price_that_changes_before_sending_voids_what_was_signed() -> None:
    shop = desk.shop()
    order = desk.approved(shop)
    desk.told(shop, lines=(factories.line("23.80", tax="3.80"),))
    assert (desk.fresh(order).state, desk.fresh(order).changed) == ("pending", True)
    assert desk.open_documents(order) == []


def test_an_order_edited_twice_after_posting_stands_once() -> None:
    shop = desk.shop()
    order = desk.approved(shop)
    for amount, tax in (("23.80", "3.80"), ("59.50", "9.50")):
        desk.book_all(order)
        desk.told(shop, lines=(factories.line(amount, tax=tax),))
        review.approve(order, by=desk.owner(shop))
    desk.book_all(order)
    assert desk.sums(order)["Income:Goods"] == Decimal(-50)
    keys = order.documents.filter(kind="credit_note").values_list("key", flat=True)
    assert [key.rsplit(":", 1)[1] for key in keys] == ["r1", "r2"]


def test_an_edit_after_a_refund_waits_for_a_person_but_not_after_one_that_was_undone() -> None:
    shop = desk.shop()
    order = desk.approved(shop)
    desk.book_all(order)
    desk.told(shop, refunds=(factories.refund(),))
    refund = order.refunds.get()
    review.approve(refund, by=desk.owner(shop))
    desk.told(shop, lines=(factories.line("23.80", tax="3.80"),), refunds=(factories.refund(),))
    assert "edited_after_refund" in desk.codes(order)
    review.reopen(refund, by=desk.owner(shop))
    review.approve(order, by=desk.owner(shop))
    assert order.documents.filter(kind="invoice", revision=2).exists()


# Refunds


def refunded(shop: m.Shop, order: m.Order, *refunds: incoming.Refund, **fields: object) -> list[m.Refund]:
    desk.told(shop, refunds=refunds, **fields)
    return list(order.refunds.order_by("pk"))


def returned(line: str, quantity: int) -> incoming.RefundLine:
    tax = incoming.Tax(title="MwSt", amount=Decimal("1.90"), rate=Decimal("0.19"))
    return incoming.RefundLine(
        kind=LineKind.ITEM, amount=Decimal("11.90"), quantity=Decimal(quantity), line_id=line, taxes=(tax,)
    )


def test_the_same_line_is_given_back_once() -> None:
    shop = desk.shop()
    order = desk.approved(shop)
    first, second = refunded(shop, order, factories.refund(id="A"), factories.refund(id="B"))
    review.approve(first, by=desk.owner(shop))
    assert "refund_beyond_invoice" in desk.codes(second)
    desk.refused(review.approve, second, by=desk.owner(shop))


def test_a_line_in_two_invoices_is_credited_from_both() -> None:
    shop = desk.shop(recognise_on="fulfilled")
    sold = {
        "lines": (desk.line("L1", "11.90", "1.90", quantity=Decimal(3)),),
        "shipments": (parcel("S1", 1), parcel("S2", 2, day=3)),
    }
    order = desk.approved(shop, **sold)
    desk.book_all(order)
    (refund,) = refunded(shop, order, factories.refund(lines=(returned("L1", 3),)), **sold)
    review.approve(refund, by=desk.owner(shop))
    note = order.documents.get(kind="credit_note")
    assert [line.credits.document.key.rsplit(":", 1)[1] for line in note.lines.all()] == ["S1", "S2"]
    desk.book_all(order)
    assert not desk.sums(order)


def test_what_is_not_invoiced_yet_is_not_credited() -> None:
    shop = desk.shop(recognise_on="fulfilled")
    two = (desk.line("L1", "11.90", "1.90"), desk.line("L2", "11.90", "1.90"))
    order = desk.approved(shop, lines=two, shipments=(parcel("S1", 1),))
    back = factories.refund(lines=(returned("L2", 1),))
    (refund,) = refunded(shop, order, back, lines=two, shipments=(parcel("S1", 1),))
    assert "invoice_missing" in desk.codes(refund)
    desk.told(shop, lines=two, shipments=(parcel("S1", 1),), refunds=(back,), fulfilment_state="fulfilled")
    assert desk.codes(refund) == set()


def test_a_bare_refund_of_an_invoiced_order_asks_what_it_was_for_and_no_more() -> None:
    shop = desk.shop()
    order = desk.approved(shop)
    (refund,) = refunded(shop, order, factories.refund(lines=(), amount=Decimal("5.00")))
    assert desk.codes(refund) == {"refund_without_lines"}


def test_a_refund_of_nothing_is_posted_without_a_document() -> None:
    shop = desk.shop()
    order = desk.approved(shop)
    (refund,) = refunded(shop, order, factories.refund("0", lines=(), payments=()))
    review.approve(refund, by=desk.owner(shop))
    assert desk.fresh(refund).progress == "posted"


def test_money_that_comes_back_later_is_signed_under_the_refunds_approval() -> None:
    shop = desk.shop()
    order = desk.approved(shop)
    desk.book_all(order)
    paying = factories.payment(id="R1-money", kind=PaymentKind.REFUND, status=PaymentStatus.PENDING, parent_id="P1")
    (refund,) = refunded(shop, order, factories.refund(payments=(paying,)))
    review.approve(refund, by=desk.owner(shop))
    desk.book_all(order)
    assert desk.fresh(refund).progress == "waiting"
    refunded(shop, order, factories.refund())
    desk.book_all(order)
    assert desk.fresh(refund).progress == "posted"
    assert not desk.sums(order)


def test_a_deposit_goes_back_after_it_came_in() -> None:
    shop = desk.shop(recognise_on="fulfilled")
    order = desk.approved(shop)
    (refund,) = refunded(shop, order, factories.refund())
    review.approve(refund, by=desk.owner(shop))
    back = order.documents.get(kind="refund_payment")
    assert [item.after.kind for item in back.waits_for.all()] == ["payment"]
    review.reopen(order, by=desk.owner(shop))
    assert (desk.fresh(refund).state, desk.open_documents(order)) == ("pending", [])


def test_a_cancelled_order_whose_deposit_went_back_does_not_wait_for_an_invoice() -> None:
    shop = desk.shop(recognise_on="fulfilled")
    order = desk.approved(shop)
    (refund,) = refunded(shop, order, factories.refund(), cancelled_at=factories.NOON)
    review.approve(refund, by=desk.owner(shop))
    desk.book_all(order)
    assert {desk.fresh(order).progress, desk.fresh(refund).progress} == {"posted"}
    assert not desk.sums(order)


# Money


@pytest.mark.parametrize("fields", [{"amount": "11.905"}, {"fee": Decimal("0.345")}])
def test_money_below_the_minor_unit_is_a_finding(fields: dict[str, object]) -> None:
    order = desk.told(desk.shop(), payments=(factories.payment(**fields),))
    assert "amount_too_fine" in desk.codes(order)


def test_a_chargeback_or_refund_in_another_currency_is_a_finding() -> None:
    shop = desk.shop()
    back = factories.payment(id="CB", kind=PaymentKind.CHARGEBACK, currency="USD", parent_id="P1")
    assert "payment_currency" in desk.codes(desk.told(shop, payments=(factories.payment(), back)))
    order = desk.approved(shop, "2", email="x@example.org")
    returned = factories.payment(id="RM", kind=PaymentKind.REFUND, currency="USD")
    desk.told(shop, "2", email="x@example.org", refunds=(factories.refund(payments=(returned,)),))
    assert "payment_currency" in desk.codes(order.refunds.get())


def test_a_chargeback_is_booked_after_the_payment_that_it_disputes() -> None:
    back = factories.payment(id="CB", kind=PaymentKind.CHARGEBACK, parent_id="P1")
    order = desk.approved(desk.shop(), payments=(factories.payment(), back))
    dispute = order.documents.get(kind="refund_payment")
    assert [item.after.kind for item in dispute.waits_for.all()] == ["payment"]


# Names, days, numbers


def test_references_stay_short_and_odd_numbers_do_not_enter_them() -> None:
    assert reference.reference("EU", "#10/01 ü", "k", 2, 3) == "EU1001-2r3"
    assert len(reference.reference("PREFIX", "1" * 40, "k", 1, 1)) <= reference.LONGEST
    assert reference.reference("EU", "№", "k", 1, 1) == reference.hashed("EU", "k", 1)


def test_a_reference_that_another_order_holds_gives_way() -> None:
    shop = desk.shop()
    first = desk.approved(shop, "1", number="77")
    second = desk.approved(shop, "2", number="#77", email="x@example.org")
    mine, theirs = (order.documents.get(kind="invoice").reference for order in (first, second))
    assert mine == "EU77"
    assert theirs.startswith("EU")
    assert len(theirs) == 14


def test_a_period_without_an_end_blocks_in_words() -> None:
    shop = desk.shop()
    m.Period.objects.create(ledger=shop.ledger, period=(factories.NOON.date(), None), state="closed")
    order = desk.told(shop)
    assert desk.codes(order) == {"period_closed"}
    review.post_on_first_open_day(order, by=desk.owner(shop))
    assert desk.codes(order) == {"period_closed"}


def test_a_period_closed_after_the_approval_refuses_at_take_and_the_next_revision_is_dated_anew() -> None:
    shop = desk.shop()
    order = desk.approved(shop)
    m.Period.objects.create(
        ledger=shop.ledger, period=(factories.NOON.date(), factories.NOON.date() + timedelta(days=5)), state="closed"
    )
    invoice, _payment = desk.open_documents(order)
    assert {item.why for item in desk.take([invoice])} == {"refused"}
    assert desk.fresh(order).progress == "failed"
    review.reopen(order, by=desk.owner(shop))
    assert desk.codes(order) == {"period_closed"}
    review.post_on_first_open_day(order, by=desk.owner(shop))
    review.approve(order, by=desk.owner(shop))
    again = order.documents.get(kind="invoice", revision=2)
    assert (again.tax_on, again.posting_on) == (factories.NOON.date(), factories.NOON.date() + timedelta(days=5))


def test_a_number_of_ours_that_was_refused_goes_to_the_next_revision() -> None:
    shop = desk.shop(ledger_numbering="ours")
    order = desk.approved(shop)
    desk.book(order.documents.get(kind="invoice"), "refused")
    review.reopen(order, by=desk.owner(shop))
    review.approve(order, by=desk.owner(shop))
    other = desk.approved(shop, "2", email="x@example.org")
    desk.book_all(other)
    desk.book_all(order)
    numbers = (
        m.Booking.objects.filter(document__kind="invoice").order_by("document_id").values_list("number", flat=True)
    )
    assert list(numbers) == ["1", "1", "2"]


def test_erased_documents_are_refused_at_take() -> None:
    shop = desk.shop()
    order = desk.approved(shop)
    m.Document.objects.filter(order=order).update(personal="")
    assert {item.why for item in desk.take(order.documents.all())} == {"refused"}
    assert desk.fresh(order).progress == "failed"


def test_documents_tampered_with_are_refused_at_take() -> None:
    order = desk.approved(desk.shop())
    with signed.triggers_off() as cursor:
        cursor.execute("UPDATE orders_document SET personal = personal || ' ' WHERE order_id = %s", [order.pk])
    taken = desk.take(order.documents.all())
    assert {item.why for item in taken} == {"refused"}
    assert "not what was signed" in taken[0].words


def test_a_large_order_is_drafted_in_few_queries() -> None:
    shop = desk.shop()
    many = tuple(desk.line(f"L{n}", "11.90", "1.90") for n in range(50))
    order = desk.told(shop, lines=many)
    with CaptureQueriesContext(connection) as drafting:
        documents.plan(m.Order.objects.get(pk=order.pk))
    with CaptureQueriesContext(connection) as approving:
        review.approve(order, by=desk.owner(shop))
    assert len(drafting) <= 30
    assert len(approving) <= 120
