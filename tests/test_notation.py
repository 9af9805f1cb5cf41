"""Numbers and dates of files that people touched: what reads one way is read, what reads two ways is asked, and the file's own contradictions count."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from integrations.formats import notation
from integrations.formats.node import Unclear
from integrations.stores.base import DATES, DECIMAL, ZONE, Example, Setting

BERLIN = ZoneInfo("Europe/Berlin")


def setting(**said: str) -> Setting:
    return Setting(currency="EUR", time_zone="Europe/Berlin", **said)


def number(text: str, own: str = "", told: Setting | None = None) -> Decimal | None:
    return notation.number(text, told or setting(), field="Total", row=7, own=own)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None), ("12", "12"), ("12.5", "12.5"), ("12,5", "12.5"), ("1234,567", "1234.567"), ("0,125", "0.125"), ("-0.125", "-0.125"),
        ("1,234.50", "1234.50"), ("1.234,50", "1234.50"), ("1,234,567", "1234567"), ("1.234.567", "1234567"), ("1 234,50", "1234.5"),
        ("1\u00a0234.50", "1234.5"), ("1'234.50", "1234.5"), ("\u221212,50", "-12.5"), ("+7", "7"), (" 3 ", "3"), (".5", "0.5"), ("1.2340", "1.234"),
    ],
)  # fmt: skip
def test_a_number_that_reads_one_way_is_read_whatever_was_said(text: str, value: str | None) -> None:
    expected = Decimal(value) if value else None
    for own in ("", ".", ","):
        for said in ("", ".", ","):
            assert number(text, own, setting(decimal=said)) == expected


@pytest.mark.parametrize("text", ["1,23,456.78", "12.50 EUR", "€12", "NaN", "1e5", "1,234.5.6", "(12.50)", "12-", "=A1", "#REF!", "٣", "--1", "1,,000"])  # fmt: skip
def test_what_is_no_number_is_refused_with_row_value_and_fix(text: str) -> None:
    with pytest.raises(Unclear) as refused:
        number(text)
    assert str(refused.value).startswith(f"Row 7: “Total” is “{text}”. ")
    assert (refused.value.field, refused.value.value, refused.value.row) == ("Total", text, 7)


@pytest.mark.parametrize("text", ["1,234", "1.234", "-999,000"])
def test_a_number_that_reads_two_ways_is_asked_and_the_answer_decides(text: str) -> None:
    told = setting()
    with pytest.raises(Unclear, match="can be read as"):
        number(text, told=told)
    assert told.asked.questions() == {DECIMAL: Example("Total", text, 7)}
    whole, broken = Decimal(text.replace(",", "").replace(".", "")), Decimal(text.replace(",", "."))
    marks = {",": broken, ".": whole} if "," in text else {",": whole, ".": broken}
    for mark, value in marks.items():
        assert number(text, told=setting(decimal=mark)) == value


def test_the_makers_own_notation_is_followed_until_the_file_contradicts_it() -> None:
    told = setting()
    assert number("1.234", ".", told) == Decimal("1.234")
    assert told.asked.questions() == {}
    assert number("12,50", ".", told) == Decimal("12.50")
    assert told.asked.questions() == {DECIMAL: Example("Total", "1.234", 7)}
    assert number("1.234", ".", setting(decimal=",")) == 1234
    with pytest.raises(Unclear):
        number("1,234", ".")


def test_a_number_too_large_for_an_amount_is_refused() -> None:
    with pytest.raises(Unclear, match="too large"):
        number("123456789012345")


def instant(text: str, own: str = "", told: Setting | None = None, **more: object) -> datetime | None:
    return notation.instant(text, told or setting(), field="Date", row=3, own=own, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("2026-04-03 10:20:30 +0200", datetime(2026, 4, 3, 10, 20, 30, tzinfo=timezone(timedelta(hours=2)))),
        ("2026-04-03T10:20:30Z", datetime(2026, 4, 3, 10, 20, 30, tzinfo=UTC)),
        ("2026-04-03 10:20:30 UTC", datetime(2026, 4, 3, 10, 20, 30, tzinfo=UTC)),
        ("2026-04-03T10:20:30.123456+00:00", datetime(2026, 4, 3, 10, 20, 30, 123456, tzinfo=UTC)),
        ("2026/04/03 10:20", datetime(2026, 4, 3, 10, 20, tzinfo=BERLIN)),
        ("03.04.2026 10:20", datetime(2026, 4, 3, 10, 20, tzinfo=BERLIN)),
        ("31/12/2026, 3:04 PM", datetime(2026, 12, 31, 15, 4, tzinfo=BERLIN)),
        ("12/31/2026 12:04 am", datetime(2026, 12, 31, 0, 4, tzinfo=BERLIN)),
        ("4 March 2026", datetime(2026, 3, 4, tzinfo=BERLIN)),
        ("Mar 4, 2026 10:20", datetime(2026, 3, 4, 10, 20, tzinfo=BERLIN)),
        ("05/05/2026", datetime(2026, 5, 5, tzinfo=BERLIN)),
        ("2026-04-03", datetime(2026, 4, 3, tzinfo=BERLIN)),
    ],
)
def test_a_date_that_reads_one_way_is_read(text: str, value: datetime | None) -> None:
    assert instant(text) == value
    assert notation.day(text, setting(), field="Date", row=3) == (value.date() if value else None)


@pytest.mark.parametrize("text", ["31/02/2026", "2026-13-01", "03/04/26", "soon", "=TODAY()", "46115", "1950-01-01", "2026-04-03 25:00"])  # fmt: skip
def test_what_is_no_date_is_refused_with_row_value_and_fix(text: str) -> None:
    with pytest.raises(Unclear) as refused:
        instant(text)
    assert str(refused.value).startswith(f"Row 3: “Date” is “{text}”. ")


def test_a_date_that_reads_two_ways_is_asked_and_the_answer_decides() -> None:
    told = setting()
    with pytest.raises(Unclear, match="3 April and 4 March"):
        instant("03/04/2026 08:00", told=told)
    assert told.asked.questions() == {DATES: Example("Date", "03/04/2026 08:00", 3)}
    for order, day in (("dmy", date(2026, 4, 3)), ("mdy", date(2026, 3, 4))):
        assert notation.day("03/04/2026", setting(dates=order), field="Date", row=3) == day
        assert notation.day("03/04/2026", setting(), field="Date", row=3, own=order) == day


def test_a_makers_order_of_dates_is_followed_until_the_file_contradicts_it() -> None:
    told = setting()
    instant("03/04/2026", "mdy", told)
    assert told.asked.questions() == {}
    instant("31/12/2026", "mdy", told)
    assert set(told.asked.questions()) == {DATES}


def test_a_time_without_a_zone_lies_in_the_shops_and_is_asked_once() -> None:
    told = setting()
    assert instant("2026-04-03 10:20", told=told) == datetime(2026, 4, 3, 10, 20, tzinfo=BERLIN)
    assert told.asked.questions() == {ZONE: Example("Date", "2026-04-03 10:20", 3)}
    answered = setting(zone="UTC")
    assert instant("2026-04-03 10:20", told=answered) == datetime(2026, 4, 3, 10, 20, tzinfo=UTC)
    assert instant("2026-04-03", told=answered) == datetime(2026, 4, 3, tzinfo=BERLIN), "a day is the shop's day"
    assert instant("2026-04-03 10:20", zone=UTC, told=(known := setting())) == datetime(2026, 4, 3, 10, 20, tzinfo=UTC)
    assert known.asked.questions() == {}
