"""What stands in Odoo: a document found by its external id, read back, and compared with what was signed; and the state of many by their references."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from integrations.accounting.odoo import drafts, texts
from integrations.accounting.odoo.company import RECEIVABLE, Company
from integrations.accounting.odoo.line import Fault, Line
from integrations.errors import Conflict
from orders import incoming, money, outgoing
from orders.outgoing import Adjustment, Booked, DocumentKind

MOVE_FIELDS = (
    "name",
    "move_type",
    "state",
    "payment_state",
    "date",
    "invoice_date",
    "invoice_date_due",
    "ref",
    "currency_id",
    "partner_id",
    "amount_untaxed",
    "amount_tax",
    "amount_total",
    "amount_residual",
)
LINE_FIELDS = (
    "move_id",
    "account_id",
    "display_type",
    "tax_line_id",
    "amount_currency",
    "balance",
    "name",
    "reconciled",
    "account_type",
)
SALES = ("out_invoice", "out_refund")
_FIX = "Find out who changed it in Odoo, put it right there by hand (reset to draft, correct, post), then retry."
_FIX_DATE = (
    "Odoo moves a date by itself where a period is locked. In Odoo: open the period under Accounting > Accounting > Lock Dates, reset the document to draft, "
    "correct the accounting date and post it; then retry. Or leave it and correct it by a credit note."
)


@dataclass(slots=True, kw_only=True)
class Move:
    """A document of Odoo's as it was read, amounts in its currency's decimals."""

    row: Mapping[str, Any]
    lines: Sequence[Mapping[str, Any]] = ()
    currency: str = field(init=False)

    def __post_init__(self) -> None:
        self.currency = str(self.row["currency_id"][1])

    @property
    def side(self) -> int:
        """Of its lines: an invoice's stand at the credit, a credit note's at the debit."""
        return -1 if self.row["move_type"] == "out_invoice" else 1

    def amount(self, name: str) -> Decimal:
        return exact(self.row[name], self.currency)

    def taxes(self, company: Company) -> dict[str, Decimal]:
        found: dict[str, Decimal] = {}
        for line in self.lines:
            if line["tax_line_id"]:
                code = company.tax_codes.get(line["tax_line_id"][0], line["tax_line_id"][1])
                found[code] = found.get(code, money.ZERO) + self.side * exact(line["amount_currency"], self.currency)
        return found

    def due_line(self) -> Mapping[str, Any] | None:
        return next((line for line in self.lines if line["display_type"] == "payment_term"), None)

    def postings(self, company: Company) -> dict[str, Decimal]:
        """The sum on each account."""
        found: dict[str, Decimal] = {}
        for line in self.lines:
            code = company.codes.get(line["account_id"][0], str(line["account_id"][1]))
            found[code] = found.get(code, money.ZERO) + exact(line["amount_currency"], self.currency)
        return found


def exact(value: Any, currency: str) -> Decimal:
    """A JSON float as the amount that it is: 2.8000000000000003 is 2.80."""
    return Decimal(str(value or 0)).quantize(money.minor_unit(currency))


def named(line: Line, document: outgoing.Document) -> tuple[str, int] | None:
    """Model and id under the document's external id, None where there surely is none."""
    module, _dot, name = texts.of(document).partition(".")
    try:
        model, id = line.call("ir.model.data", "check_object_reference", module=module, xml_id=name)
    except Fault as fault:
        if "External ID not found" in fault.message:
            return None
        raise
    return str(model), int(id)


def moves(line: Line, ids: Iterable[int], *, lines: bool) -> dict[int, Move]:
    """Documents by id, with their lines where asked; what is gone is absent."""
    wanted = sorted(set(ids))
    rows = line.call("account.move", "read", wanted, fields=list(MOVE_FIELDS)) if wanted else []
    found = {row["id"]: Move(row=row) for row in rows}
    if lines and found:
        for row in line.call(
            "account.move.line", "search_read", domain=[["move_id", "in", sorted(found)]], fields=list(LINE_FIELDS)
        ):
            move = found[row["move_id"][0]]
            move.lines = [*move.lines, row]
    return found


def compare(document: outgoing.Document, move: Move, company: Company, adjustments: Sequence[Adjustment] = ()) -> None:
    """Raises Conflict, naming what differs, unless it says what was signed and its adjustments."""
    signed: dict[str, tuple[Any, Any]] = {
        "currency": (move.currency, document.currency),
        "accounting date": (move.row["date"], document.posting_on.isoformat()),
    }
    if move.row["move_type"] in SALES:
        extra = money.total(item.net for item in adjustments)
        signed["total"] = (move.amount("amount_total"), document.gross)
        signed["net"] = (move.amount("amount_untaxed"), document.net + extra)
        signed["tax"] = (move.amount("amount_tax"), document.tax - extra)
        signed["invoice date"] = (move.row["invoice_date"], document.issued_on.isoformat())
    elif move.lines:
        stands, meant = move.postings(company), _sums(document)
        for code in sorted({*stands, *meant}):
            signed[f"amount on {code}"] = (stands.get(code, money.ZERO), meant.get(code, money.ZERO))
    for name, (there, meant) in signed.items():
        if there != meant:
            words = (
                f"{document.reference} stands in Odoo as {move.row['name']} with {name} {there}; signed was {meant}."
            )
            raise Conflict(words, fix=_FIX_DATE if name == "accounting date" else _FIX)


def _sums(document: outgoing.Document) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for row in outgoing.postings(document):
        found[row.account] = found.get(row.account, money.ZERO) + row.amount
    return found


def booked(
    document: outgoing.Document,
    move: Move,
    company: Company,
    id: int,
    adjustments: Sequence[Adjustment] = (),
    bound: tuple[outgoing.Bound, ...] = (),
) -> Booked:
    """The document as it stands, after it was compared."""
    sale = move.row["move_type"] in SALES
    balance = _balance(move)
    return Booked(
        id=str(id),
        number=str(move.row["name"]),
        currency=move.currency,
        net=move.amount("amount_untaxed") if sale else document.net,
        tax=move.amount("amount_tax") if sale else document.tax,
        gross=move.amount("amount_total") if sale else document.gross,
        taxes=tuple((code, amount) for code, amount in move.taxes(company).items() if amount) if sale else (),
        adjustments=tuple(adjustments),
        state=_state(move),
        balance=balance,
        bound=bound,
    )


def _balance(move: Move) -> Decimal:
    return move.amount("amount_residual") if move.row["move_type"] == "out_invoice" else money.ZERO


def _state(move: Move) -> str:
    """paid and in_payment are alike: the latter waits for the bank statement only."""
    words = {"draft": "draft", "cancel": "voided"}
    return words.get(move.row["state"], "open" if _balance(move) else "paid")


# Many, by reference


def states(company: Company, references: Sequence[str]) -> list[incoming.InvoiceState]:
    """Every document of ours under each reference. Three to five calls for all of them: whoever uses our reference without our external id is nobody of ours."""
    line = company.line
    domain = [["ref", "in", list(references)], ["company_id", "=", company.id]]
    rows = line.call("account.move", "search_read", domain=domain, fields=["ref"])
    kinds = _named_kinds(line, "account.move", {row["id"]: row["id"] for row in rows})
    if rest := [row["id"] for row in rows if row["id"] not in kinds]:  # a payment's entry: its name is the payment's
        paid = line.call("account.payment", "search_read", domain=[["move_id", "in", rest]], fields=["move_id"])
        kinds |= _named_kinds(line, "account.payment", {row["id"]: row["move_id"][0] for row in paid})
    found = moves(line, kinds, lines=True)
    by_reference: dict[str, list[incoming.InvoiceState]] = {}
    for id, move in sorted(found.items()):
        state = _told(company, move, kinds[id])
        by_reference.setdefault(state.reference, []).append(state)
    return [state for name in references for state in by_reference.get(name) or [_gone(name)]]


def _named_kinds(line: Line, model: str, ids: Mapping[int, int]) -> dict[int, str]:
    """The kind of each entry that is ours by its own or its payment's external id; `ids` are entries by the record that carries the name."""
    names = line.call(model, "get_external_id", list(ids)) if ids else {}
    kinds = {entry: _kind(names.get(str(id), "")) for id, entry in ids.items()}
    return {entry: kind for entry, kind in kinds.items() if kind is not None}


def _kind(xid: str) -> str | None:
    kind = xid.removeprefix(f"{texts.MODULE}.").rsplit("_", 2)[0]
    return kind if xid.startswith(f"{texts.MODULE}.") and kind in DocumentKind.values else None


def _told(company: Company, move: Move, kind: str) -> incoming.InvoiceState:
    due, entry = move.row["invoice_date_due"], kind not in drafts.TYPE
    total = (
        money.total(max(amount, money.ZERO) for amount in move.postings(company).values())
        if entry
        else move.amount("amount_total")
    )
    return incoming.InvoiceState(
        reference=str(move.row["ref"]),
        number=str(move.row["name"] or ""),
        state=_state(move),
        net=total if entry else move.amount("amount_untaxed"),
        tax=money.ZERO if entry else move.amount("amount_tax"),
        total=total,
        balance=_balance(move),
        due_on=date.fromisoformat(due) if due else None,
        kind=kind,
        currency=move.currency,
        taxes=() if entry else tuple(move.taxes(company).items()),
    )


def _gone(reference: str) -> incoming.InvoiceState:
    zero = money.ZERO
    return incoming.InvoiceState(
        reference=reference, number="", state="deleted", net=zero, tax=zero, total=zero, balance=zero
    )


__all__ = ["RECEIVABLE", "Move", "booked", "compare", "exact", "moves", "named", "states"]
