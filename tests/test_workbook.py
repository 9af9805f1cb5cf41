"""Workbooks and tables within bounds: cells mean what their type says, and what is made to do harm is refused in words, in time and in little memory."""

from __future__ import annotations

import io
import tracemalloc
import zipfile
from datetime import date, datetime
from typing import Any

import openpyxl
import pytest

from integrations.formats import tables, workbook
from integrations.stores import base, files
from integrations.stores.base import ENCODING, Setting, Unreadable
from orders.resources import xlsx_file
from orders.resources.table import TEXT, Table

SETTING = Setting(currency="EUR", time_zone="Europe/Berlin")


def book(*rows: list[Any], **formats: str) -> io.BytesIO:
    made = openpyxl.Workbook()
    sheet = made.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    for cell, shape in formats.items():
        sheet[cell].number_format = shape
    stream = io.BytesIO()
    made.save(stream)
    stream.seek(0)
    return stream


def cells(stream: io.BytesIO) -> list[list[str]]:
    return [list(row.cells) for row in tables.rows(stream)]


def packed(**parts: bytes) -> io.BytesIO:
    """A workbook of raw parts, named without folder and ending."""
    names = {
        "workbook": "xl/workbook.xml",
        "sheet": "xl/worksheets/sheet1.xml",
        "strings": "xl/sharedStrings.xml",
        "styles": "xl/styles.xml",
    }
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(names.get(name, name), content)
    stream.seek(0)
    return stream


def altered(stream: io.BytesIO, part: str, old: bytes, new: bytes) -> io.BytesIO:
    """The workbook with one of its parts changed."""
    out = io.BytesIO()
    with zipfile.ZipFile(stream) as archive, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for item in archive.infolist():
            content = archive.read(item)
            if item.filename == part:
                assert old in content
                content = content.replace(old, new)
            made.writestr(item.filename, content)
    out.seek(0)
    return out


def test_each_cell_means_what_its_type_says() -> None:
    found = cells(
        book(
            ["text", "number", "date", "more"],
            ["00123", 1234.5, date(2026, 4, 3), True],
            ["1,234", 1.234, datetime(2026, 4, 3, 10, 20, 30)],  # noqa: DTZ001 a workbook knows no zones
            ["'t Hooft", 0.1 + 0.2, 12345678901234, 0.19],
        )
    )
    assert found == [
        ["text", "number", "date", "more"],
        ["00123", "1234.5", "2026-04-03", "true"],
        ["1,234", "1.2340", "2026-04-03 10:20:30"],
        ["'t Hooft", "0.3", "12345678901234", "0.19"],
    ]


def test_a_percentage_reads_as_it_is_shown() -> None:
    assert cells(book(["rate", "x"], [0.19, 1], A2="0%"))[1] == ["19%", "1"]


def test_rows_bear_the_numbers_that_the_spreadsheet_shows() -> None:
    assert [row.line for row in tables.rows(book(["a", "b"], [None, None], [1, 2]))] == [1, 3]


def test_the_first_sheet_that_shows_something_is_read() -> None:
    made = openpyxl.Workbook()
    hidden = made.active
    assert hidden is not None
    hidden.append(["secret"])
    hidden.sheet_state = "hidden"
    made.create_sheet("empty")
    made.create_sheet("orders").append(["a", "b"])
    stream = io.BytesIO()
    made.save(stream)
    stream.seek(0)
    assert cells(stream) == [["a", "b"]]


def test_a_workbook_finds_its_reader_as_a_table_does() -> None:
    titles = ["Name", "Financial Status", "Subtotal", "Shipping", "Taxes", "Total", "Created at",
        "Lineitem quantity", "Lineitem name", "Lineitem price"]  # fmt: skip
    stream = book(titles, ["#1", "paid", 1, 0, 0, 1, "2025-01-01 00:00:00 +0000", 1, "Cup", 1])
    reader = files.reader(stream)
    assert reader.name == "shopify-orders-csv"
    [order] = reader.read(stream, SETTING)
    assert order.totals.total == 1  # type: ignore[union-attr]


def test_a_formula_that_was_never_computed_is_refused_by_its_cell() -> None:
    with pytest.raises(Unreadable, match="Cell B2 holds a formula whose result was never computed"):
        cells(book(["a", "b"], [1, "=1+1"]))


def test_a_cell_that_shows_an_error_is_refused_by_its_place() -> None:
    stream = altered(book(["a", "b"], [1, 2]), "xl/worksheets/sheet1.xml", b'<c r="B2" t="n"><v>2</v></c>', b'<c r="B2" t="e"><v>#REF!</v></c>')  # fmt: skip
    with pytest.raises(Unreadable, match=r"Cell|B2 shows the error #REF!"):
        cells(stream)


@pytest.mark.parametrize("part", ["sheet", "strings", "styles", "xl/media/image1.png"])
def test_a_workbook_bomb_is_refused_in_words_and_in_little_memory(part: str) -> None:
    bomb = packed(workbook=b"<workbook/>", **{part: b"<r/>" * (16 << 20)})
    assert len(bomb.getvalue()) < 1 << 20
    tracemalloc.start()
    with pytest.raises(Unreadable, match="unpacks to more than 100 times its size"):
        cells(bomb)
    assert tracemalloc.get_traced_memory()[1] < 16 << 20
    tracemalloc.stop()


def test_a_workbook_that_lies_about_its_size_is_still_bounded(settings: Any) -> None:
    settings.ORDERSYNC_FILE_UNPACKED = 1 << 20
    content = packed(workbook=b"<workbook/>", sheet=b"<r/>" * (1 << 20)).getvalue()
    lying = content.replace((4 << 20).to_bytes(4, "little"), (1000).to_bytes(4, "little"))
    with pytest.raises(Unreadable):
        cells(io.BytesIO(lying))


def test_entities_in_a_workbook_are_refused() -> None:
    entity = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>\n<workbook xmlns'
    stream = altered(book(["a", "b"]), "xl/workbook.xml", b"<workbook xmlns", entity)
    with pytest.raises(Unreadable, match="declares entities"):
        cells(stream)
    assert openpyxl.DEFUSEDXML, "what were not found here would be refused by the XML reader"


def test_a_row_beyond_the_last_there_can_be_ends_the_reading() -> None:
    stream = altered(book(["a", "b"], [1, 2]), "xl/worksheets/sheet1.xml", b'<row r="2"', b'<row r="99999999999"')
    with pytest.raises(Unreadable, match="beyond 1,048,576"):
        cells(stream)


@pytest.mark.parametrize(
    ("stream", "words"),
    [
        (packed(**{"a.csv": b"x", "b.csv": b"y"}), "ZIP archive .a.csv, b.csv"),
        (packed(mimetype=b"application/vnd.oasis.opendocument.spreadsheet"), "OpenDocument"),
        (packed(EncryptedPackage=b"x"), "password"),
        (packed(workbook=b"<workbook/>"), "broken"),
        (io.BytesIO(packed(workbook=b"<workbook/>").getvalue()[:60]), "broken"),
        (packed(**{f"part{n}": b"" for n in range(1_001)}, workbook=b"<workbook/>"), "1,002 parts"),
    ],
)
def test_what_is_packed_but_no_workbook_is_named(stream: io.BytesIO, words: str) -> None:
    with pytest.raises(Unreadable, match=words):
        cells(stream)


# Tables


@pytest.mark.parametrize("charset", ["utf-16", "utf-16-le", "utf-16-be", "utf-8", "utf-8-sig"])
@pytest.mark.parametrize("between", [",", ";", "\t"])
def test_every_usual_encoding_and_delimiter_is_read(charset: str, between: str) -> None:
    text = "\r\n".join(between.join(row) for row in [["Name of it", "Total sum"], ["Müller", "1.50"]])
    assert cells(io.BytesIO(text.encode(charset))) == [["Name of it", "Total sum"], ["Müller", "1.50"]]
    assert tables.titles(tables.head(io.BytesIO(text.encode(charset)))) == ["Name of it", "Total sum"]


def test_letters_that_depend_on_the_encoding_are_asked_unless_people_said() -> None:
    content = io.BytesIO("Name;Total\r\nOre;1\r\nMüller;2\r\n".encode("cp1252"))
    told = Setting(currency="EUR", time_zone="UTC")
    assert [row.cells[0] for row in tables.rows(content, told)] == ["Name", "Ore", "Müller"]
    assert told.asked.questions() == {ENCODING: base.Example("Name", "Müller", 3)}
    content.seek(0)
    said = Setting(currency="EUR", time_zone="UTC", encoding="mac_roman")
    assert [row.cells[0] for row in tables.rows(content, said)][2] == "M¸ller"
    assert said.asked.questions() == {}


@pytest.mark.parametrize(
    ("limit", "value", "content", "words"),
    [
        ("ORDERSYNC_FILE_ROWS", 2, b"a,b\n1,2\n3,4\n5,6\n", "more than 2 rows; row 4 is the first"),
        ("ORDERSYNC_FILE_COLUMNS", 2, b"a,b,c\n", "Row 1 has 3 columns; at most 2"),
        ("ORDERSYNC_FILE_COLUMNS", 2, b"a,b\n1,2,3\n", "Row 2 has 3 columns; at most 2"),
        ("ORDERSYNC_FILE_CELL", 9, b"a,b\n1," + b"x" * 10 + b"\n", "Row 2, column “b”: .* has 10 letters; at most 9"),
        ("ORDERSYNC_FILE_SECONDS", 0, b"a,b\n1,2\n", "longer than 0 seconds"),
    ],
)
def test_what_is_beyond_a_limit_is_refused_with_the_limit_the_place_and_what_to_do(
    settings: Any, limit: str, value: int, content: bytes, words: str
) -> None:
    setattr(settings, limit, value)
    with pytest.raises(Unreadable, match=words) as refused:
        cells(io.BytesIO(content))
    assert limit in str(refused.value)


def test_a_quotation_mark_that_is_never_closed_is_named() -> None:
    with pytest.raises(Unreadable, match="quotation mark"):
        cells(io.BytesIO(b'a,b\n1,"' + b"x,y\n" * 300_000))


def test_json_nested_beyond_the_limit_is_refused(settings: Any) -> None:
    settings.ORDERSYNC_FILE_DEPTH = 5
    content = io.BytesIO(b'{"orders": [{"id": 1, "a": ' + b"[" * 9 + b"]" * 9 + b"}]}")
    with pytest.raises(Unreadable, match="at most 5 levels"):
        list(files.reader(content, layout="shopify-orders-json").read(content, SETTING))


def test_is_packed_says_what_begins_as_a_zip() -> None:
    assert workbook.is_packed(book(["a"]).getvalue())
    assert not workbook.is_packed(b"a,b")


def test_a_text_that_looks_like_an_escape_comes_back_as_it_was() -> None:
    """The format's own rule (ST_Xstring): what writes a literal _x0041_ escapes its underscore; openpyxl neither writes nor reads by it."""
    made = io.BytesIO()
    texts = ["plain", "size_x0041_", "_x005F_x0041_"]
    xlsx_file.write(Table("t", ("a", "b", "c"), (TEXT, TEXT, TEXT)), [texts], made)
    made.seek(0)
    assert cells(made)[1] == texts
