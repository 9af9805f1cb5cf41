"""Money that came in: against an invoice that leaves so much open, else as a deposit that later invoices use up; and chargebacks."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.utils.translation import gettext as _

from orders import money, outgoing
from orders.documents import lines, sheet
from orders.documents.invoices import MONEY_IN, successful
from orders.documents.plan import Draft, Origin
from orders.documents.sheet import Row, Sheet
from orders.incoming import PaymentKind, PaymentStatus
from orders.models import Document, FeesBy, Payment, held
from orders.outgoing import DocumentKind


@dataclass(slots=True)
class Claim:
    """An invoice that stands or is due, and what is still open on it."""

    document: outgoing.Document
    open: Decimal

    @property
    def name(self) -> tuple[str, int]:
        return self.document.key, self.document.revision

    @property
    def source(self) -> str:
        return self.document.key.rsplit(":", 1)[1]


def drafts(page: Sheet, invoices: list[Draft]) -> list[Draft]:
    """Payments, the journals that use up deposits, and chargebacks; signed ones as they stand."""
    claims = _claims(page, invoices)
    made: list[Draft] = []
    for payment in successful(page):
        made += _in(page, payment, claims)
    for payment in held(page.order, "payments"):
        signed = page.stands_for(page.key(DocumentKind.PAYMENT, payment.store_id))
        if signed is not None and payment.kind in MONEY_IN and not _moved(payment):
            made.append(taken_back(page, payment, signed, claims))
        if payment.status == PaymentStatus.SUCCESS and payment.amount and payment.kind in _DISPUTES:
            made.append(_dispute(page, payment, made))
    return made


def _claims(page: Sheet, invoices: list[Draft]) -> list[Claim]:
    """What is open on each invoice, by what was signed against it; what was signed against invoices taken back settles the others in turn."""
    claims = [
        Claim(draft.document, draft.document.gross)
        for draft in invoices
        if draft.due and draft.document.kind == DocumentKind.INVOICE
    ]
    by_reference = {claim.document.reference: claim for claim in claims}
    free = money.ZERO
    for document in page.signed:
        if not sheet.stands(document) or document.kind == DocumentKind.INVOICE:
            continue
        if document.kind == DocumentKind.JOURNAL and (document.key, document.revision) in page.backs:
            continue  # what takes it back debits the receivable again, and names no claim
        data = sheet.restored(document)
        settles = SETTLES.get(document.kind, 0) * data.gross
        if data.contra_account != page.role("receivable") or not data.applies_to:
            continue
        if data.applies_to in by_reference:
            by_reference[data.applies_to].open -= settles
        elif document.kind != DocumentKind.CREDIT_NOTE:
            free += settles
    for claim in claims:
        used = min(claim.open, free)
        claim.open, free = claim.open - used, free - used
    return claims


def _in(page: Sheet, payment: Payment, claims: list[Claim]) -> list[Draft]:
    """One payment and, if it is a deposit, the journals that move what fits to the invoices."""
    day = page.day(payment.processed_at)
    signed = page.stands_for(page.key(DocumentKind.PAYMENT, payment.store_id))
    if signed is not None and signed.gross == payment.amount:
        made = [page.kept(signed)]
    else:  # new, or the store now says another amount: what was signed is taken back, and the payment signed anew
        made = [taken_back(page, payment, signed, claims)] if signed is not None else []
        made.append(_new(page, payment, day, claims, after=made))
    draft = made[-1]
    return made if draft.document.applies_to else [*made, *_used_up(page, payment, draft, day, claims)]


def _moved(payment: Payment) -> bool:
    return payment.status == PaymentStatus.SUCCESS and bool(payment.amount)


def taken_back(
    page: Sheet, payment: Payment, signed: Document, claims: list[Claim], memo: Callable[[], str] | None = None
) -> Draft:
    """The whole of a signed payment the other way round, on its own day: the store no longer says that it was made, or not of that amount, or a
    person takes it back (`memo`)."""
    data = sheet.restored(signed)
    for claim in claims:
        if claim.document.reference == data.applies_to:
            claim.open += data.gross
    return page.draft(
        DocumentKind.REFUND_PAYMENT, sheet.reversal_source(signed.key, signed.revision), tax_on=signed.tax_on,
        rows=[(line, Origin()) for line in data.lines], contra=data.contra_account,
        sources={"order": page.order.pk, "payment": payment.pk, "of": signed.pk}, applies_to=data.applies_to,
        memo=memo or (lambda: _("Payment %(id)s of order %(number)s taken back: the store changed it") % {"id": payment.store_id, "number": page.order.number}),
        after=[(signed.key, signed.revision)],
    )  # fmt: skip


def _new(page: Sheet, payment: Payment, day: date, claims: list[Claim], after: list[Draft]) -> Draft:
    fitting = next((claim for claim in claims if claim.open >= payment.amount), None)
    if fitting:
        fitting.open -= payment.amount
    return page.draft(
        DocumentKind.PAYMENT, payment.store_id, tax_on=day, rows=money_rows(page, payment),
        contra=page.role("receivable") if fitting else page.role("deposits"), sources={"order": page.order.pk, "payment": payment.pk},
        memo=lambda: _("Payment %(id)s for order %(number)s") % {"id": payment.store_id, "number": page.order.number},
        after=[*[(draft.document.key, draft.document.revision) for draft in after], *([fitting.name] if fitting else [])],
        applies_to=fitting.document.reference if fitting else "",
    )  # fmt: skip


def _used_up(page: Sheet, payment: Payment, deposit: Draft, day: date, claims: list[Claim]) -> list[Draft]:
    """Debit deposits, credit receivable, as far as the deposit and what is open reach."""
    prefix = page.key(DocumentKind.JOURNAL, f"{payment.store_id}-")
    mine = [item for item in page.standing(DocumentKind.JOURNAL) if not page.takes_back(item)]
    made = [page.kept(item) for item in mine if item.key.startswith(prefix)]
    used = {draft.document.key for draft in made}
    left = deposit.document.gross - money.total(draft.document.gross for draft in made)
    for claim in claims:
        source = f"{payment.store_id}-{claim.source}"
        if page.key(DocumentKind.JOURNAL, source) in used:  # for an earlier revision of that invoice
            source = f"{source}-r{claim.document.revision}"
        if page.key(DocumentKind.JOURNAL, source) in used:
            continue
        moved = min(left, claim.open)
        if moved <= 0:
            continue
        left, claim.open = left - moved, claim.open - moved
        line = outgoing.Line(n=0, kind="deposit", text=_("Deposit used"), account=page.role("deposits"), net=moved)
        made.append(
            page.draft(
                DocumentKind.JOURNAL,
                source,
                tax_on=max(day, claim.document.tax_on),
                rows=[(line, Origin())],
                contra=page.role("receivable"),
                sources={"order": page.order.pk, "payment": payment.pk},
                memo=functools.partial(_of_deposit, payment, claim),
                after=[(deposit.document.key, deposit.document.revision), claim.name],
                applies_to=claim.document.reference,
            )
        )
    return made


def _of_deposit(payment: Payment, claim: Claim) -> str:
    values = {"id": payment.store_id, "invoice": claim.document.reference}
    return _("Deposit %(id)s used for invoice %(invoice)s") % values


def _dispute(page: Sheet, payment: Payment, made: list[Draft]) -> Draft:
    """A chargeback takes the money from the gateway to its own account, a reversal brings it back; each after what it disputes."""
    kind = _DISPUTES[PaymentKind(payment.kind)]
    signed = page.stands_for(page.key(kind, payment.store_id))
    if signed is not None:
        return page.kept(signed)
    return page.draft(
        kind, payment.store_id, tax_on=page.day(payment.processed_at), rows=money_rows(page, payment, leaving=kind == DocumentKind.REFUND_PAYMENT),
        contra=page.role("chargebacks"), sources={"order": page.order.pk, "payment": payment.pk},
        memo=lambda: _("%(kind)s %(id)s of order %(number)s")
        % {"kind": payment.get_kind_display(), "id": payment.store_id, "number": page.order.number},
        after=_parent(page, payment, made),
    )  # fmt: skip


def _parent(page: Sheet, payment: Payment, made: list[Draft]) -> list[tuple[str, int]]:
    if payment.parent is None:
        return []
    kinds = (DocumentKind.PAYMENT, DocumentKind.REFUND_PAYMENT)
    keys = [page.key(kind, payment.parent.store_id) for kind in kinds]
    return [(draft.document.key, draft.document.revision) for draft in made if draft.document.key in keys]


def money_rows(page: Sheet, payment: Payment, *, leaving: bool = False) -> list[Row]:
    """The method's account with the amount and, where the payment books the fee, the fee beside it."""
    if payment.currency != page.currency:
        page.problem(
            code="payment_currency", words=_("The payment %(id)s is in %(theirs)s, the order in %(ours)s.")
            % {"id": payment.store_id, "theirs": payment.currency, "ours": page.currency},
            fix=_("Book the payment by hand and reject it here."),
        )  # fmt: skip
    account = page.chart.payment_account(payment.method, payment.gateway, page.problems)
    amount = lines.exact(page, payment, payment.amount)
    fee = lines.exact(page, payment, payment.fee) if page.shop.fees_by == FeesBy.PAYMENT else money.ZERO
    sign = 1 if leaving else -1
    text = payment.gateway or payment.get_method_display()
    rows = [(outgoing.Line(n=0, kind="money", text=text, account=account, net=amount + sign * fee), Origin())]
    if fee:
        rows.append(
            (outgoing.Line(n=0, kind="fee", text=_("Fee"), account=page.role("fees"), net=-sign * fee), Origin())
        )
    return rows


_DISPUTES = {PaymentKind.CHARGEBACK: DocumentKind.REFUND_PAYMENT, PaymentKind.REVERSAL: DocumentKind.PAYMENT}
SETTLES: dict[str, int] = {
    DocumentKind.PAYMENT: 1,
    DocumentKind.JOURNAL: 1,
    DocumentKind.CREDIT_NOTE: 1,
    DocumentKind.REFUND_PAYMENT: -1,
}
