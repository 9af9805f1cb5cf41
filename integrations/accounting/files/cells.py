"""How a cell of a file for another program is written: texts tidied and cut, what identifies refused when it does not fit, amounts in full."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import TypeVar

from integrations.errors import Misconfigured, Refused
from orders import money, outgoing

T = TypeVar("T")
_FORMULA = frozenset("=+-@\uff1d\uff0b\uff0d\uff20")
_UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def text(value: str, limit: int) -> str:
    """A descriptive text: one line without unseen signs, cut to the target's length, marked with ' where a spreadsheet would reckon with it."""
    seen = "".join(" " if unicodedata.category(sign) in _UNSEEN else sign for sign in value)
    tidy = " ".join(seen.split())
    tidy = f"'{tidy}" if tidy[:1] in _FORMULA else tidy
    return tidy if len(tidy) <= limit else f"{tidy[: limit - 1].rstrip()}…"


def code(value: str, document: outgoing.Document, *, what: str, limit: int, pattern: str = "", fix: str = "") -> str:
    """What the target finds its own record by: it is written as it is, or the document is Refused, for a part of it would name another."""
    fix = fix or f"Map {what} to what the target calls it."
    if not value:
        raise Refused(f"{document.reference}: there is no name for {what}.", fix=fix)
    if len(value) > limit:
        words = f"{document.reference}: “{value}” for {what} has {len(value)} signs; the target takes at most {limit}."
        raise Refused(words, fix=fix)
    if value != text(value, limit + 1) or (pattern and not re.fullmatch(pattern, value)):
        raise Refused(f"{document.reference}: “{value}” for {what} has signs that the target does not take.", fix=fix)
    return value


def amount(value: Decimal, currency: str) -> str:
    """An amount with the currency's own decimals, a point and no thousands; more decimals where the value has them."""
    if not money.is_exact(value, currency):
        return f"{value.normalize():f}"
    return f"{value or money.ZERO:.{money.exponent(currency)}f}"


def two_decimals(document: outgoing.Document, target: str) -> None:
    """Refuse what has a third decimal, where the target keeps two."""
    for posting in outgoing.postings(document):
        if posting.amount != posting.amount.quantize(Decimal("0.01")):
            words = f"{document.reference}: {posting.amount} {document.currency} on {posting.account} has three decimals; {target} keeps two."
            raise Refused(words, fix=f"Book it in {target} by hand and reject it here.")


def quantity(value: Decimal) -> str:
    """A number without needless zeros."""
    return f"{value.normalize() if value else money.ZERO:f}"


DATES = {"DMY": "%d/%m/%Y", "MDY": "%m/%d/%Y", "YMD": "%Y-%m-%d"}


def day(value: date, order: str) -> str:
    """A day as the target's region writes it. Raises Misconfigured for an order that there is not."""
    if order.upper() not in DATES:
        raise Misconfigured(f"Dates are written DMY, MDY or YMD, not “{order}”.", fix="Correct the option dates.")
    return value.strftime(DATES[order.upper()])


def per_piece(line: outgoing.Line, places: int) -> tuple[Decimal, Decimal]:
    """Quantity and unit price that multiply to exactly the line's net: the line's own, else one piece at the whole net."""
    if line.quantity > 0:
        price = line.net / line.quantity
        if price == round(price, places):
            return line.quantity, round(price, places)
    return Decimal(1), line.net


def parts(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """The items in their order, at most so many at a time."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def table(titles: Sequence[str], rows: Iterable[Sequence[str]], encoding: str = "utf-8") -> bytes:
    """A CSV as the targets read it: commas, CRLF, quotes only where they are needed, without a byte order mark, which some take for a part of the first title."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow(titles)
    writer.writerows(rows)
    return stream.getvalue().encode(encoding, "replace")
