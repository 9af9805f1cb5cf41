"""Documents that Tryton keeps as moves of its journal: payments, refund payments, receipts, journals; each posting a line, to the cent."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from orders import money, outgoing
from orders.money import ZERO
from orders.outgoing import DocumentKind

from .books import Books
from .marks import mark
from .refusals import clean

FIELDS = ["description", "number", "state", "date", "company", "lines.account.code", "lines.debit", "lines.credit",
          "lines.amount_second_currency", "lines.second_currency.code", "lines.description", "lines.tax_lines.tax.name",
          "lines.tax_lines.type", "lines.party", "lines.maturity_date", "lines.reconciliation"]  # fmt: skip
JOURNALS = {
    DocumentKind.RECEIPT: "revenue",
    DocumentKind.PAYMENT: "cash",
    DocumentKind.REFUND_PAYMENT: "cash",
    DocumentKind.JOURNAL: "general",
}


def pattern(kind: str, reference: str) -> str:
    """What the description of such a move is like, whatever its revision."""
    text = f"{kind.replace('_', '-')} {reference} r".replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_")
    return text + "%"


def values(document: outgoing.Document, books: Books, party: int | None) -> dict[str, Any]:
    """The move as Tryton's `create` takes it; the contra account's line is the first."""
    return {
        "company": books.id,
        "journal": books.journal(JOURNALS[DocumentKind(document.kind)]),
        "period": books.period(document.posting_on),
        "date": document.posting_on,
        "description": mark(document),
        "lines": [["create", _lines(document, books, party)]],
    }


def _lines(document: outgoing.Document, books: Books, party: int | None) -> list[dict[str, Any]]:
    postings = [row for row in outgoing.postings(document) if row.amount or row.kind == "contra"]
    shares = [_base(row.amount, document) for row in postings]
    shares[0] = -money.total(shares[1:])  # the contra account bears what rounding to the books' currency leaves
    rows = []
    for posting, share in zip(postings, shares, strict=True):
        row = _row(posting, share, document, books, party)
        rows.append(row | _taxed(posting, share, document, books))
    return rows


def _base(amount: Decimal, document: outgoing.Document) -> Decimal:
    if document.currency == document.base_currency:
        return amount
    return money.rounded(amount * document.rate, document.base_currency)


def _row(
    posting: outgoing.Posting, share: Decimal, document: outgoing.Document, books: Books, party: int | None
) -> dict[str, Any]:
    account = books.account(posting.account, "a posting")
    row: dict[str, Any] = {
        "account": account.id,
        "debit": max(share, ZERO),
        "credit": max(-share, ZERO),
        "description": document.applies_to or document.reference
        if posting.kind == "contra"
        else clean(posting.text)[:500],
    }
    if account.party:
        row["party"] = party
    if document.currency != books.base:
        row |= {"second_currency": books.currency(document.currency).id, "amount_second_currency": posting.amount}
    if posting.kind == "contra" and account.receivable:
        row["maturity_date"] = document.due_on or document.posting_on
    return row


def _taxed(posting: outgoing.Posting, share: Decimal, document: outgoing.Document, books: Books) -> dict[str, Any]:
    """What Tryton's tax report reads: the tax of a line, and the base on which it was reckoned."""
    line = next((line for line in document.lines if line.n == posting.line), None)
    if line is None or not line.tax_code:
        return {}
    tax = books.tax(line.tax_code, f"the tax of line {line.n}").id
    rows = []
    if posting.kind == "tax":
        rows.append({"type": "tax", "tax": tax, "amount": -share})
    if posting.kind != "tax" or not line.net:
        whole = outgoing.LINE_SIDE[document.kind] * (line.base or ZERO)
        base = share if posting.kind != "tax" else _base(whole, document)
        rows.append({"type": "base", "tax": tax, "amount": -base})
    return {"tax_lines": [["create", rows]]} if rows else {}
