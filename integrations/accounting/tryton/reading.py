"""What stands in Tryton, read back as documents of ours and held against what was signed."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from integrations.errors import Conflict
from orders import incoming, money, outgoing
from orders.money import ZERO
from orders.outgoing import Booked, DocumentKind

from .marks import Mark, marked

FIX = "Find out in Tryton who changed it, put it right there, and look the document up again."


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An invoice or a move of ours as it stands there; amounts are positive in the direction of its kind. `sums` is by account, a debit positive."""

    id: int
    model: str
    mark: Mark
    number: str
    state: str
    currency: str
    posting_on: date | None
    due_on: date | None
    net: Decimal
    tax: Decimal
    gross: Decimal
    taxes: tuple[tuple[str, Decimal], ...]
    sums: dict[str, Decimal]
    balance: Decimal
    settles: str
    move: int

    @property
    def draft(self) -> bool:
        return self.state in ("draft", "validated")

    @property
    def cancelled(self) -> bool:
        return self.state == "cancelled"

    @property
    def told(self) -> str:
        """Its state in the office's words."""
        if self.draft or self.cancelled:
            return "voided" if self.cancelled else "draft"
        return "open" if self.balance else "paid"


def invoice(row: dict[str, Any]) -> Entry:
    """The invoice as an entry. One that is not marked as ours has no key and no hash, and so is nobody's document."""
    kind = DocumentKind.INVOICE if row["total_amount"] >= 0 else DocumentKind.CREDIT_NOTE
    foreign = Mark(kind=kind, reference=row["reference"], revision=0, hash="", key="")
    mark = next((found for line in row["lines."] if (found := marked(line["note"]))), foreign)
    back = mark.kind == DocumentKind.CREDIT_NOTE
    sign = -1 if back else 1
    lines = [(line["account."]["code"], line["amount"]) for line in row["lines."] if line["type"] == "line"]
    rows = [(_name(tax), tax["account."]["code"], tax["amount"]) for tax in row["taxes."]]
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    for account, amount in [*lines, *((account, amount) for _tax, account, amount in rows)]:
        sums[account] -= amount
    sums[row["account."]["code"]] += row["total_amount"]
    taxes: defaultdict[str, Decimal] = defaultdict(Decimal)
    for name, _account, amount in rows:
        if name:
            taxes[name] += sign * amount
    tax = money.total(taxes.values())
    gross = sign * row["total_amount"]
    return Entry(
        id=row["id"], model="account.invoice", mark=mark, number=row["number"] or "", state=row["state"],
        currency=row["currency."]["code"], posting_on=row["accounting_date"] or row["invoice_date"],
        due_on=row["payment_term_date"], net=gross - tax, tax=tax, gross=gross, taxes=_nonzero(taxes), sums=_kept(sums),
        balance=sign * row["amount_to_pay"], settles=row["description"] or "", move=row["move"] or 0,
    )  # fmt: skip


def move(row: dict[str, Any], base: str) -> Entry | None:
    """The move as an entry, None if it is not marked as ours."""
    mark = marked(row["description"])
    if mark is None or mark.kind not in outgoing.LINE_SIDE:
        return None
    side = outgoing.LINE_SIDE[mark.kind]
    lines = sorted(row["lines."], key=lambda line: int(line["id"]))
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    taxes: defaultdict[str, Decimal] = defaultdict(Decimal)
    for line in lines:
        amount = _amount(line)
        sums[line["account."]["code"]] += amount
        for tax in line["tax_lines."]:
            if tax["type"] == "tax":
                taxes[tax["tax."]["name"]] += side * amount
    first = lines[0]
    gross, tax = -side * _amount(first), money.total(taxes.values())
    foreign = first["second_currency."]
    return Entry(
        id=row["id"], model="account.move", mark=mark, number=row["number"] or "", state=row["state"],
        currency=foreign["code"] if foreign else base, posting_on=row["date"], due_on=None, net=gross - tax, tax=tax,
        gross=gross, taxes=_nonzero(taxes), sums=_kept(sums), balance=ZERO, settles=first["description"] or "", move=row["id"],
    )  # fmt: skip


def _amount(line: dict[str, Any]) -> Decimal:
    if line["second_currency."]:
        return Decimal(line["amount_second_currency"])
    return Decimal(line["debit"] - line["credit"])


def _name(tax: dict[str, Any]) -> str:
    return str((tax["tax."] or {}).get("name") or "")


def _kept(sums: dict[str, Decimal]) -> dict[str, Decimal]:
    return {account: amount for account, amount in sums.items() if amount}


def _nonzero(taxes: dict[str, Decimal]) -> tuple[tuple[str, Decimal], ...]:
    return tuple((name, amount) for name, amount in taxes.items() if amount)


def compare(entry: Entry, document: outgoing.Document) -> None:
    """Raises Conflict, naming both, where something differs from what was signed: hash, currency, day, gross, net, tax by code, each account's sum."""
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    for posting in outgoing.postings(document):
        sums[posting.account] += posting.amount
    taxes: defaultdict[str, Decimal] = defaultdict(Decimal)
    for line in document.lines:
        taxes[line.tax_code] += line.tax
    signed: dict[str, tuple[Any, Any]] = {
        "key": (entry.mark.key, document.key),
        "hash": (entry.mark.hash, document.hash),
        "currency": (entry.currency, document.currency),
        "day of posting": (entry.posting_on, document.posting_on),
        "gross": (entry.gross, document.gross),
        "net": (entry.net, document.net),
        "tax": (entry.tax, document.tax),
        "tax by code": (dict(entry.taxes), dict(_nonzero(taxes))),
        "sums by account": (entry.sums, _kept(sums)),
    }
    for name, (stands, meant) in signed.items():
        if stands != meant:
            words = f"Tryton's {entry.number or 'draft'} under {document.reference} has the {name} {_said(stands)}; signed was {_said(meant)}."
            raise Conflict(words, fix=FIX)


def _said(value: Any) -> str:
    if isinstance(value, dict):
        return "; ".join(f"{key}: {amount}" for key, amount in sorted(value.items())) or "nothing"
    return str(value) or "nothing"


def booked(entry: Entry, bound: tuple[outgoing.Bound, ...] = ()) -> Booked:
    """The entry as the office is told of it."""
    return Booked(
        id=f"{entry.model},{entry.id}", number=entry.number or str(entry.id), currency=entry.currency, net=entry.net, tax=entry.tax,
        gross=entry.gross, taxes=entry.taxes, state=entry.told, balance=entry.balance, bound=bound,
    )  # fmt: skip


def state(entry: Entry) -> incoming.InvoiceState:
    """The entry as its state."""
    return incoming.InvoiceState(
        reference=entry.mark.reference, number=entry.number, state=entry.told, net=entry.net, tax=entry.tax, total=entry.gross,
        balance=entry.balance, due_on=entry.due_on, kind=entry.mark.kind, currency=entry.currency, taxes=entry.taxes,
    )  # fmt: skip
