"""Products, customers, stock, payouts, and what the ledger tells of itself and of our documents."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from orders import documents, incoming, intake, models, outgoing, ownership, review
from tests import factories

pytestmark = pytest.mark.django_db
LATER = factories.NOON + timedelta(hours=1)


def receive(shop: models.Shop, *records: incoming.Record) -> intake.Receipt:
    return intake.receive(shop, records, source=factories.source())


def approved(shop: models.Shop) -> models.Order:
    """The shop's one order, approved by its owner."""
    factories.item(shop.ledger, "MUG")
    order = models.Order.objects.get(shop=shop)
    review.approve(order, by=ownership.owner(shop))
    return order


def booked(signed: Sequence[models.Document]) -> None:
    """The ledger has booked these documents just as they were signed."""
    documents.take([document.pk for document in signed])
    for n, document in enumerate(signed, start=1):
        held = outgoing.Booked(
            id=f"id-{n}",
            number=f"N-{n}",
            currency=document.currency,
            net=document.net,
            tax=document.tax,
            gross=document.gross,
        )
        documents.report(document, documents.Report(outcome="booked", booked=held))


def invoice_state(document: models.Document, **fields: object) -> incoming.InvoiceState:
    return incoming.InvoiceState(
        **{
            "reference": document.reference, "number": document.invoice.number, "state": "open", "net": document.net, "tax": document.tax,
            "total": document.gross, "balance": document.gross, "kind": document.kind,
        } | fields
    )  # fmt: skip


def test_products_are_made_renewed_and_ordered_by_their_time_of_change() -> None:
    shop = factories.shop()
    first = factories.product(updated_at=factories.NOON)
    assert len(receive(shop, first, first).same) == 1
    assert len(receive(shop, factories.product(title="Large mug", updated_at=LATER)).updated) == 1
    assert len(receive(shop, first).older) == 1
    assert models.Product.objects.get().title == "Large mug"
    assert "neither id nor SKU" in receive(shop, factories.product("", sku="")).refused[0].words


def test_lines_find_their_product_whichever_comes_first() -> None:
    shop = factories.shop()
    receive(shop, factories.order("1"), factories.product(), factories.order("2"))
    assert models.OrderLine.objects.filter(product=models.Product.objects.get()).count() == 2


def test_a_sku_that_two_products_bear_names_neither() -> None:
    shop = factories.shop()
    receive(shop, factories.product("V1"), factories.product("V2"), factories.order("1"))
    assert models.OrderLine.objects.get().product is None
    receive(shop, factories.order("2", lines=(factories.line(variant_id="V2"),)))
    assert models.OrderLine.objects.get(order__store_id="2").product.store_id == "V2"


def test_a_customer_told_by_himself_is_overwritten_even_with_nothing() -> None:
    shop = factories.shop()
    receive(shop, factories.customer(phone="1", billing=factories.address(), updated_at=factories.NOON))
    told = factories.customer(phone="", billing=factories.address(city="Neustadt"), updated_at=LATER)
    assert len(receive(shop, told).updated) == 1
    row = models.Customer.objects.get()
    assert (row.phone, row.billing.city) == ("", "Neustadt")
    assert len(receive(shop, factories.customer(phone="1", updated_at=factories.NOON)).older) == 1
    assert "has no id" in receive(shop, factories.customer("")).refused[0].words


def test_stock_is_counted_per_place_and_an_older_count_changes_nothing() -> None:
    shop = factories.shop()
    count = incoming.StockLevel(sku="MUG", quantity=Decimal(5), location="Main", counted_at=LATER)
    old = incoming.StockLevel(sku="MUG", quantity=Decimal(9), location="Main", counted_at=factories.NOON)
    other = incoming.StockLevel(sku="MUG", quantity=Decimal(2), location="Shelf", counted_at=LATER)
    receipt = receive(shop, count, old, other, count)
    assert [len(rows) for rows in (receipt.created, receipt.older, receipt.same)] == [2, 1, 1]
    assert dict(models.StockLevel.objects.values_list("location", "quantity")) == {"Main": 5, "Shelf": 2}
    nameless = incoming.StockLevel(sku="", product_id="V9", quantity=Decimal(1))
    assert "no SKU" in receive(shop, nameless).refused[0].words


def test_a_payout_finds_its_payments_and_changes_once() -> None:
    shop = factories.shop()
    receive(shop, factories.order(), factories.payout())
    payout = models.Payout.objects.get()
    assert payout.lines.get().payment == models.Payment.objects.get()
    assert len(receive(shop, factories.payout()).same) == 1
    assert len(receive(shop, factories.payout(amount=Decimal(11))).updated) == 1
    payout.refresh_from_db()
    assert (payout.amount, payout.version) == (Decimal(11), 2)


def test_the_ledgers_choices_are_added_renewed_and_retired() -> None:
    ledger = factories.ledger(mapped=False)
    accounts = (incoming.AccountChoice(code="100", name="Bank"), incoming.AccountChoice(code="200", name="VAT"))
    code = incoming.TaxCodeChoice(code="S19", name="19 %", rate=Decimal("0.19"), account="200")
    intake.receive_choices(ledger, incoming.Choices(accounts=accounts, tax_codes=(code,)))
    assert models.TaxCode.objects.get().account.code == "200"
    intake.receive_choices(ledger, incoming.Choices(accounts=accounts[1:]))
    assert dict(models.Account.objects.values_list("code", "active")) == {"100": False, "200": True}
    assert models.TaxCode.objects.get().active, "of a kind that it names none of, nothing changes"
    before = models.Event.objects.count()
    intake.receive_choices(ledger, incoming.Choices(accounts=accounts[1:]))
    assert models.Event.objects.count() == before


@pytest.mark.parametrize(
    ("change", "verb", "found"),
    [
        ({"state": "paid", "balance": Decimal(0)}, "read back", False),
        ({"state": "voided"}, "voided in the ledger", True),
        ({"state": "deleted", "kind": "", "number": "", "net": 0, "tax": 0, "total": 0}, "deleted in the ledger", True),
        ({"net": Decimal(11), "total": Decimal("12.90")}, "edited in the ledger", True),
        (
            {"net": Decimal("10.60"), "tax": Decimal("1.30"), "taxes": (("DE7", Decimal("1.30")),)},
            "edited in the ledger",
            True,
        ),
    ],
)
def test_what_the_ledger_did_to_a_document_is_mirrored_told_and_found(
    change: dict[str, object], verb: str, found: bool
) -> None:
    shop = factories.shop()
    receive(shop, factories.order(payments=()))
    order = approved(shop)
    document = order.documents.get()
    booked([document])
    state = invoice_state(document, **change)
    for _time in range(2):
        intake.receive_states(shop.ledger, [state])
    row = models.Invoice.objects.get()
    assert row.state == state.state
    assert order.events.filter(verb=verb, noun="invoice").count() == 1
    assert order.findings.filter(code="invoice_changed_in_ledger").exists() == found


def test_a_state_that_cannot_be_kept_does_not_stop_the_next_one(caplog: pytest.LogCaptureFixture) -> None:
    shop = factories.shop()
    receive(shop, factories.order())
    order = approved(shop)
    booked(list(order.documents.all()))
    invoice, payment = order.documents.order_by("n")
    odd = invoice_state(invoice, total=Decimal("NaN")), invoice_state(invoice, total=Decimal(99))
    intake.receive_states(shop.ledger, [*odd, invoice_state(payment, state="paid")])
    assert dict(models.Invoice.objects.values_list("kind", "state")) == {"invoice": "open", "payment": "paid"}
    assert caplog.text.count(f"The state of invoice {invoice.reference} could not be mirrored") == 2


def test_a_state_of_nothing_of_ours_is_refused_from_a_store_and_passed_over_from_a_ledger() -> None:
    shop = factories.shop()
    state = incoming.InvoiceState(
        reference="NONE", number="1", state="open", net=Decimal(1), tax=Decimal(0), total=Decimal(1), balance=Decimal(1)
    )
    intake.receive_states(shop.ledger, [state])
    assert "No document of ours has the reference NONE" in receive(shop, state).refused[0].words
    assert not models.Invoice.objects.exists()


def test_money_that_was_booked_as_inferred_is_not_counted_again_when_its_transactions_come() -> None:
    shop = factories.shop()
    receive(shop, factories.order(payments=(factories.payment(id="paid", derived=True),)))
    order = approved(shop)
    assert sorted(order.documents.values_list("kind", flat=True)) == ["invoice", "payment"]
    booked(list(order.documents.all()))
    parts = (factories.payment("5", id="T1"), factories.payment("6.90", id="T2"))
    more = factories.payment("3", id="T3")
    receive(shop, factories.order(payments=parts, updated_at=LATER))
    assert list(order.payments.values_list("store_id", flat=True)) == ["paid"]
    receive(shop, factories.order(payments=(*parts, more), updated_at=LATER + timedelta(hours=1)))
    assert sorted(order.payments.values_list("store_id", flat=True)) == ["T3", "paid"]
    assert order.documents.filter(kind="invoice").count() == 1


def test_an_order_whose_documents_bear_its_number_keeps_that_name_when_its_id_comes() -> None:
    shop = factories.shop()
    receive(shop, factories.order("", number="1001", payments=()))
    order = approved(shop)
    receive(shop, factories.order("7", number="1001", payments=(), updated_at=timezone.now()))
    order = models.Order.objects.defer("search").get()
    assert (order.store_id, order.documents.count(), order.state) == ("", 1, "approved")
    receive(shop, factories.order("7", number="1001", payments=(), po_number="B", updated_at=timezone.now()))
    assert models.Order.objects.get().po_number == "B"


def test_a_product_without_id_is_known_by_its_sku_until_its_id_comes() -> None:
    shop = factories.shop()
    assert len(receive(shop, factories.product(id="")).created) == 1
    assert len(receive(shop, factories.product(id="", title="Cup")).updated) == 1
    assert len(receive(shop, factories.product(id="V9", title="Cup")).updated) == 1
    row = models.Product.objects.get()
    assert (row.store_id, row.title) == ("V9", "Cup")
    assert len(receive(shop, factories.product(id="", title="Another", barcode="0401")).updated) == 1
    row.refresh_from_db()
    assert (row.store_id, row.title, row.barcode) == ("V9", "Cup", "0401")
    assert "neither id nor SKU" in receive(shop, factories.product(id="", sku="")).refused[0].words
