"""ERPNext without its API: sales invoices and returns as one Data Import file, money and journals as Journal Entries.

Source: frappe/frappe, core/doctype/data_import/exporter.py for the header (`ID`, the field's label, `Label (Table's label)`, on a clash the field's name) and for
child rows standing beside their parent. Labels follow a site's version and language: paste the first row of the site's own blank template into the options, and the
file has exactly its columns. From memory, to be confirmed on a test site: the labels of version 15; that a tax of the type Actual is taken as it stands.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import zip_longest
from typing import ClassVar

from integrations.accounting.base import Check
from integrations.accounting.files import File, FileLedger, FileOptions, cells
from integrations.errors import Misconfigured
from integrations.formats.tables import normal
from integrations.registry import adapter
from orders import money, outgoing
from orders.outgoing import DocumentKind

SALES = {
    "customer": "Customer", "company": "Company", "return": "Is Return (Credit Note)", "date": "Date", "set_time": "Edit Posting Date and Time",
    "due": "Payment Due Date", "currency": "Currency", "rate": "Exchange Rate", "debit_to": "Debit To", "reference": "Customer's Purchase Order",
    "remarks": "Remarks", "item": "Item (Items)", "item_name": "Item Name (Items)", "uom": "UOM (Items)", "quantity": "Quantity (Items)",
    "price": "Rate (Items)", "income": "Income Account (Items)", "tax_type": "Type (Sales Taxes and Charges)",
    "tax_account": "Account Head (Sales Taxes and Charges)", "tax_text": "Description (Sales Taxes and Charges)", "tax": "Amount (Sales Taxes and Charges)",
}  # fmt: skip
JOURNAL = {
    "type": "Entry Type", "company": "Company", "date": "Posting Date", "multi": "Multi Currency", "reference": "Reference Number",
    "reference_date": "Reference Date", "remark": "User Remark", "account": "Account (Accounting Entries)", "party_type": "Party Type (Accounting Entries)",
    "party": "Party (Accounting Entries)", "rate": "Exchange Rate (Accounting Entries)", "debit": "Debit (Accounting Entries)",
    "credit": "Credit (Accounting Entries)",
}  # fmt: skip
_SALES = (DocumentKind.INVOICE, DocumentKind.CREDIT_NOTE)
_NAME = 140
Cells = Mapping[str, str]


@adapter("erpnext-import")
class ErpnextFiles(FileLedger):
    """Files for ERPNext: sales invoices and returns, and money as journal entries."""

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Options(FileOptions):
        """`receivable`: the customers' account. `invoice_template` and `journal_template`: the first row of the site's own blank templates, if its labels differ.

        `guest`: the customer of sales without a name.
        """

        company: str
        receivable: str
        uom: str = "Nos"
        guest: str = "Web shop"
        invoice_template: str = ""
        journal_template: str = ""

    options: Options
    profile: ClassVar[str] = "erpnext-import"
    target: ClassVar[str] = "ERPNext"
    kinds: ClassVar[frozenset[str]] = frozenset(
        [*_SALES, DocumentKind.PAYMENT, DocumentKind.REFUND_PAYMENT, DocumentKind.JOURNAL]
    )

    def check(self) -> Sequence[Check]:
        try:
            _columns(SALES, self.options.invoice_template)
            _columns(JOURNAL, self.options.journal_template)
        except Misconfigured as error:
            return [*super().check(), Check(name="templates", ok=False, words=f"{error.words} {error.fix}")]
        return [*super().check(), Check(name="templates", ok=True, words="Every column that is needed has its place.")]

    def limits(self, document: outgoing.Document) -> None:
        for posting in outgoing.postings(document):
            what = f"the account of line {posting.line}" if posting.line else "the other side of the document"
            cells.code(posting.account, document, what=what, limit=_NAME)
        for line in document.lines:
            if line.item:
                cells.code(line.item, document, what=f"the item of line {line.n}", limit=_NAME)

    def files(self, documents: Sequence[outgoing.Document]) -> Sequence[File]:
        sales = [row for document in documents if document.kind in _SALES for row in self._sale(document)]
        moves = [row for document in documents if document.kind not in _SALES for row in self._entry(document)]
        made = []
        if sales:
            made.append(
                _file("erpnext-sales-invoices.csv", "Sales Invoice", SALES, self.options.invoice_template, sales)
            )
        if moves:
            made.append(
                _file("erpnext-journal-entries.csv", "Journal Entry", JOURNAL, self.options.journal_template, moves)
            )
        return made

    def _sale(self, document: outgoing.Document) -> Iterator[Cells]:
        """The document on its first row; beside it its items and its taxes, each from the top."""
        sign = -1 if document.kind == DocumentKind.CREDIT_NOTE else 1
        head = {
            "customer": self._customer(document), "company": self.options.company, "return": "1" if sign < 0 else "0",
            "date": document.posting_on.isoformat(), "set_time": "1", "due": (document.due_on or document.posting_on).isoformat(),
            "currency": document.currency, "rate": cells.quantity(document.rate), "debit_to": document.contra_account, "reference": document.reference,
            "remarks": cells.text(f"{document.order_number} {document.applies_to} {document.memo}", 500),
        }  # fmt: skip
        rows: Iterator[tuple[Cells, Cells]] = zip_longest(
            self._items(document, sign), self._taxes(document, sign), fillvalue={}
        )
        for n, (item, tax) in enumerate(rows):
            yield {**(head if n == 0 else {}), **item, **tax}

    def _items(self, document: outgoing.Document, sign: int) -> Iterator[Cells]:
        for line in document.lines:
            if not line.net and line.tax:
                continue
            pieces, price = cells.per_piece(line, money.exponent(document.currency))
            name = cells.text(line.text, _NAME) or str(line.kind)
            yield {
                "item": line.item, "item_name": name, "uom": self.options.uom, "quantity": cells.quantity(sign * pieces),
                "price": cells.quantity(price), "income": line.account,
            }  # fmt: skip

    def _taxes(self, document: outgoing.Document, sign: int) -> Iterator[Cells]:
        sums: dict[tuple[str, str], Decimal] = {}
        for line in document.lines:
            if line.tax:
                place = (line.tax_account, line.tax_code)
                sums[place] = sums.get(place, money.ZERO) + line.tax
        for (account, code), tax in sums.items():
            yield {
                "tax_type": "Actual",
                "tax_account": account,
                "tax_text": code,
                "tax": cells.amount(sign * tax, document.currency),
            }

    def _entry(self, document: outgoing.Document) -> Iterator[Cells]:
        foreign = document.currency != document.base_currency
        head = {
            "type": "Journal Entry", "company": self.options.company, "date": document.posting_on.isoformat(), "multi": "1" if foreign else "0",
            "reference": document.reference, "reference_date": document.posting_on.isoformat(),
            "remark": cells.text(f"{document.memo} {document.applies_to}", 500),
        }  # fmt: skip
        for n, posting in enumerate(outgoing.postings(document)):
            party = (
                {"party_type": "Customer", "party": self._customer(document)}
                if posting.account == self.options.receivable
                else {}
            )
            sides = {
                name: cells.amount(side, document.currency)
                for name, side in (("debit", posting.debit), ("credit", posting.credit))
            }
            yield {
                **(head if n == 0 else {}),
                "account": posting.account,
                **party,
                "rate": cells.quantity(document.rate),
                **sides,
            }

    def _customer(self, document: outgoing.Document) -> str:
        return cells.text(document.party.company or document.party.name, _NAME) or self.options.guest


def _file(name: str, doctype: str, labels: Mapping[str, str], template: str, rows: Sequence[Cells]) -> File:
    titles, places = _columns(labels, template)
    listed = [[row.get(places.get(at, ""), "") for at in range(len(titles))] for row in rows]
    steps = (
        f"In ERPNext: Data Import > New, Document Type {doctype}, Insert New Records. "
        "Attach the file, look at its preview, start the import, and submit what it made."
    )
    return File(name=name, content=cells.table(titles, listed), rows=len(listed), steps=steps)


def _columns(labels: Mapping[str, str], template: str) -> tuple[Sequence[str], dict[int, str]]:
    """The titles of the file, and which of our fields stands in which column. Raises Misconfigured, naming the label that the template lacks."""
    titles = (
        next(csv.reader(io.StringIO(template), delimiter="\t" if "\t" in template else ","))
        if template
        else ["ID", *labels.values()]
    )
    named = [normal(title) for title in titles]
    missing = [label for label in labels.values() if normal(label) not in named]
    if missing:
        words = f"The template has no column “{missing[0]}”."
        raise Misconfigured(
            words, fix="Export the blank template again with this field, in English labels, and paste its first row."
        )
    return [title.strip() for title in titles], {named.index(normal(label)): name for name, label in labels.items()}
