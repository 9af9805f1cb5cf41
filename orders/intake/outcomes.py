"""Takes in what became of a document that was sent, and says at its record what a failure means."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.db.models import Q

from orders import documents, findings
from orders.models import Document, DocumentSource, Finding, Order, Outcome, Payout

_FAILURES = (Outcome.REFUSED, Outcome.STUCK)


def receive_outcome(document: Document, told: documents.Report) -> None:
    """Write down what became of a document, as the post tells it; its record's findings follow. One transaction; may come twice."""
    receive_outcomes([(document, told)])


def receive_outcomes(told: Sequence[tuple[Document, documents.Report]]) -> None:
    """The same of several documents, all or none."""
    with transaction.atomic(savepoint=False):
        documents.report_many(told)
        before = _failed_before([document for document, _report in told])
        for document, report in told:
            if report.outcome in _FAILURES or (before and _failed_before([document])):
                _check(document)


def _check(document: Document) -> None:
    if document.order_id is not None:
        findings.check(Order.objects.defer("search").get(pk=document.order_id))
    for payout in Payout.objects.filter(document_sources__document=document):
        findings.check_payout(payout)


def _failed_before(told: Sequence[Document]) -> bool:
    """Whether the record of one of them is known to have failed."""
    orders = [document.order_id for document in told if document.order_id]
    payouts = DocumentSource.objects.filter(document__in=[document.pk for document in told], payout__isnull=False)
    mine = Q(order__in=orders) | Q(payout__in=payouts.values("payout"))
    return Finding.objects.filter(mine, code="posting_failed").exists()
