"""Money as ERPNext's Payment Entry where one bank or cash account takes it, and everything else as a Journal Entry with exactly the signed postings."""

from __future__ import annotations

from decimal import Decimal

from integrations.accounting.erpnext import invoices, names
from integrations.accounting.erpnext.company import LYING, RECEIVABLE, Company
from integrations.accounting.erpnext.invoices import Origin
from integrations.accounting.erpnext.line import Row
from integrations.errors import Refused
from orders import money, outgoing
from orders.outgoing import DocumentKind

PAYMENT, ENTRY = "Payment Entry", "Journal Entry"
_WAYS = {DocumentKind.PAYMENT: "Receive", DocumentKind.REFUND_PAYMENT: "Pay"}


def admit(document: outgoing.Document, company: Company) -> None:
    """Raises Refused for an account that is not there, or kept in a currency that is neither the company's nor the document's."""
    for posting in outgoing.postings(document):
        place = f"{document.reference}, {f'line {posting.line}' if posting.line else 'the other side'}"
        held = company.account(posting.account, place)["account_currency"] or company.currency
        if held not in (company.currency, document.currency):
            words = f"{place}: {posting.account} is kept in {held}, the document in {document.currency}."
            raise Refused(words, fix="Map it to an account in the company's currency.")
    if not any(row.amount for row in outgoing.postings(document)):
        raise Refused(
            f"{document.reference}: it moves nothing, and ERPNext takes no empty entry.",
            fix="Reject it here: there is nothing to book.",
        )


def wants_customer(document: outgoing.Document, company: Company) -> bool:
    return any(company.accounts[row.account]["account_type"] == RECEIVABLE for row in outgoing.postings(document))


def body(document: outgoing.Document, company: Company, customer: str, targets: list[Origin]) -> tuple[str, Row]:
    """The DocType and what is sent; `targets` are the invoices, or for money that goes back the credit notes, against which it is set."""
    mine = [row for row in targets if (row.customer, row.account) == (customer, document.contra_account)]
    if _is_plain(document, company, mine):
        return PAYMENT, _payment(document, company, customer, mine)
    return ENTRY, _entry(document, company, customer, mine)


def _is_plain(document: outgoing.Document, company: Company, targets: list[Origin]) -> bool:
    """ERPNext's payments know one account on each side; money goes back by one only against as much that is owed to the customer."""
    kind = DocumentKind(document.kind)
    if kind not in _WAYS or len(document.lines) != 1 or document.gross <= 0 or document.currency != company.currency:
        return False
    here, there = (company.accounts[code] for code in (document.lines[0].account, document.contra_account))
    same = {row["account_currency"] or company.currency for row in (here, there)} == {company.currency}
    if not same or here["account_type"] not in LYING or there["account_type"] != RECEIVABLE:
        return False
    return kind == DocumentKind.PAYMENT or -money.total(row.owed for row in targets) >= document.gross


def _payment(document: outgoing.Document, company: Company, customer: str, targets: list[Origin]) -> Row:
    comes, amount = document.kind == DocumentKind.PAYMENT, document.gross
    money_on, receivable = document.lines[0].account, document.contra_account
    side = 1 if comes else -1
    shares = _shares(document.gross, [(row, side * row.owed) for row in targets])
    return {
        "payment_type": _WAYS[DocumentKind(document.kind)], "company": company.name, "posting_date": document.posting_on.isoformat(),
        "party_type": "Customer", "party": customer, "paid_from": receivable if comes else money_on, "paid_to": money_on if comes else receivable,
        "paid_amount": amount, "received_amount": amount, "source_exchange_rate": 1, "target_exchange_rate": 1,
        "reference_no": document.reference, "reference_date": document.posting_on.isoformat(), "cost_center": company.cost_center,
        "custom_remarks": 1, "remarks": names.note(document), names.KEY: names.of(document),
        "references": [
            {"reference_doctype": invoices.DOCTYPE, "reference_name": row.name, "allocated_amount": side * share} for row, share in shares
        ],
    }  # fmt: skip


def _shares(amount: Decimal, targets: list[tuple[Origin, Decimal]]) -> list[tuple[Origin, Decimal]]:
    """As much to each as is owed on it, in turn; what is left over stays on the customer's account."""
    found = []
    for row, owed in targets:
        share = min(amount, max(owed, money.ZERO))
        if share:
            found.append((row, share))
        amount -= share
    return found


def _entry(document: outgoing.Document, company: Company, customer: str, targets: list[Origin]) -> Row:
    rows: list[Row] = []
    for posting, base in based(document, company):
        held = company.accounts[posting.account]
        own = (held["account_currency"] or company.currency) != company.currency
        amount, rate = (posting.amount, document.rate) if own else (base, Decimal(1))
        whose = {"party_type": "Customer", "party": customer} if held["account_type"] == RECEIVABLE else {}
        told = {"account": posting.account, "exchange_rate": rate, "cost_center": company.cost_center, **whose}
        told |= {"user_remark": names.plain(posting.text) or document.reference}
        rows += [{**told, **part} for part in _parts(document, posting, amount, [] if own else targets)]
    foreign = any(
        (company.accounts[row["account"]]["account_currency"] or company.currency) != company.currency for row in rows
    )
    return {
        "voucher_type": "Journal Entry", "company": company.name, "posting_date": document.posting_on.isoformat(), "multi_currency": int(foreign),
        "cheque_no": document.reference, "cheque_date": document.posting_on.isoformat(), "user_remark": names.note(document, _books(document, company)),
        names.KEY: names.of(document), "accounts": rows,
    }  # fmt: skip


def _books(document: outgoing.Document, company: Company) -> str:
    """What the entry comes to in the books, where those are kept in another currency."""
    if document.currency == company.currency:
        return ""
    return f"{money.total(max(base, money.ZERO) for _row, base in based(document, company))} {company.currency}"


def _parts(document: outgoing.Document, posting: outgoing.Posting, amount: Decimal, targets: list[Origin]) -> list[Row]:
    """The posting's row; on the other side one for each document that it is set against, as far as that is open, and one for what is left."""
    side = 1 if amount > 0 else -1
    shares = _shares(abs(amount), [(row, -side * row.owed) for row in targets]) if posting.kind == "contra" else []
    rest = abs(amount) - money.total(share for _row, share in shares)
    rows = [
        {**_sides(side * share), "reference_type": invoices.DOCTYPE, "reference_name": row.name}
        for row, share in shares
    ]
    return [*rows, *([_sides(side * rest)] if rest else [])]


def _sides(amount: Decimal) -> Row:
    return {
        "debit_in_account_currency": max(amount, money.ZERO),
        "credit_in_account_currency": max(-amount, money.ZERO),
    }


def based(document: outgoing.Document, company: Company) -> list[tuple[outgoing.Posting, Decimal]]:
    """Each posting with its amount in the company's currency; the other side takes what rounding leaves."""
    first, *rows = outgoing.postings(document)
    rest = [money.rounded(row.amount * document.rate, company.currency) for row in rows]
    return list(zip([first, *rows], [-money.total(rest), *rest], strict=True))


def figures(doctype: str, row: Row, company: Company) -> dict[str, Decimal]:
    """The sum on each account in the company's currency."""
    found: dict[str, Decimal] = {}
    if doctype == PAYMENT:
        parts = [(row["paid_to"], row["base_received_amount"]), (row["paid_from"], -row["base_paid_amount"])]
        parts += [(line["account"], line["amount"]) for line in row.get("deductions") or []]
    else:
        parts = [(line["account"], value) for line in row["accounts"] for value in (line["debit"], -line["credit"])]
    for account, value in parts:
        found[account] = found.get(account, money.ZERO) + invoices.exact(value, company.currency)
    return found
