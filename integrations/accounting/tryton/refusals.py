"""What Tryton cannot take, said before anything is written; and what it says itself, put into words with the place to click."""

from __future__ import annotations

import re
from collections.abc import Iterator

from integrations.errors import Refused, Trouble, Unavailable
from orders import money, outgoing

from .books import WHERE_ACCOUNTS, WHERE_CURRENCIES, WHERE_PERIODS, Books
from .rpc import Said

_SIGNED = "Name the difference by an adjustment line and approve again."


def examine(document: outgoing.Document, books: Books) -> None:
    """Raises Refused unless everything the document names is there, open, and sums up."""
    if document.base_currency != books.base and document.currency != books.base:
        words = f"The document is signed for books in {document.base_currency}; {books.company['rec_name']} keeps {books.base}."
        raise Refused(words, fix="Connect the company whose currency is the ledger's.")
    books.currency(document.currency)
    for code, place in _accounts(document):
        books.account(code, place)
    for line in document.lines:
        if line.tax_code:
            books.tax(line.tax_code, f"the tax of line {line.n}")
    if str(document.kind) in ("invoice", "credit_note") and not books.accounts[document.contra_account].receivable:
        words = (
            f"{document.contra_account} is not of a type that Tryton calls receivable, and an invoice stands on one."
        )
        raise Refused(words, fix=f"Tick Receivable at the account's type ({WHERE_ACCOUNTS}), or map another account.")
    _amounts(document)
    books.period(document.posting_on)


def _accounts(document: outgoing.Document) -> Iterator[tuple[str, str]]:
    yield document.contra_account, "the other side of the whole document"
    for line in document.lines:
        yield line.account, f"line {line.n}, {line.kind}: {clean(line.text)[:60]}"
        if line.tax:
            yield line.tax_account, f"the tax “{line.tax_code}” of line {line.n}"


def _amounts(document: outgoing.Document) -> None:
    for posting in outgoing.postings(document):
        if not money.is_exact(posting.amount, document.currency):
            decimals = money.exponent(document.currency)
            words = f"{posting.amount} {document.currency} on {posting.account} has more than {decimals} decimals."
            raise Refused(words, fix=_SIGNED, cause="amounts:")
    net = money.total(line.net for line in document.lines)
    tax = money.total(line.tax for line in document.lines)
    for name, found, stated in (
        ("net", net, document.net),
        ("tax", tax, document.tax),
        ("gross", net + tax, document.gross),
    ):
        if found != stated:
            words = f"The lines' {name} is {found} {document.currency}, the document's is {stated}."
            raise Refused(words, fix=_SIGNED, cause="amounts:")


def clean(text: str) -> str:
    """The text as PostgreSQL and a form of one line can keep it."""
    return "".join(sign for sign in " ".join(text.split()) if sign.isprintable() or sign == "\u200d")


# A part of Tryton's words: what it means, and what to do. Its messages are translated by the user's language; ordersync's user speaks English.
_KNOWN: tuple[tuple[str, str, str], ...] = (
    (r"reopen the period|period .* closed", "The period of its day was closed in Tryton.",
     f"Choose “Post on the first open day” and approve again, or reopen the period ({WHERE_PERIODS})."),
    (r"find a period|fiscal year for|create a period", "Tryton has no period for its day.",
     f"Make the fiscal year with its periods ({WHERE_PERIODS}), then send it again."),
    (r"must set an invoice date after|already been used for invoice",
     "Tryton's invoice numbers rise with their dates, and a later one is given already.",
     "Choose “Issue today, keep tax and posting date” and approve again."),
    (r"no sequence|sequence .*missing|invoice_sequences", "The fiscal year has no sequence for invoices or credit notes.",
     "Tryton: Financial › Configuration › Fiscal Years › Fiscal Years, tab Sequences."),
    (r"is not valid according to its domain", "Tryton does not take one of its accounts, taxes or currencies here.",
     f"Map another one, or change its type ({WHERE_ACCOUNTS})."),
    (r"number of digits", "A price has more decimals than Tryton keeps.", _SIGNED),
    (r"A value is required for field", "Tryton wants something that the document does not have.",
     "Add it to the customer or the order, then approve again."),
    (r"code on party must be unique", "Another party of Tryton carries our customer's code.",
     "Send it again: the party is then found."),
    (r"not allowed to (access|create|modify|delete)|don't have permission|you are not allowed", "The user ordersync works as lacks a right.",
     "Tryton: Administration › Users, add the group Accounting (and Currency Administration where rates are entered)."),
    (r"rate .*(missing|found|defined)|No rate found|no_rate", "Tryton has no rate of its currency for that day.",
     f"Enter the rate ({WHERE_CURRENCIES}), or let ordersync enter it (option rates)."),
    (r"currency exchange", "The accounts for exchange differences are not set in Tryton.",
     "Tryton: Financial › Configuration › Configuration, Currency Exchange."),
    (r"already reconciled", "One of its lines was reconciled in Tryton meanwhile.", "Look at the customer's lines in Tryton."),
    (r"posted, paid or cancelled|you cannot modify|posted move", "It stands posted in Tryton and cannot be changed there.",
     "Undo it with a credit note."),
    (r"invoice date in the future|date in the future", "Its date of issue lies in the future for Tryton's clock.",
     "Set the time zone of the company in Tryton, or approve it again on its day."),
)  # fmt: skip
WHOLE = "Tryton says something that ordersync has no words for."


def trouble(error: Said, document: outgoing.Document) -> Trouble:
    """What Tryton said of this document, as a Trouble whose words name the document and end with Tryton's own."""
    if error.kind == "ConcurrencyException":
        return Unavailable(f"Somebody changed {document.reference} in Tryton just now: {error.whole}")
    for pattern, words, fix in _KNOWN:
        if re.search(pattern, error.whole, re.IGNORECASE):
            return Refused(f"{_named(document)}: {words} Tryton says: {error.whole}", fix=fix)
    return Refused(
        f"{_named(document)}: {WHOLE} {error.kind}: {error.whole}", fix="Show these words to whoever keeps your Tryton."
    )


def _named(document: outgoing.Document) -> str:
    return f"{str(document.kind).replace('_', ' ').capitalize()} {document.reference}"
