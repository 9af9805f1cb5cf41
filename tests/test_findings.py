"""What the checks find about an order, and in which words."""

from __future__ import annotations

import ast
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from orders import documents, findings, models
from orders.findings import records
from orders.incoming import LineKind, PaymentKind, PaymentState, PaymentStatus, TaxTreatment
from orders.models import Finding, Order, Shop, State
from tests import factories
from tests.rows import adjust, order, paid

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> Shop:
    """A German shop with books that know its accounts, its taxes and the item MUG."""
    made = factories.shop(ledger=factories.ledger())
    factories.item(made.ledger, "MUG")
    return made


def found(order: Order) -> dict[str, Finding]:
    """The order's findings by code after a check."""
    return {row.code: row for row in findings.check(order)}


def test_a_whole_order_has_no_finding(shop: Shop) -> None:
    made = order(shop)
    paid(made)
    assert findings.check(made) == []
    assert made.ready


@pytest.mark.parametrize(
    ("due", "difference", "severity", "more"),
    [
        ("11.91", "0.01", "warning", "more"),
        ("11.89", "-0.01", "warning", "less"),
        ("11.92", "0.02", "blocking", "more"),
    ],
)
def test_rounding_explains_a_cent_a_line_and_no_more(
    shop: Shop, due: str, difference: str, severity: str, more: str
) -> None:
    finding = found(order(shop, total=due, by_header=None))["rounding" if severity == "warning" else "total_mismatch"]
    assert (finding.difference, finding.severity) == (Decimal(difference), severity)
    amount = difference.lstrip("-")
    assert finding.words == f"The total is {amount} EUR {more} than the lines make ({due} against 11.90)."


def test_rounding_never_goes_beyond_the_ledgers_cap(shop: Shop) -> None:
    shop.ledger.adjustment_cap = 2
    shop.ledger.save()
    lines = [{"amount": "1.19", "tax": "0.19"}] * 10
    assert "rounding" in found(order(shop, "1", total="11.92", lines=lines, by_header=None))
    assert "total_mismatch" in found(order(shop, "2", total="11.93", lines=lines, by_header=None))


def test_a_yen_is_the_smallest_amount_in_yen(shop: Shop) -> None:
    shop.currency = "JPY"
    made = order(shop, total="1871", by_lines=Decimal(1870), by_header=None, lines=[{"amount": "1870", "tax": "170"}])
    assert found(made)["rounding"].words == "The total is 1 JPY more than the lines make (1871 against 1870)."


def test_a_difference_below_the_minor_unit_is_no_rounding(shop: Shop) -> None:
    assert found(order(shop, total="11.903", by_header=None))["total_mismatch"].difference == Decimal("0.003")


@pytest.mark.parametrize(
    ("total", "by_header", "by_lines", "difference"),
    [
        ("10.00", "10.00", "15.00", "-5.00"),
        ("598.94", "608.94", "598.94", "-10.00"),
        ("31.20", "156.70", "289.70", "-258.50"),
        ("1387.03", None, "864.79", "522.24"),
    ],
)
def test_the_way_that_is_further_off_gives_the_difference(
    shop: Shop, total: str, by_header: str | None, by_lines: str, difference: str
) -> None:
    made = order(shop, total=total, by_header=by_header and Decimal(by_header), by_lines=Decimal(by_lines))
    assert found(made)["total_mismatch"].difference == Decimal(difference)
    assert made.blockers


def test_two_ways_that_come_to_the_same_are_one_sentence(shop: Shop) -> None:
    words = found(order(shop, total="56.90", by_header=Decimal("11.90")))["total_mismatch"].words
    assert words == "The total is 45.00 EUR more than its lines and its header make (56.90 against 11.90)."


def test_the_identities_that_broke_are_named(shop: Shop) -> None:
    broken = [{"code": "I2", "words": "Subtotal = Σ lines", "difference": "5"}]
    words = found(order(shop, total="16.90", by_header=None, identities=broken))["total_mismatch"].words
    assert words.endswith("What does not hold: Subtotal = Σ lines.")


def test_a_broken_identity_is_only_noted_while_both_sums_hold(shop: Shop) -> None:
    made = order(shop, identities=[{"code": "W3", "words": "Discount = Σ coupons", "difference": "0.02"}])
    assert found(made)["identity_broken"].words == "W3 does not hold: Discount = Σ coupons is off by 0.02 EUR."
    assert (made.blockers, made.warnings) == (0, 0)


def test_an_adjustment_that_closes_the_difference_clears_the_block(shop: Shop) -> None:
    made = order(shop, total="6.90")
    adjust(made, "-4.00", "-0.95")
    assert found(made)["total_mismatch"].difference == Decimal("-0.05")
    adjust(made, "-0.05")
    assert "total_mismatch" not in found(made)


def test_a_withdrawn_adjustment_counts_for_nothing(shop: Shop) -> None:
    made = order(shop, total="6.90")
    adjust(made, "-5.00", withdrawn_at=timezone.now())
    assert found(made)["total_mismatch"].difference == Decimal("-5.00")


def test_a_person_may_accept_a_header_that_is_off_while_the_lines_hold(shop: Shop) -> None:
    made = order(shop, by_header=Decimal("21.90"))
    assert found(made)["total_mismatch"].difference == Decimal("-10.00")
    adjust(made, "0.00")
    assert "total_mismatch" not in found(made)


def test_an_unmapped_sku_is_said_once_for_all_its_lines(shop: Shop) -> None:
    made = order(shop, total="23.80", by_lines=Decimal("23.80"), lines=[{"sku": "MUG-XL"}, {"sku": "MUG-XL"}])
    finding = found(made)["sku_unknown"]
    assert (finding.cause, finding.words) == ("sku:MUG-XL", "SKU MUG-XL is not mapped to an item.")
    assert (finding.fix, made.blockers) == ("Map it to an item of the ledger.", 1)


def test_what_the_plan_finds_becomes_findings(shop: Shop) -> None:
    models.AccountMapping.objects.filter(value__in=["item", "card"]).delete()
    models.TaxMapping.objects.all().delete()
    made = order(shop, lines=[{}, {"kind": LineKind.UNKNOWN, "amount": "0", "tax": ""}])
    paid(made)
    codes = found(made)
    assert {"account_unmapped", "payment_unmapped", "tax_unmapped", "line_kind_unknown"} <= codes.keys()
    assert codes["payment_unmapped"].cause == "account:payment:card"


def test_lines_without_sku_and_product_are_named_in_one_warning(shop: Shop) -> None:
    made = order(
        shop, total="23.80", by_lines=Decimal("23.80"), lines=[{"sku": "", "title": "Tea"}, {"sku": "", "title": "Cup"}]
    )
    assert found(made)["line_without_sku"].words == "2 lines name neither SKU nor product: “Tea”, “Cup”."


def test_an_order_without_lines_is_blocked(shop: Shop) -> None:
    assert "no_lines" in found(order(shop, lines=[]))
    assert "no_lines" in found(order(shop, "2", lines=[{"removed": True}]))


def test_nobody_to_invoice_is_a_warning(shop: Shop) -> None:
    made = order(shop, customer_name="", email="", billing=None, shipping=None)
    assert found(made)["customer_unclear"].severity == "warning"


def test_an_address_that_is_not_whole_names_what_it_lacks(shop: Shop) -> None:
    made = order(shop, billing=models.Address.objects.create(name="Paula", city="Musterstadt"))
    finding = found(made)["address_incomplete"]
    assert finding.words == "The billing address lacks: street, country."
    assert (finding.field, finding.severity) == ("billing.street", "warning")


@pytest.mark.parametrize("treatment", [TaxTreatment.EXPORT, TaxTreatment.OSS, TaxTreatment.REVERSE_CHARGE])
def test_a_treatment_that_rests_on_a_country_needs_one(shop: Shop, treatment: TaxTreatment) -> None:
    made = order(shop, tax_treatment=treatment, tax_country="", billing=None, shipping=None)
    assert found(made)["address_incomplete"].severity == "blocking"


@pytest.mark.parametrize(
    ("vat_id", "code", "severity"),
    [
        ("", "vat_id_missing", "blocking"),
        ("DE12345", "vat_id_malformed", "blocking"),
        ("QQ123456789", "vat_id_malformed", "warning"),
        ("ATU12345675", None, None),
        ("123 456 789", None, None),
    ],
)
def test_reverse_charge_needs_a_vat_id_of_its_countrys_shape(
    shop: Shop, vat_id: str, code: str | None, severity: str | None
) -> None:
    made = order(shop, tax_treatment=TaxTreatment.REVERSE_CHARGE, vat_id=vat_id, lines=[{"tax": ""}])
    rows = [row for row in findings.check(made) if row.code.startswith("vat_id")]
    assert [(row.code, row.severity) for row in rows] == ([(code, severity)] if code else [])


def test_a_malformed_vat_id_only_warns_where_none_is_needed(shop: Shop) -> None:
    assert found(order(shop, vat_id="DE12"))["vat_id_malformed"].severity == "warning"


@pytest.mark.parametrize("treatment", ["reverse_charge", "export", "exempt", "marketplace"])
def test_tax_where_the_treatment_allows_none_is_a_contradiction(shop: Shop, treatment: str) -> None:
    made = order(shop, tax_treatment=treatment, vat_id="ATU12345675")
    finding = found(made)["treatment_contradicts_tax"]
    assert (finding.severity, finding.difference) == ("blocking", Decimal("1.90"))
    assert finding.words.endswith("and 1.90 EUR of tax were charged.")


def test_an_adjustment_that_takes_the_tax_away_settles_the_contradiction(shop: Shop) -> None:
    made = order(shop, tax_treatment="export")
    adjust(made, "1.90", "-1.90")
    assert "treatment_contradicts_tax" not in found(made)


def test_a_tax_that_the_channel_remits_fits_the_marketplace(shop: Shop) -> None:
    made = order(shop, tax_treatment="marketplace", lines=[{"remitted_by": "channel"}])
    assert "treatment_contradicts_tax" not in found(made)


def test_a_distance_sale_without_tax_is_a_warning(shop: Shop) -> None:
    made = order(shop, tax_treatment="oss", tax_country="FR", lines=[{"tax": ""}])
    assert found(made)["treatment_contradicts_tax"].severity == "warning"


def test_tax_that_we_divided_is_said(shop: Shop) -> None:
    words = found(order(shop, lines=[{"derived_tax": True}]))["tax_derived"].words
    assert words == "The source states tax for the whole order; ordersync divided 1.90 EUR among the lines by value."


def test_another_currency_than_the_books_and_the_shop_is_said(shop: Shop) -> None:
    made = order(shop, currency="USD")
    codes = found(made)
    assert codes["foreign_currency"].severity == "info"
    assert codes["currency_mismatch"].words == "The order is in USD, the shop sells in EUR."
    assert codes["rate_missing"].cause == "rate:USD"


def test_an_unknown_rate_to_what_the_customer_saw_is_a_warning(shop: Shop) -> None:
    assert found(order(shop, presentment_currency="CHF"))["currency_mismatch"].field == "presentment_currency"


@pytest.mark.parametrize(("amount", "difference"), [("12.90", "1.00"), ("10.90", "-1.00")])
def test_payments_that_differ_from_what_is_due_warn(shop: Shop, amount: str, difference: str) -> None:
    made = order(shop)
    paid(made, amount)
    assert found(made)["paid_differs"].difference == Decimal(difference)


def test_authorizations_and_failures_are_no_payments(shop: Shop) -> None:
    made = order(shop)
    paid(made)
    paid(made, store_id="P2", kind=PaymentKind.AUTHORIZATION)
    paid(made, store_id="P3", status=PaymentStatus.FAILED)
    assert "paid_differs" not in found(made)


def test_a_twin_within_a_day_is_a_possible_duplicate(shop: Shop) -> None:
    first = order(shop, "1001", email="paula@example.org")
    twin = order(shop, "1002", email="paula@example.org", placed_at=factories.NOON + timedelta(hours=23))
    finding = found(twin)["duplicate"]
    assert finding.words == "Order 1001 has the same customer, total and lines within 24 hours."
    assert (finding.cause, finding.severity) == (f"order:{first.pk}", "warning")


@pytest.mark.parametrize(
    "other",
    [
        {"email": "other@example.org"},
        {"placed_at": factories.NOON + timedelta(hours=25)},
        {"state": State.REJECTED, "reject_reason": "duplicate"},
        {"lines": [{"sku": "CUP"}]},
        {"lines": [{}, {"amount": "0", "tax": ""}]},
        {"total": "12.00"},
    ],
)
def test_an_order_that_differs_is_no_duplicate(shop: Shop, other: dict[str, Any]) -> None:
    order(shop, "1001", **{"email": "paula@example.org", **other})
    assert "duplicate" not in found(order(shop, "1002", email="paula@example.org"))


def test_another_shops_twin_is_no_duplicate(shop: Shop) -> None:
    order(factories.shop("us", ledger=shop.ledger), "1001", email="paula@example.org")
    assert "duplicate" not in found(order(shop, "1001", email="paula@example.org"))


def test_the_same_number_under_two_ids_is_a_possible_duplicate(shop: Shop) -> None:
    order(shop, "1001", store_id="8", lines=[])
    made = order(shop, "1001", store_id="9")
    assert found(made)["duplicate"].words == "Another order of the shop has the same number, 1001, under another id."


def test_tests_and_drafts_are_blocked_with_the_way_out(shop: Shop) -> None:
    codes = found(order(shop, test=True, draft=True, store_state="auto-draft"))
    assert codes["test_order"].fix == "Reject it as a test."
    assert codes["draft_order"].severity == "blocking"


def test_a_cancelled_unpaid_order_is_to_be_rejected(shop: Shop) -> None:
    made = order(shop, cancelled_at=datetime(2026, 10, 2, tzinfo=UTC), payment_state=PaymentState.VOIDED)
    finding = found(made)["cancelled"]
    assert (finding.severity, finding.fix) == ("blocking", "Reject it as cancelled.")


def test_a_cancelled_paid_order_goes_on(shop: Shop) -> None:
    made = order(shop, cancelled_at=datetime(2026, 10, 2, tzinfo=UTC), payment_state=PaymentState.UNKNOWN)
    paid(made)
    assert found(made)["cancelled"].severity == "warning"
    assert made.ready


def test_a_correction_against_the_store_shows_both_values(shop: Shop) -> None:
    made = order(shop, vat_id="ATU12345675")
    row = models.Correction.objects.create(
        order=made, target="order", field="vat_id", base="", value="ATU12345675", store_value="ATU99999999", reason="by phone",
        by=factories.user(), at=timezone.now(),
    )  # fmt: skip
    finding = found(made)["correction_conflict"]
    assert finding.words == "vat_id was corrected from “” to “ATU12345675”; the store now says “ATU99999999”."
    assert (finding.field, finding.severity) == ("vat_id", "blocking")
    models.Correction.objects.filter(pk=row.pk).update(retired_at=timezone.now())
    assert "correction_conflict" not in found(made)


def test_a_change_after_the_approval_is_said(shop: Shop) -> None:
    made = order(shop, changed=True)
    assert found(made)["changed_since_approval"].severity == "warning"


def test_what_stays_keeps_its_since_and_what_is_mended_goes(shop: Shop) -> None:
    made = order(shop, lines=[{"sku": "MUG-XL"}], test=True)
    findings.check(made)
    then = timezone.now() - timedelta(days=3)
    Finding.objects.filter(order=made).update(since=then, words="older words")
    Order.objects.filter(pk=made.pk).update(test=False)
    rows = findings.check(made)
    assert [(row.code, row.since) for row in rows] == [("sku_unknown", then)]
    assert list(Finding.objects.filter(order=made).values_list("words", flat=True)) == [
        "SKU MUG-XL is not mapped to an item."
    ]


def test_the_counts_stand_on_the_row_and_on_the_callers_record(shop: Shop) -> None:
    made = order(shop, lines=[{"sku": "", "derived_tax": True}], test=True, draft=True)
    findings.check(made)
    assert (made.blockers, made.warnings) == (2, 2)
    assert list(Order.objects.filter(pk=made.pk).values_list("blockers", "warnings")) == [(2, 2)]


def test_findings_are_worded_in_the_offices_language(shop: Shop) -> None:
    with translation.override("de"):
        assert found(order(shop, test=True))["test_order"].fix == "Reject it as a test."


def test_what_is_too_long_for_its_column_is_cut(shop: Shop) -> None:
    finding = found(order(shop, lines=[{"sku": "", "title": "T" * 900}]))["line_without_sku"]
    assert (len(finding.words), finding.words[-1]) == (500, "…")


def test_a_check_asks_the_database_twelve_times_at_most_beside_the_plan(
    shop: Shop, django_assert_max_num_queries: Any
) -> None:
    made = order(
        shop, lines=[{"sku": f"SKU-{n}", "amount": "1.19", "tax": "0.19"} for n in range(10)], email="paula@example.org"
    )
    order(shop, "1002", email="paula@example.org")
    paid(made)
    adjust(made, "0.00")
    findings.check(made)
    factories.item(shop.ledger, "SKU-1")
    Order.objects.filter(pk=made.pk).update(test=True)
    fresh = records.order(made.pk)
    with CaptureQueriesContext(connection) as plan:
        documents.plan(fresh)
    with django_assert_max_num_queries(12 + len(plan)):
        findings.check(made)


def test_every_code_that_the_plan_may_name_stands_in_the_table() -> None:
    named = set()
    for path in set(Path("orders/documents").glob("*.py")) - {Path("orders/documents/undo.py")}:  # tells its page alone
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.keyword) and node.arg == "code":
                named |= {leaf.value for leaf in ast.walk(node.value) if isinstance(leaf, ast.Constant)}
    assert named
    assert named <= findings.CODES.keys()


def test_the_papers_list_every_code_as_the_table_has_it() -> None:
    paper = Path("docs/findings.md").read_text(encoding="utf-8")
    for code in findings.CODES.values():
        assert (
            f"| `{code.code}` | {code.title} | {code.severity.value} | {code.means} | {code.fix} | {code.concerns} |"
            in paper
        )
    assert paper.count("\n| `") == len(findings.CODES)
