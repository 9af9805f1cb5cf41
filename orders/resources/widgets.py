"""What may stand in a cell of our spreadsheets: how each kind of value is written, read, and refused in a sentence."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import TextChoices
from django.utils.translation import gettext as _
from import_export.widgets import Widget

_PLAIN = re.compile(r"[+-]?\d+(\.\d*)?(E[+-]?\d+)?|[+-]?\.\d+", re.IGNORECASE)
_COMMA = re.compile(r"[+-]?\d+,(\d{1,2}|\d{4,})")
_ISO = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2})?)(?:\.\d+)?)?")
_YES, _NO = {"yes", "true", "1"}, {"no", "false", "0"}
# What no spreadsheet format can carry: XML 1.0 has no such characters.
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


class Text(Widget):  # type: ignore[misc]
    """A text as it is: leading zeros, long ids and line breaks included."""

    kind = "text"
    rewrites = True  # the cell's value is another than the column's

    @property
    def words(self) -> str:
        return _("text")

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> Any:
        """The value of a cell's text, None for an empty one. Raises ValueError with a sentence that says what is expected."""
        text = tidy(str(value if value is not None else ""))
        return self.read(text) if text else None

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        return text_of(value)

    def read(self, text: str) -> Any:
        return text

    def written(self, value: Any, zone: ZoneInfo | None) -> Any:
        """A column's value as it is put into the cell."""
        if not value:
            return None
        text: str = value.strip() if value.isprintable() else tidy(value)
        return text


class Number(Text):
    """How many, or the price of one: what no sum is made of. Never through binary fractions."""

    kind = "number"
    rewrites = False

    @property
    def words(self) -> str:
        return _("number, as 1234.50")

    def read(self, text: str) -> Decimal:
        plain = text.replace(",", ".") if _COMMA.fullmatch(text) else text
        if not _PLAIN.fullmatch(plain):
            words = _("“%(value)s” is no number that can only be read in one way. Write it as in 1234.50.")
            raise ValueError(words % {"value": text})
        return Decimal(plain)


class Amount(Number):
    """Money, in the row's currency."""

    kind = "amount"


class Percent(Number):
    """A rate as people write it: 19 for the fraction 0.19."""

    rewrites = True

    @property
    def words(self) -> str:
        return _("percent, as 19")

    def written(self, value: Any, zone: ZoneInfo | None) -> Any:
        return None if value is None else value * 100


class Whole(Number):
    """An id or a version of ours."""

    @property
    def words(self) -> str:
        return _("whole number")

    def read(self, text: str) -> Any:
        number = super().read(text)
        if number != number.to_integral_value() or not 0 <= number < 1 << 63:
            raise ValueError(_("“%(value)s” is no whole number.") % {"value": text})
        return int(number)


class Day(Text):
    kind = "day"
    rewrites = False

    @property
    def words(self) -> str:
        return _("day, as 2026-12-31")

    def read(self, text: str) -> date:
        return _moment(text).date()


class Instant(Text):
    """Day and time on the shop's clock, to the second: spreadsheet programs know no time zones."""

    kind = "instant"

    @property
    def words(self) -> str:
        return _("day and time on the shop's clock, as 2026-12-31 23:59:00")

    def read(self, text: str) -> datetime:
        return _moment(text)

    def written(self, value: Any, zone: ZoneInfo | None) -> Any:
        return None if value is None else value.astimezone(zone).replace(tzinfo=None, microsecond=0)


class Flag(Text):
    @property
    def words(self) -> str:
        return _("yes or no")

    def read(self, text: str) -> str:
        if text.lower() not in _YES | _NO:
            raise ValueError(_("“%(value)s” is neither yes nor no.") % {"value": text})
        return "yes" if text.lower() in _YES else "no"

    def written(self, value: Any, zone: ZoneInfo | None) -> Any:
        return None if value is None else "yes" if value else "no"


class Choice(Text):
    """One of the words that ordersync sorts by."""

    def __init__(self, choices: type[TextChoices]) -> None:
        super().__init__()
        self.choices = [value for value in choices.values if value]

    @property
    def words(self) -> str:
        return _("one of: %s") % ", ".join(self.choices)

    def read(self, text: str) -> str:
        found = text.lower().replace(" ", "_")
        if found not in self.choices:
            words = _("“%(value)s” is none of: %(choices)s.")
            raise ValueError(words % {"value": text, "choices": ", ".join(self.choices)})
        return found


def tidy(text: str) -> str:
    """The text without what no spreadsheet can carry, its line ends as one sign, nothing around it."""
    if text.isprintable():  # no control sign, no line end, nothing that is no letter
        return text.strip()
    clean = _UNWRITABLE.sub("", text)
    return clean.replace("\r\n", "\n").replace("\r", "\n").strip()


def text_of(value: Any) -> str:
    """The one text of a cell's value, by which cells are compared: 19.90 and 19.9 are the same."""
    if isinstance(value, str):
        return tidy(value)
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return _number(value)
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    return value.isoformat() if isinstance(value, date) else tidy(str(value))


def listed(parts: Iterable[str]) -> str:
    """Several things in one cell, each on a line of its own."""
    return "\n".join(parts)


def _number(value: Decimal) -> str:
    text = format(value, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in {"-0", ""} else text


def _moment(text: str) -> datetime:
    found = _ISO.fullmatch(text)
    try:
        if found:
            return datetime.fromisoformat(f"{found[1]} {found[2] or '00:00'}")
    except ValueError:
        pass
    raise ValueError(
        _("“%(value)s” is no day that can only be read in one way. Write it as in 2026-12-31.") % {"value": text}
    )
