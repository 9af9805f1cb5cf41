"""QuickBooks Online without its API: invoices as CSV, and money and journals as the journal entries that it imports too.

Sources: the US sample's header, and the tax and currency columns of other countries, as public writers have them; Intuit's names that map themselves
(quickbooks.intuit.com/learn-support, 394876); journal entries: Intuit's article L4tQBwbs7 (accounts by their full name with colons, account numbers off, a name
where the account is the receivable), columns as at spreadsheetbroccoli.com and postbooks.app; numbers of at most 21 signs at support.zed-systems.com, a197.
From memory, to be confirmed in a sandbox company: at most 100 invoices or 1000 rows a file, names of at most 100 signs, that the rate of the day is QuickBooks' own.
A credit note has no file here, and a journal in its place would pass by the tax reports: it is not declared, so that it is found before approval.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from integrations.accounting.base import Check
from integrations.accounting.files import File, FileLedger, FileOptions, cells
from integrations.errors import Refused
from integrations.registry import adapter
from orders import outgoing
from orders.outgoing import DocumentKind

COMMON = (
    "*InvoiceNo", "*Customer", "*InvoiceDate", "*DueDate", "Terms", "Location", "Memo", "Item(Product/Service)", "ItemDescription", "ItemQuantity", "ItemRate",
    "*ItemAmount",
)  # fmt: skip
US = (*COMMON, "Service Date")
OTHER = (*COMMON, "Item Tax Amount", "*Item Tax Code", "Currency")
JOURNAL = ("JournalNo", "JournalDate", "AccountName", "Debits", "Credits", "Description", "Name", "Currency")
_NUMBER, _NAME, _TEXT, _ACCOUNT, _ROWS = 21, 100, 4000, 100, 1000


@adapter("quickbooks-online-invoices")
class QuickBooksOnlineFiles(FileLedger):
    """Files for QuickBooks Online: invoices, and money as journal entries."""

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Options(FileOptions):
        """`receivable`: the full name of the account to which invoices go there. `region`: us (no tax columns) or other. `dates`: MDY, DMY or YMD.

        `repeat_header`: customer and dates on every row of an invoice (yes), or on its first alone. `no_tax`: the code of lines without tax.
        """

        receivable: str = "Accounts Receivable (A/R)"
        region: str = "other"
        dates: str = "MDY"
        repeat_header: bool = True
        no_tax: str = "No VAT"
        invoices_per_file: int = 100
        guest: str = "Web shop"

    options: Options
    profile: ClassVar[str] = "quickbooks-online-invoices"
    target: ClassVar[str] = "QuickBooks Online"
    kinds: ClassVar[frozenset[str]] = frozenset(
        {DocumentKind.INVOICE, DocumentKind.PAYMENT, DocumentKind.REFUND_PAYMENT, DocumentKind.JOURNAL}
    )

    def check(self) -> Sequence[Check]:
        right = self.options.region in ("us", "other") and self.options.invoices_per_file > 0
        words = f"The layout is that of {'the United States, without tax' if self.options.region == 'us' else 'other countries'}."
        told = words if right else "region is us or other, invoices_per_file is at least 1: correct them."
        return [*super().check(), Check(name="layout", ok=right, words=told)]

    def limits(self, document: outgoing.Document) -> None:
        cells.two_decimals(document, self.target)
        cells.day(document.posting_on, self.options.dates)
        cells.code(document.reference, document, what="its number", limit=_NUMBER, fix="Shorten the shop's prefix.")
        if document.kind != DocumentKind.INVOICE:
            for posting in outgoing.postings(document):
                cells.code(posting.account, document, what="an account", limit=_ACCOUNT)
            return
        if document.contra_account != self.options.receivable:
            words = f"{document.reference} was signed on {document.contra_account}, but QuickBooks books invoices on {self.options.receivable}."
            raise Refused(words, fix=f"Map it to {self.options.receivable}, or correct the option receivable.")
        if document.tax and self.options.region == "us":
            words = f"{document.reference} has {document.tax} {document.currency} of tax; the file of the United States has no place for it."
            raise Refused(words, fix="Enter it in QuickBooks by hand and reject it here, or set region to other.")
        for line in document.lines:
            cells.code(
                line.item or line.account, document, what=f"the product or service of line {line.n}", limit=_NAME
            )
            if line.tax_code:
                cells.code(line.tax_code, document, what=f"the tax of line {line.n}", limit=_NAME)

    def files(self, documents: Sequence[outgoing.Document]) -> Sequence[File]:
        invoices = [document for document in documents if document.kind == DocumentKind.INVOICE]
        journals = [document for document in documents if document.kind != DocumentKind.INVOICE]
        made = [
            self._invoices(part, n) for n, part in enumerate(_parted(invoices, self.options.invoices_per_file), start=1)
        ]
        return [*made, *(self._journals(part, n) for n, part in enumerate(_parted(journals, _ROWS), start=1))]

    def _invoices(self, documents: Sequence[outgoing.Document], n: int) -> File:
        rows = [row for document in documents for row in self._rows(document)]
        titles = US if self.options.region == "us" else OTHER
        steps = (
            "In QuickBooks Online: Settings > Import data > Invoices. First turn on custom transaction numbers under Account and settings > Sales. "
            f"Choose the date format {self.options.dates} and, where it asks, amounts exclusive of tax."
        )
        return File(name=f"quickbooks-invoices-{n}.csv", content=cells.table(titles, rows), rows=len(rows), steps=steps)

    def _rows(self, document: outgoing.Document) -> Iterator[list[str]]:
        day = cells.day(document.posting_on, self.options.dates)
        due = cells.day(document.due_on or document.posting_on, self.options.dates)
        head = [self._name(document), day, due, "", "", cells.text(f"{document.order_number} {document.memo}", _TEXT)]
        for at, line in enumerate(document.lines):
            pieces, price = cells.per_piece(line, 5)
            item = [
                line.item or line.account,
                cells.text(line.text, _TEXT),
                cells.quantity(pieces),
                cells.quantity(price),
            ]
            amount = cells.amount(line.net, document.currency)
            tax = [cells.amount(line.tax, document.currency), line.tax_code or self.options.no_tax, document.currency]
            shown = head if at == 0 or self.options.repeat_header else [""] * len(head)
            yield [document.reference, *shown, *item, amount, *([day] if self.options.region == "us" else tax)]

    def _journals(self, documents: Sequence[outgoing.Document], n: int) -> File:
        rows = [row for document in documents for row in self._entry(document)]
        steps = (
            "In QuickBooks Online: turn account numbers off, then Settings > Import data > Journal entries. "
            "What stands on the receivable is then matched with the invoice that the description names."
        )
        return File(
            name=f"quickbooks-journals-{n}.csv", content=cells.table(JOURNAL, rows), rows=len(rows), steps=steps
        )

    def _entry(self, document: outgoing.Document) -> Iterator[list[str]]:
        words = cells.text(f"{document.memo} {document.applies_to}", _TEXT)
        day = cells.day(document.posting_on, self.options.dates)
        for posting in outgoing.postings(document):
            sides = [cells.amount(side, document.currency) if side else "" for side in (posting.debit, posting.credit)]
            name = self._name(document) if posting.account == self.options.receivable else ""
            number = f"{_LETTER[DocumentKind(document.kind)]}{document.reference}"[:_NUMBER]
            yield [number, day, posting.account, *sides, words or posting.text, name, document.currency]

    def _name(self, document: outgoing.Document) -> str:
        return cells.text(document.party.company or document.party.name, _NAME).replace(":", "-") or self.options.guest


_LETTER = {DocumentKind.PAYMENT: "P", DocumentKind.REFUND_PAYMENT: "R", DocumentKind.JOURNAL: "J"}


def _parted(documents: Sequence[outgoing.Document], most: int) -> Iterator[Sequence[outgoing.Document]]:
    """At most so many documents, and so many rows, a file; a document is never cut."""
    part: list[outgoing.Document] = []
    rows = 0
    for document in documents:
        own = len(outgoing.postings(document))
        if part and (len(part) == most or rows + own > _ROWS):
            yield part
            part, rows = [], 0
        part.append(document)
        rows += own
    if part:
        yield part
