"""WooCommerce's order JSON is read in each of its shapes, always without tax in its lines, with refunds, gift cards and odd values."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.stores import base
from integrations.stores.woocommerce.json import OrdersJson
from orders import incoming
from orders.incoming import FulfilmentState, LineKind, PaymentMethod, PaymentState

SETTING = base.Setting(currency="CAD", time_zone="America/Vancouver")
D = Decimal
LINE = {
    "id": 3,
    "name": "Tee",
    "product_id": 10,
    "variation_id": 0,
    "quantity": 2,
    "subtotal": "40.00",
    "subtotal_tax": "4.80",
    "total": "36.00",
    "total_tax": "4.32",
    "taxes": [{"id": 1, "total": "1.80"}, {"id": 2, "total": "2.52"}],
    "sku": "TEE",
    "price": 18,
}
ORDER: dict[str, Any] = {
    "id": 32,
    "number": "W-32",
    "status": "processing",
    "currency": "CAD",
    "prices_include_tax": True,
    "order_key": "k",
    "date_created": "2026-11-22T15:58:02",
    "date_created_gmt": "2026-11-22T23:58:02",
    "date_modified": "2026-11-22T16:01:06",
    "date_modified_gmt": None,
    "date_paid_gmt": "2026-11-23T00:01:04",
    "discount_total": "4.00",
    "discount_tax": "0.48",
    "shipping_total": "10.00",
    "shipping_tax": "0.50",
    "cart_tax": "4.32",
    "total": "50.82",
    "total_tax": "4.82",
    "customer_id": 0,
    "billing": {"first_name": "Ann", "last_name": "Li", "country": "CA", "email": "ann@example.org"},
    "payment_method": "bacs",
    "meta_data": [],
    "line_items": [LINE],
    "fee_lines": [],
    "refunds": [],
    "tax_lines": [
        {
            "rate_id": 1,
            "rate_code": "CA-BC-GST-1",
            "label": "GST",
            "tax_total": "1.80",
            "shipping_tax_total": "0.50",
            "rate_percent": 5,
        },
        {
            "rate_id": 2,
            "rate_code": "CA-BC-PST-2",
            "label": "PST",
            "tax_total": "2.52",
            "shipping_tax_total": "0.00",
            "rate_percent": 7,
        },
    ],
    "shipping_lines": [
        {"id": 5, "method_title": "Flat", "total": "10.00", "total_tax": "0.50", "taxes": [{"id": 1, "total": "0.50"}]}
    ],
    "coupon_lines": [{"code": "ten", "discount": "4.00"}],
}


def read(value: object) -> list[incoming.Record]:
    return list(OrdersJson().read(io.BytesIO(json.dumps(value).encode()), SETTING))


def one(**changed: object) -> incoming.Order:
    [order] = read({**ORDER, **changed})
    assert isinstance(order, incoming.Order), order
    return order


@pytest.mark.parametrize("wrapped", [ORDER, [ORDER], {"data": ORDER}, {"data": [ORDER]}])
def test_every_shape_gives_the_same_order(wrapped: object) -> None:
    assert read(wrapped) == [one()]


def test_lines_are_without_tax_even_where_prices_were_entered_with_it() -> None:
    order = one()
    item = order.lines[0]
    assert (order.tax_included, item.amount, item.discount) == (False, D(36), D(4))
    assert [(tax.title, tax.rate, tax.amount, tax.country, tax.region) for tax in item.taxes] == [
        ("GST", D("0.05"), D("1.80"), "CA", "BC"),
        ("PST", D("0.07"), D("2.52"), "CA", "BC"),
    ]
    assert order.totals.by_header == order.totals.total
    assert not order.identities


def test_unrounded_shares_are_fitted_to_the_lines_own_tax() -> None:
    order = one(line_items=[{**LINE, "taxes": [{"id": 1, "total": "1.804999"}, {"id": 2, "total": "2.519"}]}])
    assert [(tax.amount, tax.derived) for tax in order.lines[0].taxes] == [(D("1.80"), True), (D("2.52"), True)]


def test_gmt_dates_win_and_local_dates_are_the_shops() -> None:
    order = one()
    assert order.placed_at == datetime(2026, 11, 22, 23, 58, 2, tzinfo=UTC)
    assert order.updated_at == datetime(2026, 11, 23, 0, 1, 6, tzinfo=UTC)


def test_a_gift_card_taken_off_the_total_is_a_payment_and_explains_the_total() -> None:
    order = one(gift_cards=[{"code": "A", "amount": 20}], total="30.82")
    assert (order.totals.taken_off, order.gift_cards_redeemed) == (D(20), D(20))
    assert [(payment.method, payment.amount) for payment in order.payments] == [
        (PaymentMethod.GIFT_CARD, D(20)),
        (PaymentMethod.BANK, D("30.82")),
    ]
    assert not order.identities


def test_a_refund_stub_tells_its_amount_and_asks_for_its_lines() -> None:
    order = one(refunds=[{"id": 45, "reason": "late", "total": "-10.50"}])
    [refund] = order.refunds
    assert (refund.amount, refund.lines, refund.payments[0].amount) == (D("10.50"), (), D("10.50"))
    assert order.payment_state == PaymentState.PARTIALLY_REFUNDED
    assert any("without its lines" in note for note in order.notes)


def test_a_whole_refund_has_its_lines_linked_and_positive() -> None:
    whole = {
        "id": 45,
        "amount": "20.16",
        "date_created_gmt": "2026-11-24T00:00:00",
        "line_items": [
            {
                "id": 70,
                "quantity": -1,
                "total": "-18.00",
                "total_tax": "-2.16",
                "sku": "TEE",
                "taxes": [{"id": 1, "total": "-0.90"}, {"id": 2, "total": "-1.26"}],
                "meta_data": [{"key": "_refunded_item_id", "value": "3"}],
            }
        ],
    }
    [refund] = one(refunds=[whole]).refunds
    [line] = refund.lines
    assert (line.amount, line.quantity, line.line_id) == (D(18), D(1), "3")
    assert [(tax.title, tax.amount) for tax in line.taxes] == [("GST", D("0.90")), ("PST", D("1.26"))]


def test_a_negative_fee_is_a_discount_and_a_fee_named_tip_a_tip() -> None:
    order = one(
        fee_lines=[
            {"name": "Bundle", "total": "-2.00"},
            {"name": "Tip", "total": "1.00"},
            {"name": "COD", "total": "3.00"},
        ]
    )
    assert [line.kind for line in order.lines[2:]] == [LineKind.DISCOUNT, LineKind.TIP, LineKind.FEE]


def test_cash_on_delivery_is_processing_but_unpaid() -> None:
    order = one(date_paid_gmt=None, payment_method="cod")
    assert (order.payments, order.payment_state) == ((), PaymentState.PENDING)


def test_a_completed_order_is_one_shipment_with_its_tracking_numbers() -> None:
    parcels = [
        {"tracking_provider": "fedex", "tracking_number": number, "date_shipped": "1566259200"} for number in ("1", "2")
    ]
    order = one(status="completed", meta_data=[{"key": "_wc_shipment_tracking_items", "value": parcels}])
    [shipment] = order.shipments
    assert (shipment.tracking_number, shipment.carrier, order.fulfilment_state) == (
        "1, 2",
        "fedex",
        FulfilmentState.FULFILLED,
    )


@pytest.mark.parametrize(
    ("status", "draft", "cancelled"),
    [("checkout-draft", True, False), ("auto-draft", True, False), ("cancelled", False, True), ("trash", False, True)],
)
def test_drafts_and_cancelled_orders_are_told(status: str, draft: bool, cancelled: bool) -> None:
    order = one(status=status)
    assert (order.draft, order.cancelled_at is not None) == (draft, cancelled)


def test_what_plugins_say_of_vat_id_exemption_and_test_mode_is_read() -> None:
    meta = {"_billing_vat_number": "DE1", "is_vat_exempt": "yes", "_wcpay_mode": "test"}
    order = one(meta_data=[{"key": key, "value": value} for key, value in meta.items()])
    assert (order.vat_id, order.tax_exempt, order.test) == ("DE1", True, True)


@pytest.mark.parametrize(
    ("gateway", "currency", "kept", "fee"),
    [
        ("stripe", "CAD", "1.21", "1.21"),
        ("stripe", "USD", "0.90", "0"),
        ("bacs", "CAD", "1.21", "0"),
        ("stripe", "CAD", "60", "0"),
    ],
)
def test_what_stripe_kept_is_the_payments_fee_where_it_is_in_the_orders_currency(
    gateway: str, currency: str, kept: str, fee: str
) -> None:
    noted = {"_stripe_fee": kept, "_stripe_currency": currency}
    order = one(payment_method=gateway, meta_data=[{"key": key, "value": value} for key, value in noted.items()])
    assert [payment.fee for payment in order.payments] == [D(fee)]


def test_odd_types_are_read_for_what_they_mean() -> None:
    order = one(
        id="32",
        line_items=[{**LINE, "sku": 123, "quantity": "1.5", "taxes": {"0": {"id": "1", "total": 4.32}}}],
        billing=None,
    )
    assert (order.id, order.lines[0].sku, order.lines[0].quantity, order.billing) == ("32", "123", D("1.5"), None)


def test_a_date_that_is_none_is_left_out_with_a_note() -> None:
    order = one(date_created_gmt="{{now}}", date_created=None)
    assert order.placed_at is None
    assert any("{{now}}" in note for note in order.notes)


def test_every_broken_identity_is_told_with_its_difference() -> None:
    order = one(total="51.00", shipping_total="9.00")
    assert {item.code: item.difference for item in order.identities} == {
        "W1": D("0.18"),
        "W2": D("0.18"),
        "W11": D("-1.00"),
    }
    assert order.totals.by_header == D("49.82")


FULL = {
    **ORDER,
    "gift_cards": [{"amount": 1}],
    "refunds": [{"id": 1, "amount": "1", "line_items": [LINE]}],
    "fee_lines": [{"total": "1"}],
    "meta_data": [{"key": "_wc_shipment_tracking_items", "value": [{"tracking_number": "1", "date_shipped": "1"}]}],
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
    st.just("0001-01-01T00:00:00"),
)
PATHS = [
    (key, inner)
    for key, value in FULL.items()
    for inner in [None, *(value[0] if isinstance(value, list) and value else value if isinstance(value, dict) else {})]
]


@settings(max_examples=400)
@given(path=st.sampled_from(PATHS), odd=ODD)
def test_no_odd_value_anywhere_breaks_the_reading(path: tuple[str, str | None], odd: object) -> None:
    key, inner = path
    value = FULL[key]
    damaged = odd if inner is None else [{**value[0], inner: odd}] if isinstance(value, list) else {**value, inner: odd}
    first, second = read([{**FULL, key: damaged}, ORDER])
    assert isinstance(first, (incoming.Order, incoming.Refusal))
    assert incoming.digest(first)
    assert second == one()
