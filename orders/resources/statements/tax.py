"""Tax by code and country: what was taxed, at which rate, and how much tax, for sales and credit notes apart."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from django.utils.translation import gettext_lazy as _

from orders.money import ZERO
from orders.outgoing import SALES
from orders.resources.statements.statement import AS_SALE, Asked, Booked, Row, Statement, Sums, booked, sums_of
from orders.resources.table import AMOUNT, NUMBER, TEXT, Table

TABLE = Table(
    "tax",
    ("country", "tax code", "rate %", "kind", "currency", "documents", "net", "base", "tax", "gross"),
    (TEXT, TEXT, NUMBER, TEXT, TEXT, NUMBER, AMOUNT, AMOUNT, AMOUNT, AMOUNT),
    currency=4,
)
Place = tuple[str, str, Decimal | None, str, str]  # country, tax code, rate, kind, currency
_KINDS = {"invoice": "sales", "receipt": "sales", "credit_note": "credit notes"}
CONTROLLED = ["net", "tax", "gross"]
ROUNDING = "rounding by the ledger"

# `shown` is what the statement tells of: every line of a sale, and of other documents whatever is taxed.
_CONTROL = """
WITH booked AS (
    SELECT d.*, CASE d.kind WHEN 'credit_note' THEN -1 WHEN 'payment' THEN -1 WHEN 'journal' THEN -1 ELSE 1 END AS sign, d.kind = ANY(%(sales)s) AS sale
      FROM orders_document d JOIN orders_booking b ON b.document_id = d.id AND b.booked_at IS NOT NULL
     WHERE d.ledger_id = %(ledger)s AND d.posting_on BETWEEN %(first)s AND %(last)s
), shown (currency, net, tax) AS (
    SELECT d.currency, d.sign * x.net, d.sign * x.tax FROM booked d JOIN orders_documentline x ON x.document_id = d.id WHERE d.sale OR x.tax <> 0
    UNION ALL
    SELECT d.currency, d.sign * a.net, d.sign * coalesce(a.tax, 0) FROM booked d JOIN orders_invoice i ON i.document_id = d.id,
           jsonb_to_recordset(i.adjustments) a (net numeric, tax numeric) WHERE d.sale
)
SELECT currency, sum(net), sum(tax), sum(net + tax) FROM shown GROUP BY currency
"""


def rows(asked: Asked) -> Iterator[Row]:
    summed: dict[Place, list[Decimal]] = {}
    documents: dict[Place, set[str]] = {}
    for item in booked(asked):
        for place, amounts in _amounts(item):
            sums = summed.setdefault(place, [ZERO, ZERO, ZERO])
            summed[place] = [one + other for one, other in zip(sums, amounts, strict=True)]
            documents.setdefault(place, set()).add(item.document.hash)
    for place in sorted(summed, key=_order):
        country, code, rate, kind, currency = place
        net, base, tax = summed[place]
        percent = None if rate is None else rate * 100
        yield [country, code, percent, kind, currency, len(documents[place]), net, base, tax, net + tax]


def _amounts(item: Booked) -> Iterator[tuple[Place, tuple[Decimal, Decimal, Decimal]]]:
    """Net, base and tax of each line, and of what the ledger's own arithmetic added."""
    document = item.document
    sign, kind = AS_SALE[document.kind], _KINDS.get(document.kind, "other")
    for line in document.lines:
        if document.kind in SALES or line.tax:
            base = line.net if line.base is None else line.base
            place = (item.tax_country, line.tax_code, line.tax_rate, kind, document.currency)
            yield place, (sign * line.net, sign * base, sign * line.tax)
    for _account, net, tax, code, _words in item.adjustments if document.kind in SALES else ():
        yield (item.tax_country, code, None, ROUNDING, document.currency), (sign * net, ZERO, sign * tax)


def _order(place: Place) -> tuple[str, str, Decimal, str, str]:
    country, code, rate, kind, currency = place
    return country, code, Decimal(-1) if rate is None else rate, kind, currency


def control(asked: Asked) -> Sums:
    return sums_of(_CONTROL, asked.values, CONTROLLED)


TAX = Statement(
    profile="tax",
    title=_("Tax by code and country"),
    words=_(
        "Base and tax by country, code and rate; credit notes below zero. The days are those of posting, as in the books."
    ),
    version=1,
    table=TABLE,
    rows=rows,
    control=control,
    controlled=CONTROLLED,
)
