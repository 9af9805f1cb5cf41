"""A bad record is set aside in words, once, and stops nobody."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from orders import incoming, intake, models
from tests import factories

pytestmark = pytest.mark.django_db
GOOD = factories.order()
LATER = factories.NOON + timedelta(hours=1)


def line(**changes: object) -> incoming.Line:
    return dataclasses.replace(factories.line(), **changes)


def taxed(**changes: object) -> incoming.Line:
    return line(taxes=(dataclasses.replace(factories.line().taxes[0], **changes),))


def order(**changes: object) -> incoming.Order:
    return dataclasses.replace(GOOD, **changes)


BAD = {
    "seven decimals": (order(lines=(line(amount=Decimal("1.1234567")),)), "lines[0].amount", "more than six decimals"),
    "no number": (order(totals=incoming.Totals(total=Decimal("NaN"))), "totals.total", "“NaN” is no number"),
    "signalling": (order(totals=incoming.Totals(total=Decimal("sNaN"))), "totals.total", "is no number"),
    "infinite": (order(lines=(line(quantity=Decimal("Infinity")),)), "lines[0].quantity", "is no number"),
    "too large": (order(totals=incoming.Totals(total=Decimal("1e12"))), "totals.total", "too large"),
    "too large a tax": (order(lines=(taxed(amount=Decimal("-1e30")),)), "lines[0].taxes[0].amount", "too large"),
    "currency": (order(currency="EURO"), "currency", "“EURO” is no currency code"),
    "small currency": (order(currency="eur"), "currency", "no currency code"),
    "no currency": (order(currency=""), "currency", "no currency"),
    "payment's currency": (order(payments=(factories.payment(currency="€"),)), "payments.currency", "no currency code"),
    "naive": (order(placed_at=datetime(2026, 10, 1, 12)), "placed_at", "no time zone"),  # noqa: DTZ001
    "naive payment": (
        order(payments=(factories.payment(processed_at=datetime(2026, 10, 1)),)),  # noqa: DTZ001
        "payments[0].processed_at",
        "no time zone",
    ),
    "nameless": (order(id="", number=""), "number", "neither an id nor a number"),
    "two lines of one id": (order(lines=(line(), line())), "lines", "2 of the lines have the id “L1”"),
    "payment without id": (order(payments=(factories.payment(id=""),)), "payments", "has no id"),
    "two refunds of one id": (order(refunds=(factories.refund(payments=()),) * 2), "refunds", "2 of the refunds"),
    "long number": (order(number="9" * 101), "number", "too long"),
    "long tax country": (order(lines=(taxed(country="Germany"),)), "lines[0].taxes[0].country", "too long"),
}


@pytest.mark.parametrize(("record", "field", "words"), BAD.values(), ids=BAD.keys())
def test_what_cannot_be_kept_is_refused_with_field_and_reason_and_the_others_come_in(
    record: incoming.Order, field: str, words: str
) -> None:
    shop = factories.shop()
    receipt = intake.receive(shop, [factories.order("2"), record, factories.order("3")], source=factories.source())
    assert [item.number for item in receipt.created] == ["1002", "1003"]
    (refused,) = receipt.refused
    assert (refused.field, words in refused.words) == (field, True), refused.words
    row = models.Quarantine.objects.get()
    assert (row.field, row.reason, row.source) == (field, refused.words, "API")
    assert models.Order.objects.count() == 2


def test_the_same_refused_record_again_lies_in_quarantine_once() -> None:
    shop, bad = factories.shop(), order(currency="EURO")
    for _time in range(3):
        assert len(intake.receive(shop, [bad], source=factories.source()).refused) == 1
    assert models.Quarantine.objects.count() == 1


def test_a_later_good_version_settles_what_was_refused_of_that_order_and_nothing_else() -> None:
    shop = factories.shop()
    intake.receive(
        shop, [order(currency="EURO"), order(id="5", number="1005", currency="EURO")], source=factories.source()
    )
    intake.receive(shop, [GOOD], source=factories.source())
    settled, waiting = models.Quarantine.objects.order_by("number")
    assert (settled.number, settled.resolved_at is None, settled.resolution) == (
        "1001",
        False,
        "A good version came later.",
    )
    assert (waiting.number, waiting.resolved_at) == ("1005", None)


def test_a_version_known_before_settles_nothing() -> None:
    shop = factories.shop()
    intake.receive(shop, [GOOD], source=factories.source())
    intake.receive(shop, [order(currency="EURO", updated_at=LATER)], source=factories.source())
    intake.receive(shop, [GOOD], source=factories.source())
    assert models.Quarantine.objects.get().resolved_at is None


def test_what_was_settled_and_comes_again_bad_lies_there_anew() -> None:
    shop, bad = factories.shop(), order(currency="EURO")
    for record in (bad, GOOD, bad):
        intake.receive(shop, [record], source=factories.source())
    assert models.Quarantine.objects.filter(resolved_at=None).count() == 1


def test_a_readers_refusal_is_kept_with_its_place_and_raw_text() -> None:
    shop = factories.shop()
    refusal = incoming.Refusal(
        where="row 17", reason="Total is “abc”.", field="Total", value="abc", number="1001", raw="a;b\0"
    )
    receipt = intake.receive(shop, [refusal], source=factories.source("orders.csv"))
    row = models.Quarantine.objects.get()
    assert (row.place, row.field, row.value, row.number, row.raw) == ("row 17", "Total", "abc", "1001", "a;b")
    assert receipt.refused[0].place == "row 17"


def test_an_error_of_ours_is_told_as_ours_without_its_insides_and_stops_nobody() -> None:
    shop = factories.shop()
    broken = order(lines=(dataclasses.replace(line(), title=7),))  # type: ignore[arg-type]
    broken = dataclasses.replace(broken, totals=None)  # type: ignore[arg-type]
    receipt = intake.receive(shop, [broken, factories.order("2")], source=factories.source())
    assert len(receipt.created) == 1
    assert "error of ordersync, not of the record (AttributeError)" in receipt.refused[0].words
    assert "NoneType" not in models.Quarantine.objects.get().reason


def test_a_refused_order_leaves_nothing_behind() -> None:
    shop = factories.shop()
    broken = order(lines=(line(kind="a kind longer than the column can hold"),))
    intake.receive(shop, [order(id="", number="")], source=factories.source())
    receipt = intake.receive(shop, [dataclasses.replace(broken, id="9", number="9")], source=factories.source())
    assert receipt.created or receipt.refused
    assert models.Address.objects.count() == 2 * models.Order.objects.count()


def test_text_that_a_database_cannot_hold_is_cleaned_and_descriptions_are_cut() -> None:
    shop = factories.shop()
    odd = order(
        lines=(line(title="Mug\0\ud800 " + "x" * 2000),), billing=factories.address(city="C" * 300), po_number="p" * 150
    )
    receipt = intake.receive(shop, [odd], source=factories.source())
    made = models.Order.objects.get()
    assert len(receipt.created) == 1
    assert (len(made.lines.get().title), made.lines.get().title[:5]) == (1000, "Mug? ")
    assert (len(made.billing.city), len(made.po_number)) == (200, 100)


def test_ratios_are_kept_with_the_places_of_their_columns_since_they_are_no_money() -> None:
    shop = factories.shop()
    odd = order(lines=(line(unit_price=Decimal("2.2214285714285715")),), presentment_rate=Decimal(1) / Decimal(3))
    intake.receive(shop, [odd], source=factories.source())
    made = models.Order.objects.get()
    assert (made.lines.get().unit_price, made.presentment_rate) == (Decimal("2.2214285714"), Decimal("0.3333333333"))
