"""The documents of a refund: a credit note that never goes beyond its invoice, and the money that went back."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from django.db.models import Q
from django.utils.translation import gettext as _

from orders import incoming, money, outgoing
from orders.documents import lines, payments, sheet
from orders.documents.plan import Draft, Origin, Plan
from orders.documents.sheet import Row, Sheet
from orders.incoming import LineKind, PaymentStatus
from orders.models import Document, DocumentLine, Payment, Purpose, RecogniseOn, Refund, RefundLine, held, together
from orders.outgoing import DocumentKind


def plan(refund: Refund) -> Plan:
    """The credit note and refund payments of a refund, with what keeps them. Never raises for bad data."""
    together.beside(refund, "lines", "lines__taxes", "payments", sheet.NAMED)
    page = Sheet(refund.order)
    return Plan(
        drafts=tuple(drafts(page, refund)),
        problems=tuple(page.problems),
        content=content(refund),
        amount=_worth(refund),
        currency=refund.currency,
    )


def drafts(page: Sheet, refund: Refund) -> list[Draft]:
    """The documents; what keeps them stands on the page."""
    key = page.key(DocumentKind.CREDIT_NOTE, refund.store_id)
    signed = page.stands_for(key)
    note = page.kept(signed) if signed else _credit_note(page, refund)
    made = [note] if note else []
    deposits = [] if note else _deposits(page)
    for payment in held(refund, "payments"):
        if payment.status == PaymentStatus.SUCCESS and payment.amount:
            made.append(_money_back(page, refund, payment, note, deposits))
    if not note and not deposits and _worth(refund) and not page.standing(DocumentKind.INVOICE):
        page.problem(
            code="invoice_missing", words=_("There is no invoice yet that this refund could take back."),
            fix=_("Approve the order first."),
        )  # fmt: skip
    return made


def _worth(refund: Refund) -> Decimal:
    """The money that goes back, or what its lines make where the store gives none back."""
    return refund.amount or money.total(row.net + row.tax for row in held(refund, "lines"))


def content(refund: Refund) -> dict[str, object]:
    """What an approval of the refund is bound to."""
    data: dict[str, object] = incoming.plain(
        {
            "refund": refund.store_id, "amount": refund.amount, "currency": refund.currency, "refunded_on": refund.refunded_on,
            "lines": [
                {"kind": row.kind, "line": row.order_line_id, "title": row.title, "quantity": row.quantity, "net": row.net, "tax": row.tax}
                for row in held(refund, "lines")
            ],
            "adjustments": [
                {"account": row.account.code, "net": row.net, "tax": row.tax, "tax_code": row.tax_code.code if row.tax_code else ""} for row in sheet.named(refund)
            ],
        }
    )  # fmt: skip
    return data


@dataclass(slots=True)
class Room:
    """A signed invoice line, and what credit notes have left of it."""

    line: DocumentLine
    data: outgoing.Line
    invoice: Document
    net: Decimal
    tax: Decimal
    quantity: Decimal

    def take(self, net: Decimal, tax: Decimal, quantity: Decimal) -> Row:
        """A credit row of at most what is left; the room shrinks by it."""
        net, tax = _within(net, self.net), _within(tax, self.tax)
        quantity = min(quantity, self.quantity)
        self.net, self.tax, self.quantity = self.net - net, self.tax - tax, self.quantity - quantity
        row = dataclasses.replace(
            self.data, net=net, tax=tax, quantity=quantity, base=None, credits=f"{self.invoice.reference}/{self.line.n}"
        )
        return row, Origin(order_line=self.line.order_line_id, credits=self.line.pk)


@dataclass(slots=True)
class _Credit:
    """The credit note while it is made up: its rows, the invoices it takes from, and what was asked beyond them."""

    rows: list[Row] = field(default_factory=list)
    invoices: list[Document] = field(default_factory=list)
    beyond: Decimal = money.ZERO


def _credit_note(page: Sheet, refund: Refund) -> Draft | None:
    standing = page.standing(DocumentKind.INVOICE)
    if not standing:
        return None
    rooms = _rooms(standing)
    credit = _Credit()
    for row in held(refund, "lines"):
        _credit_line(page, row, rooms, credit)
    credit.rows += lines.adjustment_rows(page, sheet.named(refund))
    _difference(page, refund, credit)
    if not credit.rows:
        return None
    invoices = credit.invoices or standing[:1]
    return page.draft(
        DocumentKind.CREDIT_NOTE, refund.store_id, tax_on=refund.refunded_on or page.day(refund.refunded_at), rows=credit.rows,
        contra=page.role("receivable"), sources={"order": page.order.pk, "refund": refund.pk},
        memo=lambda: _("Refund %(id)s of order %(number)s") % {"id": refund.store_id, "number": page.order.number},
        after=[(item.key, item.revision) for item in invoices], applies_to=invoices[0].reference,
    )  # fmt: skip


def _rooms(invoices: Sequence[Document]) -> dict[int, list[list[Room]]]:
    """For each order line its invoiced rows with what is left of them, invoice by invoice."""
    spent: dict[int, list[Decimal]] = defaultdict(lambda: [money.ZERO] * 3)
    credits = DocumentLine.objects.filter(credits__document__in=invoices).filter(
        Q(document__booking__voided_at=None) & Q(document__booking__refused_at=None)
    )
    for row in credits:
        for n, amount in enumerate((row.net, row.tax, row.quantity)):
            spent[row.credits_id or 0][n] += amount
    rooms: dict[int, list[list[Room]]] = defaultdict(list)
    for invoice in invoices:
        data = {line.n: line for line in sheet.restored(invoice).lines}
        grouped: dict[int, list[Room]] = defaultdict(list)
        for line in held(invoice, "lines"):
            net, tax, quantity = spent[line.pk]
            room = Room(line, data[line.n], invoice, line.net - net, line.tax - tax, line.quantity - quantity)
            grouped[line.order_line_id or 0].append(room)
        for order_line, group in grouped.items():
            rooms[order_line].append(group)
    return rooms


def _credit_line(page: Sheet, row: RefundLine, rooms: dict[int, list[list[Room]]], credit: _Credit) -> None:
    groups = rooms.get(_order_line(page, row, rooms) or -1)
    if groups is None and row.order_line_id and (row.net or row.tax):
        page.problem(
            code="invoice_missing", field=f"line:{row.order_line_id}",
            words=_("“%s” stands on no invoice yet that this refund could take back.") % (row.title or row.get_kind_display()),
            fix=_("Wait until it is shipped and invoiced; if it never will be, book the refund by hand and reject it here."),
        )  # fmt: skip
    if groups is None:
        credit.rows += _own_rows(page, row)
        return
    net, tax, quantity = lines.exact(page, row, row.net), lines.exact(page, row, row.tax), row.quantity
    shares = [item.amount for item in held(row, "taxes")]
    for group in groups:
        if not (net or tax or quantity):
            break
        taken = _take(group, net, tax, quantity, shares, page.currency)
        if any(line.net or line.tax or line.quantity for line, _origin in taken):
            credit.rows += taken
            credit.invoices += [group[0].invoice] if group[0].invoice not in credit.invoices else []
        net -= money.total(line.net for line, _origin in taken)
        tax -= money.total(line.tax for line, _origin in taken)
        quantity -= money.total(line.quantity for line, _origin in taken)
    credit.beyond += net + tax


def _take(
    group: list[Room], net: Decimal, tax: Decimal, quantity: Decimal, shares: list[Decimal], currency: str
) -> list[Row]:
    """Credit one invoice's rows of a line: the net and quantity from the first, the tax from each by what the store says, else in proportion."""
    if len(group) == 1:
        return [group[0].take(net, tax, quantity)]
    if len(shares) != len(group) or money.total(shares) != tax:
        shares = money.allocate(tax, [abs(room.tax) for room in group], currency)
    first = group[0].take(net, shares[0], quantity)
    return [first, *[room.take(money.ZERO, part, money.ZERO) for room, part in zip(group[1:], shares[1:], strict=True)]]


def _order_line(page: Sheet, row: RefundLine, rooms: Iterable[int]) -> int | None:
    """The order line that is given back; shipping and the like without a line of their own go to the first invoiced line of their kind."""
    if row.order_line_id or row.kind in (
        LineKind.ITEM,
        LineKind.REFUND_DIFFERENCE,
        LineKind.RESTOCKING_FEE,
        LineKind.RETURN_SHIPPING,
    ):
        return row.order_line_id
    return next(
        (line.pk for line in held(page.order, "lines") if line.kind == row.kind and line.pk in set(rooms)), None
    )


def _own_rows(page: Sheet, row: RefundLine) -> list[Row]:
    """A line that takes nothing back: a fee that is kept, a difference; with taxes of its own."""
    account = page.chart.account(Purpose.LINE, row.kind, page.problems)
    taxes = list(held(row, "taxes"))
    first = outgoing.Line(
        n=0,
        kind=row.kind,
        text=row.title or row.get_kind_display(),
        account=account,
        net=lines.exact(page, row, row.net),
        quantity=row.quantity,
    )
    origin = Origin(refund_line=row.pk)
    if not taxes:
        code = None if row.kind in lines.UNTAXED else lines.tax_code_for(page, row.kind, None)
        return [(lines.with_tax(page, first, money.ZERO, code), origin)]
    made = []
    for n, tax in enumerate(taxes):
        line = first if n == 0 else dataclasses.replace(first, net=money.ZERO, quantity=money.ZERO)
        made.append(
            (
                lines.with_tax(
                    page, line, lines.exact(page, row, tax.amount), lines.tax_code_for(page, row.kind, tax), tax
                ),
                origin,
            )
        )
    return made


def _difference(page: Sheet, refund: Refund, credit: _Credit) -> None:
    """What the money says beyond or below the lines: a line of its own within the cap, a problem above it."""
    asked = lines.exact(page, refund, _worth(refund))
    left = asked - lines.gross(credit.rows)
    if not left:
        return
    values = {"left": f"{left.normalize():f}", "currency": refund.currency, "amount": f"{asked.normalize():f}"}
    if not held(refund, "lines"):
        page.problem(
            code="refund_without_lines", difference=left, field="amount",
            words=_("The store gave back %(left)s %(currency)s without saying for what.") % values,
            fix=_("Name it by an adjustment with account, tax and reason."),
        )  # fmt: skip
    elif abs(left) > page.ledger.adjustment_cap * money.minor_unit(page.currency):
        beyond = credit.beyond > 0
        page.problem(
            code="refund_beyond_invoice" if beyond else "refund_difference", difference=left, field="amount",
            words=(
                _("The refund goes %(left)s %(currency)s beyond what was invoiced and not yet given back.") if beyond
                else _("The refund of %(amount)s %(currency)s is %(left)s more than its lines.")
            ) % values,
            fix=_("Name the difference by an adjustment with account and reason."),
        )  # fmt: skip
    else:
        account = page.chart.account(Purpose.LINE, LineKind.REFUND_DIFFERENCE, page.problems)
        line = outgoing.Line(
            n=0, kind=LineKind.REFUND_DIFFERENCE, text=_("Refund difference"), account=account, net=left
        )
        credit.rows.append((line, Origin()))


def _money_back(page: Sheet, refund: Refund, payment: Payment, note: Draft | None, deposits: list[Document]) -> Draft:
    signed = page.stands_for(page.key(DocumentKind.REFUND_PAYMENT, payment.store_id))
    if signed is not None:
        return page.kept(signed)
    return page.draft(
        DocumentKind.REFUND_PAYMENT, payment.store_id, tax_on=page.day(payment.processed_at or refund.refunded_at),
        rows=payments.money_rows(page, payment, leaving=True), contra=page.role("deposits" if deposits else "receivable"),
        sources={"order": page.order.pk, "refund": refund.pk, "payment": payment.pk},
        memo=lambda: _("Refund %(id)s of order %(number)s paid out") % {"id": payment.store_id, "number": page.order.number},
        after=[(note.document.key, note.document.revision)] if note else [(item.key, item.revision) for item in deposits],
        applies_to=note.document.applies_to if note else "",
    )  # fmt: skip


def _deposits(page: Sheet) -> list[Document]:
    """The payments that came in, where nothing was invoiced yet: what goes back then was a deposit."""
    if page.shop.recognise_on == RecogniseOn.PLACED or page.standing(DocumentKind.INVOICE):
        return []
    return page.standing(DocumentKind.PAYMENT)


def _within(asked: Decimal, left: Decimal) -> Decimal:
    """The part of what is asked that is still there, on the side on which it is there."""
    return min(max(asked, money.ZERO), left) if left >= 0 else max(min(asked, money.ZERO), left)
