"""QuickBooks Desktop: one IIF file, tab-separated, one TRNS with its SPL rows a document, which sum to zero to the cent.

Source: Intuit's IIF reference (support.quickbooks.intuit.com, IIF reference, transactions) for columns, types, signs and dates; public writers and readers of
IIF for the header's order. From memory, to be confirmed in a company file: names of at most 41, numbers of at most 11 and account names of at most 31 signs;
Windows-1252; that amounts are taken as they stand and not reckoned again. QuickBooks checks no duplicates here: a file must not be imported twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import ClassVar

from integrations.accounting.files import File, FileLedger, FileOptions, cells
from integrations.errors import Refused
from integrations.registry import adapter
from orders import outgoing
from orders.money import ZERO
from orders.outgoing import CREDIT, LINE_SIDE, DocumentKind

_TRNS = "TRNSID TRNSTYPE DATE ACCNT NAME CLASS AMOUNT DOCNUM MEMO CLEAR TOPRINT ADDR1 ADDR2 ADDR3 ADDR4 ADDR5 DUEDATE TERMS PAID SHIPDATE"
_SPL = "SPLID TRNSTYPE DATE ACCNT NAME CLASS AMOUNT DOCNUM MEMO CLEAR QNTY PRICE INVITEM PAYMETH TAXABLE REIMBEXP EXTRA"
HEAD = ("\t".join(["!TRNS", *_TRNS.split()]), "\t".join(["!SPL", *_SPL.split()]), "!ENDTRNS")
_SALES = {
    DocumentKind.INVOICE: "INVOICE",
    DocumentKind.CREDIT_NOTE: "CREDIT MEMO",
    DocumentKind.RECEIPT: "CASH SALE",
}
_NAME, _NUMBER, _ACCOUNT, _LEVEL, _MEMO, _ITEM = 41, 11, 159, 31, 200, 31


@adapter("quickbooks-iif")
class QuickBooksIif(FileLedger):
    """Files for QuickBooks Desktop (IIF), in the company's own currency."""

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Options(FileOptions):
        """`guest`: the customer under whom sales without a name are booked."""

        guest: str = "Web shop"

    options: Options
    profile: ClassVar[str] = "quickbooks-iif"
    target: ClassVar[str] = "QuickBooks Desktop"
    kinds: ClassVar[frozenset[str]] = frozenset(DocumentKind.values)

    def limits(self, document: outgoing.Document) -> None:
        if document.currency != document.base_currency:
            words = (
                f"{document.reference}: an IIF file carries no currency, and this document is in {document.currency}."
            )
            raise Refused(words, fix="Enter it in QuickBooks by hand and reject it here.")
        cells.two_decimals(document, self.target)
        cells.code(document.reference, document, what="its number", limit=_NUMBER, fix="Shorten the shop's prefix.")
        for posting in outgoing.postings(document):
            what = f"the account of line {posting.line}" if posting.line else "the other side of the document"
            account = cells.code(posting.account, document, what=what, limit=_ACCOUNT, pattern='[^"]*')
            if max(map(len, account.split(":"))) > _LEVEL:
                words = f"{document.reference}: a part of the account “{account}” has more than {_LEVEL} signs."
                raise Refused(words, fix="Map it to an account of QuickBooks, its parts joined by colons.")

    def files(self, documents: Sequence[outgoing.Document]) -> Sequence[File]:
        lines = [*HEAD, *(line for document in documents for line in self._transaction(document))]
        content = "".join(f"{line}\r\n" for line in lines).encode("cp1252", "replace")
        steps = "In QuickBooks: File > Utilities > Import > IIF Files. Make a backup first, and import each file once."
        return [File(name="quickbooks.iif", content=content, rows=len(lines) - len(HEAD), steps=steps)]

    def _transaction(self, document: outgoing.Document) -> Iterator[str]:
        kind, day = _type(document), _day(document.posting_on)
        contra, *rest = _gathered(outgoing.postings(document))
        if kind == "PAYMENT":  # what was received stands first, the receivable below it
            contra, rest = rest[0], [contra]
        name, memo = self._name(document), _memo(document)
        due = _day(document.due_on) if document.due_on and kind == "INVOICE" else ""
        head = [
            kind, day, contra.account, name, "", _amount(contra), document.reference, memo, "N", "N", *_address(document), due, "", "N", "",
        ]  # fmt: skip
        yield _row("TRNS", head)
        codes = {posting.tax_code for posting in rest if posting.tax_code}
        lines = {line.n: line for line in document.lines}
        for posting in rest:
            extra = "AUTOSTAX" if posting.tax_code and len(codes) == 1 and kind in _SALES.values() else ""
            line = lines.get(posting.line or 0)
            who = name if kind == "PAYMENT" else ""
            text = _text(posting.text, _MEMO)
            item = _piece(document, posting, line) if kind in _SALES.values() else ["", "", ""]
            row = [
                kind,
                day,
                posting.account,
                who,
                "",
                _amount(posting),
                document.reference,
                text,
                "N",
                *item,
                "",
                "N",
                "",
                extra,
            ]
            yield _row("SPL", row)
        yield "ENDTRNS"

    def _name(self, document: outgoing.Document) -> str:
        party = document.party
        return _text(party.company or party.name, _NAME).replace(":", "-") or _text(self.options.guest, _NAME)


def _type(document: outgoing.Document) -> str:
    """The kind of transaction; a payment with a fee, money that leaves and what moves between accounts are journals."""
    kind = DocumentKind(document.kind)
    if kind in _SALES:
        return _SALES[kind]
    return "PAYMENT" if kind == DocumentKind.PAYMENT and len(document.lines) == 1 else "GENERAL JOURNAL"


def _gathered(postings: Sequence[outgoing.Posting]) -> list[outgoing.Posting]:
    """The postings with one row for each tax at the end: QuickBooks knows one line a tax."""
    taxes: dict[tuple[str, str], outgoing.Posting] = {}
    for posting in postings:
        if posting.tax_code:
            place = (posting.account, posting.tax_code)
            before = taxes[place].amount if place in taxes else ZERO
            taxes[place] = replace(posting, amount=before + posting.amount)
    return [*(posting for posting in postings if not posting.tax_code), *taxes.values()]


def _piece(document: outgoing.Document, posting: outgoing.Posting, line: outgoing.Line | None) -> list[str]:
    """QNTY, PRICE and INVITEM of a sale; QNTY has the sign of the side, so that QNTY × PRICE is the AMOUNT."""
    if posting.tax_code or line is None:
        return ["", "", _text(posting.tax_code, _ITEM)]
    pieces, price = cells.per_piece(line, 5)
    side = -1 if LINE_SIDE[document.kind] == CREDIT else 1
    return [cells.quantity(side * pieces), cells.quantity(price), _text(line.item or line.sku or str(line.kind), _ITEM)]


def _amount(posting: outgoing.Posting) -> str:
    return f"{posting.amount:.2f}"


def _address(document: outgoing.Document) -> list[str]:
    there = document.party.billing
    parts = [there.name, there.street, there.street2, f"{there.postcode} {there.city}", there.country] if there else []
    return [_text(part, _NAME) for part in [*parts, *[""] * 5][:5]]


def _memo(document: outgoing.Document) -> str:
    return _text(f"{document.order_number} {document.memo}", _MEMO)


def _text(value: str, limit: int) -> str:
    return cells.text(value.replace('"', "'"), limit)


def _day(day: date) -> str:
    return f"{day:%m/%d/%y}"


def _row(name: str, values: Sequence[str]) -> str:
    return "\t".join([name, "", *values])
