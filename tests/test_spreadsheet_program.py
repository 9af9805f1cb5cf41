"""A month of the demo through a real spreadsheet program and back: nothing is lost, nothing is made up, and what was changed is corrected exactly once."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet

from integrations import inbox
from orders import incoming, intake, models, resources, roles
from orders.resources import csv_file, xlsx_file
from ordersync_site.demo import company, generator
from tests import factories
from tests.libreoffice import LibreOffice, libreoffice

__all__ = ["libreoffice"]
pytestmark = [pytest.mark.django_db, pytest.mark.slow]

TODAY = date(2026, 11, 20)
ORDINARY = (15, 10, 0)
HARD = {
    "po_number": "00123",
    "terms": "=cmd|' /C calc'!A0",
    "email": "-5",
    "company": "'t Hooft & Zn.",
    "vat_id": "DE0123456789",
    "exempt_reason": '+49 30 1234\n@home\n"quoted", and\tmore',
}
TWENTY = [
    *(("po number", f"00{n}") for n in range(1, 5)),
    *(("billing street", f"Second street {n}\nback yard") for n in range(1, 5)),
    *(("billing postcode", f"0{n}067") for n in range(1, 5)),
    *(("company", f"={n}+1 'Co' -{n}") for n in range(1, 5)),
    *(("due on", date(2026, 12, n)) for n in range(1, 5)),
]


@pytest.fixture(scope="module")
def shop(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[models.Shop]:
    """The demo's German shop with what its store tells of, and one order that is hard to carry; once for all tests, each of which takes back what it does."""
    with django_db_blocker.unblock(), transaction.atomic():
        roles.settle(apps)  # a test that empties the tables takes the migration's groups along
        company.make(TODAY, tmp_path_factory.mktemp("books"))
        yield _filled(models.Shop.objects.get(code="haus"))
        transaction.set_rollback(True)


def _filled(shop: models.Shop) -> models.Shop:
    for file in generator.files(TODAY, ORDINARY):
        if file.shop == shop.code and file.wave == 1:
            job = inbox.receive_file(shop, io.BytesIO(file.content), name=file.name, by=accountant())
            assert (job.state, job.refused) == ("done", 0)
    placed = datetime(2026, 11, 3, 9, 30, 15, tzinfo=UTC)
    street = factories.address(
        name="'t Hooft", street="=1+1", city="-5", postcode="01067", region="@SUM(A1)", phone="0049301234567890123"
    )
    hard = factories.order(
        "123456789012345678", placed_at=placed, updated_at=placed, billing=street, customer=None, **HARD
    )
    intake.receive(shop, [hard], source=factories.source())
    return shop


def accountant() -> User:
    return User.objects.get(username="accountant")


def month() -> QuerySet[models.Order]:
    return models.Order.objects.filter(shop__code="haus", placed_on__gte=TODAY - timedelta(days=31))


def taken_out(noun: str, rows: QuerySet[models.Order], folder: Path, form: str) -> Path:
    """The list as the desk hands it out."""
    sheet, file = resources.sheet(noun), folder / f"{noun}.{form}"
    with file.open("wb") as stream:
        if form == "csv":
            stream.writelines(csv_file.chunks(sheet.table, sheet.rows(rows)))
        else:
            xlsx_file.write(sheet.table, sheet.rows(rows), stream)
    return file


def brought(shop: models.Shop, file: Path) -> models.ImportJob:
    with file.open("rb") as stream:
        return inbox.receive_file(shop, io.BytesIO(stream.read()), name=file.name, by=accountant())


def counts(job: models.ImportJob) -> tuple[int, int, int, list[str]]:
    return job.created, job.updated, job.same, list(job.errors.values_list("reason", flat=True))


def test_a_month_opened_and_saved_as_xlsx_comes_back_without_a_change(
    shop: models.Shop, libreoffice: LibreOffice, tmp_path: Path
) -> None:
    assert month().count() >= 20
    before = models.Event.objects.count()
    saved = libreoffice.xlsx(taken_out("orders", month(), tmp_path, "xlsx"))[0]
    assert counts(brought(shop, saved)) == (0, 0, month().count(), [])
    assert (models.Correction.objects.count(), models.Event.objects.count()) == (0, before)


def test_a_month_opened_as_text_and_saved_as_csv_comes_back_without_a_change(
    shop: models.Shop, libreoffice: LibreOffice, tmp_path: Path
) -> None:
    columns = len(resources.sheet("orders").titles)
    saved = libreoffice.csv_as_text(taken_out("orders", month(), tmp_path, "csv"), columns)
    assert counts(brought(shop, saved)) == (0, 0, month().count(), [])
    assert not models.Correction.objects.exists()


def test_twenty_cells_changed_are_exactly_twenty_corrections(
    shop: models.Shop, libreoffice: LibreOffice, tmp_path: Path
) -> None:
    saved = libreoffice.xlsx(taken_out("orders", month(), tmp_path, "xlsx"))[0]
    changed = changed_in_workbook(saved, tmp_path / "changed.xlsx")
    again = libreoffice.xlsx(changed)[0]
    job = brought(shop, again)
    assert counts(job) == (0, len(changed_orders()), month().count() - len(changed_orders()), [])
    made = sorted((row.field, row.value) for row in models.Correction.objects.all())
    assert made == sorted((title.removeprefix("billing ").replace(" ", "_"), str(value)) for title, value in TWENTY)
    assert {(row.by, row.reason) for row in models.Correction.objects.all()} == {(accountant(), "00 as agreed")}
    brought(shop, again)
    assert models.Correction.objects.count() == len(TWENTY)


def changed_orders() -> list[str]:
    """Four orders get five changes each."""
    return list(month().order_by("-placed_at", "-pk").values_list("number", flat=True))[:4]


def changed_in_workbook(file: Path, into: Path) -> Path:
    """The twenty cells changed, five in the first row of each of four orders, with a reason."""
    book = openpyxl.load_workbook(file)
    sheet = book.worksheets[0]
    at = {cell.value: cell.column for cell in sheet[1]}
    firsts: dict[str, int] = {}
    for n in range(2, sheet.max_row + 1):
        firsts.setdefault(str(sheet.cell(n, at["number"]).value), n)
    left = {title: [value for named, value in TWENTY if named == title] for title, _value in TWENTY}
    for place, number in enumerate(changed_orders()):
        for title, values in left.items():
            sheet.cell(firsts[number], at[title]).value = values[place]
            if isinstance(values[place], str):  # typed into a cell that is text, it stays text
                sheet.cell(firsts[number], at[title]).data_type = "s"
        sheet.cell(firsts[number], at["reason"]).value = "00 as agreed"
    book.save(into)
    return into


def test_twenty_cells_changed_in_a_csv_are_exactly_twenty_corrections(
    shop: models.Shop, libreoffice: LibreOffice, tmp_path: Path
) -> None:
    columns = len(resources.sheet("orders").titles)
    saved = libreoffice.csv_as_text(taken_out("orders", month(), tmp_path, "csv"), columns)
    changed = changed_in_csv(saved, tmp_path / "changed.csv")
    job = brought(shop, libreoffice.csv_as_text(changed, columns))
    assert counts(job) == (0, len(changed_orders()), month().count() - len(changed_orders()), [])
    made = sorted((row.field, row.value) for row in models.Correction.objects.all())
    assert made == sorted((title.removeprefix("billing ").replace(" ", "_"), str(value)) for title, value in TWENTY)


def changed_in_csv(file: Path, into: Path) -> Path:
    with file.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.reader(stream))
    at = {title: place for place, title in enumerate(rows[0])}
    left = {title: [value for named, value in TWENTY if named == title] for title, _value in TWENTY}
    wanted = changed_orders()
    for row in rows[1:]:
        if row[at["number"]] in wanted and row[at["total"]]:
            place = wanted.index(row[at["number"]])
            for title, values in left.items():
                row[at[title]] = str(values[place])
            row[at["reason"]] = "00 as agreed"
    with into.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows(rows)
    return into


def test_a_csv_opened_by_default_is_recognised_and_refused_with_the_way_to_open_it(
    shop: models.Shop, libreoffice: LibreOffice, tmp_path: Path
) -> None:
    job = brought(shop, libreoffice.csv_by_default(taken_out("orders", month(), tmp_path, "csv")))
    assert (job.state, models.Correction.objects.count()) == ("failed", 0)
    assert all(
        part in job.words for part in ("A spreadsheet program has changed numbers", "every column as text", "XLSX")
    )


def test_every_sheet_comes_back_from_the_program_without_a_change(
    shop: models.Shop, libreoffice: LibreOffice, tmp_path: Path
) -> None:
    customer = factories.customer("007", name="'t Hooft", phone="0049", billing=factories.address(street="=1+1\n-5"))
    product = incoming.Product(id="00120000000000000001", sku="=SKU-1", title="-5", price=None, barcode="0012345678905")
    intake.receive(shop, [customer, product], source=factories.source())
    files = [
        taken_out(sheet.noun, sheet().get_queryset().order_by("pk"), tmp_path, "xlsx") for sheet in resources.SHEETS
    ]
    for file, sheet in zip(libreoffice.xlsx(*files), resources.SHEETS, strict=True):
        job, records = brought(shop, file), sheet().get_queryset().count()
        assert counts(job) == (0, 0, records, []) or (records == 0 and job.state == "failed"), sheet.noun
