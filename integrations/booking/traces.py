"""What an order left behind in a ledger: its documents there, and the customer and items that were found or made for it."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Q

from integrations.booking import known
from integrations.booking.lease import ours
from integrations.models import Binding
from orders import documents
from orders.models import Document


def traces(signed: Sequence[Document]) -> list[Binding]:
    """The bindings of these documents, of their customers and of their items; documents first. What was erased names no customer any more."""
    if not signed:
        return []
    data = [documents.outgoing_of(item) for item in signed]
    customers = {known.customer(document.party) for document in data} - {""}
    skus = {line.sku for document in data for line in document.lines} - {""}
    wanted = Q(noun="document", ours__in=[ours(item.kind, item.reference) for item in signed])
    wanted |= Q(noun="customer", ours__in=customers) | Q(noun="item", ours__in=skus)
    rows = Binding.objects.filter(wanted, connection__ledger__in={item.ledger_id for item in signed})
    return sorted(rows.select_related("connection"), key=lambda row: (_FIRST.index(row.noun), row.ours))


_FIRST = ["document", "customer", "item"]
