"""Querysets answered together are what each of them answers alone."""

from __future__ import annotations

from typing import Any

import pytest
from django.db.models import Model, Prefetch, QuerySet, prefetch_related_objects

from orders import models
from orders.models import together
from tests import desk as office
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def asked() -> list[QuerySet[Any, Any]]:
    order = office.approved(office.shop(), shipments=(factories.shipment(),))
    models.Period.objects.create(ledger=order.shop.ledger, period=("2026-01-01", "2026-02-01"))
    office.book_all(order)
    return [
        models.Order.objects.defer("search").select_related("shop__ledger__adjustment_account", "billing"),
        models.LineTax.objects.filter(line__order=order),
        models.Document.objects.select_related("booking", "approval").order_by("n"),
        models.Event.objects.filter(order=order).order_by("-id"),
        models.Period.objects.values_list("period", "state"),
        models.Invoice.objects.values("taxes", "read_at", "total"),
        models.Payment.objects.none(),
        models.Payout.objects.all(),
        models.OrderVersion.objects.filter(order=order),
    ]


def _said(row: Any) -> Any:
    """What the row says, and what came along with it."""
    if not isinstance(row, Model):
        return row
    return type(row), _plain(row), {name: value and _plain(value) for name, value in row._state.fields_cache.items()}


def _plain(row: Model) -> dict[str, Any]:
    return {name: value for name, value in vars(row).items() if not name.startswith("_")}


def test_each_queryset_is_answered_as_if_it_were_asked_alone(asked: list[QuerySet[Any, Any]]) -> None:
    alone = [[_said(row) for row in rows.all()] for rows in asked]
    assert [[_said(row) for row in rows] for rows in together.fetched(*asked)] == alone
    assert [bool(rows) for rows in alone] == [True, True, True, True, True, True, False, False, True]


def test_all_of_them_cost_one_statement(asked: list[QuerySet[Any, Any]], django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        together.fetched(*asked)


def test_what_was_laid_beside_a_record_is_not_asked_for_again(django_assert_num_queries: Any) -> None:
    order = office.told(office.shop(), shipments=(factories.shipment(),))
    order = models.Order.objects.defer("search").select_related("shop").get()
    paid = Prefetch("payments", models.Payment.objects.select_related("parent"))
    with django_assert_num_queries(1):
        (versions,) = together.beside(
            order, "lines", "lines__taxes", paid, "refunds", also=[models.OrderVersion.objects.filter(order=order)]
        )
        assert [line.sku for line in order.lines.all()] == ["MUG"]
        assert [tax.line.order.shop.code for line in order.lines.all() for tax in line.taxes.all()] == ["eu"]
        assert [payment.parent for payment in order.payments.all()] == [None]
        assert (list(order.refunds.all()), len(versions)) == ([], 1)
    with django_assert_num_queries(0):
        together.beside(order, "lines", "lines__taxes", paid)
        prefetch_related_objects([order], "lines__taxes", "payments__parent")
