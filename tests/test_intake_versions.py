"""However the versions of an order arrive, it ends as its newest says."""

from __future__ import annotations

import dataclasses
import os
from datetime import timedelta
from decimal import Decimal
from itertools import permutations

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from orders import corrections, incoming, intake, models
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
SKUS = ("MUG", "PEN", "CAP")
EXAMPLES = int(os.environ.get("ORDERSYNC_EXAMPLES", "50"))


@st.composite
def histories(draw: st.DrawFn) -> list[incoming.Order]:
    """Up to five versions of one order, oldest first, each an hour after the one before."""
    return [draw(versions(n)) for n in range(draw(st.integers(1, 5)))]


@st.composite
def versions(draw: st.DrawFn, n: int) -> incoming.Order:
    skus = draw(st.lists(st.sampled_from(SKUS), min_size=1, max_size=3, unique=True))
    cents = st.integers(0, 99_999).map(lambda amount: Decimal(amount) / 100)
    lines = tuple(_line(draw(cents), sku) for sku in skus)
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


def _line(amount: Decimal, sku: str) -> incoming.Line:
    tax = incoming.Tax(title="VAT", amount=Decimal("0.10"))
    return factories.line(str(amount), id=sku, sku=sku, taxes=(tax,))


def said(version: incoming.Order) -> dict[str, object]:
    """What an order must say that ends with this version, reckoned from the version alone."""
    total = sum((line.amount for line in version.lines), Decimal(0))
    return {
        "number": version.number,
        "sums": (total, total, total),
        "buyer": (version.po_number, version.email, "Paula Beispiel"),
        "states": (str(version.payment_state), "oss" if _abroad(version) else "domestic"),
        "as_of": (version.updated_at, incoming.digest(version)),
        "lines": [(line.sku, line.amount, line.amount - Decimal("0.10"), Decimal("0.10")) for line in version.lines],
        "shipping": (version.shipping.country, version.shipping.city) if version.shipping else ("", ""),
    }


def _abroad(version: incoming.Order) -> bool:
    return version.shipping is not None and version.shipping.country == "FR"


def says(order: models.Order) -> dict[str, object]:
    """What the order says, without the ids that depend on how it came about."""
    place = order.shipping
    lines = order.lines.filter(removed=False).order_by("position")
    return {
        "number": order.number,
        "sums": (order.total, order.total_due, order.by_lines),
        "buyer": (order.po_number, order.email, order.customer_name),
        "states": (order.payment_state, order.tax_treatment),
        "as_of": (order.as_of, order.version_hash),
        "lines": [(row.sku, row.amount, row.net, row.taxes.get().amount) for row in lines],
        "shipping": (place.country, place.city) if place else ("", ""),
    }


@settings(max_examples=EXAMPLES)
@given(data=st.data(), history=histories())
def test_every_order_of_arrival_ends_in_the_newest_version(data: st.DataObject, history: list[incoming.Order]) -> None:
    """ORDERSYNC_EXAMPLES asks for more examples than the 50 of every day."""
    arrival = data.draw(st.permutations(history)) + data.draw(st.lists(st.sampled_from(history), max_size=2))
    with transaction.atomic():
        shop = factories.shop()
        for version in arrival:
            assert not intake.receive(shop, [version], source=factories.source()).refused
        order = models.Order.objects.defer("search").get(shop=shop)
        assert says(order) == said(history[-1])
        assert order.versions.count() == len(history)
        transaction.set_rollback(True)


def test_a_correction_outlives_every_order_of_arrival() -> None:
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
