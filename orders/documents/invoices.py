"""The invoices of an order, due when the shop recognises its sales; and the taking back of those that the order has outgrown."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Callable
from datetime import date
from decimal import Decimal

from django.utils.translation import gettext as _

from orders import money, outgoing
from orders.documents import lines, sheet
from orders.documents.plan import Draft, Origin
from orders.documents.sheet import Row, Sheet
from orders.frozen import record
from orders.incoming import FulfilmentState, PaymentKind, PaymentState, PaymentStatus
from orders.models import Document, Payment, RecogniseOn, Shipment, ZeroTotal, held
from orders.outgoing import DocumentKind

MONEY_IN = (PaymentKind.SALE, PaymentKind.CAPTURE)
PAID = (PaymentState.PAID, PaymentState.PARTIALLY_REFUNDED, PaymentState.REFUNDED)


def drafts(page: Sheet, content_hash: str) -> list[Draft]:
    """What stands and still holds, the credit notes over what no longer does, and what is to be invoiced, due or not."""
    standing = page.standing(DocumentKind.INVOICE)
    outgrown = [item for item in standing if item.approval and item.approval.content_hash != content_hash]
    kept = {item.key: item for item in standing if item not in outgrown}
    back = [taken_back(page, item) for item in outgrown]
    after = {
        item.key: (draft.document.key, draft.document.revision) for item, draft in zip(outgrown, back, strict=True)
    }
    planned = _PLANNERS[RecogniseOn(page.shop.recognise_on)](page, list(kept.values()))
    fresh = [_new(page, plan, after) for plan in planned if page.key(DocumentKind.INVOICE, plan.source) not in kept]
    return [*back, *map(page.kept, kept.values()), *fresh]


@record
class Planned:
    """An invoice to be: its source in the key, its day and rows, and whether it is due."""

    source: str
    tax_on: date
    rows: list[Row]
    due: bool = True
    when: str = ""
    shipment: Shipment | None = None


def _new(page: Sheet, plan: Planned, after: dict[str, tuple[str, int]]) -> Draft:
    key = page.key(DocumentKind.INVOICE, plan.source)
    sources = {"order": page.order.pk} | ({"shipment": plan.shipment.pk} if plan.shipment else {})
    return page.draft(
        DocumentKind.INVOICE, plan.source, tax_on=plan.tax_on, rows=plan.rows, contra=page.role("receivable"), sources=sources,
        memo=lambda: _("Order %s") % page.order.number, after=[after[key]] if key in after else [], due=plan.due, when=plan.when,
    )  # fmt: skip


def taken_back(page: Sheet, invoice: Document, memo: Callable[[], str] | None = None) -> Draft:
    """A credit note over the whole of an invoice that was taken for sending and that the order no longer says, or that a person takes back (`memo`)."""
    if page.credited(invoice):
        page.problem(
            code="edited_after_refund", words=_("The order was changed after a refund of invoice %s was signed.") % invoice.reference,
            fix=_("Settle the change by hand in the ledger, or have the store take it back."),
        )  # fmt: skip
    data = sheet.restored(invoice)
    mine = {line.n: line for line in held(invoice, "lines")}
    rows = [
        (
            dataclasses.replace(line, credits=f"{invoice.reference}/{line.n}"),
            Origin(order_line=mine[line.n].order_line_id, credits=mine[line.n].pk),
        )
        for line in data.lines
    ]
    return page.draft(
        DocumentKind.CREDIT_NOTE, sheet.reversal_source(invoice.key, invoice.revision), tax_on=invoice.tax_on, rows=rows,
        contra=invoice.contra_account, sources={"order": page.order.pk, "of": invoice.pk}, applies_to=invoice.reference,
        memo=memo or (lambda: _("Invoice %s taken back: the order was changed") % invoice.reference), after=[(invoice.key, invoice.revision)],
    )  # fmt: skip


def _when_placed(page: Sheet, kept: list[Document]) -> list[Planned]:
    day = page.order.placed_on
    if day is None:
        page.problem(
            code="date_missing", field="placed_at", words=_("The store does not say when the order was placed."),
            fix=_("Import it again from a source that does, or book it by hand and reject it here."),
        )  # fmt: skip
    return _one(page, day or page.day(None))


def _when_paid(page: Sheet, kept: list[Document]) -> list[Planned]:
    payments = successful(page)
    paid = page.order.payment_state in PAID or money.total(row.amount for row in payments) >= page.order.total_due
    instants = [row.processed_at for row in payments if row.processed_at]
    return _one(
        page, page.day(max(instants, default=page.order.placed_at)), due=paid, when="" if paid else _("when it is paid")
    )


def _one(page: Sheet, day: date, *, due: bool = True, when: str = "") -> list[Planned]:
    """The whole order on one invoice, or on none if it is over zero and the ledger skips such."""
    rows = [row for position in lines.positions(page) for row in position.rows]
    rows += _extras(page, rows)
    if not lines.gross(rows) and page.ledger.zero_total == ZeroTotal.SKIP:
        return []
    return [Planned(source="1", tax_on=day, rows=rows, due=due, when=when)]


def _when_fulfilled(page: Sheet, kept: list[Document]) -> list[Planned]:
    """One invoice per shipment, lines divided by cumulated quantity; what belongs to no item stands on the first, what was never shipped on the last.

    What `kept` invoices hold is invoiced already, whatever has become of their shipments since.
    """
    positions = lines.positions(page)
    whole = [row for position in positions for row in position.rows]
    if not lines.gross(whole) and page.ledger.zero_total == ZeroTotal.SKIP:
        return []
    parts = [position for position in positions if lines.divisible(position.line)]
    first = [row for position in positions if position not in parts for row in position.rows] + _extras(page, whole)
    first = [] if kept else first
    shipped = _invoiced(kept)
    planned: list[Planned] = []
    for shipment in _to_invoice(page, kept):
        rows = _shipped(page, shipment, parts, shipped) + first
        if rows:
            planned.append(
                Planned(source=shipment.store_id, tax_on=page.day(shipment.shipped_at), rows=rows, shipment=shipment)
            )
            first = []
    rest = [
        row
        for position in parts
        if shipped[position.line.pk] < position.line.quantity
        for row in lines.share(position, shipped[position.line.pk], position.line.quantity, page.currency)
    ] + first
    if rest:
        over = page.order.fulfilment_state == FulfilmentState.FULFILLED
        begun = bool(kept or planned)
        when = "" if over else _("when the rest is shipped") if begun else _("when it is shipped")
        planned.append(Planned(source="rest" if begun else "1", tax_on=page.day(None), rows=rest, due=over, when=when))
    return planned


def _invoiced(kept: list[Document]) -> defaultdict[int, Decimal]:
    """By order line, how much of it stands on these invoices."""
    shipped: defaultdict[int, Decimal] = defaultdict(Decimal)
    for line in (line for invoice in kept for line in held(invoice, "lines")):
        shipped[line.order_line_id or 0] += line.quantity
    return shipped


def _to_invoice(page: Sheet, kept: list[Document]) -> list[Shipment]:
    invoiced = {item.key for item in kept}
    return [
        row
        for row in held(page.order, "shipments")
        if not row.cancelled and page.key(DocumentKind.INVOICE, row.store_id) not in invoiced
    ]


def _shipped(
    page: Sheet, shipment: Shipment, parts: list[lines.Position], shipped: defaultdict[int, Decimal]
) -> list[Row]:
    contents = {row.order_line_id: row.quantity for row in held(shipment, "lines")}
    rows: list[Row] = []
    for position in parts:
        before, whole = shipped[position.line.pk], position.line.quantity
        until = min(before + (contents.get(position.line.pk, money.ZERO) if contents else whole), whole)
        if until > before:
            rows += lines.share(position, before, until, page.currency)
            shipped[position.line.pk] = until
    return rows


def _extras(page: Sheet, rows: list[Row]) -> list[Row]:
    """The lines that persons named, and the source adjustment over what still remains of a rounding difference."""
    named = lines.adjustment_rows(page, sheet.named(page.order))
    gap = page.order.total_due - lines.gross(rows)
    left = gap - lines.gross(named) if gap else money.ZERO
    unit = money.minor_unit(page.currency)
    tolerance = min(sum(not line.removed for line in held(page.order, "lines")), page.ledger.adjustment_cap) * unit
    if not left or abs(left) > tolerance or not money.is_exact(left, page.currency):
        return named
    account = page.ledger.adjustment_account
    if account is None:
        page.problem(
            code="account_unmapped", cause="account:ledger:adjustment", words=_("The ledger has no account for rounding differences."),
            fix=_("Choose the ledger's adjustment account."),
        )  # fmt: skip
    line = outgoing.Line(
        n=0,
        kind="rounding",
        text=_("Rounding difference of the store"),
        account=account.code if account else "",
        net=left,
    )
    return [*named, (line, Origin())]


def successful(page: Sheet) -> list[Payment]:
    """Sales and captures that succeeded, as they happened."""
    return [
        row
        for row in held(page.order, "payments")
        if row.kind in MONEY_IN and row.status == PaymentStatus.SUCCESS and row.amount
    ]


_PLANNERS = {RecogniseOn.PLACED: _when_placed, RecogniseOn.PAID: _when_paid, RecogniseOn.FULFILLED: _when_fulfilled}
