"""Shows a document as Tryton would have it, and what would be in its way; nothing is written there, no party and no draft."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from integrations.accounting.base import Masters, Preview, preview
from integrations.errors import Refused, Trouble
from orders import outgoing
from orders.outgoing import DocumentKind

from . import invoices, moves, refusals
from .books import Books
from .parties import Parties, ours
from .rpc import Said

CALLED = {DocumentKind.INVOICE: "Customer Invoice", DocumentKind.CREDIT_NOTE: "Customer Credit Note"}


def look(books: Books, options: Masters, document: outgoing.Document) -> Preview:
    """The document in Tryton's own terms. Raises the errors of the line where Tryton cannot be asked at all."""
    books.forget_periods()
    problems: list[Trouble] = []

    def tried(step: Callable[[], Any]) -> Any:
        try:
            return step()
        except Said as said:
            problems.append(refusals.trouble(said, document))
        except Refused as error:
            problems.append(error)

    tried(lambda: refusals.examine(document, books))
    parties = Parties(books, options)
    customer = tried(lambda: _customer(parties, document))
    return preview.made(
        document,
        facts=_facts(books, document, customer or "", tried(lambda: _journal(books, document)) or ""),
        accounts={code: account.name for code, account in books.accounts.items()},
        taxes={code: "" if tax.rate is None else f"{tax.rate * 100:.2f} %" for code, tax in books.taxes.items()},
        details=_details(document),
        problems=problems,
    )


def _customer(parties: Parties, document: outgoing.Document) -> str:
    """Who would stand on it: known, found by our code, asked about, or a new one."""
    if document.kind not in CALLED and not any(
        _of_party(parties.books, row.account) for row in outgoing.postings(document)
    ):
        return ""
    found = parties.looked(document)
    if found is not None:
        return f"{found['rec_name']} ({found['id']})"
    return f"a new one: {refusals.clean(document.party.company or document.party.name)}, code {ours(document)}"


def _of_party(books: Books, code: str) -> bool:
    account = books.accounts.get(code)
    return account is not None and account.party


def _journal(books: Books, document: outgoing.Document) -> str:
    kind = "revenue" if document.kind in CALLED else moves.JOURNALS[DocumentKind(document.kind)]
    (row,) = books.client("model.account.journal.read", [books.journal(kind)], ["rec_name"])
    return str(row["rec_name"])


def _facts(books: Books, document: outgoing.Document, customer: str, journal: str) -> list[tuple[str, str]]:
    sale = document.kind in CALLED
    return [
        ("Document", CALLED.get(DocumentKind(document.kind), "Account Move")),
        ("Company", str(books.company["rec_name"])),
        ("Journal", journal),
        (preview.CUSTOMER, customer),
        ("Invoice Date" if sale else "Effective Date", str(document.issued_on if sale else document.posting_on)),
        ("Accounting Date", str(document.posting_on) if sale else ""),
        ("Payment Term Date", str(document.due_on) if sale and document.due_on else ""),
        ("Reference" if sale else "Description", document.reference),
        ("Currency", preview.currency(document)),
        ("Settles", document.applies_to),
    ]


def _details(document: outgoing.Document) -> Mapping[int, str]:
    """Quantity and unit price of an invoice's lines, as Tryton keeps them."""
    if document.kind not in CALLED:
        return {}
    return {line.n: _detail(line, document.currency) for line in document.lines if line.net}


def _detail(line: outgoing.Line, currency: str) -> str:
    quantity, price = invoices.price(line, currency)
    return f"{quantity.normalize():f} × {price:f}{f', {line.tax_code}' if line.tax_code else ''}"
