"""Shows what would go to a ledger first, in that ledger's own terms, before its connection is switched on; nothing is written over there."""

from __future__ import annotations

from collections.abc import Sequence

from integrations import connections
from integrations.accounting.base import Preview, previewed
from integrations.booking import known
from integrations.errors import Conflict
from integrations.models import Connection
from orders import documents

MOST = 5  # documents of one order


def rehearse(there: Connection) -> Sequence[Preview]:
    """The documents of the order that would go first; none where nothing is signed or ready. Raises the errors of a look, Conflict for a broken chain."""
    if there.ledger is None:
        return []
    adapter = connections.adapter_of(there)
    try:
        first = documents.upcoming(there.ledger)[:MOST]
    except documents.Tampered as broken:
        words = f"{broken}: what stands in the database is not what was signed."
        raise Conflict(words, fix="Call the IT lead: the chain of documents is broken here.") from broken
    return [previewed(adapter, document) for document in known.given(there.pk, adapter, first)]
