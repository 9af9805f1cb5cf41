"""Takes in what became of a document that was sent, and says at its record what a failure means."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Q

from orders import documents, findings
from orders.models import Document, Finding, Order, Outcome, Payout

_FAILURES = (Outcome.REFUSED, Outcome.STUCK)


def receive_outcome(document: Document, told: documents.Report) -> None:
    """Write down what became of a document, as the post tells it; its record's findings follow. One transaction; may come twice."""
    with transaction.atomic():
        documents.report(document, told)
        if told.outcome in _FAILURES or _failed_before(document):
            _check(document)


def _check(document: Document) -> None:
    if document.order_id is not None:
        findings.check(Order.objects.defer("search").get(pk=document.order_id))
    for payout in Payout.objects.filter(document_sources__document=document):
        findings.check_payout(payout)


def _failed_before(document: Document) -> bool:
    mine = Q(order__isnull=False, order=document.order_id) | Q(payout__document_sources__document=document)
    return Finding.objects.filter(mine, code="posting_failed").exists()
