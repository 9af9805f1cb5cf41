"""What stands in the cells of a file: numbers as numbers, days as days, texts as they are, and totals that add up."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zipfile import ZipFile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from orders.resources import csv_file, xlsx_file
from orders.resources.guard import unguarded
from orders.resources.table import AMOUNT, DAY, INSTANT, NUMBER, TEXT, Table, Totals, plain
from tests import files

TABLE = Table(
    "lines", ("sku", "currency", "quantity", "net", "day", "moment"), (TEXT, TEXT, NUMBER, AMOUNT, DAY, INSTANT), currency=1
)  # fmt: skip
NOON = datetime.fromisoformat("2026-09-01 12:30")
ROWS: list[list[Any]] = [
    ["000123", "EUR", Decimal("2.000000"), Decimal("11.900000"), date(2026, 9, 1), NOON],
    ["'t Hooft", "JPY", Decimal("1.500000"), Decimal("1200.000000"), None, NOON.replace(tzinfo=UTC)],
    ["=1+1", "KWD", None, Decimal("-0.005000"), date(1850, 1, 1), None],
    ["12345678901234567890", "EUR", 7, Decimal("0.125000"), date(2026, 9, 2), None],
]


def csv_of(table: Table, rows: list[list[Any]]) -> bytes:
    return b"".join(csv_file.chunks(table, iter(rows)))


def xlsx_of(table: Table, rows: list[list[Any]]) -> bytes:
    made = io.BytesIO()
    xlsx_file.write(table, iter(rows), made)
    return made.getvalue()


def test_a_csv_has_amounts_with_the_decimals_of_their_currency_and_closes_with_its_totals() -> None:
    content = csv_of(TABLE, ROWS)
    assert content.startswith(b"\xef\xbb\xbfsku,")
    assert files.table(content)[1:] == [
        ["000123", "EUR", "2", "11.90", "2026-09-01", "2026-09-01 12:30:00"],
        ["''t Hooft", "JPY", "1.5", "1200", "", "2026-09-01T12:30:00+00:00"],
        ["'=1+1", "KWD", "", "-0.005", "1850-01-01", ""],
        ["12345678901234567890", "EUR", "7", "0.125", "2026-09-02", ""],
        ["TOTAL EUR, 2 rows", "EUR", "", "12.025", "", ""],
        ["TOTAL JPY, 1 rows", "JPY", "", "1200", "", ""],
        ["TOTAL KWD, 1 rows", "KWD", "", "-0.005", "", ""],
    ]


def test_a_workbook_has_typed_cells_and_its_totals_on_a_sheet_of_their_own() -> None:
    content = xlsx_of(TABLE, ROWS)
    assert files.sheet(content)[1:] == [
        ["000123", "EUR", 2, 11.9, datetime.fromisoformat("2026-09-01"), NOON],
        ["''t Hooft", "JPY", 1.5, 1200, None, "2026-09-01T12:30:00+00:00"],
        ["'=1+1", "KWD", None, -0.005, "1850-01-01", None],
        ["12345678901234567890", "EUR", 7, 0.125, datetime.fromisoformat("2026-09-02"), None],
    ]
    assert files.sheet(content, "Totals")[1:] == [
        ["EUR", "rows", 2], ["JPY", "rows", 1], ["KWD", "rows", 1], ["EUR", "net", 12.025], ["JPY", "net", 1200], ["KWD", "net", -0.005],
    ]  # fmt: skip
    page = load_workbook(io.BytesIO(content)).worksheets[0]
    assert [page[at].number_format for at in ("A2", "D2", "D3", "E2", "F2")] == [
        "@", "0.00", "0", "yyyy-mm-dd", "yyyy-mm-dd hh:mm:ss",
    ]  # fmt: skip


def test_the_same_rows_make_the_same_bytes_whenever_they_are_written(monkeypatch: pytest.MonkeyPatch) -> None:
    made = xlsx_of(TABLE, ROWS)
    monkeypatch.setattr("time.time", lambda: 2_000_000_000.0)
    assert xlsx_of(TABLE, ROWS) == made
    with ZipFile(io.BytesIO(made)) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert archive.read("docProps/core.xml").count(b"2000-01-01T00:00:00Z") == 2


def test_a_number_that_no_spreadsheet_can_hold_exactly_is_a_text() -> None:
    table = Table("t", ("net", "currency"), (AMOUNT, TEXT), currency=1)
    rows = [
        [Decimal("12345678901234567.25"), "EUR"],
        [Decimal("123456789012.25"), "EUR"],
        [Decimal("0.0000000001"), "EUR"],
    ]
    assert [row[0] for row in files.sheet(xlsx_of(table, rows))[1:]] == ["12345678901234567.25", 123456789012.25, 1e-10]


def test_more_than_a_spreadsheet_holds_is_refused_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx_file, "MOST_ROWS", 3)
    with pytest.raises(xlsx_file.TooLong, match="at most 3 rows"):
        xlsx_of(TABLE, ROWS)
    with pytest.raises(xlsx_file.TooLong, match="The cell A2 has 40,000 characters"):
        xlsx_of(TABLE, [["x" * 40_000, *ROWS[0][1:]]])


def test_a_file_without_rows_says_so() -> None:
    assert files.table(csv_of(TABLE, []))[1:] == [["TOTAL, 0 rows", "", "", "", "", ""]]
    assert files.sheet(xlsx_of(TABLE, []), "Totals")[1:] == [[None, "rows", 0]]


def test_an_order_of_several_lines_says_its_currency_once() -> None:
    table = Table("orders", ("number", "currency", "net"), (TEXT, TEXT, AMOUNT), currency=1, carried=True)
    rows = [["1", "EUR", Decimal("1.5")], [None, None, Decimal(2)], ["2", "JPY", Decimal(3)], [None, None, Decimal(4)]]
    totals = Totals(table)
    content = b"".join(csv_file.chunks(table, rows, totals))
    assert [row[2] for row in files.table(content)[1:]] == ["1.50", "2.00", "3", "4", "3.50", "7"]
    assert totals.by_title() == {"EUR": {"net": "3.50"}, "JPY": {"net": "7"}}


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")))
@settings(max_examples=200)
def test_every_text_comes_back_out_of_a_csv(text: str) -> None:
    row = files.table(csv_of(Table("t", ("text", "x"), (TEXT, TEXT)), [[text, "x"]]))[1]
    assert unguarded(row[0]) == text


PIECES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")) | st.sampled_from(
    ["_x000D_", "_x0041_x0042_"]
)


@given(st.builds(str.__add__, PIECES, PIECES))
@settings(max_examples=100)
def test_every_text_comes_back_out_of_a_workbook(text: str) -> None:
    cell = files.sheet(xlsx_of(Table("t", ("text", "x"), (TEXT, TEXT)), [[text, "x"]]))[1][0]
    assert unguarded(xlsx_file.unescaped(cell or "")) == text


@given(st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**12), max_value=10**12))
def test_a_number_is_written_whole_whatever_decimals_it_has(value: Decimal) -> None:
    assert Decimal(plain(value, 2)) == value
    assert len(plain(value, 2).partition(".")[2]) >= 2
