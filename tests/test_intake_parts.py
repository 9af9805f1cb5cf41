"""Lines, payments, refunds and parcels: each once, whoever tells of it and how often."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from decimal import Decimal

import pytest

from orders import incoming, intake, models
from tests import factories

pytestmark = pytest.mark.django_db
LATER = factories.NOON + timedelta(hours=1)


def one(shop: models.Shop) -> models.Order:
    return models.Order.objects.get(shop=shop)


def receive(shop: models.Shop, *records: incoming.Record, **source: object) -> intake.Receipt:
    return intake.receive(shop, records, source=factories.source(**source))


def test_lines_keep_their_row_and_vanished_ones_are_marked_and_come_back() -> None:
    shop = factories.shop()
    mug, pen = factories.line(id="L1", sku="MUG"), factories.line(id="L2", sku="PEN")
    receive(shop, factories.order(lines=(mug, pen)))
    order = one(shop)
    first = order.lines.get(sku="MUG")
    cheaper = dataclasses.replace(
        pen, amount=Decimal("5.95"), taxes=(dataclasses.replace(pen.taxes[0], amount=Decimal("0.95")),)
    )
    receive(shop, factories.order(lines=(cheaper,), updated_at=LATER))
    first.refresh_from_db()
    assert first.removed
    assert [(row.sku, row.amount, row.tax, row.position) for row in order.lines.filter(removed=False)] == [
        ("PEN", Decimal("5.95"), Decimal("0.95"), 0)
    ]
    assert one(shop).by_lines == Decimal("5.95")
    receive(shop, factories.order(lines=(mug, pen), updated_at=LATER + timedelta(hours=1)))
    assert order.lines.values_list("pk", "removed", "position").earliest("position") == (first.pk, False, 0)
    assert models.LineTax.objects.filter(line__order=order).count() == 2


def test_lines_without_ids_are_matched_by_their_place() -> None:
    shop = factories.shop()
    mug, pen = factories.line(id="", sku="MUG"), factories.line(id="", sku="PEN")
    receive(shop, factories.order(lines=(mug, pen)))
    rows = {row.sku: row.pk for row in one(shop).lines.all()}
    receive(shop, factories.order(lines=(mug, dataclasses.replace(pen, title="Blue pen")), updated_at=LATER))
    assert {row.sku: row.pk for row in one(shop).lines.all()} == rows
    assert one(shop).lines.get(sku="PEN").title == "Blue pen"


def test_payments_shipments_and_refunds_are_known_by_their_ids_and_never_doubled() -> None:
    shop = factories.shop()
    told = factories.order(refunds=(factories.refund(),), shipments=(factories.shipment(),))
    receive(shop, told)
    new = factories.shipment(tracking_number="T-2")
    receive(shop, dataclasses.replace(told, shipments=(new,), po_number="B", updated_at=LATER))
    receive(shop, factories.order(po_number="C", updated_at=LATER + timedelta(hours=1)))
    order = one(shop)
    assert (order.payments.count(), order.refunds.count(), order.shipments.count()) == (2, 1, 1)
    assert order.shipments.get().tracking_number == "T-2"


def test_a_payment_told_with_the_order_and_with_its_refund_is_one_and_belongs_to_the_refund() -> None:
    shop = factories.shop()
    back = factories.refund().payments[0]
    receive(shop, factories.order(payments=(factories.payment(), back)))
    receive(
        shop, factories.order(payments=(factories.payment(), back), refunds=(factories.refund(),), updated_at=LATER)
    )
    order = one(shop)
    assert order.payments.count() == 2
    assert order.payments.get(store_id=back.id).refund == order.refunds.get()


def test_an_inferred_payment_gives_way_to_the_transactions_and_does_not_come_back() -> None:
    shop = factories.shop()
    inferred = factories.payment(id="paid", derived=True)
    parts = (factories.payment("5", id="T1"), factories.payment("6.90", id="T2"))
    receive(shop, factories.order(payments=(inferred,)))
    receive(shop, factories.order(payments=parts, updated_at=LATER))
    receive(shop, factories.order(payments=(inferred,), updated_at=LATER + timedelta(hours=1)))
    assert sorted(one(shop).payments.values_list("store_id", flat=True)) == ["T1", "T2"]


def test_an_inferred_refund_gives_way_to_the_refunds_themselves() -> None:
    shop = factories.shop()
    money = factories.payment("5", id="refunded", derived=True, kind=incoming.PaymentKind.REFUND)
    sum_only = factories.refund("5", id="refunded", refunded_at=None, lines=(), payments=(money,))
    receive(shop, factories.order(refunds=(sum_only,)))
    assert one(shop).refunds.get().store_id == "refunded"
    receive(shop, factories.order(refunds=(factories.refund("5", id="R9"),), updated_at=LATER))
    assert one(shop).refunds.get().store_id == "R9"
    assert one(shop).payments.filter(refund__store_id="R9").count() == 1


def test_an_inferred_parcel_is_cancelled_by_the_real_one() -> None:
    shop = factories.shop()
    inferred = factories.shipment("fulfilled", carrier="", tracking_number="")
    receive(shop, factories.order(shipments=(inferred,)))
    receive(shop, factories.order(shipments=(factories.shipment("S9"),), updated_at=LATER))
    assert dict(one(shop).shipments.values_list("store_id", "cancelled")) == {"fulfilled": True, "S9": False}


def test_a_poorer_source_fills_gaps_and_overwrites_nothing() -> None:
    shop = factories.shop()
    receive(shop, factories.order(email="", customer=None, payments=(), shipping=None))
    file = factories.order(
        lines=(factories.line("99"),), number="9999", email="file@example.org", updated_at=None, terms="30 days"
    )
    receipt = receive(shop, file, fidelity=incoming.FILE)
    order = one(shop)
    assert len(receipt.updated) == 1
    assert (order.email, order.terms, order.payments.count(), order.shipping.country) == (
        "file@example.org",
        "30 days",
        1,
        "DE",
    )
    assert (order.number, order.total, order.lines.get().amount) == ("1001", Decimal("11.9"), Decimal("11.9"))
    assert (order.fidelity, order.as_of) == (incoming.API, factories.NOON)
    assert not order.versions.get(fidelity=incoming.FILE).applied


def test_a_richer_source_counts_whenever_it_was_and_leaves_what_it_does_not_know() -> None:
    shop = factories.shop()
    file = factories.order(lines=(factories.line("99", id=""),), updated_at=None, terms="30 days")
    receive(shop, file, fidelity=incoming.FILE)
    receive(shop, factories.order())
    order = one(shop)
    assert (order.total, order.lines.get().amount, order.terms) == (Decimal("11.9"), Decimal("11.9"), "30 days")
    assert (order.fidelity, order.as_of, order.lines.get().store_line_id) == (incoming.API, factories.NOON, "L1")
