"""What every statement out of the books is: a table of a ledger and of days, and control totals that another statement reckons."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import connection
from django.utils.functional import Promise

from orders import outgoing
from orders.models import Document, Ledger
from orders.resources.table import Table, decimals, plain

Row = list[Any]
Sums = dict[str, dict[str, str]]
# The sign of a document's lines seen as a sale: what is sold adds, what is credited takes away.
AS_SALE = {kind: -side for kind, side in outgoing.LINE_SIDE.items()}


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose books, and the days from `first` to `last`, both included; a statement as of a day asks for the last alone."""

    ledger: Ledger
    first: date
    last: date

    @property
    def values(self) -> dict[str, Any]:
        return {"ledger": self.ledger.pk, "first": self.first, "last": self.last, "sales": [*outgoing.SALES]}


@dataclass(frozen=True, slots=True)
class Statement:
    """`rows` makes the file. `control` sums the columns `controlled` by a statement of its own over the signed lines: a file that sums otherwise is not handed out.

    `version` rises whenever the columns or their meaning change.
    """

    profile: str
    title: str | Promise
    words: str | Promise
    version: int
    table: Table
    rows: Callable[[Asked], Iterator[Row]]
    control: Callable[[Asked], Sums]
    controlled: list[str]
    as_of: bool = False

    def parameters(self, asked: Asked) -> dict[str, str]:
        """What a batch keeps of what was asked for."""
        last = asked.last.isoformat()
        return {"as of": last} if self.as_of else {"from": asked.first.isoformat(), "to": last}


def sums_of(statement: str, values: dict[str, Any], titles: list[str]) -> Sums:
    """The control totals by a statement whose rows are currency and one sum for each title."""
    found = {}
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        for currency, *amounts in cursor.fetchall():
            found[currency] = {
                title: plain(Decimal(amount), decimals(currency)) for title, amount in zip(titles, amounts, strict=True)
            }
    return dict(sorted(found.items()))


@dataclass(frozen=True, slots=True)
class Booked:
    """A booked document with what the ledger made of it and what the desk calls it."""

    document: outgoing.Document
    number: str
    tax_country: str
    adjustments: list[tuple[str, Decimal, Decimal, str, str]]
    """Account, net, tax, tax code, words."""


def booked(asked: Asked) -> Iterator[Booked]:
    """The documents whose posting day lies in the days asked for and that the ledger has, by day and place in the chain."""
    found = Document.objects.filter(
        ledger=asked.ledger, posting_on__range=(asked.first, asked.last), booking__booked_at__isnull=False
    ).order_by("posting_on", "n")
    columns = ("body", "hash", "booking__number", "invoice__number", "invoice__adjustments", "order__tax_country")
    for body, hash_, ours, theirs, adjusted, country in found.values_list(*columns).iterator(chunk_size=500):
        document = outgoing.restore(body, party="", hash=hash_, number=ours)
        yield Booked(document, theirs or ours, country or "", [_adjustment(item) for item in adjusted or ()])


def _adjustment(item: dict[str, Any]) -> tuple[str, Decimal, Decimal, str, str]:
    tax = Decimal(item.get("tax") or 0)
    return item["account"], Decimal(item["net"]), tax, item.get("tax_code", ""), item.get("words", "")
