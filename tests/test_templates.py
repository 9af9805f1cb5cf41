"""Our own sheets, empty: what is downloaded can be filled in and brought in as it is."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from orders import models, resources, roles
from orders.resources import Sheet, template
from tests import factories
from tests.admin_company import person
from tests.sheet_files import brought
from tests.test_typed_sheets import ORDER, SECOND

pytestmark = pytest.mark.django_db
NOUNS = [sheet.noun for sheet in resources.SHEETS]
ROW: dict[str, dict[str, str]] = {
    "customers": {"customer": "007", "name": "Ida Blum"},
    "products": {"product": "0V1", "title": "Mug"},
    "stock": {"sku": "007", "quantity": "3"},
    "payouts": {"payout": "PO1", "paid_on": "2026-10-03", "amount": "0"},
}


@pytest.mark.parametrize("sheet", resources.SHEETS, ids=NOUNS)
def test_a_template_holds_what_a_new_record_may_say_and_nothing_that_it_may_not(sheet: type[Sheet]) -> None:
    found = template.columns(resources.sheet(sheet.noun))
    assert all(column.new or column.control for column in found)
    assert {column.name for column in found} >= {
        column.name for column in resources.sheet(sheet.noun).columns if column.required
    }
    assert not {"id", "version", "check"} & {column.name for column in found}


@pytest.mark.parametrize("noun", ["orders", *ROW])
@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_a_template_filled_in_below_its_first_row_is_taken_in(noun: str, form: str) -> None:
    rows = [ORDER, SECOND] if noun == "orders" else [ROW[noun]]
    filled = filled_in_workbook(noun, rows) if form == "xlsx" else filled_in_csv(noun, rows)
    job = brought(factories.shop(), filled, person(roles.ACCOUNTANT.name), name=f"x.{form}")
    assert (job.state, job.layout, job.created, job.refused) == ("done", f"ordersync-{noun}", 1, 0), job.words


def filled_in_csv(noun: str, rows: list[dict[str, str]]) -> bytes:
    sheet = resources.sheet(noun)
    text = io.StringIO(template.as_csv(sheet).decode("utf-8-sig"))
    text.seek(0, io.SEEK_END)
    csv.writer(text).writerows([row.get(column.name, "") for column in template.columns(sheet)] for row in rows)
    return text.getvalue().encode()


def filled_in_workbook(noun: str, rows: list[dict[str, str]]) -> bytes:
    """As a person types: a number into a cell of numbers becomes one, a text into a cell of text stays one."""
    sheet = resources.sheet(noun)
    book = openpyxl.load_workbook(io.BytesIO(template.as_xlsx(sheet)))
    for n, row in enumerate(rows, start=3):
        for at, column in enumerate(template.columns(sheet), start=1):
            if text := row.get(column.name, ""):
                value: Any = float(text) if column.kind in ("number", "amount") else text
                book.worksheets[0].cell(n, at, value)
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def test_an_empty_template_brings_in_nothing_and_says_so() -> None:
    job = brought(factories.shop(), template.as_csv(resources.sheet("orders")), person(roles.ACCOUNTANT.name))
    assert (job.state, "no rows below" in job.words) == ("failed", True)


def test_the_workbook_explains_every_column_and_keeps_leading_zeros() -> None:
    sheet = resources.sheet("orders")
    book = openpyxl.load_workbook(io.BytesIO(template.as_xlsx(sheet)))
    first, second = book.worksheets
    titles = [cell.value for cell in first[1]]
    assert [row[0].value for row in second.iter_rows(min_row=2)] == titles
    assert all(all(cell.value for cell in row) for row in second.iter_rows(min_row=2))
    at = titles.index("billing postcode")
    assert first.column_dimensions[openpyxl.utils.get_column_letter(at + 1)].number_format == "@"
    assert {rule.formula1 for rule in first.data_validations.dataValidation} >= {'"yes,no"'}


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_whoever_may_bring_files_in_downloads_a_template_and_nobody_else(client: Client, form: str) -> None:
    client.force_login(person(roles.ACCOUNTANT.name))
    reply = client.get(f"/admin/imports/templates/orders.{form}")
    assert (reply.status_code, f"orders.{form}" in reply["Content-Disposition"]) == (200, True)
    assert client.get(f"/admin/imports/templates/secrets.{form}").status_code == 404
    client.force_login(person(roles.AUDITOR.name))
    assert client.get(f"/admin/imports/templates/orders.{form}").status_code == 403


def test_the_command_writes_a_template_and_says_how_it_wants_to_be_called(tmp_path: Path, capsys: Any) -> None:
    call_command("template", "stock")
    assert capsys.readouterr().out.startswith("sku,")
    call_command("template", "stock", to=tmp_path / "stock.xlsx")
    assert openpyxl.load_workbook(tmp_path / "stock.xlsx").sheetnames == ["stock", "columns"]
    with pytest.raises(CommandError, match=r"\.csv or an \.xlsx"):
        call_command("template", "stock", to=tmp_path / "stock.ods")
    assert not models.ImportJob.objects.exists()
