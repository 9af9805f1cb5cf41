"""What lies in the outbox: which documents have no delivery yet, which leases lapsed, which connections have something due."""

from __future__ import annotations

from django.db import connection as database
from django.db import transaction

from integrations.booking import idempotency_key
from integrations.connections import OPEN
from orders import documents, intake
from orders.models import Document

DISPATCH = 1000
SEEN = 100  # how many due deliveries of a connection are counted: enough to know how many lanes they are worth

# A delivery that somebody may claim now. What was voided or refused is claimed too, so that `take` can end it. The time for an undo counts until the document
# was taken: from then on nobody can undo it, and a clock that jumps back brings that time not again.
DUE = """d.state IN ('waiting', 'unknown') AND d.not_before <= now() AND (
       d.state = 'unknown' OR d.sent OR b.voided_at IS NOT NULL OR b.refused_at IS NOT NULL OR (
       (b.taken_at IS NOT NULL OR b.not_before <= now()) AND NOT EXISTS (
         SELECT 1 FROM orders_documentafter a JOIN orders_booking first ON first.document_id = a.after_id
          WHERE a.document_id = d.document_id AND first.booked_at IS NULL)))"""

_FRESH = """FROM orders_booking b JOIN orders_document doc ON doc.id = b.document_id
       JOIN orders_ledger l ON l.id = doc.ledger_id JOIN integrations_connection c ON c.ledger_id = l.id AND c.active
      WHERE b.taken_at IS NULL AND b.voided_at IS NULL AND b.refused_at IS NULL
        AND NOT EXISTS (SELECT 1 FROM integrations_delivery d WHERE d.document_id = doc.id)"""

_GLANCE = f"""
SELECT EXISTS (SELECT 1 {_FRESH}),
       EXISTS (SELECT 1 FROM integrations_delivery WHERE state = 'leased' AND leased_until < now() AND document_id IS NOT NULL),
       (SELECT coalesce(json_object_agg(c.id, due.count) FILTER (WHERE due.count > 0), '{{}}')
          FROM integrations_connection c CROSS JOIN LATERAL (SELECT count(*) FROM (
               SELECT 1 FROM integrations_delivery d JOIN orders_booking b ON b.document_id = d.document_id
                WHERE d.connection_id = c.id AND {DUE} LIMIT {SEEN}) seen) due
         WHERE c.ledger_id IS NOT NULL AND {OPEN})"""  # noqa: S608

_DISPATCH = """
INSERT INTO integrations_delivery (connection_id, document_id, state, not_before, worker, fence, tries, idempotency_key, sent, words, fix, made_at)
SELECT fresh.connection, b.document_id, 'waiting', b.not_before, '', 0, 0, fresh.key, false, '', '', now()
  FROM unnest(%s::bigint[], %s::bigint[], %s::uuid[]) AS fresh (document, connection, key)
  JOIN orders_booking b ON b.document_id = fresh.document AND b.taken_at IS NULL AND b.voided_at IS NULL AND b.refused_at IS NULL
    ON CONFLICT DO NOTHING"""

_RECOVER = """
WITH lapsed AS MATERIALIZED (
  SELECT id FROM integrations_delivery WHERE state = 'leased' AND leased_until < now() AND document_id IS NOT NULL ORDER BY id LIMIT 100 FOR UPDATE SKIP LOCKED)
UPDATE integrations_delivery d
   SET state = 'unknown', unknown_since = coalesce(unknown_since, now()), not_before = now(), leased_until = NULL, worker = '', words = %s
  FROM lapsed WHERE d.id = lapsed.id RETURNING d.document_id"""


def glance() -> tuple[bool, bool, dict[int, int]]:
    """In one statement: are there documents without a delivery, lapsed leases, and how many deliveries of which connections may go now (counted up to SEEN)."""
    with database.cursor() as cursor:
        cursor.execute(_GLANCE)
        fresh, lapsed, due = cursor.fetchone()
    return fresh, lapsed, {int(connection): count for connection, count in sorted(due.items())}


def dispatch(limit: int = DISPATCH) -> int:
    """Make a delivery for each open document of a ledger with an active connection that has none; how many were made."""
    with database.cursor() as cursor:
        cursor.execute(f"SELECT doc.id, c.id, l.code, doc.key, doc.revision {_FRESH} ORDER BY doc.id LIMIT %s", [limit])
        rows = cursor.fetchall()
        if not rows:
            return 0
        keys = [idempotency_key(code, key, revision) for _document, _connection, code, key, revision in rows]
        cursor.execute(_DISPATCH, [[row[0] for row in rows], [row[1] for row in rows], keys])
        return int(cursor.rowcount)


def recover() -> int:
    """Leases that lapsed: whoever held one may have sent the document, so it is unknown; how many there were."""
    words = "The process that carried it ended before it could write down the outcome."
    with transaction.atomic(), database.cursor() as cursor:
        cursor.execute(_RECOVER, [words])
        lapsed = Document.objects.filter(pk__in=[row[0] for row in cursor.fetchall()]).order_by("pk")
        for document in lapsed:
            intake.receive_outcome(document, documents.Report(outcome="unknown", words=words))
    return len(lapsed)
