"""Shopify's order JSON is read in each of its shapes, amounts as stated, and odd values stop one order at most."""

from __future__ import annotations

import io
import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.stores import base
from integrations.stores.shopify.json import OrdersJson
from orders import incoming
from orders.incoming import LineKind, PaymentKind, PaymentMethod, Remitter

SETTING = base.Setting(currency="USD", time_zone="America/New_York")
D = Decimal
LINE = {
    "id": 11,
    "title": "Cup",
    "name": "Cup - Blue",
    "price": "10.00",
    "quantity": 2,
    "sku": "CUP",
    "product_id": 1,
    "variant_id": 2,
    "discount_allocations": [{"amount": "2.00"}],
    "tax_lines": [{"title": "State Tax", "rate": 0.1, "price": "1.80", "channel_liable": False}],
}
ORDER: dict[str, Any] = {
    "id": 820982911946154508,
    "name": "#1001",
    "currency": "USD",
    "created_at": "2025-01-02T03:04:05-05:00",
    "updated_at": "2025-01-02T03:04:06-05:00",
    "financial_status": "paid",
    "taxes_included": False,
    "total_line_items_price": "20.00",
    "subtotal_price": "18.00",
    "total_discounts": "2.00",
    "total_tax": "1.80",
    "total_price": "24.80",
    "tax_lines": [{"title": "State Tax", "rate": 0.1, "price": "1.80"}],
    "line_items": [LINE],
    "shipping_lines": [{"id": 21, "title": "Post", "price": "5.00", "discount_allocations": [], "tax_lines": []}],
    "payment_gateway_names": ["shopify_payments"],
    "refunds": [],
    "fulfillments": [],
    "customer": None,
    "email": "ann@example.org",
}


def read(value: object) -> list[incoming.Record]:
    return list(OrdersJson().read(io.BytesIO(json.dumps(value).encode()), SETTING))


def one(**changed: object) -> incoming.Order:
    [order] = read({**ORDER, **changed})
    assert isinstance(order, incoming.Order), order
    return order


@pytest.mark.parametrize("wrapped", [ORDER, [ORDER], {"order": ORDER}, {"orders": [ORDER]}])
def test_every_shape_gives_the_same_order(wrapped: object) -> None:
    assert read(wrapped) == [one()]


def test_lines_taxes_and_totals_are_as_stated() -> None:
    order = one()
    item, shipping = order.lines
    assert (order.id, item.amount, item.discount, item.unit_price, shipping.amount) == (
        "820982911946154508",
        D(18),
        D(2),
        D(10),
        D(5),
    )
    assert [(tax.title, tax.rate, tax.amount, tax.derived) for tax in item.taxes] == [
        ("State Tax", D("0.1"), D("1.8"), False)
    ]
    assert order.totals.by_header == order.totals.total == D("24.80")
    assert not order.identities


def test_tip_duties_and_fees_are_lines_of_their_own() -> None:
    def shop(amount: str) -> dict[str, object]:
        return {"shop_money": {"amount": amount}}

    order = one(
        total_tip_received="1.00",
        original_total_duties_set=shop("3.00"),
        original_total_additional_fees_set=shop("2.00"),
        total_price="30.80",
    )
    assert [(line.kind, line.amount) for line in order.lines[2:]] == [
        (LineKind.TIP, D(1)),
        (LineKind.DUTY, D(3)),
        (LineKind.FEE, D(2)),
    ]
    assert not order.identities


def test_a_gift_card_sold_is_no_item_and_one_redeemed_is_a_payment() -> None:
    paid = [
        {"id": 1, "kind": "sale", "status": "success", "gateway": "gift_card", "amount": "4.80", "currency": "USD"},
        {"id": 2, "kind": "sale", "status": "success", "gateway": "stripe", "amount": "20.00", "currency": "USD"},
        {"id": 3, "kind": "sale", "status": "failure", "gateway": "gift_card", "amount": "9.00", "currency": "USD"},
    ]
    order = one(transactions=paid, line_items=[{**LINE, "gift_card": True}])
    assert order.lines[0].kind == LineKind.GIFT_CARD
    assert [payment.method for payment in order.payments[:2]] == [PaymentMethod.GIFT_CARD, PaymentMethod.CARD]
    assert order.gift_cards_redeemed == D("4.80")
    assert not any(payment.derived for payment in order.payments)


def test_without_transactions_the_payment_is_derived_from_the_state() -> None:
    [payment] = one().payments
    [authorized] = one(financial_status="authorized").payments
    assert (payment.amount, payment.kind, payment.derived) == (D("24.80"), PaymentKind.SALE, True)
    assert authorized.kind == PaymentKind.AUTHORIZATION
    assert one(financial_status="pending").payments == ()


def test_a_tax_the_channel_pays_is_told_apart_and_a_rate_not_charged_is_no_tax() -> None:
    liable = {"title": "GST", "rate": 0.1, "price": "1.80", "channel_liable": True}
    idle = {"title": "CT", "rate": 0.1, "price": "0"}
    [tax] = one(line_items=[{**LINE, "tax_lines": [liable, idle]}]).lines[0].taxes
    assert tax.remitted_by == Remitter.CHANNEL


def test_taxes_stated_on_the_order_only_are_spread_and_marked() -> None:
    bare = {key: value for key, value in LINE.items() if key != "tax_lines"}
    order = one(
        line_items=[bare, {**bare, "id": 12}],
        total_line_items_price="40.00",
        subtotal_price="36.00",
        total_discounts="4.00",
        total_price="42.80",
    )
    assert [[(tax.amount, tax.derived) for tax in line.taxes] for line in order.lines[:2]] == [[(D("0.90"), True)]] * 2
    assert not order.identities


def test_refunded_shipping_that_is_stated_twice_counts_once() -> None:
    refund = {
        "id": 5,
        "created_at": "2025-01-03T00:00:00Z",
        "refund_line_items": [{"line_item_id": 11, "quantity": 1, "subtotal": 9.0, "total_tax": 0.9}],
        "order_adjustments": [{"kind": "shipping_refund", "amount": "-5.00", "tax_amount": "0.00"}],
        "refund_shipping_lines": [{"shipping_line_id": 21, "subtotal_amount_set": {"shop_money": {"amount": "5.00"}}}],
        "transactions": [
            {"id": 9, "kind": "refund", "status": "success", "gateway": "stripe", "amount": "14.90", "currency": "USD"}
        ],
    }
    order = one(refunds=[refund], transactions=[*refund["transactions"]])
    [found] = order.refunds
    assert [(line.kind, line.amount, line.line_id) for line in found.lines] == [
        (LineKind.ITEM, D(9), "11"),
        (LineKind.SHIPPING, D(5), "21"),
    ]
    assert [tax.title for tax in found.lines[0].taxes] == ["State Tax"]
    assert found.amount == D("14.90")
    assert not order.identities
    assert [payment.id for payment in order.payments] == ["paid"], "the refund's transaction stands on the refund"


def test_money_back_that_is_not_what_the_lines_are_worth_breaks_i6() -> None:
    refund = {"id": 5, "transactions": [{"id": 9, "kind": "refund", "status": "success", "amount": "1.00"}]}
    assert [(item.code, item.difference) for item in one(refunds=[refund]).identities] == [("I6", D(1))]


def test_shipments_carry_every_number_and_failed_ones_are_cancelled() -> None:
    sent = {"id": 7, "status": "success", "tracking_numbers": ["A1", "A2"], "line_items": [{"id": 11, "quantity": 1}]}
    first, second = one(fulfillments=[sent, {"id": 8, "status": "failure"}]).shipments
    assert (first.tracking_number, first.cancelled, first.lines[0].line_id) == ("A1, A2", False, "11")
    assert second.cancelled


def test_presentment_currency_and_rate_are_kept_beside_the_shops_amounts() -> None:
    both = {"shop_money": {"amount": "24.80"}, "presentment_money": {"amount": "49.60"}}
    order = one(presentment_currency="CAD", total_price_set=both)
    assert (order.presentment_currency, order.presentment_rate, order.totals.total) == ("CAD", D(2), D("24.80"))


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"total_price": "twelve"}, "total_price"),
        ({"total_price": None}, "total_price"),
        ({"line_items": "none"}, "line_items"),
        ({"line_items": [{**LINE, "price": True}]}, "line_items[0].price"),
        ({"line_items": [{**LINE, "quantity": None}]}, "line_items[0].quantity"),
    ],
)
def test_an_order_that_cannot_be_made_out_is_refused_and_the_next_is_read(
    changed: dict[str, object], field: str
) -> None:
    refusal, order = read([{**ORDER, **changed}, ORDER])
    assert isinstance(refusal, incoming.Refusal)
    assert (refusal.field, refusal.number) == (field, "#1001")
    assert isinstance(order, incoming.Order)


def test_a_list_that_breaks_off_gives_what_came_before_and_says_so() -> None:
    broken = json.dumps([ORDER, ORDER]).encode()[:-40]
    order, refusal = OrdersJson().read(io.BytesIO(broken), SETTING)
    assert isinstance(order, incoming.Order)
    assert isinstance(refusal, incoming.Refusal)
    assert "cannot be read any further" in refusal.reason


def test_text_that_a_database_cannot_keep_is_cleaned() -> None:
    order = one(name="#1\x00\ud800", shipping_address={"name": "A\x00nn", "zip": 10115})
    assert order.shipping is not None
    assert (order.number.startswith("#1"), order.shipping.name, order.shipping.postcode) == (True, "Ann", "10115")
    assert incoming.digest(order)


FULL = {
    **ORDER,
    "transactions": [{"id": 1, "kind": "sale", "status": "success", "amount": "1"}],
    "refunds": [{"id": 1, "refund_line_items": [{"line_item_id": 11, "quantity": 1, "subtotal": 1, "total_tax": 1}]}],
    "fulfillments": [{"id": 1, "tracking_numbers": ["1"]}],
    "payment_terms": {"payment_schedules": [{"due_at": "2025-01-01"}]},
    "billing_address": {"name": "A"},
    "note_attributes": [{"name": "VAT number", "value": "X"}],
}
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=5),
    st.just([]),
    st.just({}),
    st.just([1]),
    st.just({"a": "b"}),
    st.just("0001-01-01T00:00:00+02:00"),
)


def damaged(value: Any, path: list[str], odd: object) -> Any:
    if not path:
        return odd
    copy = dict(value)
    inner = copy.get(path[0])
    rest = damaged(inner[0], path[1:], odd) if isinstance(inner, list) and inner and len(path) > 1 else None
    copy[path[0]] = [rest] if rest is not None else damaged(inner, path[1:], odd) if isinstance(inner, dict) else odd
    return copy


PATHS = [[key] for key in FULL] + [
    [key, inner]
    for key in FULL
    for value in [FULL[key]]
    for inner in (
        value[0]
        if isinstance(value, list) and value and isinstance(value[0], dict)
        else value
        if isinstance(value, dict)
        else {}
    )
]


@settings(max_examples=400)
@given(path=st.sampled_from(PATHS), odd=ODD)
def test_no_odd_value_anywhere_breaks_the_reading(path: list[str], odd: object) -> None:
    first, second = read([damaged(FULL, path, odd), ORDER])
    assert isinstance(first, (incoming.Order, incoming.Refusal))
    assert incoming.digest(first)
    assert second == one()


@pytest.mark.parametrize(
    ("head", "words"),
    [(b'{"orders": [{"id": 991, "na', "cut off in its first order"), (b'{"orders": []}', "holds no orders")],
)
def test_a_file_that_was_cut_off_is_told_from_an_empty_one(head: bytes, words: str) -> None:
    with pytest.raises(base.Unreadable, match=words):
        OrdersJson().recognises(head, "orders.json")
