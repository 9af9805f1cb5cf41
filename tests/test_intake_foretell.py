"""The preview: what intake would make of records, told without anything being written."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from decimal import Decimal

import pytest
from django.apps import apps
from django.db import connection
from django.test.utils import CaptureQueriesContext

from orders import incoming, intake, models
from tests import factories

pytestmark = pytest.mark.django_db
LATER = factories.NOON + timedelta(hours=1)


def counts() -> dict[str, int]:
    return {model.__name__: model._default_manager.count() for model in apps.get_app_config("orders").get_models()}


def mixture() -> list[incoming.Record]:
    """New, known, changed, older, poorer, told twice, and refused in four ways; and what is no order."""
    nan = factories.order("bad", totals=incoming.Totals(total=Decimal("NaN")))
    return [
        factories.order("1"),
        factories.order("2", po_number="B", updated_at=LATER),
        factories.order("3", po_number="C", updated_at=factories.NOON - timedelta(days=9)),
        factories.order("new"),
        factories.order("new"),
        dataclasses.replace(factories.order("new"), po_number="D", updated_at=LATER),
        nan,
        factories.order("", number=""),
        factories.order("x", currency="euro"),
        incoming.Refusal(where="row 7", reason="It has no total.", field="Total", number="#7"),
        factories.order("", number="twice"),
        factories.order("named since", number="1004"),
        factories.customer("C1", phone="1", updated_at=LATER),
        incoming.Product(id="P1", sku="MUG", title="Mug"),
    ]


def known(shop: models.Shop) -> None:
    before = [factories.order(str(n)) for n in (1, 2, 3)]
    twice = [factories.order(id, number="twice") for id in ("t1", "t2")]
    receipt = intake.receive(shop, [*before, *twice, factories.order("", number="1004")], source=factories.source())
    assert len(receipt.created) == 6


def told(receipt: intake.Receipt) -> dict[str, list[tuple[str, str, str]]]:
    names = ("created", "updated", "same", "older", "refused")
    return {name: [(line.place, line.words, line.field) for line in getattr(receipt, name)] for name in names}


@pytest.mark.parametrize("fidelity", [incoming.API, incoming.FILE])
def test_what_is_foretold_is_what_becomes_of_it(fidelity: int) -> None:
    shop = factories.shop()
    known(shop)
    source = factories.source(fidelity=fidelity)
    foretold = told(intake.foretell(shop, mixture(), source=source))
    received = told(intake.receive(shop, mixture(), source=source))
    assert {name: sorted(lines) for name, lines in foretold.items()} == {
        name: sorted(lines) for name, lines in received.items()
    }
    assert len(foretold["refused"]) == 5


def test_foretelling_writes_nothing() -> None:
    shop = factories.shop()
    known(shop)
    before = counts()
    intake.foretell(shop, mixture(), source=factories.source())
    assert counts() == before


def test_a_hundred_orders_are_foretold_in_five_queries() -> None:
    shop = factories.shop()
    told = [factories.order(str(n)) for n in range(100)]
    intake.receive(shop, told[::2], source=factories.source())
    with CaptureQueriesContext(connection) as queries:
        receipt = intake.foretell(shop, told, source=factories.source())
    assert (len(receipt.same), len(receipt.created)) == (50, 50)
    assert len(queries) <= 5
