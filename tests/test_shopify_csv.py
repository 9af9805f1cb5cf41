"""Shopify's order export is read whatever its age, its order of rows and its cells, and nothing in it is guessed."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from decimal import Decimal

import pytest

from integrations.stores import base
from integrations.stores.shopify.csv import OrdersCsv
from orders import incoming, money
from orders.incoming import LineKind, PaymentKind, PaymentMethod, PaymentState

SETTING = base.Setting(currency="EUR", time_zone="Europe/Berlin")
D = Decimal
HEAD = {
    "Name": "#1001",
    "Email": "ann@example.org",
    "Financial Status": "paid",
    "Paid at": "2025-10-07 09:50:27 +0200",
    "Fulfillment Status": "unfulfilled",
    "Fulfilled at": "",
    "Currency": "EUR",
    "Subtotal": "30.00",
    "Shipping": "5.00",
    "Taxes": "0.00",
    "Total": "35.00",
    "Discount Code": "",
    "Discount Amount": "0.00",
    "Shipping Method": "Standard",
    "Created at": "2025-10-07 09:50:26 +0200",
    "Lineitem quantity": "1",
    "Lineitem name": "Cup",
    "Lineitem price": "10.00",
    "Lineitem sku": "CUP",
    "Lineitem requires shipping": "true",
    "Lineitem taxable": "true",
    "Billing Name": "Ann Li",
    "Billing Zip": "'10115",
    "Billing Country": "DE",
    "Cancelled at": "",
    "Payment Method": "Stripe",
    "Refunded Amount": "0.00",
    "Outstanding Balance": "0.00",
    "Id": "5044773697115",
    "Lineitem discount": "0.00",
    "Tax 1 Name": "",
    "Tax 1 Value": "",
    "Duties": "",
}
ITEM = {
    "Name": "#1001",
    "Created at": HEAD["Created at"],
    "Lineitem quantity": "2",
    "Lineitem name": "Plate",
    "Lineitem price": "10.00",
    "Lineitem sku": "PLATE",
    "Lineitem taxable": "true",
    "Lineitem discount": "0.00",
}


def written(rows: Sequence[dict[str, str]], columns: Sequence[str] = tuple(HEAD), delimiter: str = ",") -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", extrasaction="ignore", delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def read(data: bytes) -> list[incoming.Record]:
    return list(OrdersCsv().read(io.BytesIO(data), SETTING))


def one(*rows: dict[str, str]) -> incoming.Order:
    [order] = read(written(rows))
    assert isinstance(order, incoming.Order), order
    return order


def refused(*rows: dict[str, str]) -> incoming.Refusal:
    [refusal] = read(written(rows))
    assert isinstance(refusal, incoming.Refusal)
    return refusal


def test_an_order_is_read_with_its_items_shipping_and_derived_payment() -> None:
    order = one(HEAD, ITEM)
    assert [(line.kind, line.sku, line.quantity, line.amount) for line in order.lines] == [
        (LineKind.ITEM, "CUP", D(1), D(10)),
        (LineKind.ITEM, "PLATE", D(2), D(20)),
        (LineKind.SHIPPING, "", D(1), D(5)),
    ]
    assert (order.id, order.number, order.totals.total, order.totals.by_header) == (
        "5044773697115",
        "#1001",
        D(35),
        D(35),
    )
    [payment] = order.payments
    assert (payment.amount, payment.method, payment.derived) == (D(35), PaymentMethod.CARD, True)
    assert order.billing is not None
    assert order.billing.postcode == "10115"
    assert order.placed_at is not None
    assert order.placed_at.isoformat() == "2025-10-07T09:50:26+02:00"
    assert not order.identities


def test_rows_of_one_order_are_put_together_wherever_they_stand() -> None:
    other = {**HEAD, "Name": "#1002", "Id": "2", "Subtotal": "10.00", "Total": "15.00"}
    orders = read(written([ITEM, other, HEAD]))
    assert [(order.number, len(order.lines), order.identities) for order in orders] == [
        ("#1001", 3, ()),
        ("#1002", 2, ()),
    ]


def test_titles_are_matched_by_name_in_any_spelling_order_and_delimiter() -> None:
    renamed = {"Lineitem sku": "Lineitem SKU", "Cancelled at": "Canceled at"}
    columns = [renamed.get(name, name) for name in reversed(HEAD)]
    rows = [{renamed.get(name, name): cell for name, cell in row.items()} for row in (HEAD, ITEM)]
    plain, again = read(written([HEAD, ITEM])), read(b"\xef\xbb\xbf" + written(rows, columns, ";"))
    assert again == plain


def test_an_old_file_without_newer_columns_is_read() -> None:
    old = [
        name
        for name in HEAD
        if name not in {"Outstanding Balance", "Duties", "Tax 1 Name", "Tax 1 Value", "Lineitem discount"}
    ]
    [order] = read(written([HEAD, ITEM], old))
    assert isinstance(order, incoming.Order)
    assert order.totals.by_header == D(35)


def test_two_orders_of_one_name_are_told_apart_by_their_ids() -> None:
    single = {**HEAD, "Subtotal": "10.00", "Total": "15.00"}
    orders = read(written([single, {**single, "Id": "7"}]))
    assert [order.id for order in orders if isinstance(order, incoming.Order)] == ["5044773697115", "7"]


def test_an_order_that_is_in_the_file_twice_is_refused() -> None:
    assert "more than once" in refused(HEAD, ITEM, HEAD, ITEM).reason


def test_tax_is_included_if_the_total_says_so() -> None:
    order = one({**HEAD, "Taxes": "5.59", "Tax 1 Name": "DE MwSt 19%", "Tax 1 Value": "5.59"}, ITEM)
    assert order.tax_included
    taxes = [tax for line in order.lines for tax in line.taxes]
    assert {(tax.title, tax.rate, tax.derived) for tax in taxes} == {("DE MwSt", D("0.19"), True)}
    assert money.total(tax.amount for tax in taxes) == D("5.59")
    assert order.lines[-1].taxes, "35.00 × 19/119 = 5.59: the shipping was taxed too"


def test_tax_comes_on_top_if_the_total_says_so_and_spares_untaxed_shipping() -> None:
    tax = {"Taxes": "1.80", "Total": "36.80", "Tax 1 Name": "Michigan State Tax 6%", "Tax 1 Value": "1.80"}
    order = one({**HEAD, **tax}, ITEM)
    assert not order.tax_included
    assert [money.total(tax.amount for tax in line.taxes) for line in order.lines] == [D("0.60"), D("1.20"), 0]
    assert not order.identities


def test_a_total_that_fits_neither_way_breaks_c2_by_the_exact_difference() -> None:
    order = one({**HEAD, "Total": "36.11"}, ITEM)
    assert [(identity.code, identity.difference) for identity in order.identities] == [("C2", D("1.11"))]


def test_a_discount_is_spread_by_value_and_marked_as_derived() -> None:
    order = one({**HEAD, "Discount Amount": "10.00", "Subtotal": "20.00", "Total": "25.00"}, ITEM)
    assert [(line.discount, line.amount, line.derived) for line in order.lines[:2]] == [
        (D("3.33"), D("6.67"), True),
        (D("6.67"), D("13.33"), True),
    ]
    assert not order.identities
    assert any("spread" in note for note in order.notes)


def test_a_free_shipping_code_comes_off_the_shipping() -> None:
    order = one({**HEAD, "Discount Amount": "5.00", "Total": "30.00"}, ITEM)
    assert [(line.discount, line.amount) for line in order.lines] == [(0, D(10)), (0, D(20)), (D(5), 0)]
    assert order.totals.by_header == D(30)
    assert not order.identities


def test_a_refund_in_full_has_every_line_and_a_part_of_it_none() -> None:
    [whole] = one({**HEAD, "Financial Status": "refunded", "Refunded Amount": "35.00"}, ITEM).refunds
    [part] = one({**HEAD, "Financial Status": "partially_refunded", "Refunded Amount": "3.00"}, ITEM).refunds
    assert [line.amount for line in whole.lines] == [D(10), D(20), D(5)]
    assert (part.amount, part.lines) == (D(3), ())
    assert [payment.kind for payment in part.payments] == [PaymentKind.REFUND]


def test_a_payment_shared_by_two_gateways_is_one_payment_with_a_note() -> None:
    order = one({**HEAD, "Payment Method": "Gift Card + Stripe"}, ITEM)
    assert [(payment.method, payment.gateway) for payment in order.payments] == [
        (PaymentMethod.OTHER, "Gift Card + Stripe")
    ]
    assert any("does not say how much" in note for note in order.notes)


def test_an_order_called_paid_whose_balance_is_outstanding_has_no_payment() -> None:
    order = one({**HEAD, "Outstanding Balance": "35.00"}, ITEM)
    assert order.payments == ()
    assert order.payment_state == PaymentState.PAID
    assert any("outstanding" in note for note in order.notes)


def test_gift_cards_sold_and_tips_are_known_by_their_line() -> None:
    card = {
        **ITEM,
        "Lineitem name": "Gift Card - 20",
        "Lineitem requires shipping": "false",
        "Lineitem taxable": "false",
    }
    order = one(HEAD, {**card, "Lineitem quantity": "1"}, {**ITEM, "Lineitem name": "Tip", "Lineitem quantity": "1"})
    assert [line.kind for line in order.lines] == [LineKind.ITEM, LineKind.GIFT_CARD, LineKind.TIP, LineKind.SHIPPING]


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("Total", "1,234"),
        ("Total", "1,23,456.78"),
        ("Total", "€35"),
        ("Total", "NaN"),
        ("Total", "=SUM(A1:A3)"),
        ("Lineitem quantity", ""),
        ("Created at", "31/02/2023 10:35"),
        ("Created at", "03/04/2026"),
    ],
)
def test_what_cannot_be_made_out_is_refused_with_field_value_and_fix(column: str, cell: str) -> None:
    good = {**HEAD, "Name": "#1", "Id": "1", "Subtotal": "10.00", "Total": "15.00"}
    refusal, order = read(written([{**HEAD, column: cell}, good]))
    assert isinstance(refusal, incoming.Refusal)
    assert (refusal.field, refusal.value, refusal.number) == (column, cell, "#1001")
    assert cell in refusal.reason
    assert refusal.reason.startswith("Row 2: ")
    assert refusal.reason.count(". ") >= 1, "a fix follows"
    assert "CUP" in refusal.raw
    assert isinstance(order, incoming.Order)


def test_a_file_without_its_money_columns_is_refused_naming_them() -> None:
    columns = [name for name in HEAD if name not in {"Total", "Lineitem price"}]
    with pytest.raises(base.Unreadable, match="missing columns: Total, Lineitem price"):
        read(written([HEAD], columns))


def test_two_files_put_together_are_read_as_one() -> None:
    other = written([{**HEAD, "Name": "#1002", "Id": "2", "Subtotal": "10.00", "Total": "15.00"}])
    assert [order.number for order in read(written([HEAD, ITEM]) + other) if isinstance(order, incoming.Order)] == [
        "#1001",
        "#1002",
    ]


def test_yen_keep_a_discount_that_has_no_smaller_unit_whole() -> None:
    yen = {**HEAD, "Currency": "JPY", "Discount Amount": "1.00", "Subtotal": "29.00", "Total": "34.00"}
    assert [line.amount for line in one(yen, ITEM).lines] == [D(10), D(19), D(5)]
