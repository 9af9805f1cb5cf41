"""Claims of errands: a lease with a fence, one at a time for each thing that errands are about."""

from __future__ import annotations

import os
import socket
import threading
import time
from dataclasses import dataclass
from typing import Any

from django.db import connection as database
from django.db import transaction
from django.db.models.functions import Now

from integrations import connections
from integrations.booking import LEASE_SECONDS, Hold, end
from integrations.connections import OPEN
from integrations.models import Connection, DeliveryState, Errand, ErrandKind
from orders import changes

BATCH = 10
RECORDS = (
    ErrandKind.STOCK,
    ErrandKind.CUSTOMER,
)  # errands that carry an approved change, which is taken with the claim

DUE = """d.state IN ('waiting', 'unknown') AND d.not_before <= now() AND NOT EXISTS (
     SELECT 1 FROM integrations_errand other JOIN integrations_delivery first ON first.errand_id = other.id
      WHERE other.connection_id = e.connection_id AND other.about = e.about AND other.id < e.id AND first.state IN ('waiting', 'unknown', 'leased'))"""

_GLANCE = f"""
SELECT EXISTS (SELECT 1 FROM integrations_delivery WHERE state = 'leased' AND leased_until < now() AND errand_id IS NOT NULL),
       ARRAY(SELECT c.id FROM integrations_connection c WHERE c.shop_id IS NOT NULL AND {OPEN} AND EXISTS (
               SELECT 1 FROM integrations_delivery d JOIN integrations_errand e ON e.id = d.errand_id
                WHERE d.connection_id = c.id AND {DUE}) ORDER BY c.id)"""  # noqa: S608

_CLAIM = f"""
WITH others AS MATERIALIZED (
  SELECT count(DISTINCT worker) AS n FROM integrations_delivery
   WHERE connection_id = %(connection)s AND state = 'leased' AND leased_until >= now() AND worker <> %(worker)s),
picked AS MATERIALIZED (
  SELECT d.id, d.state = 'unknown' OR d.sent AS ask FROM integrations_delivery d JOIN integrations_errand e ON e.id = d.errand_id
   WHERE d.connection_id = %(connection)s AND {DUE}
   ORDER BY d.not_before, d.id LIMIT (SELECT CASE WHEN n < %(concurrency)s THEN %(count)s ELSE 0 END FROM others) FOR UPDATE OF d SKIP LOCKED)
UPDATE integrations_delivery d
   SET state = 'leased', fence = fence + 1, leased_until = now() + make_interval(secs => %(seconds)s), worker = %(worker)s
  FROM picked WHERE d.id = picked.id RETURNING d.id, d.errand_id, d.fence, picked.ask"""  # noqa: S608

_RECOVER = """
WITH lapsed AS MATERIALIZED (
  SELECT id FROM integrations_delivery WHERE state = 'leased' AND leased_until < now() AND errand_id IS NOT NULL
   ORDER BY id LIMIT 100 FOR UPDATE SKIP LOCKED)
UPDATE integrations_delivery d
   SET state = 'unknown', unknown_since = coalesce(unknown_since, now()), not_before = now(), leased_until = NULL, worker = '', words = %s
  FROM lapsed WHERE d.id = lapsed.id RETURNING d.errand_id"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease(Hold):
    """The hold on an errand's delivery."""

    errand_id: int


def glance() -> tuple[bool, list[int]]:
    """In one statement: are there lapsed leases, and which shops' connections have an errand that may go now."""
    with database.cursor() as cursor:
        cursor.execute(_GLANCE)
        lapsed, due = cursor.fetchone()
    return lapsed, due


def claim(there: Connection, concurrency: int, count: int = BATCH) -> tuple[list[Lease], float]:
    """Lease errands that are due, and take the changes that they carry, in one transaction; and the seconds until the budget allows one more."""
    ends = time.monotonic() + LEASE_SECONDS
    with transaction.atomic(), database.cursor() as cursor:
        is_open, tokens = connections.locked_budget(there)
        if not is_open:
            return [], 0.0
        if tokens is not None and tokens < 1:
            return [], (1 - tokens) * 60 / (there.calls_per_minute or 1)
        values: dict[str, Any] = {
            "connection": there.pk,
            "worker": worker(),
            "concurrency": concurrency,
            "count": count if tokens is None else min(count, int(tokens)),
            "seconds": LEASE_SECONDS,
        }
        cursor.execute(_CLAIM, values)
        leases = [
            Lease(delivery_id=pk, errand_id=errand, connection_id=there.pk, fence=fence, ask=ask, ends=ends)
            for pk, errand, fence, ask in sorted(cursor.fetchall())
        ]
        if tokens is not None and leases:
            Connection.objects.filter(pk=there.pk).update(
                tokens=tokens, refilled_at=Now()
            )  # the session charges the calls
        return _taken(leases), 0.0


def recover() -> int:
    """Leases that lapsed: whoever held one may have told the store, so it is unknown; how many there were."""
    words = "The process that carried it ended before it could write down the outcome."
    with transaction.atomic(), database.cursor() as cursor:
        cursor.execute(_RECOVER, [words])
        lapsed = Errand.objects.filter(pk__in=[row[0] for row in cursor.fetchall()]).order_by("pk")
        for errand in lapsed:
            report(errand, "unknown", words)
    return len(lapsed)


def report(errand: Errand, outcome: str, words: str = "") -> None:
    """Tell the office what became of the change that the errand carries, if it carries one."""
    if errand.kind in RECORDS:
        changes.report(errand.kind, errand.body["record"], outcome, words)


def worker() -> str:
    """Who holds a lease: this thread of this process on this host."""
    return f"{socket.gethostname()[:60]}:{os.getpid()}:{threading.get_ident()}"


def _taken(leases: list[Lease]) -> list[Lease]:
    """Those that may be carried. A change that is no longer approved ends here; what may be in the store already was taken before."""
    errands = Errand.objects.in_bulk([lease.errand_id for lease in leases])
    carried = []
    for lease in leases:
        errand = errands[lease.errand_id]
        if lease.ask or errand.kind not in RECORDS or _take(errand):
            carried.append(lease)
        else:
            words = "The approval was taken back before the store was told."
            end(lease, state=DeliveryState.UNDONE, words=words, ended_at=Now())
    return carried


def _take(errand: Errand) -> bool:
    return changes.take(errand.kind, errand.body["record"], errand.body["approval"])
