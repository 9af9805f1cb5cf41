"""A record's page asks the database little, however much there is to show."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from integrations import models as post
from orders import incoming, intake, models, review
from tests import desk as office
from tests import factories
from tests.admin_company import person

pytestmark = pytest.mark.django_db
MOST = 15


@pytest.fixture
def owner() -> User:
    return person("order data owner", "accountant", username="kim")


@pytest.fixture
def shop(owner: User) -> models.Shop:
    return office.shop(owner=owner)


@pytest.fixture
def client(owner: User) -> Client:
    signed_in = Client()
    signed_in.force_login(owner)
    return signed_in


@contextmanager
def _asked(most: int) -> Iterator[None]:
    """The statements that are sent meanwhile are no more than this; what they are stands in the failure."""
    with CaptureQueriesContext(connection) as sent:
        yield
    told = "\n".join(f"{n:3} {query['sql'][:400]}" for n, query in enumerate(sent.captured_queries, start=1))
    assert len(sent) <= most, f"{len(sent)} statements:\n{told}"


def _page(client: Client, record: Any) -> Any:
    kind = record._meta.model_name
    reply = client.get(reverse("admin:record", args=[kind, record.pk]))
    assert reply.status_code == 200
    return reply


def _rich(shop: models.Shop, owner: User) -> models.Order:
    """An order with all that a page can show: booked and attempted, refunded, corrected, adjusted, changed since, asked about, and there twice."""
    code = factories.tax(shop.ledger, "DE16", title="MwSt", rate="0.16")
    rows = (
        office.line("L1", "11.90", "1.90"),
        office.line("L2", "23.80", "3.80", quantity=Decimal(2)),
        office.line("L3", "5.00", kind=incoming.LineKind.SHIPPING),
    )
    told = {"lines": rows, "shipments": (factories.shipment(), factories.shipment("S2", tracking_number="T-2"))}
    order = office.approved(shop, "1", **told)
    office.book_all(order)
    _attempts(shop, order)
    office.told(shop, "1", **{**told, "refunds": (factories.refund(), factories.refund(id="R2")), "po_number": "PO-1"})
    office.told(shop, "2", number="1001", payments=(factories.payment("40.70", id="P2"),), **told)
    order = office.fresh(order)
    review.correct(order, "billing", "city", "Neustadt", by=owner, reason="by phone")
    review.adjust(
        office.fresh(order),
        account=code.account,
        tax_code=code,
        net=Decimal("1"),
        tax=Decimal("0.16"),
        by=owner,
        reason="a fee",
    )
    review.hold(office.fresh(order), by=owner, question="Twice?", of=person("accountant", username="otto"))
    return office.fresh(order)


def _attempts(shop: models.Shop, order: models.Order) -> None:
    """What the post wrote down of each document, and an errand to the store."""
    now = timezone.now()
    books = post.Connection.objects.create(name="books", kind="toy", ledger=shop.ledger)
    for document in order.documents.all():
        delivery = post.Delivery.objects.create(
            connection=books, document=document, state="booked", not_before=now, made_at=now
        )
        post.Attempt.objects.create(
            delivery=delivery, fence=1, call="book", started_at=now, ended_at=now, outcome="booked"
        )
    store = post.Connection.objects.create(name="store", kind="toy", shop=shop)
    errand = post.Errand.objects.create(
        connection=store, key="number:1", kind="number", order=order, body={"number": "1"}, made_at=now
    )
    post.Delivery.objects.create(connection=store, errand=errand, state="waiting", not_before=now, made_at=now)


def test_a_rich_orders_page_asks_fifteen_times_at_most(client: Client, shop: models.Shop, owner: User) -> None:
    order = _rich(shop, owner)
    with _asked(MOST):
        page = _page(client, order)
    shown = page.context
    assert {
        len(shown[name]) > 0
        for name in (
            "lines",
            "payments",
            "refunds",
            "shipments",
            "invoices",
            "attempts",
            "findings",
            "changes",
            "events",
        )
    } == {True}
    assert shown["question"]["asked"].words == "Twice?"
    assert any(row["fix"] and row["fix"].words == "Compare" for row in shown["findings"])


def test_the_pages_of_refunds_and_payouts_ask_no_more_often(client: Client, shop: models.Shop, owner: User) -> None:
    order = _rich(shop, owner)
    refund = order.refunds.order_by("pk")[0]
    review.adjust(
        refund,
        account=factories.account(shop.ledger, "Income:Fees"),
        net=Decimal("1"),
        tax=Decimal(0),
        by=owner,
        reason="a fee",
    )
    assert not intake.receive(shop, [factories.payout()], source=factories.source()).refused
    with _asked(MOST):
        assert len(_page(client, refund).context["adjustments"]) == 1
    with _asked(MOST):
        page = _page(client, models.Payout.objects.get())
    assert [movement.payment.order for movement in page.context["movements"]] == [order]


def test_the_pages_of_changes_ask_no_more_often(client: Client, shop: models.Shop) -> None:
    stock = models.StockAdjustment.objects.create(shop=shop, sku="MUG", before=3, after=2, reason="broken")
    customer = models.Customer.objects.create(shop=shop, store_id="C9", name="Paula Beispiel")
    change = models.CustomerChange.objects.create(customer=customer, field="phone", before="", after="1")
    for record in (stock, change):
        with _asked(MOST):
            assert _page(client, record).context["accountable"].get_username() == "kim"


def test_an_order_tells_at_a_glance_what_makes_it_look_odd(client: Client, shop: models.Shop) -> None:
    product = factories.product("V1", price=Decimal("119"))
    assert not intake.receive(shop, [product], source=factories.source()).refused
    office.told(shop, "1", placed_at=factories.NOON - timedelta(minutes=4))
    there = factories.address(country="US")
    line = factories.line(variant_id="V1", unit_price=Decimal("11.90"))
    odd = office.told(shop, "2", lines=(line,), shipping=there, payments=(factories.payment(id="P2"),))
    html = _page(client, odd).content.decode().replace("\xa0", " ")
    assert "DE → US" in html
    assert "order 1001 4 minutes before" in html
    assert "in the shop 119.00" in html


def test_an_ordinary_order_has_nothing_odd_to_tell(client: Client, shop: models.Shop) -> None:
    page = _page(client, office.told(shop)).context
    assert (page["usual"], page["route"], page["abroad"], page["earlier"], page["close"]) == (
        {},
        "DE",
        False,
        None,
        False,
    )
