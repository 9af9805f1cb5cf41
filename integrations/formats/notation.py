"""How numbers and dates are written in files that people touched: what reads one way only is read, what reads two ways is asked, never guessed."""

from __future__ import annotations

import calendar
import functools
import re
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from zoneinfo import ZoneInfo

from integrations.formats.node import Unclear
from integrations.stores.base import DATES, DECIMAL, ZONE, Example, Setting
from orders import money

_PLAIN = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)", re.ASCII)
_TWO_WAYS = re.compile(r"[1-9]\d{0,2}[.,]\d{3}", re.ASCII)
_BY_DOT = re.compile(r"\d*\.\d+|\d+\.?|[1-9]\d{0,2}(?:,\d{3})+(?:\.\d*)?", re.ASCII)
_BY_COMMA = re.compile(r"\d*,\d+|\d+,?|[1-9]\d{0,2}(?:\.\d{3})+(?:,\d*)?", re.ASCII)
_SPACED = re.compile(r"[1-9]\d{0,2}(?:[ \u00a0\u202f'’]\d{3})+(?:[.,]\d*)?", re.ASCII)
_SPACES = re.compile(r"[ \u00a0\u202f'’]")
_LARGEST = Decimal(10) ** 14  # amounts are kept as numeric(20,6)
_YEARS = range(1970, 2200)

_YEAR_FIRST = re.compile(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})", re.ASCII)
_YEAR_LAST = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4})", re.ASCII)
_MONTH_NAMED = re.compile(r"(?:(\d{1,2})[ -]([A-Za-z]{3,9})|([A-Za-z]{3,9}) (\d{1,2})),?[ -](\d{4})", re.ASCII)
_CLOCK = re.compile(r"(\d{1,2}):(\d\d)(?::(\d\d)(?:[.,](\d{1,6})\d*)?)?(?: ?([AaPp])[Mm])?", re.ASCII)
_STAMP = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d ?[+-]\d\d:?\d\d", re.ASCII)
_ISO_TIME = re.compile(r"\d{4}-\d\d-\d\dT", re.ASCII)
_CLOCK_BEGINS = re.compile(r"(?<=[\d,.] )\d{1,2}:\d\d", re.ASCII)
_ENDING = re.compile(r" ?(?:Z|UTC|GMT|(?P<sign>[+-])(?P<hours>\d\d):?(?P<minutes>\d\d)?)$", re.ASCII)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def number(text: str, setting: Setting, *, field: str, row: int, own: str = "") -> Decimal | None:
    """The number in a cell, None if it is blank. `own` is the mark before decimals that the maker of the layout writes, "" where people write the file.

    "1,234" is read as people said of this file (`setting.decimal`); where nobody said, it is noted to be asked. Raises Unclear with row, value and fix.
    """
    text = text.strip()
    if not text:
        return None
    if own != "," and _PLAIN.fullmatch(text) and not _TWO_WAYS.fullmatch(text.lstrip("+-")):
        return _small(Decimal(text), field, text, row)
    found = _value(text, setting, Example(field, text, row), own)
    return _small(found, field, text, row)


def _small(found: Decimal, field: str, text: str, row: int) -> Decimal:
    if abs(found) >= _LARGEST:
        raise Unclear(field, text, "It is too large for an amount; it must stay below 100 million million.", row)
    return money.kept(found)


def _value(text: str, setting: Setting, place: Example, own: str) -> Decimal:
    bare = text.replace("\u2212", "-")
    sign, bare = (-1, bare[1:]) if bare.startswith("-") else (1, bare.removeprefix("+"))
    if _SPACED.fullmatch(bare):
        return sign * Decimal(_SPACES.sub("", bare).replace(",", "."))
    mark = _mark(bare, setting, place, own)
    digits = bare.replace(",", "") if mark == "." else bare.replace(".", "").replace(",", ".")
    return sign * Decimal(digits)


def _mark(bare: str, setting: Setting, place: Example, own: str) -> str:
    """The mark before decimals in this number. Raises Unclear."""
    if _TWO_WAYS.fullmatch(bare):
        return _said_mark(bare, setting, place, own)
    for mark, shape in ((".", _BY_DOT), (",", _BY_COMMA)):
        if bare and shape.fullmatch(bare):
            if own and mark != own and not bare.isdigit():
                setting.asked.saw(DECIMAL, mark, place)
            return mark
    raise Unclear(place.field, place.value, _no_number(bare), place.row)


def _said_mark(bare: str, setting: Setting, place: Example, own: str) -> str:
    if setting.decimal:
        return setting.decimal
    if own and own in bare:
        setting.asked.lean(DECIMAL, own, place)
        return own
    setting.asked.note(DECIMAL, place)
    whole, broken = bare.replace(",", "").replace(".", ""), bare.replace(",", ".")
    fix = f"It can be read as {whole} and as {broken}: say which mark stands before decimals in this file, or write {whole}.00 or {broken}0."
    raise Unclear(place.field, place.value, fix, place.row)


def _no_number(bare: str) -> str:
    if bare.startswith("="):
        return "It is a formula, not a number: put in the number that it gives."
    if bare.startswith("#"):
        return "It is an error of the spreadsheet: put in the number."
    if re.fullmatch(r"\d+(?:[.,]\d+)?[eE]\+?\d+", bare):
        return "A spreadsheet shortened it: put in all its digits."
    return "An amount looks like 1234.50, without a currency sign: correct it, or export the file again and bring it in as it is."


def day(text: str, setting: Setting, *, field: str, row: int, own: str = "") -> date | None:
    """The day in a cell, its time left out; None if it is blank. `own` is the order the maker of the layout writes: "dmy" or "mdy". Raises Unclear."""
    place = Example(field, text.strip(), row)
    return _date(_divided(place)[0], setting, place, own) if place.value else None


def instant(
    text: str, setting: Setting, *, field: str, row: int, own: str = "", zone: tzinfo | None = None
) -> datetime | None:
    """The instant in a cell, None if it is blank. Without an offset it lies in `zone`, where the maker says which, else in the file's, which is noted to be asked.

    A day without a time begins in the shop's zone. Raises Unclear: no date, or 03/04/2026 where nobody said what comes first (`setting.dates`).
    """
    place = Example(field, text.strip(), row)
    if not place.value:
        return None
    if (found := stamp(place.value)) is not None:
        return found
    on, clock, offset = _divided(place)
    day = _date(on, setting, place, own)
    if not clock:
        return datetime.combine(day, time(), ZoneInfo(setting.time_zone))
    at = _clock(clock, place)
    if offset is None and zone is None and not setting.zone:
        setting.asked.note(ZONE, place)
    return datetime.combine(day, at, offset or zone or ZoneInfo(setting.zone or setting.time_zone))


@functools.lru_cache(maxsize=1 << 10)  # what happens to one order often happens at one moment
def stamp(text: str) -> datetime | None:
    """The instant that "2021-11-27 17:34:44 -0500" names, whoever wrote it; None for whatever is not so plain."""
    if not _STAMP.fullmatch(text):
        return None
    try:
        found = datetime.fromisoformat(f"{text[:10]}T{text[11:].replace(' ', '')}")
    except ValueError:
        return None
    return found if found.year in _YEARS else None


def _divided(place: Example) -> tuple[str, str, tzinfo | None]:
    """The day, the time of day ("" if there is none), and the offset."""
    on, _space, rest = place.value.partition("T") if _ISO_TIME.match(place.value) else _at_the_clock(place.value)
    offset = None
    if rest and (ending := _ENDING.search(rest)):
        rest, offset = rest[: ending.start()], _offset(ending)
    return on.strip(" ,"), rest.strip(), offset


def _at_the_clock(text: str) -> tuple[str, str, str]:
    found = _CLOCK_BEGINS.search(text)
    return (text[: found.start()], "", text[found.start() :].strip()) if found else (text, "", "")


def _offset(ending: re.Match[str]) -> tzinfo:
    sign, hours, minutes = ending["sign"], ending["hours"], ending["minutes"]
    if not sign:
        return UTC
    return timezone((1 if sign == "+" else -1) * timedelta(hours=min(int(hours), 23), minutes=int(minutes or 0)))


def _clock(text: str, place: Example) -> time:
    found = _CLOCK.fullmatch(text)
    try:
        if found:
            hour = int(found[1])
            if found[5]:
                hour = hour % 12 + (12 if found[5].lower() == "p" else 0) if 1 <= hour <= 12 else 99
            return time(hour, int(found[2]), int(found[3] or 0), int((found[4] or "0").ljust(6, "0")))
    except ValueError:
        pass
    raise _no_date(place)


def _date(text: str, setting: Setting, place: Example, own: str) -> date:
    try:
        found = date(*_parts(text, setting, place, own))
    except ValueError as error:
        raise _no_date(place) from error
    if found.year not in _YEARS:
        raise Unclear(place.field, place.value, f"The year must lie between {_YEARS[0]} and {_YEARS[-1]}.", place.row)
    return found


def _parts(text: str, setting: Setting, place: Example, own: str) -> tuple[int, int, int]:
    """Year, month and day. Raises Unclear."""
    if found := _YEAR_FIRST.fullmatch(text):
        return int(found[1]), int(found[3]), int(found[4])
    if found := _YEAR_LAST.fullmatch(text):
        first, second, year = int(found[1]), int(found[3]), int(found[4])
        order = "dmy" if found[2] == "." else _order(first, second, setting, place, own)
        return (year, second, first) if order == "dmy" else (year, first, second)
    if (found := _MONTH_NAMED.fullmatch(text)) and (name := (found[2] or found[3])[:3].lower()) in _MONTHS:
        return int(found[5]), _MONTHS.index(name) + 1, int(found[1] or found[4])
    raise _no_date(place)


def _order(first: int, second: int, setting: Setting, place: Example, own: str) -> str:
    if first > 12 or second > 12:
        order = "dmy" if first > 12 else "mdy"
        if own and order != own:
            setting.asked.saw(DATES, order, place)
        return order
    if first == second:
        return "dmy"
    if setting.dates:
        return setting.dates
    if own:
        setting.asked.lean(DATES, own, place)
        return own
    setting.asked.note(DATES, place)
    ways = f"{first} {calendar.month_name[second]} and {second} {calendar.month_name[first]}"
    fix = f"It can be read as {ways}: say whether the day or the month comes first in this file, or write dates as 2026-12-31."
    raise Unclear(place.field, place.value, fix, place.row)


def _no_date(place: Example) -> Unclear:
    if place.value.startswith("="):
        fix = "It is a formula, not a date: put in the date that it gives."
    else:
        fix = "A date looks like 2026-12-31, or 2026-12-31 17:34:44 +0100: correct it, or export the file again and bring it in as it is."
    return Unclear(place.field, place.value, fix, place.row)
