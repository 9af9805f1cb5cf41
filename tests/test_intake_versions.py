"""However the versions of an order arrive, it ends as its newest says."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orders import incoming, intake, models
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
SKUS = ("MUG", "PEN", "CAP")
PORTABLE = [
    "number", "total", "total_due", "by_lines", "po_number", "email", "customer_name", "payment_state", "tax_treatment", "as_of", "version_hash",
]  # fmt: skip


@st.composite
def histories(draw: st.DrawFn) -> list[incoming.Order]:
    """Up to five versions of one order, oldest first, each an hour after the one before."""
    return [draw(versions(n)) for n in range(draw(st.integers(1, 5)))]


@st.composite
def versions(draw: st.DrawFn, n: int) -> incoming.Order:
    skus = draw(st.lists(st.sampled_from(SKUS), min_size=1, max_size=3, unique=True))
    cents = st.integers(0, 99_999).map(lambda amount: Decimal(amount) / 100)
    lines = tuple(factories.line(str(draw(cents)), tax="0.10", id=sku, sku=sku) for sku in skus)
    return factories.order(
        lines=lines,
        payments=(),
        number=draw(st.sampled_from(["1001", "R-1001"])),
        po_number=draw(st.sampled_from(["", "A", "B"])),
        email=draw(st.sampled_from(["", "a@example.org", "b@example.org"])),
        customer=None,
        payment_state=draw(st.sampled_from(list(incoming.PaymentState))),
        shipping=draw(st.sampled_from([None, factories.address(), factories.address(country="FR", city="Lyon")])),
        updated_at=factories.NOON + timedelta(hours=n),
    )


def state(order: models.Order) -> dict[str, object]:
    """Everything that the order says, without the ids that depend on how it came about."""
    lines = order.lines.filter(removed=False).order_by("position")
    place = order.shipping
    return {
        **{name: getattr(order, name) for name in PORTABLE},
        "lines": [(row.sku, row.amount, row.net, row.tax, row.taxes.get().amount) for row in lines],
        "shipping": (place.country, place.city) if place else ("", ""),
    }


def told(shop: models.Shop, history: list[incoming.Order]) -> dict[str, object]:
    for version in history:
        receipt = intake.receive(shop, [version], source=factories.source())
        assert not receipt.refused
    order = models.Order.objects.defer("search").get(shop=shop)
    assert order.versions.count() == len({incoming.digest(version) for version in history})
    return state(order)


@settings(max_examples=500, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data(), history=histories())
def test_every_order_of_arrival_ends_in_the_newest_version(data: st.DataObject, history: list[incoming.Order]) -> None:
    shop = models.Shop.objects.first() or factories.shop()
    arrival = data.draw(st.permutations(history)) + data.draw(st.lists(st.sampled_from(history), max_size=2))
    with transaction.atomic():
        mixed = told(shop, arrival)
        transaction.set_rollback(True)
    with transaction.atomic():
        alone = told(shop, history[-1:])
        transaction.set_rollback(True)
    assert mixed == alone


def test_a_correction_outlives_every_order_of_arrival() -> None:
    from itertools import permutations

    from orders import corrections

    person = factories.user()
    base = factories.order(po_number="A")
    later = [dataclasses.replace(base, terms=str(n), updated_at=factories.NOON + timedelta(hours=n)) for n in (1, 2, 3)]
    for n, arrival in enumerate(permutations(later)):
        shop = factories.shop(f"s{n}")
        intake.receive(shop, [base], source=factories.source())
        order = models.Order.objects.get(shop=shop)
        corrections.correct(order, "order", "po_number", "B", by=person, reason="why")
        intake.receive(shop, arrival, source=factories.source())
        order.refresh_from_db()
        assert (order.po_number, order.terms) == ("B", "3")
