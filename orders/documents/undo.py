"""What would take an order's documents back out of the books: for each the way, and what is in the way; nothing is ever deleted in a ledger."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import partial

from django.db.models import TextChoices
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orders import money, outgoing
from orders.documents import invoices, payments, sheet
from orders.documents.orders import content
from orders.documents.plan import Draft, Origin, Plan
from orders.documents.problem import Problem
from orders.documents.sheet import Sheet
from orders.models import Document, Invoice, Order, Outcome, PayoutLine, State
from orders.outgoing import DocumentKind

GONE = frozenset({"voided", "deleted"})


class Way(TextChoices):
    """How a document leaves the books again."""

    VOID = "void", gettext_lazy("withdrawn before it is sent")
    CREDIT_NOTE = "credit_note", gettext_lazy("a credit note over the whole of it")
    REFUND_PAYMENT = "refund_payment", gettext_lazy("the same money the other way round")
    JOURNAL = "journal", gettext_lazy("a journal the other way round")
    BY_HAND = "hand", gettext_lazy("by hand in the ledger")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One document that stands in the books or is on its way there, and how it goes back. `blocks`: each what is in the way, with its fix."""

    document: Document
    way: Way
    draft: Draft | None = None
    blocks: tuple[Problem, ...] = ()

    @property
    def invoice(self) -> Invoice | None:
        """How the ledger holds it, None before it is booked."""
        return getattr(self.document, "invoice", None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Undo:
    """All steps, in the order in which they would be done, and the plan that would be signed. `problems`: what is in the way of all."""

    steps: tuple[Step, ...]
    plan: Plan

    @property
    def blocks(self) -> list[Problem]:
        """Everything in the way, each once."""
        return list(dict.fromkeys([*(block for step in self.steps for block in step.blocks), *self.plan.problems]))

    @property
    def possible(self) -> bool:
        return bool(self.steps) and not self.blocks


def undo(order: Order) -> Undo:
    """How everything of the order that stands in the books leaves them again: on the documents' own days, or the first open day after a closed one."""
    page = Sheet(order)
    page.moved = True
    mirrored = {row.document_id: row for row in Invoice.objects.filter(order=order)}
    for document in page.signed:
        if document.pk in mirrored:
            document.invoice = mirrored[document.pk]
    steps = sorted((_step(page, item) for item in _standing(page)), key=lambda step: _FIRST.index(step.document.kind))
    drafts = tuple(step.draft for step in steps if step.draft)
    amount = max((abs(step.document.gross) for step in steps), default=money.ZERO)
    problems = tuple(problem for problem in page.problems if problem.code != "edited_after_refund")
    plan = Plan(drafts=drafts, problems=problems, content=content(order), amount=amount, currency=order.currency)
    return Undo(steps=tuple(steps), plan=plan)


def in_books(documents: list[Document]) -> list[Document]:
    """Those that were taken for sending and not refused, without what was taken back and what took it back, once that is booked."""
    settled = {of: back for of, back in sheet.backs(documents).items() if back.booking.booked_at}
    gone = {item.pk for item in settled.values()}
    return [
        item
        for item in documents
        if item.booking.taken_at
        and not item.booking.refused_at
        and item.pk not in gone
        and (item.key, item.revision) not in settled
    ]


def _standing(page: Sheet) -> Iterator[Document]:
    for kind in _FIRST:
        yield from (item for item in page.standing(kind) if not page.takes_back(item))


def _step(page: Sheet, document: Document) -> Step:
    booking = document.booking
    if booking.taken_at is None:
        return Step(document=document, way=Way.VOID)
    if (by_hand := _by_hand(document)) is not None:
        return Step(document=document, way=Way.BY_HAND, blocks=(by_hand,))
    blocks = tuple(_blocks(page, document))
    draft = _MAKERS[DocumentKind(document.kind)](page, document)
    return Step(document=document, way=Way(draft.document.kind), draft=draft, blocks=blocks)


def _by_hand(document: Document) -> Problem | None:
    """What no document of ours takes back: a refund's, a disputed payment's, and kinds without a counterpart."""
    values = {"kind": document.get_kind_display(), "reference": document.reference}
    source = document.sources.select_related("refund", "payment").first()
    if source is not None and source.refund is not None:
        words = _("The %(kind)s %(reference)s belongs to a refund that stands in the books.")
        fix = _("Take the refund back by hand in the ledger, or leave the order as it is.")
        return Problem(code="undo_by_hand", words=words % values, fix=fix)
    disputed = source is not None and source.payment is not None and source.payment.kind not in invoices.MONEY_IN
    if document.kind not in _MAKERS or disputed:
        words = _("ordersync has no document that takes the %(kind)s %(reference)s back.")
        return Problem(code="undo_by_hand", words=words % values, fix=_("Take it back by hand in the ledger."))
    return None


def _blocks(page: Sheet, document: Document) -> Iterator[Problem]:
    """What stands between a document that was sent and its way back."""
    booking, invoice = document.booking, getattr(document, "invoice", None)
    values = {"reference": document.reference}
    if booking.booked_at is None:
        words = _("What became of %(reference)s is not known yet (%(outcome)s).")
        fix = {
            Outcome.HANDED_OUT: _("Acknowledge the file it lies in, or withdraw that file."),
            Outcome.STUCK: _("Clear its delivery first."),
        }.get(Outcome(booking.outcome), _("Wait for the ledger's answer."))
        values["outcome"] = booking.get_outcome_display()
        yield Problem(code="undo_waits", words=words % values, fix=fix)
        return
    if invoice is not None:
        yield from _altered(page, document, invoice)
    if document.kind == DocumentKind.INVOICE and page.credited(document):
        words = _("A refund took back a part of %(reference)s.")
        yield Problem(code="undo_credited", words=words % values, fix=_("Take back the rest by hand in the ledger."))
    yield from _paid_out(document)


def _altered(page: Sheet, document: Document, invoice: Invoice) -> Iterator[Problem]:
    values = {"reference": invoice.number or document.reference, "state": invoice.state}
    agreed = document.gross + _adjusted(invoice)
    if invoice.state in GONE:
        words = _("%(reference)s was %(state)s in the ledger already; a document of ours would take it back twice.")
        fix = _("Bring it back in the ledger, or settle the rest by hand there.")
        yield Problem(code="undo_altered", words=words % values, fix=fix)
    elif invoice.total != agreed:
        words = _("%(reference)s was changed in the ledger, so that taking back what was signed would not make zero.")
        yield Problem(code="undo_altered", words=words % values, fix=_("Put it right in the ledger first."))
    elif document.kind == DocumentKind.INVOICE and _paid_elsewhere(page, document, invoice, agreed):
        words = _("%(reference)s is paid in the ledger by money that did not come through ordersync.")
        fix = _("Take that payment off the invoice in the ledger; after the next reading this goes away.")
        yield Problem(code="undo_paid", words=words % values, fix=fix)


def _adjusted(invoice: Invoice) -> Decimal:
    return money.total(Decimal(str(row["net"])) + Decimal(str(row["tax"])) for row in invoice.adjustments)


def _paid_elsewhere(page: Sheet, document: Document, invoice: Invoice, agreed: Decimal) -> bool:
    """True if the ledger has more settled on the invoice than our documents explain."""
    settled = money.total(
        payments.SETTLES[item.kind] * item.gross
        for item in page.signed
        if item.kind in payments.SETTLES and item.booking.booked_at and sheet.stands(item)
        and sheet.restored(item).applies_to == document.reference
    )  # fmt: skip
    open_now = agreed - settled
    if invoice.state == "paid":
        return open_now > 0
    return invoice.balance != 0 and invoice.balance < open_now


def _paid_out(document: Document) -> Iterator[Problem]:
    """The money lies in a payout: it has left the clearing account."""
    lines = PayoutLine.objects.filter(payment__document_sources__document=document).select_related("payout")
    for line in lines.filter(payout__state=State.APPROVED):
        words = _("The money of %(reference)s left its clearing account with payout %(payout)s.")
        values = {"reference": document.reference, "payout": line.payout.store_id}
        yield Problem(code="undo_paid_out", words=words % values, fix=_("Take the payout back first."))


def _credit(page: Sheet, document: Document) -> Draft:
    return invoices.taken_back(page, document, memo=partial(_memo, document))


def _money(page: Sheet, document: Document) -> Draft:
    source = document.sources.select_related("payment").first()
    payment = source.payment if source is not None else None
    if payment is None:
        raise ValueError(f"{document.reference} is a payment without a source")
    return payments.taken_back(page, payment, document, [], memo=partial(_memo, document))


def _moved_back(page: Sheet, document: Document) -> Draft:
    """The journal with its two accounts changed over."""
    data = sheet.restored(document)
    line = outgoing.Line(n=0, kind="deposit", text=_memo(document), account=data.contra_account, net=data.gross)
    source = document.sources.first()
    sources = {"order": page.order.pk, "of": document.pk}
    sources |= {"payment": source.payment_id} if source is not None and source.payment_id else {}
    return page.draft(
        DocumentKind.JOURNAL, sheet.reversal_source(document.key, document.revision, document.kind), tax_on=document.tax_on,
        rows=[(line, Origin())], contra=data.lines[0].account, sources=sources,
        memo=partial(_memo, document), after=[(document.key, document.revision)],
    )  # fmt: skip


def _memo(document: Document) -> str:
    values = {"kind": document.get_kind_display().capitalize(), "reference": document.reference}
    return _("%(kind)s %(reference)s taken back by hand") % values


_MAKERS = {
    DocumentKind.INVOICE: _credit,
    DocumentKind.PAYMENT: _money,
    DocumentKind.JOURNAL: _moved_back,
}
_FIRST = list(DocumentKind.values)
