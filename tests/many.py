"""Orders by the hundred thousand, made by the database itself from one that serves as a pattern."""

from __future__ import annotations

from django.db import connection

from orders.models import Order, Shop
from tests import rows

# Of a thousand orders 993 are posted and one or two lie in each other tab. `g` counts from 1; half the numbers have a prefix.
VALUES = {
    "number": "CASE WHEN g % 2 = 0 THEN 'WEB-' ELSE '' END || lpad(g::text, 7, '0')",
    "store_id": "(9000000 + g)::text",
    "email": "'person' || g % 50000 || '@example.org'",
    "placed_at": "timestamptz '2026-10-01 12:00+00' - g * interval '97 seconds'",
    "state": "CASE g % 1000 WHEN 0 THEN 'pending' WHEN 1 THEN 'pending' WHEN 2 THEN 'held' WHEN 3 THEN 'rejected' ELSE 'approved' END",
    "reject_reason": "CASE g % 1000 WHEN 3 THEN 'test' ELSE '' END",
    "blockers": "CASE g % 1000 WHEN 0 THEN 1 ELSE 0 END",
    "progress": "CASE WHEN g % 1000 IN (0, 1, 2, 3) THEN '' WHEN g % 1000 = 4 THEN 'waiting' WHEN g % 1000 = 5 THEN 'failed' "
    "WHEN g % 1000 = 6 THEN 'unknown' ELSE 'posted' END",
    "progress_at": "timestamptz '2026-10-01 12:00+00' - g * interval '97 seconds'",
    "search": "array_to_tsvector(ARRAY[lpad(g::text, 7, '0'), g::text, (9000000 + g)::text, 'person' || g % 50000, 'example', 'org', "
    "'mug', 'city' || g % 3000] || CASE WHEN g % 2 = 0 THEN ARRAY['web'] ELSE ARRAY['shop'] END)",
}  # fmt: skip


# For the queue at scale: of a thousand orders twenty wait, half of them for a person.
WAITING = {
    **VALUES,
    "state": "CASE WHEN g % 50 = 0 THEN 'pending' WHEN g % 1000 = 2 THEN 'held' WHEN g % 1000 = 3 THEN 'rejected' ELSE 'approved' END",
    "blockers": "CASE WHEN g % 100 = 0 THEN 1 ELSE 0 END",
    "progress": "CASE WHEN g % 50 = 0 OR g % 1000 IN (2, 3) THEN '' WHEN g % 1000 = 4 THEN 'waiting' WHEN g % 1000 = 5 THEN 'failed' "
    "WHEN g % 1000 = 6 THEN 'unknown' ELSE 'posted' END",
}  # fmt: skip
# A small queue whose first page is full as well: of 1,000 orders a hundred wait for a person.
CROWDED = {
    **WAITING,
    "state": "CASE WHEN g % 5 = 0 THEN 'pending' WHEN g % 1000 = 3 THEN 'rejected' ELSE 'approved' END",
    "blockers": "CASE WHEN g % 10 = 0 THEN 1 ELSE 0 END",
    "progress": "CASE WHEN g % 5 = 0 OR g % 1000 = 3 THEN '' ELSE 'posted' END",
}
FINDINGS = """
INSERT INTO orders_finding (order_id, code, severity, field, cause, words, fix, since)
SELECT o.id, f.code, f.severity, 'sku', CASE f.code WHEN 'sku_unknown' THEN 'sku:NEW-' || o.id % 40 ELSE '' END, f.words, 'Map it.', now()
  FROM orders_order o, (VALUES ('sku_unknown', 'blocking', 'SKU NEW-17 is not mapped to an item of the ledger.'),
                               ('address_missing', 'warning', 'The shipping address has no city.')) f (code, severity, words)
 WHERE o.blockers > 0 AND (f.severity = 'blocking' OR o.id % 3 = 0)"""


def findings() -> int:
    """A blocking finding at each order that has one by its number, and a warning at every third of them; how many were made."""
    with connection.cursor() as cursor:
        cursor.execute(FINDINGS)
        made: int = cursor.rowcount
        cursor.execute("ANALYZE orders_finding")
    return made


def orders(shop: Shop, count: int, columns_as: dict[str, str] = VALUES) -> None:
    """Insert `count` orders of the shop in one statement, then let the planner look at them."""
    pattern = rows.order(shop, "0", lines=[])
    columns = [field.column for field in Order._meta.concrete_fields if not field.primary_key]
    values = ", ".join(columns_as.get(str(column), f'pattern."{column}"') for column in columns)
    names = ", ".join(f'"{column}"' for column in columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO orders_order ({names}) SELECT {values} FROM generate_series(1, {count}) g, orders_order pattern "
            f"WHERE pattern.id = {pattern.pk}"
        )
        cursor.execute("SELECT gin_clean_pending_list('order_search')")
        cursor.execute("ANALYZE orders_order")
