"""The order tables of WooCommerce's export plugins are read as their own code writes them, and what they do not say is said."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.stores import base, files
from integrations.stores.woocommerce import packed
from orders import incoming, money
from orders.incoming import LineKind, PaymentMethod, PaymentState

D = Decimal
BERLIN = ZoneInfo("Europe/Berlin")
SETTING = base.Setting(currency="EUR", time_zone="Europe/Berlin")


def titles(text: str) -> list[str]:
    return text.split(",")


# The header of Customer/Order Export's "Default - one row per item" (version 4), as its formats class lists it.
ITEMS = titles(
    "order_id,order_number,date,status,shipping_total,shipping_tax_total,fee_total,fee_tax_total,tax_total,discount_total,order_total,refunded_total,"
    "order_currency,payment_method,shipping_method,customer_id,billing_first_name,billing_last_name,billing_company,billing_email,billing_phone,"
    "billing_address_1,billing_address_2,billing_postcode,billing_city,billing_state,billing_country,shipping_first_name,shipping_last_name,"
    "shipping_address_1,shipping_address_2,shipping_postcode,shipping_city,shipping_state,shipping_country,shipping_company,customer_note,item_id,"
    "item_product_id,item_name,item_sku,item_quantity,item_subtotal,item_subtotal_tax,item_total,item_total_tax,item_refunded,item_refunded_qty,"
    "item_meta,shipping_items,fee_items,tax_items,coupon_items,order_notes,download_permissions_granted"
)
PACKED = [
    *ITEMS[: ITEMS.index("item_id")],
    "line_items",
    *ITEMS[ITEMS.index("shipping_items") : -2],
    "refunds",
    *ITEMS[-2:],
]
# The start of WebToffee's header, as its documentation has it; line_item_1 … follow.
SIDEWAYS = titles(
    "order_id,order_number,order_date,paid_date,status,shipping_total,shipping_tax_total,fee_total,fee_tax_total,tax_total,cart_discount,"
    "order_discount,discount_total,order_total,order_subtotal,order_currency,payment_method,payment_method_title,transaction_id,customer_ip_address,"
    "customer_user_agent,shipping_method,customer_id,customer_user,customer_email,billing_first_name,billing_last_name,billing_company,billing_email,"
    "billing_phone,billing_address_1,billing_address_2,billing_postcode,billing_city,billing_state,billing_country,shipping_first_name,"
    "shipping_last_name,shipping_company,shipping_phone,shipping_address_1,shipping_address_2,shipping_postcode,shipping_city,shipping_state,"
    "shipping_country,customer_note,wt_import_key,shipping_items,fee_items,tax_items,coupon_items,refund_items,order_notes,download_permissions,"
    "meta:_example,line_item_1,line_item_2,line_item_3"
)
HEAD = {
    "order_id": "731", "order_number": "10731", "date": "2026-03-14 10:15:00", "status": "processing", "shipping_total": "5.00", "shipping_tax_total": "0.95",
    "fee_total": "2.00", "fee_tax_total": "0.38", "tax_total": "6.23", "discount_total": "2.00", "order_total": "43.23", "refunded_total": "0.00",
    "order_currency": "EUR", "payment_method": "stripe", "shipping_method": "Parcel", "customer_id": "0", "billing_first_name": "Paula",
    "billing_last_name": "Beispiel", "billing_email": "paula@example.org", "billing_phone": "'+49 30 1234", "billing_address_1": "Musterweg 1",
    "billing_postcode": "'01067", "billing_city": "Musterstadt", "billing_country": "DE",
    "shipping_items": "id:9|method_id:flat_rate|method_title:Parcel|total:5.00", "fee_items": "id:8|title:Gift wrap|tax_class:|total:2.00|total_tax:0.38|taxable:1",
    "tax_items": "id:7|rate_id:1|code:DE-MWST-1|title:MwSt|total:6.23|compound:", "coupon_items": "id:6|code:spring|amount:2.00|description:",
}  # fmt: skip
MUG = {"item_id": "11", "item_product_id": "70", "item_name": "Mug; red|large", "item_sku": "MUG-1", "item_quantity": "2", "item_subtotal": "20.00",
       "item_subtotal_tax": "3.80", "item_total": "18.00", "item_total_tax": "3.40"}  # fmt: skip
TEA = {"item_id": "12", "item_product_id": "71", "item_name": "Tea", "item_sku": "unknown_product", "item_quantity": "1", "item_subtotal": "12.00",
       "item_subtotal_tax": "1.50", "item_total": "12.00", "item_total_tax": "1.50"}  # fmt: skip


def written(columns: Sequence[str], *rows: dict[str, str], delimiter: str = ",") -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", extrasaction="ignore", delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def read(data: bytes, **setting: Any) -> list[incoming.Record]:
    found = base.Setting(currency="EUR", time_zone="Europe/Berlin", **setting) if setting else SETTING
    return list(files.reader(io.BytesIO(data)).read(io.BytesIO(data), found))


def one(columns: Sequence[str], *rows: dict[str, str]) -> incoming.Order:
    [order] = read(written(columns, *rows))
    assert isinstance(order, incoming.Order), order
    return order


def refused(columns: Sequence[str], *rows: dict[str, str]) -> incoming.Refusal:
    [refusal] = read(written(columns, *rows))
    assert isinstance(refusal, incoming.Refusal)
    return refusal


def lines(order: incoming.Order) -> list[tuple[object, ...]]:
    return [
        (line.kind, line.id, line.title, line.sku, line.quantity, line.amount, line.discount, [(tax.title, tax.amount) for tax in line.taxes])
        for line in order.lines
    ]  # fmt: skip


WANTED = [
    (LineKind.ITEM, "11", "Mug; red|large", "MUG-1", D(2), D(18), D(2), [("MwSt", D("3.40"))]),
    (LineKind.ITEM, "12", "Tea", "", D(1), D(12), D(0), [("MwSt", D("1.50"))]),
    (LineKind.SHIPPING, "", "Parcel", "", D(1), D(5), D(0), [("MwSt", D("0.95"))]),
    (LineKind.FEE, "8", "Gift wrap", "", D(1), D(2), D(0), [("MwSt", D("0.38"))]),
]


def test_one_row_per_item_is_one_order_with_its_taxes_per_line() -> None:
    order = one(ITEMS, HEAD | MUG, HEAD | TEA)
    assert lines(order) == WANTED
    assert (order.id, order.number, order.currency, order.tax_included) == ("731", "10731", "EUR", False)
    assert (order.totals.total, order.totals.by_header, order.totals.tax) == (D("43.23"), D("43.23"), D("6.23"))
    assert order.placed_at == datetime(2026, 3, 14, 10, 15, tzinfo=BERLIN)
    assert order.billing is not None
    assert (order.billing.name, order.billing.postcode, order.billing.phone) == (
        "Paula Beispiel",
        "01067",
        "+49 30 1234",
    )
    assert {tax.country for line in order.lines for tax in line.taxes} == {"DE"}
    assert (order.payments, order.payment_state) == ((), PaymentState.PENDING)
    assert order.notes == ("The file names no day of payment, so that no payment is known.",)
    assert not order.identities
    assert not any(tax.derived for line in order.lines for tax in line.taxes)


def test_rows_of_an_order_are_found_wherever_they_stand_and_the_head_on_any_of_them() -> None:
    bare = {"order_id": "731", "order_number": "10731"}
    other = HEAD | MUG | {"order_id": "732", "order_number": "10732"}
    first, second = read(written(ITEMS, bare | MUG, other, HEAD | TEA))
    assert isinstance(first, incoming.Order)
    assert isinstance(second, incoming.Order)
    assert ([line[1] for line in lines(first)], second.number) == (["11", "12", "", "8"], "10732")


def test_items_packed_into_one_cell_are_the_same_order() -> None:
    items = (
        r"id:11|name:Mug\; red\|large|product_id:70|sku:MUG-1|quantity:2|subtotal:20.00|subtotal_tax:3.80|total:18.00|total_tax:3.40|refunded:0.00|meta:;"
        "id:12|name:Tea|product_id:71|sku:unknown_product|quantity:1|subtotal:12.00|subtotal_tax:1.50|total:12.00|total_tax:1.50|refunded:0.00|refunded_qty:0|meta:"
    )
    assert lines(one(PACKED, HEAD | {"line_items": items})) == WANTED


def test_refunds_of_a_packed_order_come_with_id_date_and_reason() -> None:
    items = "id:12|name:Tea|sku:TEA|quantity:1|subtotal:36.00|total:36.00|total_tax:0.00"
    refunds = r"id:801|date:2026-03-20 09:00:00|amount:5.00|reason:one cup\: broken;id:802|date:2026-03-21 09:00:00|amount:1.00|reason:"
    head = HEAD | {
        "tax_total": "0",
        "shipping_tax_total": "0",
        "fee_items": "",
        "fee_total": "0",
        "tax_items": "",
        "order_total": "41.00",
        "refunded_total": "6.00",
    }
    order = one(PACKED, head | {"line_items": items, "refunds": refunds})
    assert [(refund.id, refund.amount, refund.reason, refund.refunded_at) for refund in order.refunds] == [
        ("801", D(5), "one cup: broken", datetime(2026, 3, 20, 9, tzinfo=BERLIN)),
        ("802", D(1), "", datetime(2026, 3, 21, 9, tzinfo=BERLIN)),
    ]
    assert (order.totals.refunded, order.payment_state) == (D(6), PaymentState.PARTIALLY_REFUNDED)


def sideways(**changes: str) -> dict[str, str]:
    """An order with 19 % on mug, shipping and fee and 7 % on tea, as WebToffee writes it."""
    return HEAD | {
        "order_date": "2026-03-14 10:15:00", "paid_date": "2026-03-14T09:20:00+00:00", "date": "", "tax_total": "5.55", "order_total": "42.55",
        "cart_discount": "2.00", "transaction_id": "ch_1",
        "shipping_items": 'items:Mug × 2|method_id:flat_rate:1|taxes:a:1:{s:5:"total";a:1:{i:1;s:4:"0.95";}}',
        "fee_items": 'name:Gift wrap|total:2.00|tax:0.38|tax_data:a:1:{s:5:"total";a:1:{i:1;s:4:"0.38";}}',
        "tax_items": "rate_id:1|code:DE-MWST-1|total:3.76|label:MwSt|tax_rate_compound:|shipping_tax_amount:0.95|rate_percent:19;"
        "rate_id:2|code:DE-MWST-2|total:0.84|label:MwSt|tax_rate_compound:|shipping_tax_amount:0|rate_percent:7",
        "coupon_items": "code:spring|amount:2.00",
        "line_item_1": 'name:Mug; red|product_id:70|sku:MUG-1|quantity:2|total:18.00|sub_total:20.00|tax:3.38|tax_data:a:2:{s:5:"total";a:1:{i:1;s:4:"3.38";}'
        's:8:"subtotal";a:1:{i:1;s:4:"3.80";}}|meta:colour:red|_variation_id:77',
        "line_item_2": 'name:Tea|product_id:71|sku:TEA|quantity:1|total:12.00|sub_total:12.00|tax:0.84|tax_data:a:1:{s:5:"total";a:1:{i:2;s:4:"0.84";}}',
        **changes,
    }  # fmt: skip


def test_items_that_lie_sideways_bear_the_taxes_that_php_serialized() -> None:
    order = one(SIDEWAYS, sideways())
    assert [(line.kind, line.title, line.sku, line.variant_id, line.amount, line.discount) for line in order.lines] == [
        (LineKind.ITEM, "Mug; red", "MUG-1", "77", D(18), D(2)),
        (LineKind.ITEM, "Tea", "TEA", "", D(12), D(0)),
        (LineKind.SHIPPING, "Parcel", "", "", D(5), D(0)),
        (LineKind.FEE, "Gift wrap", "", "", D(2), D(0)),
    ]
    assert [[(tax.rate, tax.amount) for tax in line.taxes] for line in order.lines] == [
        [(D("0.19"), D("3.38"))],
        [(D("0.07"), D("0.84"))],
        [(D("0.19"), D("0.95"))],
        [(D("0.19"), D("0.38"))],
    ]
    [payment] = order.payments
    assert (payment.amount, payment.method, payment.processed_at) == (
        D("42.55"),
        PaymentMethod.CARD,
        datetime(2026, 3, 14, 9, 20, tzinfo=UTC),
    )
    assert (order.payment_state, order.identities, order.notes) == (PaymentState.PAID, (), ())


def test_sideways_refunds_are_dated_in_utc_and_numbered() -> None:
    [refund] = one(SIDEWAYS, sideways(refund_items="amount:5.00|reason:broken|date:2026-03-20 08:00:00")).refunds
    assert (refund.id, refund.amount, refund.refunded_at) == ("1", D(5), datetime(2026, 3, 20, 8, tzinfo=UTC))
    assert refund.payments[0].amount == D(5)


def test_a_redeemed_gift_card_among_the_items_is_a_payment() -> None:
    order = one(
        SIDEWAYS,
        sideways(
            line_item_3="giftcard-name:ABC|giftcard-id:3|used_balance:10.00|available_balance:0|gift_card_expires:",
            order_total="32.55",
        ),
    )
    assert (len(order.lines), order.gift_cards_redeemed, order.totals.taken_off) == (4, D(10), D(10))
    assert sorted(payment.amount for payment in order.payments) == [D(10), D("32.55")]


def test_an_order_without_items_in_its_further_columns_reads_to_its_end() -> None:
    assert len(one([*SIDEWAYS, *(f"line_item_{n}" for n in range(4, 40))], sideways()).lines) == 4


def test_rates_that_leave_one_way_only_are_told_apart_by_their_sums() -> None:
    taxes = "id:1|rate_id:1|code:DE-MWST-1|title:MwSt 19|total:4.73|compound:;id:2|rate_id:2|code:DE-MWST-2|title:MwSt 7|total:1.50|compound:"
    order = one(ITEMS, HEAD | MUG | {"tax_items": taxes}, HEAD | TEA | {"tax_items": taxes})
    assert [[tax.title for tax in line.taxes] for line in order.lines] == [
        ["MwSt 19"],
        ["MwSt 7"],
        ["MwSt 19"],
        ["MwSt 19"],
    ]


def test_rates_that_cannot_be_told_apart_stand_under_one_name_and_say_so() -> None:
    taxes = "id:1|rate_id:1|code:CA-GST-1|title:GST|total:3.00|compound:;id:2|rate_id:2|code:CA-PST-2|title:PST|total:3.23|compound:"
    order = one(ITEMS, HEAD | MUG | {"tax_items": taxes}, HEAD | TEA | {"tax_items": taxes})
    assert {tax.title for line in order.lines for tax in line.taxes} == {"GST + PST"}
    assert "The file does not say which of its taxes a line bears; they stand under one name." in order.notes


def test_a_tax_stated_for_the_order_only_is_divided_by_value_and_marked() -> None:
    columns = [name for name in ITEMS if name not in ("item_total_tax", "item_subtotal_tax")]
    order = one(columns, HEAD | MUG, HEAD | TEA)
    assert [(tax.amount, tax.derived) for line in order.lines[:2] for tax in line.taxes] == [
        (D("2.94"), True),
        (D("1.96"), True),
    ]
    assert money.total(tax.amount for line in order.lines for tax in line.taxes) == D("6.23")


def test_titles_may_stand_in_any_order_and_spelling_with_others_between() -> None:
    columns = [*reversed(ITEMS), "Colour of the day"]
    data = (
        written(columns, HEAD | MUG, HEAD | TEA, delimiter=";")
        .replace(b"order_id", b"Order ID")
        .replace(b"item_total;", b"Item Total;")
    )
    [order] = read(data)
    assert isinstance(order, incoming.Order)
    assert lines(order) == WANTED


def test_a_refunded_total_alone_is_a_refund_without_date() -> None:
    [refund] = one(ITEMS, HEAD | MUG | {"refunded_total": "4.00"}, HEAD | TEA).refunds
    assert (refund.id, refund.amount, refund.refunded_at, refund.lines) == ("refunded", D(4), None, ())


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"item_total": "1,234"}, "Row 2: “item_total” is “1,234”. It can be read as 1234 and as 1.234"),
        ({"item_total": "abc"}, "Row 2: “item_total” is “abc”. An amount looks like"),
        ({"item_quantity": ""}, "Row 2: “item_quantity” is empty."),
        (
            {"date": "03/04/2026 10:00:00"},
            "Row 2: “date” is “03/04/2026 10:00:00”. It can be read as 3 April and 4 March",
        ),
        ({"order_total": ""}, "Row 2: “order_total” is empty."),
        ({"fee_items": "id:8|title:X|total:x1"}, "Row 2: “fee_items” is “x1”."),
    ],
)
def test_what_cannot_be_made_out_is_refused_with_row_column_value_and_fix(changes: dict[str, str], words: str) -> None:
    refusal = refused(ITEMS, HEAD | MUG | changes)
    assert refusal.reason.startswith(words)
    assert (refusal.where, refusal.number) == ("order 10731", "10731")


def test_what_is_said_of_the_file_answers_what_reads_two_ways() -> None:
    data = written(ITEMS, HEAD | MUG | {"item_total": "1,234", "date": "03/04/2026 10:00:00"})
    [order] = read(data, decimal=",", dates="dmy")
    assert isinstance(order, incoming.Order)
    assert (order.lines[0].amount, order.placed_at) == (D("1.234"), datetime(2026, 4, 3, 10, tzinfo=BERLIN))


def test_an_order_that_states_two_totals_is_refused_and_the_next_one_read() -> None:
    other = HEAD | MUG | {"order_id": "732", "order_number": "10732"}
    refusal, order = read(written(ITEMS, HEAD | MUG, HEAD | TEA | {"order_total": "99.00"}, other))
    assert isinstance(refusal, incoming.Refusal)
    assert refusal.reason.startswith("Row 3: “order_total” is “99.00”. The rows of this order state different totals")
    assert isinstance(order, incoming.Order)


def test_a_packed_item_without_its_amount_is_refused() -> None:
    refusal = refused(PACKED, HEAD | {"line_items": "id:11|name:Mug|quantity:2"})
    assert "An item in it has no total." in refusal.reason


def test_the_analytics_report_is_refused_with_what_to_do() -> None:
    report = "Date,Order #,N. Revenue (formatted),Status,Customer,Customer type,Product(s),Items sold,Coupon(s),Net Sales,Attribution\n"
    with pytest.raises(base.Unreadable, match="neither lines nor taxes, so nothing can be booked"):
        read(report.encode())


TEXT = st.text(
    st.characters(codec="utf-8", exclude_characters="\\\r\n\x00", exclude_categories=("Cs",)), max_size=20
).map(str.strip)


def escaped(text: str) -> str:
    return text.replace(":", "\\:").replace("|", "\\|").replace(";", "\\;")


@given(st.lists(st.tuples(st.integers(1, 99).map(str), TEXT, TEXT), max_size=4))
def test_whatever_is_packed_comes_out_again(told: list[tuple[str, str, str]]) -> None:
    items = [{"id": number, "name": name, "meta": meta, "total": "1.00"} for number, name, meta in told]
    text = ";".join("|".join(f"{key}:{escaped(value)}" for key, value in item.items()) for item in items)
    assert packed.items(text) == items


@given(st.lists(st.tuples(st.integers(1, 99).map(str), st.decimals(0, 999, places=2).map(str)), max_size=4))
def test_serialized_taxes_come_out_again(shares: list[tuple[str, str]]) -> None:
    inner = "".join(f'i:{rate};s:{len(amount)}:"{amount}";' for rate, amount in shares)
    assert packed.taxes(f'a:2:{{s:5:"total";a:{len(shares)}:{{{inner}}}s:8:"subtotal";a:0:{{}}}}') == shares
