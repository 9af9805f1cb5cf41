"""What the signed payments of a payout's movements put on which account: exactly that is taken off again when the money reaches the bank."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet

from orders import money, outgoing
from orders.documents import sheet
from orders.models import Document, DocumentLine, DocumentSource, Payout, PayoutLine, together
from orders.outgoing import DocumentKind

_MOVES = (DocumentKind.PAYMENT, DocumentKind.REFUND_PAYMENT)


@dataclass(slots=True)
class Held:
    """One payment in the books: what lies on each account (a debit positive), the fee that was booked with it, and the documents that say so."""

    accounts: defaultdict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    fee: Decimal = money.ZERO
    documents: list[Document] = field(default_factory=list)

    @property
    def amount(self) -> Decimal:
        """The payment itself: what lies there and the fee; a refund is negative."""
        return money.total(self.accounts.values()) + self.fee

    @property
    def currencies(self) -> set[str]:
        return {document.currency for document in self.documents}


def asked(payout: Payout) -> list[QuerySet[Any, Any]]:
    """Of the payments that a payout's movements name: which documents were signed of them, and those documents' lines."""
    named = PayoutLine.objects.filter(payout=payout, payment__isnull=False).values("payment")
    sources = DocumentSource.objects.filter(payment__in=named, document__kind__in=_MOVES)
    lines = DocumentLine.objects.filter(document__in=sources.values("document"))
    return [sources.select_related("document__booking").order_by("pk"), lines]


def held(sources: list[DocumentSource], lines: list[DocumentLine]) -> dict[int, Held]:
    """By payment, what its standing documents say; a payment that nothing was signed of is not there."""
    documents = {source.document_id: source.document for source in sources}
    together.lay(list(documents.values()), "lines", lines)
    found: dict[int, Held] = {}
    for source in sources:
        document = documents[source.document_id]
        if sheet.stands(document) and source.payment_id is not None:
            _add(found.setdefault(source.payment_id, Held()), document)
    return found


def _add(place: Held, document: Document) -> None:
    side = outgoing.LINE_SIDE[document.kind]
    place.documents.append(document)
    for line in document.lines.all():
        if line.kind == "fee":
            place.fee += side * line.net
        else:
            place.accounts[line.account] += side * line.net
