"""How far approved records have come: the worst of their documents, and whether more are to fall due."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db import connection
from django.db.models import Q, QuerySet
from django.utils import timezone

from orders.documents import orders
from orders.incoming import PaymentStatus
from orders.models import Document, DocumentSource, Order, Outcome, Payout, Progress, RecogniseOn, Refund, State

_PROGRESS = {
    Outcome.REFUSED: Progress.FAILED,
    Outcome.STUCK: Progress.FAILED,
    Outcome.UNKNOWN: Progress.UNKNOWN,
    Outcome.WAITING: Progress.WAITING,
    Outcome.HANDED_OUT: Progress.WAITING,
    Outcome.BOOKED: Progress.POSTED,
}
# What was voided counts no more, nor what was refused under an approval that fell since: the next one signs it anew, or does without.
_GONE = Q(booking__voided_at__isnull=False) | Q(booking__refused_at__isnull=False, approval__fallen_at__isnull=False)
_WORST_FIRST = (Progress.FAILED, Progress.UNKNOWN, Progress.WAITING, Progress.POSTED)
_SQL_WORST = " ".join(
    f"WHEN bool_or(b.outcome IN ({', '.join(repr(str(told)) for told, found in _PROGRESS.items() if found == worst)})) THEN '{worst}'"
    for worst in _WORST_FIRST
)
# The same of approved orders that owe nothing but what was signed; it names those it looked at.
_FOLLOW = f"""
WITH mine AS MATERIALIZED (
  SELECT o.id, o.progress, CASE {_SQL_WORST} END AS worst
    FROM orders_order o JOIN orders_shop s ON s.id = o.shop_id JOIN orders_document d ON d.order_id = o.id
    JOIN orders_booking b ON b.document_id = d.id LEFT JOIN orders_approval a ON a.id = d.approval_id
   WHERE o.id = ANY(%(ids)s) AND o.state = '{State.APPROVED}' AND s.recognise_on = '{RecogniseOn.PLACED}'
     AND b.voided_at IS NULL AND (b.refused_at IS NULL OR a.fallen_at IS NULL)
     AND NOT EXISTS (SELECT 1 FROM orders_documentsource x WHERE x.document_id = d.id AND x.refund_id IS NOT NULL)
   GROUP BY o.id),
moved AS (UPDATE orders_order o SET progress = mine.worst, progress_at = %(now)s FROM mine WHERE o.id = mine.id AND o.progress <> mine.worst)
SELECT id FROM mine"""  # noqa: S608


def update_progress(record: Order | Refund | Payout) -> None:
    """Set how far an approved record has come: it waits as long as a document of it is yet to fall due, and is posted if there is nothing to post."""
    told = documents_of(record).exclude(_GONE).values_list("booking__outcome", flat=True)
    state = _state(record, told if record.state == State.APPROVED else ())
    if state != record.progress:
        type(record)._default_manager.filter(pk=record.pk).update(progress=state, progress_at=timezone.now())
        record.progress, record.progress_at = state, timezone.now()


def follow(documents: Sequence[Document], *, with_others: bool = True) -> None:
    """Set how far the records of these documents have come, after something became of them; the records are locked. Not `with_others`: all are orders."""
    owners: dict[int, tuple[int | None, int | None]] = {}
    mine = DocumentSource.objects.filter(document__in=[document.pk for document in documents]).order_by("pk")
    for document, refund, payout in mine.values_list("document", "refund", "payout") if with_others else ():
        owners.setdefault(document, (refund, payout))
    for pk in sorted({refund for refund, _payout in owners.values() if refund}):
        update_progress(Refund.objects.get(pk=pk))
    for pk in sorted({payout for refund, payout in owners.values() if payout and not refund}):
        update_progress(Payout.objects.get(pk=pk))
    if rest := {item.order_id for item in documents if item.order_id and not any(owners.get(item.pk, ()))}:
        _follow_orders(rest)


def documents_of(record: Order | Refund | Payout) -> QuerySet[Document]:
    """The documents that a record's approval signed: a refund's and a payout's are their own, an order's are the rest."""
    if isinstance(record, Payout):
        return Document.objects.filter(sources__payout=record)
    if isinstance(record, Refund):
        return Document.objects.filter(sources__refund=record)
    return Document.objects.filter(order=record, sources__refund=None)


def _follow_orders(ids: set[int]) -> None:
    """As `update_progress`, many at once; where documents are yet to fall due, each has to be drafted by itself."""
    with connection.cursor() as cursor:
        cursor.execute(_FOLLOW, {"ids": list(ids), "now": timezone.now()})
        done = {pk for (pk,) in cursor.fetchall()}
    for pk in sorted(ids - done):
        update_progress(Order.objects.defer("search").get(pk=pk))


def _worst(outcomes: Iterable[str]) -> Progress:
    found = {_PROGRESS[Outcome(outcome)] for outcome in outcomes}
    return next((worst for worst in _WORST_FIRST if worst in found), Progress.NONE)


def _state(record: Order | Refund | Payout, told: Iterable[str]) -> Progress:
    """How far it has come, by what became of its documents; NONE where it is not approved."""
    if record.state != State.APPROVED:
        return Progress.NONE
    state = _worst(told)
    if state in (Progress.NONE, Progress.POSTED):
        return Progress.WAITING if _owes_documents(record) else Progress.POSTED
    return state


def _owes_documents(record: Order | Refund | Payout) -> bool:
    """True if a document is to come: the invoice of what is not paid or shipped yet (a cancelled order never will be), money that is still on its way back."""
    if isinstance(record, Refund):
        return record.payments.filter(status=PaymentStatus.PENDING).exists()
    if isinstance(record, Payout):
        return False
    if record.shop.recognise_on == RecogniseOn.PLACED or record.cancelled_at:
        return False
    return any(not draft.due for draft in orders.plan(record).drafts)
