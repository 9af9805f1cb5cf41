"""Attacks on identity: nothing that came once or goes out once exists twice, and periods of one ledger never overlap."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils import timezone

from integrations.models import Connection, Delivery, Errand, Message
from orders import models
from orders.models import ExternalRef, Period, Shop
from tests import factories, rows, signed

pytestmark = [pytest.mark.django_db, pytest.mark.schema, pytest.mark.constraint]
NOW = timezone.now()


@pytest.fixture
def shop() -> Shop:
    return factories.shop()


def order(shop: Shop, store_id: str = "77") -> models.Order:
    return rows.order(shop, store_id, lines=[])


def connected(shop: Shop, name: str = "books") -> Connection:
    return Connection.objects.create(name=name, kind="beancount", ledger=shop.ledger)


def delivery(connection: Connection, **load: Any) -> Delivery:
    return Delivery.objects.create(connection=connection, not_before=NOW, made_at=NOW, **load)


# Each makes the same thing once more whenever it is called.
AGAIN: dict[str, Callable[[Shop], Any]] = {
    "one_order_per_store_id": order,
    "one_record_per_reference": lambda shop: ExternalRef.objects.create(
        shop=shop, noun="order", scheme="gid", value="7", object_id=timezone.now().microsecond
    ),
    "one_customer_per_id": lambda shop: models.Customer.objects.create(shop=shop, store_id="7"),
    "one_product_per_id": lambda shop: models.Product.objects.create(shop=shop, store_id="7"),
    "one_payout_per_id": lambda shop: models.Payout.objects.create(
        shop=shop, store_id="7", amount=1, currency="EUR", paid_on=date(2026, 10, 1), received_at=NOW
    ),
    "one_message_per_letter": lambda shop: Message.objects.create(
        shop=shop, source="file", dedupe_key="7", received_at=NOW
    ),
    "one_document_per_key": lambda shop: signed.head(shop, key="key"),
    "one_document_per_reference": lambda shop: signed.head(shop, reference="EU7"),
    "one_active_connection_per_ledger": lambda shop: connected(shop, f"books-{Connection.objects.count()}"),
    "one_count_per_place": lambda shop: models.StockLevel.objects.create(
        shop=shop, sku="MUG", quantity=1, counted_at=NOW
    ),
    "one_series_per_kind": lambda shop: models.NumberSeries.objects.create(ledger=shop.ledger, kind="invoice"),
    "one_rate_per_day": lambda shop: models.ExchangeRate.objects.create(
        currency="USD", base_currency="EUR", on=date(2026, 10, 1), rate="0.9", source="ECB"
    ),
    "one_shop_per_prefix": lambda shop: factories.shop(
        f"shop{Shop.objects.count()}", ledger=shop.ledger, prefix="SAME"
    ),
    "one_tax_mapping_per_tax": lambda shop: factories.tax(shop.ledger, "X", title="*", rate="0.5"),
    "one_item_per_key": lambda shop: factories.item(shop.ledger, "MUG"),
}


@pytest.mark.parametrize("promise", AGAIN)
def test_nothing_exists_twice(shop: Shop, promise: str) -> None:
    AGAIN[promise](shop)
    with signed.refused(promise):
        AGAIN[promise](shop)


OF_AN_ORDER: dict[str, Callable[[models.Order], Any]] = {
    "one_payment_per_id": rows.paid,
    "one_refund_per_id": lambda order: models.Refund.objects.create(
        order=order, store_id="7", amount=1, currency="EUR", received_at=NOW
    ),
    "one_shipment_per_id": lambda order: models.Shipment.objects.create(order=order, store_id="7"),
    "one_line_per_position": rows.line,
    "one_line_per_store_id": lambda order: rows.line(order, order.lines.count(), store_line_id="7"),
    "one_version_per_number": lambda order: models.OrderVersion.objects.create(
        order=order, n=1, source="API", fidelity=30, as_of=NOW, received_at=NOW, applied=True, hash="", body="{}"
    ),
}


@pytest.mark.parametrize("promise", OF_AN_ORDER)
def test_nothing_of_an_order_exists_twice(shop: Shop, promise: str) -> None:
    mine = order(shop)
    OF_AN_ORDER[promise](mine)
    with signed.refused(promise):
        OF_AN_ORDER[promise](mine)


def test_two_shops_may_have_the_same_ids_numbers_and_letters(shop: Shop) -> None:
    other = factories.shop("us", ledger=shop.ledger)
    for name in ("one_order_per_store_id", "one_record_per_reference", "one_customer_per_id", "one_message_per_letter"):
        AGAIN[name](shop)
        AGAIN[name](other)


def test_orders_of_a_source_without_ids_stand_side_by_side(shop: Shop) -> None:
    rows.order(shop, "1001", store_id="", lines=[])
    rows.order(shop, "1001", store_id="", lines=[])


def test_kinds_share_a_reference_and_revisions_a_key(shop: Shop) -> None:
    signed.head(shop, reference="EU7", key="key")
    signed.head(shop, reference="EU7", kind="payment")
    signed.head(shop, key="key", revision=2)


def test_a_reference_has_at_most_21_characters(shop: Shop) -> None:
    with signed.refused("too long"):
        signed.head(shop, reference="x" * 22)


def test_a_document_and_an_errand_are_delivered_once(shop: Shop) -> None:
    connection, document = connected(shop), signed.document(shop)
    errand = Errand.objects.create(connection=connection, kind="tag", key="7", made_at=NOW)
    for load in ({"document": document}, {"errand": errand}):
        delivery(connection, **load)
        with signed.refused("_key"):
            delivery(connection, **load)
    with signed.refused("one_errand_per_key"):
        Errand.objects.create(connection=connection, kind="tag", key="7", made_at=NOW)


def test_an_idempotency_key_is_used_once(shop: Shop) -> None:
    connection = connected(shop)
    first = delivery(connection, document=signed.document(shop))
    with signed.refused("one_delivery_per_idempotency_key"):
        delivery(connection, document=signed.document(shop), idempotency_key=first.idempotency_key)


def test_a_delivery_carries_one_thing(shop: Shop) -> None:
    connection = connected(shop)
    errand = Errand.objects.create(connection=connection, kind="tag", key="7", made_at=NOW)
    for load in ({}, {"document": signed.document(shop), "errand": errand}):
        with signed.refused("delivery_has_one_load"):
            delivery(connection, **load)


def test_one_approval_stands_at_a_time(shop: Shop) -> None:
    by = shop.appointments.get().owner
    values = {
        "order": order(shop),
        "content_hash": "",
        "content": "",
        "amount": 1,
        "currency": "EUR",
        "by": by,
        "at": NOW,
    }
    first = models.Approval.objects.create(**values)
    with signed.refused("one_approval_per_order"):
        models.Approval.objects.create(**values)
    models.Approval.objects.filter(pk=first.pk).update(fallen_at=NOW)
    models.Approval.objects.create(**values)
    with signed.refused("two_eyes_are_two"):
        models.Approval.objects.update(second_by=by)


def period(shop: Shop, lower: date | None, upper: date | None) -> Period:
    return Period.objects.create(ledger=shop.ledger, period=DateRange(lower, upper), state="closed")


OCTOBER, NOVEMBER = date(2026, 10, 1), date(2026, 11, 1)


@pytest.mark.parametrize(
    ("lower", "upper"),
    [
        (OCTOBER, NOVEMBER),
        (date(2026, 10, 31), date(2026, 11, 30)),
        (date(2026, 9, 1), date(2026, 10, 2)),
        (date(2026, 10, 10), date(2026, 10, 11)),
        (None, None),
        (None, date(2026, 10, 2)),
    ],
)
def test_periods_of_one_ledger_never_overlap(shop: Shop, lower: date | None, upper: date | None) -> None:
    period(shop, OCTOBER, NOVEMBER)
    with signed.refused("periods_do_not_overlap"):
        period(shop, lower, upper)


def test_periods_may_touch_and_other_ledgers_have_their_own(shop: Shop) -> None:
    period(shop, OCTOBER, NOVEMBER)
    period(shop, NOVEMBER, None)
    period(shop, None, OCTOBER)
    period(factories.shop("us"), OCTOBER, NOVEMBER)


def test_a_period_has_a_day(shop: Shop) -> None:
    with signed.refused("period_not_empty"):
        period(shop, OCTOBER, OCTOBER)


def test_a_period_is_not_moved_over_another(shop: Shop) -> None:
    period(shop, OCTOBER, NOVEMBER)
    later = period(shop, NOVEMBER, date(2026, 12, 1))
    with signed.refused("periods_do_not_overlap"):
        Period.objects.filter(pk=later.pk).update(period=DateRange(date(2026, 10, 31), date(2026, 12, 1)))


def test_a_payment_lies_in_one_movement_of_one_payout(shop: Shop) -> None:
    payment = rows.paid(order(shop))
    for id in ("PO1", "PO2"):
        payout = models.Payout.objects.create(
            shop=shop, store_id=id, amount=1, currency="EUR", paid_on=date(2026, 10, 1), received_at=NOW
        )
        line = models.PayoutLine(payout=payout, position=0, kind="charge", amount=1, payment=payment)
        if id == "PO1":
            line.save()
        else:
            with signed.refused("one_payout_line_per_payment"):
                line.save()
