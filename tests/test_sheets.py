"""Our own spreadsheets, going out: what stands in which cell, streamed, with its control and its check."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from orders import corrections, intake, models, resources
from orders.incoming import LineKind
from orders.resources import Sheet, control
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> models.Shop:
    return factories.shop()


def taken_in(shop: models.Shop, *orders: Any) -> None:
    intake.receive(shop, orders, source=factories.source())


def rows(noun: str) -> list[dict[str, Any]]:
    sheet = resources.sheet(noun)
    found = sheet.rows(sheet.get_queryset())
    return [dict(zip([column.name for column in sheet.columns], row, strict=True)) for row in found]


def two_lines(id: str = "1", **fields: Any) -> Any:
    lines = (
        factories.line(),
        factories.line("5.00", tax="0.80", id="L2", kind=LineKind.SHIPPING, sku="", title="MwSt"),
    )
    return factories.order(id, lines=lines, **fields)


def test_an_order_is_a_row_per_line_and_says_once_what_belongs_to_the_whole(shop: models.Shop) -> None:
    taken_in(shop, two_lines(po_number="007"))
    first, second = rows("orders")
    assert (first["number"], second["number"], first["id"]) == ("1001", "1001", second["id"])
    assert (first["total"], second["total"]) == (Decimal("16.90"), None)
    assert (first["po_number"], second["po_number"], first["vat_id"]) == ("007", None, None)
    assert [row["line_amount"] for row in (first, second)] == [Decimal("11.90"), Decimal("5.00")]
    assert (first["tax_title"], first["tax_rate"], second["tax_amount"]) == ("MwSt", 19, Decimal("0.80"))


def test_days_are_days_and_instants_stand_on_the_shops_clock(shop: models.Shop) -> None:
    taken_in(shop, two_lines())
    row = rows("orders")[0]
    assert (row["placed_on"], row["placed_at"]) == (date(2026, 10, 1), datetime(2026, 10, 1, 14))  # noqa: DTZ001


def test_an_order_without_lines_is_a_row_too(shop: models.Shop) -> None:
    taken_in(shop, two_lines())
    models.OrderLine.objects.update(removed=True)
    assert [(row["number"], row["line_id"]) for row in rows("orders")] == [("1001", None)]


@pytest.mark.parametrize("sheet", resources.SHEETS, ids=lambda sheet: sheet.noun)
def test_a_sheet_asks_the_database_the_same_few_times_for_many_records(
    sheet: type[Sheet], shop: models.Shop, django_assert_max_num_queries: Any
) -> None:
    everything = [
        two_lines(
            str(n),
            payments=(factories.payment("16.90"),),
            shipments=(factories.shipment(),),
            refunds=(factories.refund(),),
        )
        for n in range(3)
    ]
    taken_in(shop, *everything, factories.customer())
    found = resources.sheet(sheet.noun)
    with django_assert_max_num_queries(4):
        list(found.rows(found.get_queryset()))


def test_every_correctable_field_of_an_order_has_its_column_and_no_other(shop: models.Shop) -> None:
    found = {(column.target, column.field) for column in resources.sheet("orders").columns if column.target}
    assert found == {(target, field) for target, fields in corrections.CORRECTABLE.items() for field in fields}


@pytest.mark.parametrize("sheet", resources.SHEETS, ids=lambda sheet: sheet.noun)
def test_titles_differ_once_written_plainly_and_every_column_says_what_it_means(sheet: type[Sheet]) -> None:
    columns = resources.sheet(sheet.noun).columns
    plain = ["".join(filter(str.isalnum, column.title)).lower() for column in columns]
    assert len(set(plain)) == len(plain)
    assert all(str(column.meaning) and str(column.instead) and column.widget.words for column in columns)


def test_the_check_tells_each_changed_cell_and_nothing_else(shop: models.Shop) -> None:
    taken_in(shop, two_lines())
    sheet = resources.sheet("orders")
    row = next(sheet.rows(models.Order.objects.all()))
    check = row[sheet.places["check"]]
    changed = [n for n, at in enumerate(sheet.checked) if control.changed(check, n, row[at])]
    assert (changed, control.belongs(check, sheet.key(row), len(sheet.checked))) == ([], True)
    row[sheet.places["vat_id"]] = "DE123"
    told = [sheet.columns[at].name for n, at in enumerate(sheet.checked) if control.changed(check, n, row[at])]
    assert told == ["vat_id"]
    row[sheet.places["version"]] += 1
    assert not control.belongs(check, sheet.key(row), len(sheet.checked))


def test_django_import_export_sees_the_same_rows(shop: models.Shop) -> None:
    taken_in(shop, two_lines())
    data = resources.sheet("orders").export()
    assert (data.height, data.dict[0]["total"], data.dict[1]["total"]) == (2, "16.9", "")
