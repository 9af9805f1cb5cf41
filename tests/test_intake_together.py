"""Many new orders are taken in together: the tables are those that one by one would have left, and questions are asked by the batch."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, models, transaction
from django.test.utils import CaptureQueriesContext

from orders import documents, incoming, intake
from orders.intake import batches, bulk
from orders.models import Order, Shop
from tests import factories

pytestmark = pytest.mark.django_db
MODELS = [
    model for model in apps.get_app_config("orders").get_models()
    if model.__name__ not in {"EventSeal", "EventChain", "Ledger", "Shop", "Appointment", "Account", "TaxCode"}
]  # fmt: skip
SALTED = re.compile(r'"salt":"\w+"|"personal":"\w+"|"customer":\d+')


class _Undone(Exception):
    """Takes back what an experiment wrote."""


def contents() -> dict[str, list[str]]:
    """Every row of every table in words that hold no key, moment or salt of ours; keys are the place among the rows of their table."""
    places = {
        model: {
            pk: f"{model.__name__} {n}"
            for n, pk in enumerate(model._default_manager.order_by("pk").values_list("pk", flat=True))
        }
        for model in MODELS
    }
    return {model.__name__: sorted(_said(row, places) for row in model._default_manager.all()) for model in MODELS}


def _said(row: models.Model, places: dict[Any, dict[Any, str]]) -> str:
    values = {
        field.name: _value(field, getattr(row, field.attname), places)
        for field in row._meta.concrete_fields
        if not field.primary_key
    }
    text = repr(sorted(values.items()))
    for pk, place in sorted(places[Order].items(), reverse=True):
        text = text.replace(f"order:{pk}'", place)
    return SALTED.sub("", text)


def _value(field: Any, value: Any, places: dict[Any, dict[Any, str]]) -> object:
    if field.remote_field and value is not None:
        return places.get(field.remote_field.model, {}).get(value, value)
    if field.name in {"object_id"}:
        return places[Order].get(int(value), "another")
    if field.name in {"at", "since", "received_at", "resolved_at", "personal_digest", "digest"}:
        return bool(value)
    if field.name == "field" and str(value).startswith("line:"):
        return places[apps.get_model("orders", "OrderLine")].get(int(str(value)[5:]), value)
    return value


@contextmanager
def one_by_one(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setattr(batches, "MANY", 10**9)
        yield


def both(
    monkeypatch: pytest.MonkeyPatch, work: Callable[[], intake.Receipt]
) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """What the work leaves when it takes in one by one, and when together; the receipts agree but for our keys."""
    found = []
    for manner in (one_by_one(monkeypatch), _together(monkeypatch)):
        try:
            with transaction.atomic(), manner:
                receipt = work()
                found.append((contents(), _receipt(receipt)))
                raise _Undone
        except _Undone:
            pass
    (first, told_first), (second, told_second) = found
    assert told_first == told_second
    return first, second


def _differences(first: dict[str, list[str]], second: dict[str, list[str]]) -> list[str]:
    """What only one of the two has, in words."""
    return [
        f"{sign} {name} {row}"
        for name in first
        for sign, these, those in (("-", first, second), ("+", second, first))
        for row in these[name]
        if row not in those[name]
    ]


@contextmanager
def _together(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The batch must not fall back in silence, unless it says so itself."""
    ours, made = bulk.create, []

    def watched(*arguments: Any) -> list[Order]:
        made.append(False)
        found = ours(*arguments)
        made[-1] = True
        return found

    with monkeypatch.context() as patch:
        patch.setattr(bulk, "create", watched)
        yield
    assert made
    assert all(made)


def _receipt(receipt: intake.Receipt) -> dict[str, list[object]]:
    return {
        name: [dataclasses.replace(line, order_id=None) for line in getattr(receipt, name)]
        for name in intake.Receipt.__slots__
    }


def variety() -> list[incoming.Order]:
    """Orders with everything that an order can have, and with what is wrong with orders."""
    far = factories.address(country="US")
    cent = factories.order("7", totals=incoming.Totals(total=Decimal("11.91")))
    paid_twice = (
        factories.payment(id="A", kind=incoming.PaymentKind.AUTHORIZATION),
        factories.payment(id="B", parent_id="A"),
    )
    broken = incoming.Identity(code="C1", words="w", difference=Decimal("0.1"))
    return [
        factories.order("1", refunds=(factories.refund(),), shipments=(factories.shipment(),)),
        factories.order("2", lines=tuple(factories.line(id=f"L{n}", sku=f"S{n}") for n in range(3))),
        factories.order("3", customer=factories.customer("")),
        factories.order("4", customer=None, billing=None, shipping=None, email=""),
        factories.order("5", shipping=far, lines=(factories.line(tax=""),), company="X Ltd", vat_id="nonsense"),
        factories.order("6", currency="USD", presentment_currency="EUR"),
        cent,
        factories.order("8", lines=(factories.line(title="TVA", rate=None, kind=incoming.LineKind.UNKNOWN),)),
        factories.order("9", lines=(factories.line(sku=""), factories.line(id="L2", kind=incoming.LineKind.SHIPPING, sku=""))),
        factories.order("10", cancelled_at=factories.NOON, payments=(), payment_state=incoming.PaymentState.PENDING),
        factories.order("11", placed_at=None, payments=(factories.payment(processed_at=None), factories.payment(id="P0"))),
        factories.order("12", payments=paid_twice, test=True, draft=True, notes=("A \\ b\t“c”\n",), identities=(broken,)),
        factories.order("13", number="1001", customer=factories.customer("C1", phone="7", updated_at=factories.NOON + timedelta(days=1))),
        factories.order("14", refunds=(factories.refund("20", lines=(), payments=()),)),
        factories.order("15", lines=(factories.line("11.905", tax="1.905"),), tax_included=False, due_on=factories.NOON.date()),
        factories.order("16", lines=(factories.line(discount=Decimal(1), derived=True), factories.line("0.00", tax="0", id="L2", product_id="p", sku=""))),
        factories.order("", number="nameless", refunds=(factories.refund(refunded_at=None),)),
        factories.order("17", lines=(factories.line(kind=incoming.LineKind.GIFT_CARD, tax=""),), payments=(factories.payment(currency="USD"),)),
        factories.order("18", placed_at=factories.NOON + timedelta(hours=20)),
        factories.order("19", totals=incoming.Totals(total=Decimal("1.90"), taken_off=Decimal(10)), placed_at=factories.NOON - timedelta(days=400)),
    ]  # fmt: skip


def company(**fields: Any) -> Shop:
    ledger = factories.ledger("books", items_required=True)
    factories.item(ledger, "S1")
    return factories.shop(ledger=ledger, **fields)


@pytest.mark.parametrize("recognise_on", ["placed", "paid", "fulfilled"])
def test_together_leaves_what_one_by_one_leaves(recognise_on: str, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = company(recognise_on=recognise_on)
    intake.receive(
        shop, [factories.product(), factories.customer("C1"), factories.order("0")], source=factories.source()
    )
    first, second = both(monkeypatch, lambda: intake.receive(shop, variety(), source=factories.source()))
    assert _differences(first, second) == []
    assert len(second["Order"]) == 21
    assert len(second["Finding"]) > 40


def test_records_of_all_kinds_keep_their_order_when_orders_are_taken_in_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shop, person = company(), factories.user()
    bad = incoming.Refusal(where="order 1002", reason="It has no total.", number="1002")
    later = factories.order("3", po_number="B", updated_at=factories.NOON + timedelta(hours=1))
    told: Sequence[incoming.Record] = [
        *variety(), bad, factories.product(), *variety()[:6], later, *[factories.order(str(n)) for n in range(30, 40)],
        factories.order("nan", totals=incoming.Totals(total=Decimal("NaN"))), factories.order("", number="1030"), factories.order("41"), bad,
    ]  # fmt: skip
    first, second = both(monkeypatch, lambda: intake.receive(shop, told, source=factories.source(by=person)))
    assert _differences(first, second) == []


def test_new_orders_cost_questions_by_the_batch_and_known_ones_five() -> None:
    shop = company()
    plain = [factories.order(str(n), customer=None) for n in range(60)]
    counts = []
    for part in (plain[:20], plain[20:], plain):
        with CaptureQueriesContext(connection) as queries:
            intake.receive(shop, part, source=factories.source())
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 40
    assert counts[2] <= 5
    assert Order.objects.count() == 60


def test_a_batch_in_which_one_cannot_be_written_is_taken_in_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    shop = company()
    ours = bulk._ref
    monkeypatch.setattr(bulk, "_ref", lambda order, record: ours(order, record) | {"value": "the same for all"})
    receipt = intake.receive(shop, [factories.order(str(n)) for n in range(9)], source=factories.source())
    assert (len(receipt.created), len(receipt.refused)) == (9, 0)
    assert Order.objects.count() == 9


@pytest.mark.django_db(transaction=True)
def test_the_chain_of_events_holds_over_orders_taken_in_together() -> None:
    shop = company()
    intake.receive(shop, variety(), source=factories.source())
    assert documents.events_verify() == []
