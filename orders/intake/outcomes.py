"""Takes in what became of a document that was sent, and says at its order what a failure means."""

from __future__ import annotations

from django.db import transaction

from orders import documents, findings
from orders.models import Document, Finding, Order, Outcome

_FAILURES = (Outcome.REFUSED, Outcome.STUCK)


def receive_outcome(document: Document, told: documents.Report) -> None:
    """Write down what became of a document, as the post tells it; its order's findings follow. One transaction; may come twice."""
    with transaction.atomic():
        documents.report(document, told)
        if document.order_id is not None and (told.outcome in _FAILURES or _failed_before(document)):
            findings.check(Order.objects.defer("search").get(pk=document.order_id))


def _failed_before(document: Document) -> bool:
    return Finding.objects.filter(order=document.order_id, code="posting_failed").exists()
