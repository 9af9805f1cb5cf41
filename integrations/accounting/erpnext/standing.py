"""What stands in ERPNext: a document found by its key, compared with what was signed; and the state of many by their references."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from integrations.accounting.erpnext import entries, invoices, names
from integrations.accounting.erpnext.company import Company
from integrations.accounting.erpnext.line import Row
from integrations.errors import Conflict
from orders import incoming, money, outgoing
from orders.outgoing import Booked, Bound, DocumentKind

DRAFT, SUBMITTED, CANCELLED = 0, 1, 2
_FIX = "Find out who changed it in ERPNext, cancel it there, and book what is right by hand."
_MONEY = (entries.PAYMENT, entries.ENTRY)
_SHOWN = {
    invoices.DOCTYPE: "po_no",
    entries.PAYMENT: "reference_no",
    entries.ENTRY: "cheque_no",
}  # where our reference stands
_HEAD = ["name", "docstatus", names.KEY, "posting_date"]
_FIELDS = {
    invoices.DOCTYPE: ["due_date", "currency", "conversion_rate", "net_total", "grand_total", "base_grand_total", "outstanding_amount",
                       "party_account_currency", "is_return"],
    entries.PAYMENT: ["paid_amount"],
    entries.ENTRY: ["total_debit", "user_remark"],
}  # fmt: skip


def doctypes(document: outgoing.Document) -> Sequence[str]:
    """Where a document of this kind may stand."""
    if document.kind in invoices.KINDS:
        return (invoices.DOCTYPE,)
    return _MONEY if document.kind in (DocumentKind.PAYMENT, DocumentKind.REFUND_PAYMENT) else (entries.ENTRY,)


def named(document: outgoing.Document, company: Company) -> tuple[str, Row] | None:
    """DocType and whole document under the document's key, whatever its state; None where there surely is none."""
    key = names.of(document)
    for doctype in doctypes(document):
        for found in company.line.find(doctype, ["name"], [[names.KEY, "=", key]]):
            if row := company.line.get(doctype, found["name"]):
                return doctype, row
    return None


def compare(document: outgoing.Document, doctype: str, row: Row, company: Company) -> None:
    """Raises Conflict, naming what differs, unless it says what was signed."""
    if row["docstatus"] == CANCELLED:
        words = f"{document.reference} was cancelled in ERPNext ({row['name']})."
        raise Conflict(
            words,
            fix="Find out who cancelled it. ERPNext brings nothing back that was cancelled: book what is right there by hand, or correct it from here.",
        )
    there = differs(document, doctype, row, company)
    if there:
        words = f"{document.reference} stands in ERPNext as {row['name']} with {there[0]} {there[1]}; signed was {there[2]}."
        raise Conflict(words, fix=_FIX)


def differs(document: outgoing.Document, doctype: str, row: Row, company: Company) -> tuple[str, Any, Any] | None:
    """The first thing that is not as signed: what it is, as it stands there, and as it was signed."""
    sale = doctype == invoices.DOCTYPE
    signed: dict[str, tuple[Any, Any]] = {"date": (row["posting_date"], document.posting_on.isoformat())}
    if sale:
        signed["currency"] = (row["currency"], document.currency)
        signed |= _sale(document, row, company) if row["currency"] == document.currency else {}
    else:
        signed["currency of the books"] = (company.currency, document.base_currency)
        stands, meant = entries.figures(doctype, row, company), money_meant(document, company)
        signed |= {
            f"amount on {code}": (stands.get(code, money.ZERO), meant.get(code, money.ZERO))
            for code in sorted({*stands, *meant})
        }
    signed["hash"] = (
        names.noted_hash(row["remarks"] if doctype != entries.ENTRY else row["user_remark"]),
        document.hash,
    )
    return next(((name, there, meant) for name, (there, meant) in signed.items() if there != meant), None)


def _sale(document: outgoing.Document, row: Row, company: Company) -> dict[str, tuple[Any, Any]]:
    found = invoices.figures(row, company)
    meant = _sums((posting.account, posting.amount) for posting in outgoing.postings(document))
    taxes = _sums((line.tax_code, line.tax) for line in document.lines if line.tax)
    signed: dict[str, tuple[Any, Any]] = {
        "total": (found["gross"], document.gross),
        "net": (found["net"], document.net),
    }
    signed["rate"] = (
        Decimal(str(row["conversion_rate"])).normalize(),
        document.rate.quantize(Decimal("1e-9")).normalize(),
    )
    for code in sorted({*found["taxes"], *taxes}):
        signed[f"tax {code}"] = (found["taxes"].get(code, money.ZERO), taxes.get(code, money.ZERO))
    for code in sorted({*found["accounts"], *meant}):
        signed[f"amount on {code}"] = (found["accounts"].get(code, money.ZERO), meant.get(code, money.ZERO))
    return signed


def money_meant(document: outgoing.Document, company: Company) -> dict[str, Decimal]:
    return _sums((posting.account, base) for posting, base in entries.based(document, company))


def _sums(parts: Any) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for name, amount in parts:
        found[name] = found.get(name, money.ZERO) + amount
    return found


def booked(
    document: outgoing.Document, doctype: str, row: Row, company: Company, bound: tuple[Bound, ...] = ()
) -> Booked:
    """The document as it stands, after it was compared."""
    net, gross, taxes = document.net, document.gross, dict[str, Decimal]()
    if doctype == invoices.DOCTYPE:
        found = invoices.figures(row, company)
        net, gross, taxes = found["net"], found["gross"], found["taxes"]
    balance = invoices.owed(row) if document.kind == DocumentKind.INVOICE else money.ZERO
    return Booked(
        id=str(row["name"]), number=str(row["name"]), currency=document.currency, net=net, tax=gross - net, gross=gross,
        taxes=tuple((code, amount) for code, amount in taxes.items() if amount), state=_state(row, balance), balance=balance, bound=bound,
    )  # fmt: skip


def _state(row: Row, balance: Decimal) -> str:
    words = {DRAFT: "draft", CANCELLED: "voided"}
    return words.get(row["docstatus"], "open" if balance else "paid")


# Many, by reference


def states(company: Company, references: Sequence[str]) -> list[incoming.InvoiceState]:
    """Every document of ours under each reference, in one list for each DocType and one for the taxes; what carries no key of ours is nobody of ours."""
    told: dict[str, list[incoming.InvoiceState]] = {}
    for doctype, shown in _SHOWN.items():
        mine = [["company", "=", company.name], [names.KEY, "like", "%:%"]]
        rows = company.line.find_in(doctype, [*_HEAD, shown, *_FIELDS[doctype]], shown, references, mine)
        taxes = _taxes(company, [row["name"] for row in rows]) if doctype == invoices.DOCTYPE else {}
        for row in sorted(rows, key=lambda row: str(row["name"])):
            kind = str(row[names.KEY]).partition(":")[0]
            if kind in DocumentKind.values and row[shown] in references:
                state = (
                    _sale_told(row, kind, taxes.get(row["name"], []), company)
                    if doctype == invoices.DOCTYPE
                    else _money_told(row, kind, shown, company)
                )
                told.setdefault(row[shown], []).append(state)
    return [state for name in references for state in told.get(name) or [_gone(name)]]


def _taxes(company: Company, parents: Sequence[str]) -> dict[str, list[Row]]:
    fields = ["parent", "account_head", "description", "tax_amount_after_discount_amount"]
    rows = company.line.find_in(
        "Sales Taxes and Charges",
        fields,
        "parent",
        parents,
        [["parenttype", "=", invoices.DOCTYPE]],
        parent=invoices.DOCTYPE,
    )
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row["parent"], []).append(row)
    return found


def _sale_told(row: Row, kind: str, taxes: Sequence[Row], company: Company) -> incoming.InvoiceState:
    currency, side = str(row["currency"]), -1 if row["is_return"] else 1
    tax = [
        (line["description"], side * invoices.exact(line["tax_amount_after_discount_amount"], currency))
        for line in taxes
        if company.takes_tax(line["account_head"], line["description"])
    ]
    total = side * invoices.exact(row["grand_total"], currency)
    balance = invoices.owed(row) if kind == DocumentKind.INVOICE and row["docstatus"] == SUBMITTED else money.ZERO
    return incoming.InvoiceState(
        reference=str(row["po_no"]), number=str(row["name"]), state=_state(row, balance), total=total, balance=balance, kind=kind,
        net=total - money.total(amount for _code, amount in tax), tax=money.total(amount for _code, amount in tax),
        due_on=date.fromisoformat(row["due_date"]) if row["due_date"] else None, currency=currency, taxes=tuple(tax),
    )  # fmt: skip


def _money_told(row: Row, kind: str, shown: str, company: Company) -> incoming.InvoiceState:
    """ERPNext keeps entries in the currency of the books: one in another is told as it was booked, unless it comes to something else by now."""
    total, currency = invoices.exact(row.get("paid_amount", row.get("total_debit")), company.currency), company.currency
    noted = names.noted_money(str(row.get("user_remark", "")))
    if noted and noted[2] == total:
        total, currency = noted[:2]
    return incoming.InvoiceState(
        reference=str(row[shown]), number=str(row["name"]), state=_state(row, money.ZERO), net=total, tax=money.ZERO, total=total,
        balance=money.ZERO, kind=kind, currency=currency,
    )  # fmt: skip


def _gone(reference: str) -> incoming.InvoiceState:
    zero = money.ZERO
    return incoming.InvoiceState(
        reference=reference, number="", state="deleted", net=zero, tax=zero, total=zero, balance=zero
    )
