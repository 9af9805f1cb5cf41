"""Sales by account: what was sold and what was credited on each account, without tax."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import connection
from django.utils.translation import gettext_lazy as _

from orders.resources.statements.statement import Asked, Row, Statement, Sums, sums_of
from orders.resources.table import AMOUNT, NUMBER, TEXT, Table

TABLE = Table(
    "sales",
    ("account", "account name", "currency", "documents", "sales", "credit notes", "net"),
    (TEXT, TEXT, TEXT, NUMBER, AMOUNT, AMOUNT, AMOUNT),
    currency=2,
)
CONTROLLED = ["sales", "credit notes", "net"]
_BOOKED = """
WITH booked AS (
    SELECT d.*, CASE d.kind WHEN 'credit_note' THEN -1 ELSE 1 END AS sign
      FROM orders_document d JOIN orders_booking b ON b.document_id = d.id AND b.booked_at IS NOT NULL
     WHERE d.ledger_id = %(ledger)s AND d.posting_on BETWEEN %(first)s AND %(last)s AND d.kind = ANY(%(sales)s)
)
"""
_ROWS = """, amounts (account, document_id, currency, sign, net) AS (
    SELECT x.account, d.id, d.currency, d.sign, x.net FROM booked d JOIN orders_documentline x ON x.document_id = d.id WHERE x.net <> 0 OR x.tax = 0
    UNION ALL
    SELECT a.account, d.id, d.currency, d.sign, a.net FROM booked d JOIN orders_invoice i ON i.document_id = d.id,
           jsonb_to_recordset(i.adjustments) a (account text, net numeric) WHERE a.net <> 0
)
SELECT m.account, coalesce(a.name, ''), m.currency, count(DISTINCT m.document_id), coalesce(sum(m.net) FILTER (WHERE m.sign > 0), 0),
       -coalesce(sum(m.net) FILTER (WHERE m.sign < 0), 0), sum(m.sign * m.net)
  FROM amounts m LEFT JOIN orders_account a ON a.ledger_id = %(ledger)s AND a.code = m.account GROUP BY 1, 2, 3 ORDER BY 1, 3
"""
# By the documents' own sums, not by their lines.
_CONTROL = """
SELECT d.currency, coalesce(sum(d.net + coalesce(added.net, 0)) FILTER (WHERE d.sign > 0), 0),
       -coalesce(sum(d.net + coalesce(added.net, 0)) FILTER (WHERE d.sign < 0), 0), sum(d.sign * (d.net + coalesce(added.net, 0)))
  FROM booked d LEFT JOIN LATERAL (
      SELECT sum(a.net) AS net FROM orders_invoice i, jsonb_to_recordset(i.adjustments) a (net numeric) WHERE i.document_id = d.id
  ) added ON true GROUP BY d.currency
"""


def rows(asked: Asked) -> Iterator[Row]:
    with connection.cursor() as cursor:
        cursor.execute(_BOOKED + _ROWS, asked.values)
        yield from (list(row) for row in cursor.fetchall())


def control(asked: Asked) -> Sums:
    return sums_of(_BOOKED + _CONTROL, asked.values, CONTROLLED)


SALES_BY_ACCOUNT = Statement(
    profile="sales",
    title=_("Sales by account"),
    words=_("What was sold and credited on each account without tax, what the ledger's own rounding added included."),
    version=1,
    table=TABLE,
    rows=rows,
    control=control,
    controlled=CONTROLLED,
)
