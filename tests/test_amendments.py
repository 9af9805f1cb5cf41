"""Our own spreadsheets, coming back: each changed cell becomes a correction by that person, and what may not change says so."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from integrations.inbox import handback
from orders import incoming, intake, models, review, roles
from tests import factories, signed
from tests.admin_company import person
from tests.sheet_files import brought, changed, exported, written

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> models.Shop:
    return factories.shop()


@pytest.fixture
def accountant() -> User:
    return person(roles.ACCOUNTANT.name)


@pytest.fixture
def order(shop: models.Shop) -> models.Order:
    return told(shop)


def told(shop: models.Shop, id: str = "1", hours: int = 0, **fields: Any) -> models.Order:
    lines = (factories.line(), factories.line("5.00", tax="0.80", id="L2", sku="007", quantity="2"))
    record = factories.order(
        id,
        **{
            "lines": lines,
            "updated_at": factories.NOON + timedelta(hours=hours),
            "billing": factories.address(postcode="01067"),
            "customer": None,
            **fields,
        },
    )
    intake.receive(shop, [record], source=factories.source())
    return models.Order.objects.defer("search").get(number=f"100{id}")


def outcome(job: models.ImportJob) -> tuple[str, int, int, int]:
    return job.state, job.updated, job.same, job.refused


def refusal(job: models.ImportJob) -> str:
    return job.errors.get().reason


def everywhere(row: dict[str, str]) -> bool:
    return True


def test_what_is_exported_and_brought_back_untouched_changes_nothing(
    shop: models.Shop, order: models.Order, accountant: User
) -> None:
    told(
        shop,
        "2",
        po_number="=1+1",
        terms="-5",
        email="'t@example.org",
        billing=factories.address(name="'t Hooft", street="Two\nlines"),
    )
    before = models.Event.objects.count()
    job = brought(shop, written("orders", exported("orders")), accountant)
    assert outcome(job) == ("done", 0, 2, 0)
    assert (models.Correction.objects.count(), models.Event.objects.count()) == (0, before)


def test_each_changed_cell_is_a_correction_by_that_person_with_its_event(
    shop: models.Shop, order: models.Order, accountant: User
) -> None:
    rows = exported("orders")
    rows[0] |= {
        "vat_id": "de123456789",
        "billing_city": "Neustadt",
        "due_on": "2026-12-31",
        "reason": "Asked by telephone",
    }
    rows[1] |= {"line_kind": "shipping"}
    assert outcome(brought(shop, written("orders", rows), accountant)) == ("done", 1, 0, 0)
    made = {(row.target, row.field): (row.value, row.reason, row.by) for row in models.Correction.objects.all()}
    why = ("Asked by telephone", accountant)
    assert made == {
        ("order", "vat_id"): ("DE123456789", *why),
        ("billing", "city"): ("Neustadt", *why),
        ("order", "due_on"): ("2026-12-31", *why),
        (f"line:{rows[1]['line_id']}", "kind"): ("shipping", *why),
    }
    assert order.events.filter(verb="corrected", by=accountant).count() == 4


def test_the_same_corrections_again_are_no_corrections(
    shop: models.Shop, order: models.Order, accountant: User
) -> None:
    file = written("orders", changed(exported("orders"), everywhere, po_number="B", reason="x"))
    assert outcome(brought(shop, file, accountant)) == ("done", 1, 0, 0)
    assert outcome(brought(shop, file, accountant)) == ("done", 0, 1, 0)
    assert models.Correction.objects.count() == 1


@pytest.mark.parametrize(
    ("column", "value", "instead"),
    [
        ("line_amount", "99", "adjustment with account and reason"),
        ("total", "1", "adjustment with account and reason"),
        ("currency", "USD", "adjustment with account and reason"),
        ("line_quantity", "7", "named adjustment"),
        ("state", "approved", "approving, holding, rejecting"),
        ("payment_state", "refunded", "approving, holding, rejecting"),
        ("number", "1002", "the store"),
        ("placed_at", "2026-10-02 14:00:00", "the store"),
    ],
)
def test_what_may_not_be_changed_in_a_file_says_so_and_what_to_do_instead(
    shop: models.Shop, order: models.Order, accountant: User, column: str, value: str, instead: str
) -> None:
    rows = exported("orders")
    rows[0] |= {column: value, "po_number": "B", "reason": "x"}
    job = brought(shop, written("orders", rows), accountant)
    assert outcome(job) == ("done", 0, 0, 1)
    assert all(part in refusal(job) for part in ("Row 2", f"“{column.replace('_', ' ')}”", f"“{value}”", instead))
    assert not models.Correction.objects.exists()


def test_a_stale_row_is_refused_naming_who_changed_what(
    shop: models.Shop, order: models.Order, accountant: User
) -> None:
    rows = changed(exported("orders"), everywhere, po_number="B", reason="x")
    olga = factories.user("olga")
    review.correct(order, "order", "terms", "30 days", by=olga, reason="Agreed")
    job = brought(shop, written("orders", rows), accountant)
    assert outcome(job) == ("done", 0, 0, 1)
    assert all(part in refusal(job) for part in ("1001", "terms: corrected, by olga", "Export it again"))
    assert not models.Correction.objects.filter(field="po_number").exists()


def test_a_row_nobody_changed_is_no_stale_row(shop: models.Shop, order: models.Order, accountant: User) -> None:
    rows = exported("orders")
    told(shop, hours=1, po_number="from the store")
    assert outcome(brought(shop, written("orders", rows), accountant)) == ("done", 0, 1, 0)


def test_a_correction_without_a_reason_is_refused(shop: models.Shop, order: models.Order, accountant: User) -> None:
    job = brought(shop, written("orders", changed(exported("orders"), everywhere, po_number="B")), accountant)
    assert (outcome(job), "without a reason" in refusal(job)) == (("done", 0, 0, 1), True)


def test_corrections_are_shown_cell_by_cell_before_anything_happens_and_take_one_reason_for_the_file(
    shop: models.Shop, order: models.Order, accountant: User, client: Client
) -> None:
    client.force_login(accountant)
    rows = changed(exported("orders"), everywhere, po_number="B", billing_city="Neustadt")
    act = partial(client.post, follow=True)
    act(reverse("admin:upload"), {"shop": shop.pk, "file": SimpleUploadedFile("orders.csv", written("orders", rows))})
    job = models.ImportJob.objects.get()
    shown = act(reverse("admin:import_act", args=[job.pk, "read"]), {"reason": "As agreed"}).content.decode()
    assert all(text in shown for text in ("po number", "billing city", "Musterstadt", "Neustadt"))
    assert not models.Correction.objects.exists()
    act(reverse("admin:import_act", args=[job.pk, "confirm"]))
    made = {(row.field, row.value, row.reason, row.by) for row in models.Correction.objects.all()}
    assert made == {("po_number", "B", "As agreed", accountant), ("city", "Neustadt", "As agreed", accountant)}


def test_refused_rows_handed_back_and_put_right_are_taken_in(
    shop: models.Shop, order: models.Order, accountant: User
) -> None:
    rows = changed(exported("orders"), everywhere, po_number="=B", total="1", reason="As agreed")
    job = brought(shop, written("orders", rows), accountant)
    back = b"".join(handback.file(job)[1])
    table = list(csv.reader(io.StringIO(back.decode("utf-8-sig"))))
    at = table[0].index("total")
    right = [table[0], *([*row[:at], "16.90" if n == 0 else "", *row[at + 1 :]] for n, row in enumerate(table[1:]))]
    text = io.StringIO()
    csv.writer(text).writerows(right)
    assert outcome(brought(shop, text.getvalue().encode(), accountant)) == ("done", 1, 0, 0)
    assert (models.Correction.objects.get().value, models.Correction.objects.get().reason) == ("=B", "As agreed")


@pytest.mark.parametrize("role", [roles.AUDITOR, roles.MARKETING, roles.IT_LEAD, roles.ENTREPRENEUR])
def test_a_person_who_may_not_correct_is_refused(shop: models.Shop, order: models.Order, role: roles.Role) -> None:
    rows = changed(exported("orders"), everywhere, po_number="B", reason="x")
    job = brought(shop, written("orders", rows), person(role.name))
    assert (outcome(job), "may not correct" in refusal(job)) == (("done", 0, 0, 1), True)


def test_nobodys_correction_is_refused(shop: models.Shop, order: models.Order) -> None:
    rows = changed(exported("orders"), everywhere, po_number="B", reason="x")
    assert outcome(brought(shop, written("orders", rows), None)) == ("done", 0, 0, 1)


@pytest.mark.parametrize(
    "cells", [{"version": ""}, {"id": "999"}, {"line_id": "1"}, {"check": ""}, {"id": ""}, {"version": "x"}]
)
def test_an_id_without_its_own_version_and_check_is_refused(
    shop: models.Shop, order: models.Order, accountant: User, cells: dict[str, str]
) -> None:
    rows = exported("orders")[:1]
    rows[0] |= {**cells, "po_number": "B", "reason": "x"}
    job = brought(shop, written("orders", rows), accountant)
    assert (outcome(job), models.Correction.objects.count()) == (("done", 0, 0, 1), 0)
    assert "row 2" in refusal(job).lower()


def test_a_record_of_another_shop_is_refused(shop: models.Shop, order: models.Order, accountant: User) -> None:
    rows = changed(exported("orders"), everywhere, po_number="B", reason="x")
    job = brought(factories.shop("us"), written("orders", rows), accountant)
    assert (outcome(job), "exported from" in refusal(job)) == (("done", 0, 0, 1), True)


def test_zeros_that_a_spreadsheet_ate_in_one_column_are_no_correction(
    shop: models.Shop, order: models.Order, accountant: User
) -> None:
    job = brought(
        shop,
        written("orders", changed(exported("orders"), everywhere, billing_postcode="1067", reason="x")),
        accountant,
    )
    assert all(part in refusal(job) for part in ("“1067”", "“01067”", "as text"))


@pytest.mark.parametrize(
    "cells",
    [{"control_number": "123456789012345680"}, {"control_number": "1.23457E+17"}, {"control_day": "2026-01-02"}],
)
def test_a_file_whose_numbers_or_dates_were_eaten_is_refused_and_says_how_to_open_it(
    shop: models.Shop, order: models.Order, accountant: User, cells: dict[str, str]
) -> None:
    rows = changed(exported("orders"), everywhere, po_number="B", reason="x", **cells)
    job = brought(shop, written("orders", rows), accountant)
    assert (job.state, "every column as text" in job.words, models.Correction.objects.count()) == ("failed", True, 0)


@pytest.mark.parametrize("without", ["control_number", "control_day", "check"])
def test_a_file_without_its_controls_is_refused(
    shop: models.Shop, order: models.Order, accountant: User, without: str
) -> None:
    job = brought(shop, written("orders", exported("orders"), without=(without,)), accountant)
    assert (job.state, models.Correction.objects.count()) == ("failed", 0)


def test_columns_may_be_deleted_and_rows_sorted_and_columns_moved(
    shop: models.Shop, order: models.Order, accountant: User
) -> None:
    told(shop, "2")
    rows = changed(exported("orders"), lambda row: row["number"] == "1002", po_number="B", reason="x")
    rows = sorted(rows, key=lambda row: row["line_amount"])
    file = written("orders", rows, without=("terms", "shipping_city", "line_title"), delimiter=";")
    assert outcome(brought(shop, file, accountant)) == ("done", 1, 1, 0)
    assert models.Correction.objects.get().order.number == "1002"


def test_what_belongs_to_the_order_may_be_written_in_any_of_its_rows_but_only_one_way(
    shop: models.Shop, order: models.Order, accountant: User
) -> None:
    rows = exported("orders")
    rows[0] |= {"po_number": "B", "reason": "x"}
    rows[1] |= {"po_number": "C"}
    job = brought(shop, written("orders", rows), accountant)
    assert ("write it once" in refusal(job), outcome(job)) == (True, ("done", 0, 0, 1))
    rows[1] |= {"po_number": "B"}
    assert outcome(brought(shop, written("orders", rows), accountant)) == ("done", 1, 0, 0)


def test_one_refused_cell_leaves_the_whole_order_as_it_was_and_the_others_go_on(
    shop: models.Shop, order: models.Order, accountant: User
) -> None:
    told(shop, "2")
    rows = changed(exported("orders"), everywhere, po_number="B", reason="x")
    rows = changed(rows, lambda row: row["number"] == "1001", tax_country="Germany")
    job = brought(shop, written("orders", rows), accountant)
    assert (outcome(job), "two letters" in refusal(job)) == (("done", 1, 0, 1), True)
    assert [row.order.number for row in models.Correction.objects.all()] == ["1002"]


@pytest.mark.parametrize(
    "noun", ["customers", "products", "stock", "shipments", "refunds", "payments", "payouts", "invoices"]
)
def test_every_other_sheet_comes_back_unchanged_and_says_what_to_do_instead(
    shop: models.Shop, accountant: User, noun: str
) -> None:
    everything(shop)
    rows = exported(noun)
    assert rows
    assert outcome(brought(shop, written(noun, rows), accountant)) == ("done", 0, len(rows), 0)
    column = {"customers": "name", "products": "title", "stock": "quantity", "shipments": "tracking_number", "refunds": "amount",
              "payments": "amount", "payouts": "amount", "invoices": "number"}[noun]  # fmt: skip
    rows[0] |= {column: "77"}
    job = brought(shop, written(noun, rows), accountant)
    assert (outcome(job), "cannot be changed in a file" in refusal(job)) == (("done", 0, len(rows) - 1, 1), True)


def everything(shop: models.Shop) -> None:
    """One record of every noun."""
    order = told(
        shop, payments=(factories.payment("16.90"),), shipments=(factories.shipment(),), refunds=(factories.refund(),)
    )
    payout = incoming.Payout(id="PO1", currency="EUR", amount=Decimal("16.90"), paid_on=factories.NOON.date(),
                             lines=(incoming.PayoutLine(kind="charge", amount=Decimal("16.90"), payment_id="P1"),))  # fmt: skip
    product = incoming.Product(id="V1", sku="007", title="Mug", price=Decimal("11.90"), currency="EUR")
    level = incoming.StockLevel(sku="007", quantity=Decimal(3))
    intake.receive(shop, [factories.customer(), product, level, payout], source=factories.source())
    document = signed.document(shop, order=order)
    models.Invoice.objects.create(
        ledger=shop.ledger,
        document=document,
        order=order,
        kind=document.kind,
        number="42",
        their_id="42",
        state="open",
        currency="EUR",
        net=Decimal("14.20"),
        tax=Decimal("2.70"),
        total=Decimal("16.90"),
        read_at=factories.NOON,
    )
