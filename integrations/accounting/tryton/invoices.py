"""Invoices and credit notes as Tryton's own customer invoices: amounts as signed, taxes forced before any rounding line is needed.

Tryton computes the taxes of a new invoice itself, and keeps the amount of a tax row that comes along with the base it would have computed: so the signed
tax stands, and is never adjusted. What its lines cannot bear (an account that is not revenue, a second tax on the same goods) is a manual row of the tax table.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from orders import money, outgoing
from orders.money import ZERO
from orders.outgoing import DocumentKind, Line

from .books import Books
from .marks import mark
from .refusals import clean

PRICE = Decimal("0.0001")  # Tryton keeps four decimals of a unit price
FIELDS = ["reference", "state", "number", "description", "currency.code", "untaxed_amount", "tax_amount", "total_amount", "amount_to_pay",
          "invoice_date", "accounting_date", "payment_term_date", "party", "account.code", "move", "move.state", "reconciled",
          "lines.type", "lines.note", "lines.amount", "lines.account.code", "lines.sequence",
          "taxes.account.code", "taxes.amount", "taxes.base", "taxes.tax.name"]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """The party an invoice is made out to, and its address."""

    party: int
    address: int


def values(
    document: outgoing.Document, books: Books, customer: Customer, items: dict[str, tuple[int, int]]
) -> dict[str, Any]:
    """The invoice as Tryton's `create` takes it. A credit note has negative quantities."""
    back = document.kind == DocumentKind.CREDIT_NOTE
    currency = books.currency(document.currency).id
    rows = list(_rows(document, books, back))
    return {
        "type": "out",
        "company": books.id,
        "party": customer.party,
        "invoice_address": customer.address,
        "account": books.account(document.contra_account, "the receivable").id,
        "currency": currency,
        "journal": books.journal("revenue"),
        "reference": document.reference,
        "description": document.applies_to or document.reference,
        "invoice_date": document.issued_on,
        "accounting_date": document.posting_on,
        "payment_term_date": document.due_on,
        "comment": _comment(document),
        "lines": [["create", list(_lines(document, books, currency, back, items))]],
        "taxes": [["create", [_tax_row(row) for row in rows]]] if rows else [],
    }


def _comment(document: outgoing.Document) -> str:
    """What the printed invoice says below its lines."""
    order = f"Order {document.order_number}" if document.order_number else ""
    supply = f"Date of supply {document.tax_on}" if document.tax_on != document.issued_on else ""
    return "\n".join(clean(part) for part in (order, supply, document.memo) if part)


def _lines(
    document: outgoing.Document, books: Books, currency: int, back: bool, items: dict[str, tuple[int, int]]
) -> Iterator[dict[str, Any]]:
    """The first line is a text, in whose note (which is not printed) the document is marked as ours."""
    title = f"Order {clean(document.order_number)}" if document.order_number else document.reference
    shared = {"company": books.id, "currency": currency}
    yield {**shared, "type": "comment", "sequence": 0, "description": title, "note": mark(document)}
    for line in document.lines:
        account = books.account(line.account, f"line {line.n}")
        if not account.revenue or _only_tax(line):
            continue
        quantity, each = price(line, document.currency)
        product, unit = items.get(line.sku, (None, None))
        yield {
            **shared,
            "type": "line",
            "sequence": line.n,
            "account": account.id,
            "quantity": float(-quantity if back else quantity),
            "unit_price": each,
            "description": "\n".join(filter(None, [clean(line.text), line.sku and clean(line.sku)])),
            "taxes": [["add", [books.tax(line.tax_code, "a tax").id]]] if _computed(line, books, back) else [],
            **({"product": product, "unit": unit} if product else {}),
        }


def _only_tax(line: Line) -> bool:
    return not line.net and bool(line.tax)


def _computed(line: Line, books: Books, back: bool) -> bool:
    """Whether Tryton may reckon its tax: on the line's own net, to the account that was signed. Any other tax is a manual row."""
    if not line.tax_code or _only_tax(line) or not (line.base is None or line.base == line.net):
        return False
    code = books.tax(line.tax_code, f"the tax of line {line.n}")
    return not line.tax or line.tax_account == (code.credit if (line.net < 0) != back else code.invoice)


def price(line: Line, currency: str) -> tuple[Decimal, Decimal]:
    """Quantity and price per unit that give the line's net exactly; else one unit of the whole."""
    if line.quantity > 0 and Decimal(str(float(line.quantity))) == line.quantity:
        price = (line.net / line.quantity).quantize(PRICE)
        if (line.quantity * price).quantize(money.minor_unit(currency), ROUND_HALF_EVEN) == line.net:
            return line.quantity, price
    return Decimal(1), line.net


@dataclass(slots=True, kw_only=True)
class Row:
    """A row of the tax table."""

    account: int
    text: str
    tax: int | None
    manual: bool
    base: Decimal = ZERO
    amount: Decimal = ZERO


def _rows(document: outgoing.Document, books: Books, back: bool) -> list[Row]:
    """One for each tax and direction of its base, as Tryton groups them; manual ones for what its lines cannot bear."""
    sign = -1 if back else 1
    grouped: dict[tuple[str, bool], Row] = {}
    manual: list[Row] = []
    for line in document.lines:
        account, net, tax = books.account(line.account, f"line {line.n}"), sign * line.net, sign * line.tax
        borne = account.revenue and not _only_tax(line)
        if not borne and net:
            manual.append(
                Row(account=account.id, text=clean(line.text) or line.kind, tax=None, manual=True, amount=net)
            )
        if not line.tax_code:
            continue
        code = books.tax(line.tax_code, f"the tax of line {line.n}")
        if borne and _computed(line, books, back):
            place = code.invoice_id if net >= 0 else code.credit_id
            fresh = Row(account=place, text=code.name, tax=code.id, manual=False)
            row = grouped.setdefault((line.tax_code, net >= 0), fresh)
            row.base, row.amount = row.base + net, row.amount + tax
        elif tax:
            place = books.account(line.tax_account, f"the tax of line {line.n}").id
            base = sign * (line.net if line.base is None else line.base)
            manual.append(Row(account=place, text=code.name, tax=code.id, manual=True, base=base, amount=tax))
    return [*grouped.values(), *manual]


def _tax_row(row: Row) -> dict[str, Any]:
    named = {"tax": row.tax} if row.tax else {}
    return {
        "account": row.account,
        "description": row.text[:500],
        "base": row.base,
        "amount": row.amount,
        "manual": row.manual,
        **named,
    }
