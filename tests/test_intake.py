"""One door for every importer: what comes in, what it becomes, and what is kept of it."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from orders import incoming, intake, models, search
from orders.incoming import LineKind
from tests import factories

pytestmark = pytest.mark.django_db


def one(shop: models.Shop) -> models.Order:
    return models.Order.objects.get(shop=shop)


def receive(shop: models.Shop, *records: incoming.Record, **source: object) -> intake.Receipt:
    return intake.receive(shop, records, source=factories.source(**source))


def test_an_order_comes_in_whole() -> None:
    shop = factories.shop()
    told = factories.order(refunds=(factories.refund(),), shipments=(factories.shipment(),))
    receipt = receive(shop, told)
    order = one(shop)
    assert [line.order_id for line in receipt.created] == [order.pk]
    assert (order.number, order.store_id, order.total_due, order.by_lines) == ("1001", "1", Decimal("11.9"), Decimal("11.9"))
    line = order.lines.get()
    assert (line.net, line.tax, line.taxes.get().rate) == (Decimal("10"), Decimal("1.9"), Decimal("0.19"))
    assert order.payments.count() == 2
    refund = order.refunds.get()
    assert refund.lines.get().order_line == line
    assert refund.payments.get().parent == order.payments.get(store_id="P1")
    assert order.shipments.get().tracking_number == "T-1"
    assert (order.billing.city, order.shipping.city, order.customer.store_id) == ("Musterstadt", "Musterstadt", "C1")
    assert order.billing_id != order.shipping_id != order.customer.billing_id
    assert [event.verb for event in order.events.filter(noun="order")][-1] == "received"


def test_a_new_order_costs_few_queries() -> None:
    shop = factories.shop()
    lines = tuple(factories.line(id=f"L{n}", sku=f"S{n}") for n in range(5))
    receive(shop, factories.order("1"))
    with CaptureQueriesContext(connection, ) as queries:
        receive(shop, factories.order("2", lines=lines))
    own = [query["sql"] for query in queries if "INSERT INTO" in query["sql"] or "advisory" in query["sql"]]
    print(len(queries)); [print(q["sql"][:110]) for q in queries]
    assert len(own) <= 15
