"""What the checks find about refunds, payouts and signed documents; and the fix that clears many records at once."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from orders import documents, findings, models
from orders.incoming import PaymentKind, PaymentState, PaymentStatus
from orders.models import Booking, Document, Finding, Order, Payout, Refund, Shop, State
from orders.outgoing import DocumentKind
from tests import factories
from tests.rows import name, order, paid, refund

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> Shop:
    """A German shop with books that know its accounts, its taxes and the item MUG."""
    made = factories.shop(ledger=factories.ledger())
    factories.item(made.ledger, "MUG")
    return made


def approved(order: Order) -> Document:
    """The order approved and its invoice signed."""
    plan = documents.plan(order)
    approval = models.Approval.objects.create(
        order=order, content_hash=plan.content_hash, content="{}", amount=plan.amount, currency=plan.currency, by=factories.user(), at=timezone.now()
    )  # fmt: skip
    order.state = State.APPROVED
    order.save()
    return documents.sign(order, plan, approval=approval, not_before=timezone.now())[0]


def sent(order: Order) -> Document:
    """The order approved and its invoice taken for sending."""
    invoice = approved(order)
    assert documents.take([invoice.pk])[0].ok
    return invoice


def booked(document: Document, **fields: Any) -> models.Invoice:
    """The document as the ledger holds it now."""
    values = {
        "ledger": document.ledger, "document": document, "order": document.order, "kind": document.kind, "number": "INV-1", "their_id": "1", "state": "open",
        "currency": document.currency, "net": document.net, "tax": document.tax, "total": document.gross, "read_at": timezone.now(),
    }  # fmt: skip
    return models.Invoice.objects.create(**values | fields)


def found(record: Order | Refund | Payout) -> dict[str, Finding]:
    """The record's findings by code after a check."""
    check = {Order: findings.check, Refund: findings.check_refund, Payout: findings.check_payout}[type(record)]
    return {row.code: row for row in check(record)}


# Refunds


def test_a_refund_waits_for_its_order(shop: Shop) -> None:
    sold = order(shop)
    back = refund(sold)
    finding = found(back)["order_not_approved"]
    assert (finding.words, finding.cause) == ("Order 1001 is not approved yet.", f"order:{sold.pk}")
    assert found(back).keys() == {"order_not_approved"}
    sent(sold)
    assert found(back) == {}


def test_a_refund_of_an_order_under_review_again_needs_only_its_invoice(shop: Shop) -> None:
    sold = order(shop)
    back = refund(sold)
    sent(sold)
    Order.objects.filter(pk=sold.pk).update(state=State.PENDING)
    assert "order_not_approved" not in found(back)


def test_a_refund_of_a_rejected_order_is_to_be_rejected(shop: Shop) -> None:
    back = refund(order(shop, state=State.REJECTED, reject_reason="test"))
    assert found(back)["order_not_approved"].words == "Order 1001 was rejected."


def test_a_bare_amount_blocks_until_a_person_names_it(shop: Shop) -> None:
    sold = order(shop)
    sent(sold)
    back = refund(sold, amount="10.00", lines=[])
    finding = found(back)["refund_without_lines"]
    assert (finding.words, finding.difference) == (
        "The store gave back 10.00 EUR without saying for what.",
        Decimal(10),
    )
    name(back, "8.40", "1.60")
    assert found(back) == {}


def test_a_cent_beyond_the_invoice_warns_and_more_blocks(shop: Shop) -> None:
    sold = order(shop)
    sent(sold)
    over = {"amount": Decimal("11.91"), "net": Decimal("10.01")}
    cent = found(refund(sold, amount="11.91", lines=[over]))["refund_beyond_invoice"]
    assert (cent.severity, cent.difference) == ("warning", Decimal("0.01"))
    Refund.objects.update(state=State.REJECTED, reject_reason="other")
    euro = found(refund(sold, "R2", amount="12.90"))["refund_beyond_invoice"]
    assert (euro.severity, euro.words) == ("blocking", "The refunds give back 1.00 EUR more than was invoiced.")


def test_earlier_refunds_count_before_any_is_booked(shop: Shop) -> None:
    sold = order(shop)
    sent(sold)
    first = refund(sold)
    second = refund(sold, "R2")
    assert "refund_beyond_invoice" not in found(first)
    assert found(second)["refund_beyond_invoice"].difference == Decimal("11.90")
    Refund.objects.filter(pk=first.pk).update(state=State.REJECTED, reject_reason="duplicate")
    assert "refund_beyond_invoice" not in found(second)


def test_what_goes_beyond_is_settled_by_an_adjustment(shop: Shop) -> None:
    sold = order(shop)
    sent(sold)
    back = refund(sold, amount="13.90")
    assert found(back)["refund_beyond_invoice"].difference == Decimal("2.00")
    name(back, "2.00")
    assert found(back) == {}


def test_the_graver_word_of_plan_and_check_stands(shop: Shop) -> None:
    """The gross fits by a cent, and yet more net than was invoiced is asked back: only the plan sees that."""
    sold = order(shop)
    sent(sold)
    back = refund(sold, amount="11.91", lines=[{"amount": Decimal("11.91"), "net": Decimal("11.91"), "tax": 0}])
    rows = [row for row in findings.check_refund(back) if row.code == "refund_beyond_invoice"]
    assert [(row.severity, row.difference) for row in rows] == [("blocking", Decimal("1.91"))]


def test_a_refund_in_another_currency_is_blocked(shop: Shop) -> None:
    assert found(refund(order(shop), currency="USD"))["currency_mismatch"].severity == "blocking"


def test_money_on_its_way_is_noted(shop: Shop) -> None:
    sold = order(shop)
    back = refund(sold)
    paid(sold, store_id="P2", refund=back, kind=PaymentKind.REFUND, status=PaymentStatus.PENDING)
    assert found(back)["refund_payment_pending"].words.startswith("11.90 EUR are on their way back")


def test_a_refund_without_a_day_says_which_it_gets(shop: Shop) -> None:
    back = refund(order(shop), refunded_on=None, refunded_at=None)
    assert found(back)["date_missing"].severity == "warning"


def test_a_refund_that_changed_says_so(shop: Shop) -> None:
    assert "changed_since_approval" in found(refund(order(shop), changed=True))


# Signed documents


def test_a_change_after_the_invoice_was_sent_names_the_invoice(shop: Shop) -> None:
    sold = order(shop)
    sent(sold)
    Order.objects.filter(pk=sold.pk).update(changed=True, state=State.PENDING)
    assert found(sold)["changed_after_posting"].words.startswith("The order changed after its invoice EU1001 was sent.")


def test_a_change_before_anything_was_sent_is_not_after_posting(shop: Shop) -> None:
    sold = order(shop)
    approved(sold)
    Order.objects.filter(pk=sold.pk).update(changed=True)
    assert {"changed_since_approval"} == found(sold).keys()


def test_an_order_cancelled_unpaid_after_its_invoice_cannot_be_rejected_any_more(shop: Shop) -> None:
    sold = order(shop)
    sent(sold)
    Order.objects.filter(pk=sold.pk).update(cancelled_at=factories.NOON, payment_state=PaymentState.VOIDED)
    assert found(sold)["cancelled"].severity == "warning"


def test_an_invoice_that_stands_as_it_was_booked_is_no_finding(shop: Shop) -> None:
    sold = order(shop)
    booked(
        sent(sold), net=Decimal("10.01"), total=Decimal("11.91"), adjustments=[{"account": "A", "net": "0.01", "tax": "0", "words": ""}]
    )  # fmt: skip
    assert found(sold) == {}


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"state": "voided"}, "INV-1 was voided in the ledger after it was booked."),
        (
            {"net": Decimal("9.00"), "total": Decimal("10.90")},
            "INV-1 stands in the ledger with 10.90 instead of 11.90.",
        ),
    ],
)
def test_what_was_changed_in_the_ledger_is_said(shop: Shop, fields: dict[str, Any], words: str) -> None:
    sold = order(shop)
    booked(sent(sold), **fields)
    finding = found(sold)["invoice_changed_in_ledger"]
    assert (finding.words, finding.severity) == (words, "warning")


def test_a_refused_document_shows_the_ledgers_words_and_fix(shop: Shop) -> None:
    sold = order(shop)
    documents.report(sent(sold), documents.Report(outcome="refused", words="Account 4711 is locked.", fix="Unlock it."))
    finding = found(sold)["posting_failed"]
    assert finding.words == "Invoice EU1001 was not booked: Account 4711 is locked."
    assert (finding.fix, finding.severity) == ("Unlock it.", "warning")


def test_a_refusal_that_was_undone_is_past(shop: Shop) -> None:
    sold = order(shop)
    invoice = approved(sold)
    documents.report(invoice, documents.Report(outcome="stuck", words="Broken.", fix="Wait."))
    assert "posting_failed" in found(sold)
    Booking.objects.filter(document=invoice).update(voided_at=timezone.now())
    assert "posting_failed" not in found(sold)


def test_a_kind_that_the_ledger_cannot_take_is_blocked(shop: Shop) -> None:
    shop.ledger.kinds = [DocumentKind.PAYMENT]
    shop.ledger.save()
    assert found(order(shop))["kind_unsupported"].cause == "kind:invoice"


# Payouts


def payout(shop: Shop, amount: str, *lines: dict[str, Any]) -> Payout:
    """A payout with these movements."""
    made = Payout.objects.create(
        shop=shop,
        store_id="PO1",
        amount=Decimal(amount),
        currency="EUR",
        paid_on=factories.NOON.date(),
        received_at=factories.NOON,
    )
    for position, values in enumerate(lines):
        models.PayoutLine.objects.create(payout=made, position=position, **values)
    return made


def test_a_payout_that_its_movements_make_waits_for_nothing_but_their_approval(shop: Shop) -> None:
    sale = paid(order(shop))
    made = payout(
        shop, "11.35", {"kind": "charge", "amount": Decimal("11.90"), "fee": Decimal("0.35"), "payment": sale}, {"kind": "fee", "amount": Decimal("-0.20")}
    )  # fmt: skip
    assert found(made)["payout_payment_open"].words == "1 movement belongs to a payment that is not approved yet: 1001."
    assert found(made).keys() == {"payout_payment_open"}


def test_the_remainder_of_a_payout_is_said_to_the_cent(shop: Shop) -> None:
    made = payout(shop, "11.00", {"kind": "charge", "amount": Decimal("11.90"), "order_number": "1001"})
    codes = found(made)
    assert (
        codes["payout_remainder"].words
        == "The payout is 0.90 EUR less than its movements less fees make (11.00 against 11.90)."
    )
    assert codes["payout_remainder"].difference == Decimal("-0.90")
    assert codes["payout_unmatched"].words == "1 movement over 11.90 EUR belongs to no known payment: 1001."
    assert (made.blockers, made.warnings) == (2, 0)


# One fix for many


def test_mapping_one_sku_clears_every_open_order_that_waits_for_it(shop: Shop) -> None:
    first = order(shop, "1", lines=[{"sku": "MUG-XL"}])
    second = order(shop, "2", lines=[{"sku": "MUG-XL"}], state=State.HELD)
    other = order(shop, "3", lines=[{"sku": "CUP"}])
    closed = order(shop, "4", lines=[{"sku": "MUG-XL"}], state=State.REJECTED, reject_reason="test")
    for made in (first, second, other, closed):
        findings.check(made)
    assert findings.affected(shop.ledger, "sku:MUG-XL") == findings.Affected(2, {"EUR": Decimal("23.80")})
    factories.item(shop.ledger, "MUG-XL")
    assert findings.recheck(shop.ledger, "sku:MUG-XL") == 2
    assert set(Order.objects.filter(blockers=0).values_list("pk", flat=True)) == {first.pk, second.pk}
    assert findings.recheck(shop.ledger, "sku:MUG-XL") == 0


def test_a_cause_that_ends_in_a_colon_means_all_that_begin_with_it(shop: Shop) -> None:
    for number, sku in (("1", "CUP"), ("2", "POT")):
        findings.check(order(shop, number, lines=[{"sku": sku}]))
    assert findings.affected(shop.ledger, "sku:").records == 2
    assert findings.recheck(shop.ledger, "sku:") == 2


def test_another_ledgers_orders_are_left_alone(shop: Shop) -> None:
    findings.check(order(factories.shop("us"), lines=[{"sku": "CUP"}]))
    assert findings.affected(shop.ledger, "sku:CUP") == findings.Affected(0, {})
    assert findings.recheck(shop.ledger, "sku:CUP") == 0


def test_approving_an_order_frees_its_refunds_by_its_cause(shop: Shop) -> None:
    sold = order(shop)
    back = refund(sold)
    findings.check_refund(back)
    sent(sold)
    assert findings.recheck(shop.ledger, f"order:{sold.pk}") == 1
    back.refresh_from_db()
    assert back.ready


def test_problems_are_grouped_by_cause_in_one_query(shop: Shop, django_assert_num_queries: Any) -> None:
    second = factories.shop("us", ledger=shop.ledger, currency="USD")
    models.ExchangeRate.objects.create(
        currency="USD", base_currency="EUR", on=factories.NOON.date(), rate=Decimal("0.9"), source="test"
    )
    for made in (
        order(shop, "1", lines=[{"sku": "CUP"}]),
        order(shop, "2", lines=[{"sku": "CUP"}], test=True),
        order(second, "3", lines=[{"sku": "CUP"}]),
        order(factories.shop("away"), "4", lines=[{"sku": "CUP"}]),
    ):
        findings.check(made)
    with django_assert_num_queries(1):
        cups, tests = findings.groups([shop, second])
    assert (cups.cause, cups.code, cups.records) == ("sku:CUP", "sku_unknown", 3)
    assert cups.sums == {"EUR": Decimal("23.80"), "USD": Decimal("11.90")}
    assert (cups.words, cups.fix) == ("SKU CUP is not mapped to an item.", "Map it to an item of the ledger.")
    assert cups.oldest == Finding.objects.filter(cause="sku:CUP").earliest("since").since
    assert (tests.cause, tests.words, tests.records, tests.severity) == ("", "Test order", 1, "blocking")


def test_a_record_counts_once_however_many_findings_of_a_kind_it_has(shop: Shop) -> None:
    made = order(shop, vat_id="ATU12345675", company="Muster")
    for field in ("vat_id", "company"):
        models.Correction.objects.create(
            order=made, target="order", field=field, base="", value="ours", store_value="theirs", reason="r", by=factories.user(), at=timezone.now()
        )  # fmt: skip
    findings.check(made)
    (group,) = findings.groups([shop])
    assert (group.code, group.records, group.sums) == ("correction_conflict", 1, {"EUR": Decimal("11.90")})
