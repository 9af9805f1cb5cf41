"""Takes in what became of a document that was sent, and says at its record what a failure means."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection, transaction

from orders import documents, findings
from orders.models import Document, Order, Outcome, Payout

_FAILURES = (Outcome.REFUSED, Outcome.STUCK)
_FAILED = """
SELECT EXISTS (SELECT 1 FROM orders_finding WHERE code = 'posting_failed' AND order_id = ANY(%(orders)s::bigint[]))
    OR EXISTS (SELECT 1 FROM orders_finding f JOIN orders_documentsource s ON s.payout_id = f.payout_id
                WHERE f.code = 'posting_failed' AND s.document_id = ANY(%(ids)s))"""


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
    with connection.cursor() as cursor:
        cursor.execute(
            _FAILED, {"orders": [document.order_id for document in told], "ids": [document.pk for document in told]}
        )
        return bool(cursor.fetchone()[0])
