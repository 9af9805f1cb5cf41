"""Signs drafts: freezes each as canonical text, chains it to the one before it in its ledger, and opens its booking."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from orders import incoming, outgoing
from orders.documents import sheet
from orders.documents.plan import Draft, Plan
from orders.models import (
    Approval,
    Booking,
    Document,
    DocumentAfter,
    DocumentLine,
    DocumentSource,
    Ledger,
    Order,
    Payout,
)


class Unbalanced(Exception):
    """A draft whose lines do not make its total, or that lacks an account: it refuses to exist."""


def sign(
    owner: Order | Payout, plan: Plan, *, approval: Approval, not_before: datetime, automatic: bool = False
) -> list[Document]:
    """Sign what the plan of an order (also of its refund) or a payout has due, within the caller's transaction; the ledger's row is locked to the commit.

    `automatic`: signed later under an approval that still holds. Raises Unbalanced for a draft that a ledger could not take.
    """
    drafts = plan.to_sign
    if not drafts:
        return []
    with transaction.atomic():
        ledger = Ledger.objects.select_for_update(no_key=True).get(pk=owner.shop.ledger_id)
        signed = [_chained(owner, ledger, draft, approval, automatic) for draft in drafts]
        Ledger.objects.filter(pk=ledger.pk).update(chain_length=ledger.chain_length, chain_hash=ledger.chain_hash)
        Booking.objects.bulk_create([Booking(document=document, not_before=not_before) for document in signed])
        _link(ledger, drafts, signed)
    return signed


def document_hash(previous: str, body: str, personal_digest: str) -> str:
    """SHA-256 over the previous document's hash, the body and the digest of the persons; what the chain is made of."""
    return hashlib.sha256(f"{previous}\n{body}\n{personal_digest}".encode()).hexdigest()


def _chained(owner: Order | Payout, ledger: Ledger, draft: Draft, approval: Approval, automatic: bool) -> Document:
    data = draft.document
    _check(data)
    body = incoming.canonical(outgoing.body(data))
    personal = incoming.canonical({"salt": secrets.token_hex(16), "party": data.party})
    personal_digest = hashlib.sha256(personal.encode()).hexdigest()
    previous, ledger.chain_length = ledger.chain_hash, ledger.chain_length + 1
    ledger.chain_hash = document_hash(previous, body, personal_digest)
    order = owner if isinstance(owner, Order) else None
    document = Document.objects.create(
        ledger=ledger, shop=owner.shop, order=order, kind=data.kind, key=data.key, revision=data.revision,
        reference=data.reference, issued_on=data.issued_on, tax_on=data.tax_on, posting_on=data.posting_on, currency=data.currency,
        base_currency=data.base_currency, rate=data.rate, rate_source=data.rate_source, net=data.net, tax=data.tax, gross=data.gross,
        lines_signed=len(data.lines), contra_account=data.contra_account, body=body, personal=personal, personal_digest=personal_digest,
        n=ledger.chain_length, previous=previous, hash=ledger.chain_hash, approval=approval, automatic=automatic, signed_at=timezone.now(),
    )  # fmt: skip
    DocumentLine.objects.bulk_create(_lines(document, draft))
    return document


def _check(data: outgoing.Document) -> None:
    if sum(posting.amount for posting in outgoing.postings(data)) != 0:
        raise Unbalanced(f"{data.reference} does not balance")
    bare = [
        line.n for line in data.lines if not line.account or (line.tax and not (line.tax_code and line.tax_account))
    ]
    if bare or not data.contra_account:
        raise Unbalanced(f"{data.reference} lacks an account or a tax code on line {bare or 'contra'}")


def _lines(document: Document, draft: Draft) -> list[DocumentLine]:
    return [
        DocumentLine(
            document=document, n=line.n, kind=line.kind, order_line_id=origin.order_line, refund_line_id=origin.refund_line,
            credits_id=origin.credits, quantity=line.quantity, currency=document.currency, net=line.net, tax=line.tax,
            account=line.account, tax_code=line.tax_code, tax_account=line.tax_account, dimensions=dict(line.dimensions),
        )
        for line, origin in zip(draft.document.lines, draft.origins, strict=True)
    ]  # fmt: skip


def _link(ledger: Ledger, drafts: tuple[Draft, ...], signed: list[Document]) -> None:
    """The sources, and what each waits for: documents of the same signing or earlier ones that stand."""
    DocumentSource.objects.bulk_create(
        DocumentSource(document=document, **{f"{name}_id": pk for name, pk in draft.sources.items()})
        for draft, document in zip(drafts, signed, strict=True)
    )
    awaited = {key for draft in drafts for key, _revision in draft.after}
    known = {
        (item.key, item.revision): item
        for item in Document.objects.filter(ledger=ledger, key__in=awaited).select_related("booking")
        if sheet.stands(item)
    }
    DocumentAfter.objects.bulk_create(
        DocumentAfter(document=document, after=known[name])
        for draft, document in zip(drafts, signed, strict=True)
        for name in dict.fromkeys(draft.after)
        if name in known
    )
