"""A file finds its reader by itself, and what cannot be read is named in words."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator

import pytest

from integrations.formats import tables
from integrations.stores import base, files
from orders import incoming

SETTING = base.Setting(currency="EUR", time_zone="Europe/Berlin")
SHOPIFY = {
    "id": 1,
    "name": "#1",
    "financial_status": "paid",
    "total_price": "1.00",
    "subtotal_price": "1.00",
    "taxes_included": True,
    "line_items": [{"price": "1.00", "quantity": 1}],
}
WOO = {"id": 1, "status": "processing", "currency": "EUR", "order_key": "k", "total": "0.00", "line_items": []}
CSV = (
    "Name,Financial Status,Subtotal,Shipping,Taxes,Total,Created at,Lineitem quantity,Lineitem name,Lineitem price\n"
    "#1,paid,1.00,0.00,0.00,1.00,2025-01-01 00:00:00 +0000,1,Cup,1.00\n"
)


def read(content: bytes, layout: str | None = None) -> Iterator[incoming.Record]:
    stream = io.BytesIO(content)
    return files.reader(stream, layout=layout).read(stream, SETTING)


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (CSV, "shopify-orders-csv"),
        (json.dumps({"orders": [SHOPIFY]}), "shopify-orders-json"),
        (json.dumps(SHOPIFY), "shopify-orders-json"),
        (json.dumps([WOO]), "woocommerce-orders-json"),
        (json.dumps({"data": WOO}), "woocommerce-orders-json"),
    ],
)
def test_a_file_finds_its_reader(content: str, name: str) -> None:
    assert files.reader(io.BytesIO(content.encode())).name == name
    [order] = read(content.encode())
    assert isinstance(order, incoming.Order)
    [same] = read(content.encode(), name)
    assert same == order


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"PK\x03\x04rest", "packed, but broken"),
        (b"%PDF-1.7", "PDF"),
        (b"<html>", "web page"),
        (b"webhook_id=2", "neither"),
        (b'{"customers": []}', "Shopify customers"),
        (b'{"inventory_level": {"available": 1}}', "inventory levels"),
        (b'{"orders": []}', "no orders"),
        (b"[]", "no records"),
        (b'{"data": {"orders": {"edges": []}}}', "GraphQL"),
        (b'[{"id": 1, "amount": "1", "refunded_by": 1, "line_items": []}]', "refunds without their orders"),
        (b'{"colour": "red"}', "colour"),
        (b"Date,Order #,Status,Customer,Customer type,Items sold\n", "WooCommerce Analytics"),
        (b"order_number,order_total,order_currency\n", "missing columns: item_name, item_quantity, item_total"),
        (b"a,b\n1,2\n", "columns are: a, b"),
        (
            b"Name,Financial Status,Lineitem name,Lineitem quantity,Total\n",
            "missing columns: Subtotal, Shipping, Taxes, Created at",
        ),
        (b"Name,Financial Status,Lineitem name,Lineitem quantity,Transaction kind\n", "order import template"),
    ],
)
def test_what_cannot_be_read_is_named(content: bytes, words: str) -> None:
    with pytest.raises(base.Unreadable, match=words):
        list(read(content))


def test_an_unknown_layout_is_refused_naming_those_there_are() -> None:
    with pytest.raises(base.Unreadable, match="shopify-orders-csv"):
        read(b"", "none")


@pytest.mark.parametrize(
    "content", [b'{"id": NaN}', b"[" * 100_000, b'[{"id": 1', b"\xff\xfe\x00", b'{"id": ' + b"9" * 5000 + b"}"]
)
def test_json_that_is_none_is_unreadable(content: bytes) -> None:
    with pytest.raises(base.Unreadable):
        list(read(content, "shopify-orders-json"))


def test_orders_longer_than_a_piece_of_the_file_are_read_whole() -> None:
    long = {**SHOPIFY, "note": "ä" * 700_000}
    assert len(list(read(json.dumps([long, long], ensure_ascii=False).encode(), "shopify-orders-json"))) == 2


def test_a_table_in_windows_letters_is_read() -> None:
    [order] = read(CSV.replace("Cup", "Müsli – groß").encode("cp1252"))
    assert isinstance(order, incoming.Order)
    assert order.lines[0].title == "Müsli – groß"


def test_many_groups_stay_in_the_order_of_their_first_rows_whatever_lies_between() -> None:
    rows = (tables.Row(n, [str(n % 5_000), str(n)]) for n in range(20_000))
    found = list(tables.grouped(rows, 0))
    assert [group[0].cells[0] for group in found] == [str(n) for n in range(5_000)]
    assert [row.cells[1] for row in found[7]] == ["7", "5007", "10007", "15007"]
