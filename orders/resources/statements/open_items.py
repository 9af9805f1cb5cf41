"""Open items: what was still owed on each invoice at the end of a day, by what was booked until then; together the balance of the receivables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db import connection
from django.utils.translation import gettext_lazy as _

from orders.resources.statements.statement import Asked, Row, Statement, Sums, sums_of
from orders.resources.table import AMOUNT, DAY, NUMBER, TEXT, Table

TABLE = Table(
    "open items",
    (
        "document", "kind", "number", "order", "shop", "customer", "company", "posted on", "due on", "days overdue", "currency", "gross", "settled", "balance",
        "account",
    ),
    (TEXT, TEXT, TEXT, TEXT, TEXT, TEXT, TEXT, DAY, DAY, NUMBER, TEXT, AMOUNT, AMOUNT, AMOUNT, TEXT),
    currency=10,
)  # fmt: skip

CONTROLLED = ["balance"]
_BOOKED = """
WITH booked AS (
    SELECT d.*, CASE d.kind WHEN 'credit_note' THEN 1 WHEN 'payment' THEN 1 WHEN 'journal' THEN 1 ELSE -1 END AS side
      FROM orders_document d JOIN orders_booking b ON b.document_id = d.id AND b.booked_at IS NOT NULL
     WHERE d.ledger_id = %(ledger)s AND d.posting_on <= %(last)s
), receivables AS (
    SELECT DISTINCT contra_account FROM booked WHERE kind = 'invoice'
), moves (document_id, account, amount) AS (
    SELECT id, contra_account, -side * gross FROM booked WHERE contra_account IN (TABLE receivables)
    UNION ALL
    SELECT d.id, x.account, d.side * x.net FROM booked d JOIN orders_documentline x ON x.document_id = d.id WHERE x.account IN (TABLE receivables)
)
"""
# What settles an invoice names it; what names none, or one that was not booked until then, is an item of its own.
_ITEMS = """, named AS MATERIALIZED (
    SELECT d.id, d.body::jsonb ->> 'applies_to' AS applies_to FROM booked d WHERE d.kind <> 'invoice' AND d.id IN (SELECT document_id FROM moves)
), items AS (
    SELECT coalesce(i.id, m.document_id) AS id, m.account, sum(m.amount) AS balance,
           coalesce(sum(m.amount) FILTER (WHERE coalesce(i.id, m.document_id) = m.document_id), 0) AS own
      FROM moves m LEFT JOIN named n ON n.id = m.document_id
      LEFT JOIN booked i ON i.kind = 'invoice' AND i.reference = n.applies_to AND i.contra_account = m.account GROUP BY 1, 2
)
SELECT d.reference, d.kind, coalesce(nullif(v.number, ''), b.number, ''), coalesce(o.number, ''), s.code,
       coalesce(o.customer_name, ''), coalesce(o.company, ''), d.posting_on,
       coalesce(v.due_on, (d.body::jsonb ->> 'due_on')::date) AS due_on, d.currency, t.own, t.own - t.balance, t.balance, t.account
  FROM items t JOIN booked d ON d.id = t.id JOIN orders_booking b ON b.document_id = d.id JOIN orders_shop s ON s.id = d.shop_id
  LEFT JOIN orders_order o ON o.id = d.order_id LEFT JOIN orders_invoice v ON v.document_id = d.id
 WHERE t.balance <> 0 ORDER BY d.posting_on, d.n, t.account
"""
_CONTROL = """
SELECT d.currency, sum(m.amount) FROM moves m JOIN booked d ON d.id = m.document_id GROUP BY d.currency
"""


def rows(asked: Asked) -> Iterator[Row]:
    with connection.cursor() as cursor:
        cursor.execute(_BOOKED + _ITEMS, asked.values)
        while found := cursor.fetchmany(1000):
            yield from (_row(item, asked) for item in found)


def _row(item: tuple[Any, ...], asked: Asked) -> Row:
    before, due_on, after = item[:8], item[8], item[9:]
    late = (asked.last - due_on).days if due_on else 0
    return [*before, due_on, late if late > 0 else None, *after]


def control(asked: Asked) -> Sums:
    """The balance of the accounts on which invoices stand, straight from the signed lines."""
    return sums_of(_BOOKED + _CONTROL, asked.values, CONTROLLED)


OPEN_ITEMS = Statement(
    profile="open-items",
    title=_("Open items"),
    words=_("What was still owed on each invoice at the end of the last day; together the balance of the receivables."),
    version=1,
    table=TABLE,
    rows=rows,
    control=control,
    controlled=CONTROLLED,
    as_of=True,
)
