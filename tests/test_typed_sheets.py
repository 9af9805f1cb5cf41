"""Rows without an id in our own sheets: new records, typed by a person, the poorest source there is."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User

from orders import incoming, intake, models, roles
from tests import factories
from tests.admin_company import person
from tests.sheet_files import brought, exported, typed, written

pytestmark = pytest.mark.django_db

ORDER = {
    "number": "T-007",
    "placed_on": "2026-10-01",
    "customer_name": "'t Hooft",
    "email": "t@example.org",
    "billing_postcode": "01067",
    "billing_country": "NL",
    "tax_included": "yes",
    "total": "31.60",
    "line_title": "Mug",
    "line_sku": "007",
    "line_quantity": "2",
    "line_amount": "23.80",
    "tax_title": "MwSt",
    "tax_rate": "19",
    "tax_amount": "3.80",
}
SECOND = {"number": "T-007", "line_kind": "shipping", "line_title": "Post", "line_amount": "7.80", "tax_amount": "0"}


@pytest.fixture
def shop() -> models.Shop:
    return factories.shop()


@pytest.fixture
def accountant() -> User:
    return person(roles.ACCOUNTANT.name)


@pytest.fixture
def order(shop: models.Shop) -> models.Order:
    lines = (factories.line(), factories.line("5.00", tax="0.80", id="L2", sku="007"))
    intake.receive(shop, [factories.order(lines=lines)], source=factories.source())
    return models.Order.objects.defer("search").get()


def brought_in(shop: models.Shop, by: User, noun: str, *rows: dict[str, Any]) -> models.ImportJob:
    return brought(shop, written(noun, typed(noun, *rows)), by)


def counts(job: models.ImportJob) -> tuple[int, int, int]:
    return job.created, job.same, job.refused


def test_rows_of_one_number_are_one_order_of_the_poorest_fidelity_by_that_person(
    shop: models.Shop, accountant: User
) -> None:
    job = brought_in(shop, accountant, "orders", ORDER, SECOND)
    assert counts(job) == (1, 0, 0)
    order = models.Order.objects.defer("search").get()
    assert (order.number, order.customer_name, order.billing and order.billing.postcode) == (
        "T-007",
        "'t Hooft",
        "01067",
    )
    assert (order.fidelity, order.versions.get().by, order.placed_on) == (incoming.TYPED, accountant, date(2026, 10, 1))
    assert [(line.kind, line.sku, line.quantity, line.net, line.tax) for line in order.lines.all()] == [
        ("item", "007", 2, Decimal("20"), Decimal("3.80")),
        ("shipping", "", 1, Decimal("7.80"), Decimal(0)),
    ]
    assert models.LineTax.objects.get(title="MwSt").rate == Decimal("0.19")


def test_the_same_typed_file_again_is_nothing_new(shop: models.Shop, accountant: User) -> None:
    brought_in(shop, accountant, "orders", ORDER, SECOND)
    assert counts(brought_in(shop, accountant, "orders", ORDER, SECOND)) == (0, 1, 0)


def test_what_is_typed_never_overwrites_what_the_store_said(
    shop: models.Shop, accountant: User, order: models.Order
) -> None:
    brought_in(shop, accountant, "orders", {**ORDER, "number": "1001", "po_number": "B"})
    order.refresh_from_db()
    assert (order.total, order.po_number, order.customer_name) == (Decimal("16.90"), "B", "Paula Beispiel")


@pytest.mark.parametrize(
    ("cells", "part"),
    [
        ({"total": ""}, "total"),
        ({"line_amount": ""}, "line amount"),
        ({"placed_on": ""}, "placed on"),
        ({"tax_included": ""}, "tax included"),
        ({"tax_included": "perhaps"}, "neither yes nor no"),
        ({"line_kind": "gadget"}, "none of"),
        ({"tax_amount": ""}, "tax amount"),
        ({"further_taxes": "City"}, "City 1.5% = 0.20"),
        ({"currency": "EURO"}, "EURO"),
        ({"version": "3"}, "needs its id"),
    ],
)
def test_what_cannot_be_made_out_is_refused_naming_row_column_value_and_fix(
    shop: models.Shop, accountant: User, cells: dict[str, str], part: str
) -> None:
    good = {**ORDER, "number": "T-008"}
    job = brought_in(shop, accountant, "orders", {**ORDER, **cells}, good)
    assert counts(job) == (1, 0, 1)
    assert part in job.errors.get().reason


def test_what_reads_two_ways_is_asked_and_then_read_as_was_said(shop: models.Shop, accountant: User) -> None:
    file = written("orders", typed("orders", {**ORDER, "total": "1,234", "placed_on": "03/04/2026"}))
    job = brought(shop, file, accountant)
    assert job.state == "failed"
    assert all(part in job.words for part in ("“total”", "“1,234”", "“placed on”", "“03/04/2026”"))
    brought(shop, file, accountant, said={"decimal": ",", "dates": "dmy"})
    order = models.Order.objects.defer("search").get()
    assert (order.total, order.placed_on) == (Decimal("1.234"), date(2026, 4, 3))


def test_further_taxes_stand_in_one_cell_and_come_back_as_they_went(shop: models.Shop, accountant: User) -> None:
    brought_in(shop, accountant, "orders", {**ORDER, "further_taxes": "City 1.5% = 0.20\nCounty = 0.10"})
    said = list(models.LineTax.objects.order_by("pk").values_list("title", "rate", "amount"))
    assert said[1:] == [("City", Decimal("0.015"), Decimal("0.20")), ("County", None, Decimal("0.10"))]
    assert exported("orders")[0]["further_taxes"] == "City 1.5% = 0.2\nCounty = 0.1"


def test_customers_products_stock_and_payouts_are_taken_in(shop: models.Shop, accountant: User) -> None:
    customer = {"customer": "0042", "name": "Ida Blum", "tax_exempt": "no", "shipping_city": "Neustadt"}
    assert counts(brought_in(shop, accountant, "customers", customer)) == (1, 0, 0)
    assert counts(
        brought_in(shop, accountant, "products", {"product": "V1", "sku": "007", "title": "Mug", "price": "11,90"})
    ) == (1, 0, 0)
    assert counts(brought_in(shop, accountant, "stock", {"sku": "007", "quantity": "12"})) == (1, 0, 0)
    payout = {
        "payout": "PO1",
        "paid_on": "2026-10-03",
        "amount": "16.40",
        "line_kind": "charge",
        "line_amount": "16.90",
        "line_fee": "0.5",
    }
    assert counts(brought_in(shop, accountant, "payouts", payout)) == (1, 0, 0)
    assert models.Customer.objects.get().store_id == "0042"
    assert (models.Product.objects.get().price, models.StockLevel.objects.get().product) == (
        Decimal("11.90"),
        models.Product.objects.get(),
    )
    assert models.PayoutLine.objects.get().fee == Decimal("0.5")


def test_a_parcel_is_added_once_whoever_told_its_number_first(
    shop: models.Shop, accountant: User, order: models.Order
) -> None:
    parcel = {
        "order": "1001",
        "tracking_number": "00340",
        "carrier": "DHL",
        "shipped_at": "2026-10-02 09:30",
        "contents": "1 × 007",
    }
    assert counts(brought_in(shop, accountant, "shipments", parcel)) == (1, 0, 0)
    row = models.Shipment.objects.get()
    assert (row.tracking_number, row.shipped_at) == ("00340", datetime(2026, 10, 2, 7, 30, tzinfo=UTC))
    assert row.lines.get().order_line.sku == "007"
    assert counts(brought_in(shop, accountant, "shipments", parcel)) == (0, 1, 0)
    told = factories.order(
        lines=(factories.line(), factories.line("5.00", tax="0.80", id="L2", sku="007")),
        shipments=(factories.shipment("S9", tracking_number="00340"),),
    )
    intake.receive(shop, [told], source=factories.source())
    assert [row.store_id for row in models.Shipment.objects.all()] == ["S9"]


def test_a_payment_is_added_once_where_the_store_tells_none(
    shop: models.Shop, accountant: User, order: models.Order
) -> None:
    models.Payment.objects.all().delete()
    paid = {"order": "1001", "payment": "B-1", "amount": "10", "processed_at": "2026-10-02"}
    more = {**paid, "payment": "B-2", "amount": "6.90"}
    assert counts(brought_in(shop, accountant, "payments", paid, more)) == (2, 0, 0)
    assert counts(brought_in(shop, accountant, "payments", paid)) == (0, 1, 0)
    assert counts(brought_in(shop, accountant, "payments", {**paid, "amount": "11"})) == (0, 0, 1)
    assert {row.method for row in models.Payment.objects.all()} == {"bank"}
    assert order.events.filter(by=accountant, verb="changed").count() == 2


def test_typed_money_gives_way_to_the_stores_own(shop: models.Shop, accountant: User, order: models.Order) -> None:
    models.Payment.objects.all().delete()
    brought_in(
        shop,
        accountant,
        "payments",
        {"order": "1001", "payment": "B-1", "amount": "16.90", "processed_at": "2026-10-02"},
    )
    lines = (factories.line(), factories.line("5.00", tax="0.80", id="L2", sku="007"))
    told = factories.order(lines=lines, payments=(factories.payment("16.90"),), po_number="a newer version")
    intake.receive(shop, [told], source=factories.source())
    assert [row.store_id for row in models.Payment.objects.all()] == ["P1"]


def test_money_that_the_store_tells_itself_is_left_to_it(shop: models.Shop, accountant: User) -> None:
    intake.receive(shop, [factories.order(payments=(factories.payment(),))], source=factories.source())
    job = brought_in(
        shop, accountant, "payments", {"order": "1001", "payment": "B", "amount": "1", "processed_at": "2026-10-02"}
    )
    assert (counts(job), "tells the payments" in job.errors.get().reason) == ((0, 0, 1), True)


def test_a_refund_finds_its_line_by_the_sku_and_is_added_once(
    shop: models.Shop, accountant: User, order: models.Order
) -> None:
    back = {"order": "1001", "refund": "G-1", "refunded_on": "2026-10-05", "amount": "5.00", "line_sku": "007", "line_quantity": "1",
            "line_amount": "5.00", "tax_title": "MwSt", "tax_rate": "19", "tax_amount": "0.80"}  # fmt: skip
    assert counts(brought_in(shop, accountant, "refunds", back)) == (1, 0, 0)
    refund = models.Refund.objects.get()
    assert (refund.amount, refund.refunded_on, refund.lines.get().order_line.sku) == (
        Decimal(5),
        date(2026, 10, 5),
        "007",
    )
    assert counts(brought_in(shop, accountant, "refunds", back)) == (0, 1, 0)


@pytest.mark.parametrize("noun", ["shipments", "payments", "refunds"])
def test_what_belongs_to_no_order_is_refused(shop: models.Shop, accountant: User, noun: str) -> None:
    row = {
        "order": "9",
        "tracking_number": "T",
        "payment": "B",
        "refund": "G",
        "amount": "1",
        "processed_at": "2026-10-02",
        "refunded_on": "2026-10-02",
    }
    known = {name: value for name, value in row.items() if name in typed(noun)[0]}
    job = brought_in(shop, accountant, noun, known)
    assert (counts(job), "has no order 9" in job.errors.get().reason) == ((0, 0, 1), True)
