"""What would be sent to a ledger first: signed documents that wait, else what the oldest ready order would become; for a person who looks before it begins."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from orders import incoming, outgoing
from orders.documents.orders import plan
from orders.documents.stored import outgoing_of, to_send
from orders.models import Document, Ledger, Order, State

LOOKED_THROUGH = 20  # ready orders: one whose documents all fall due later is passed over


def upcoming(ledger: Ledger) -> Sequence[outgoing.Document]:
    """The documents of one order, in the order in which they would go; none where nothing is signed or ready. Raises chain.Tampered as sending would."""
    unsent = Document.objects.filter(
        ledger=ledger, booking__taken_at=None, booking__voided_at=None, booking__refused_at=None
    )
    if (first := unsent.order_by("n").first()) is not None:
        rows = to_send(unsent.filter(approval=first.approval_id).order_by("n").values_list("pk", flat=True))
        return [outgoing_of(row) for _pk, row in sorted(rows.items())]
    ready = Order.objects.filter(shop__ledger=ledger, state=State.PENDING, blockers=0).order_by("placed_at", "pk")
    drafted = (plan(order) for order in ready.select_related("shop__ledger")[:LOOKED_THROUGH])
    due = ([_hashed(draft.document) for draft in found.to_sign] for found in drafted)
    return next((documents for documents in due if documents), [])


def _hashed(document: outgoing.Document) -> outgoing.Document:
    """With a hash of its body, as a ledger looks for one; the signed one covers the chain too."""
    return dataclasses.replace(document, hash=incoming.digest(outgoing.body(document)))
