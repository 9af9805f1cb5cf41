"""Tryton books an invoice in another currency at its own rate of the invoice's day: that rate is seen to before, entered where allowed, and never far off."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from integrations.errors import Refused
from orders import outgoing

from .books import WHERE_CURRENCIES, Books
from .rpc import Said

FAR = Decimal(
    "0.02"
)  # of the signed rate: what two sources of one day differ by is far less, a rate that is missing far more
_DIGITS = Decimal("0.000001")


def examine(document: outgoing.Document, books: Books) -> None:
    """Raises Refused where Tryton would book at no rate or at one far from the signed one. Payments and journals carry the signed rate themselves."""
    if document.currency == books.base:
        return
    seen = (document.currency, document.issued_on)
    if seen not in books.rates:
        books.rates[seen] = _theirs(document, books)
    theirs = books.rates[seen]
    if abs(theirs - document.rate) > FAR * document.rate:
        words = (
            f"On {document.issued_on} Tryton reckons 1 {document.currency} as {theirs:.6f} {books.base}; "
            f"signed was {document.rate} ({document.rate_source or 'no source'})."
        )
        fix = f"Enter that day's rate ({WHERE_CURRENCIES} › {document.currency}), or let ordersync enter it (option rates)."
        raise Refused(words, fix=fix)


def _theirs(document: outgoing.Document, books: Books) -> Decimal:
    ours, foreign = books.currency(books.base), books.currency(document.currency)
    day = document.issued_on
    names = ["rate", "rates.date"]
    rows = {
        row["id"]: row for row in books.client("model.currency.currency.read", [ours.id, foreign.id], names, date=day)
    }
    base = rows[ours.id]["rate"] or Decimal(0)
    has_day = any(rate["date"] == day for rate in rows[foreign.id]["rates."])
    if books.enters_rates and base and not has_day:
        return _enter(document, books, foreign.id, base, day)
    rate = rows[foreign.id]["rate"]
    return base / rate if rate else Decimal(0)


def _enter(document: outgoing.Document, books: Books, currency: int, base: Decimal, day: date) -> Decimal:
    rate = (base / document.rate).quantize(_DIGITS)
    try:
        books.client("model.currency.currency.rate.create", [{"currency": currency, "date": day, "rate": rate}])
    except Said as said:
        words = f"The rate of {document.currency} on {day} cannot be entered in Tryton: {said.whole}"
        fix = "Give ordersync's user the group Currency Administration, or enter the rate there and set the option rates to no."
        raise Refused(words, fix=fix) from said
    return base / rate
