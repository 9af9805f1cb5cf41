"""Xero without its API: sales invoices and credit notes as the 27-column CSV, money as bank statement lines of the clearing account.

Sources: the current template's header as public writers have it; Xero's help as retold at online.flippingbook.com/view/399081/31 and /34 (500 invoices and 1000
statement lines a file, dates DD/MM/YYYY by region, all prices exclusive or all inclusive, tax rates by their display name in full, tax reckoned anew from
quantity, amount and rate); negative amounts become credit notes (workbenchdoc.atlassian.net, Sales Import); the export's 44 columns at docs.milientsoftware.com.
From memory, to be confirmed in a demo company: the lengths, rounding line by line, unit amounts to four places, and that the day's rate is Xero's own.
Xero's system accounts take no lines: receivable and VAT are options here, and a document signed on others is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from integrations.accounting.base import Adjustment
from integrations.accounting.files import Answer, File, FileLedger, FileOptions, Illegible, answers, cells, reckoning
from integrations.errors import Refused
from integrations.formats.tables import normal
from integrations.registry import adapter
from orders import money, outgoing
from orders.outgoing import DEBIT, LINE_SIDE, DocumentKind

TITLES = (
    "*ContactName", "EmailAddress", "POAddressLine1", "POAddressLine2", "POAddressLine3", "POAddressLine4", "POCity", "PORegion", "POPostalCode", "POCountry",
    "*InvoiceNumber", "Reference", "*InvoiceDate", "*DueDate", "InventoryItemCode", "*Description", "*Quantity", "*UnitAmount", "Discount", "*AccountCode",
    "*TaxType", "TrackingName1", "TrackingOption1", "TrackingName2", "TrackingOption2", "Currency", "BrandingTheme",
)  # fmt: skip
STATEMENT = ("*Date", "*Amount", "Payee", "Description", "Reference", "Check Number")
INVOICES_A_FILE, LINES_A_STATEMENT = 500, 1000
_SALES = (DocumentKind.INVOICE, DocumentKind.CREDIT_NOTE)
_STATUS = {
    "paid": "paid",
    "awaitingpayment": "open",
    "awaitingapproval": "draft",
    "draft": "draft",
    "voided": "voided",
    "deleted": "deleted",
}


@adapter("xero-invoices")
class XeroFiles(FileLedger):
    """Files for Xero: sales invoices, credit notes, and the money as statement lines."""

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Options(FileOptions):
        """`receivable` and `tax_account`: the codes of Xero's own accounts. `no_tax`: the display name of the rate for lines without tax.

        `dates`: DMY, MDY or YMD, as the organisation's region writes them. `guest`: the contact of sales without a name.
        """

        receivable: str
        tax_account: str
        no_tax: str = "No VAT"
        dates: str = "DMY"
        guest: str = "Web shop"

    options: Options
    profile: ClassVar[str] = "xero-invoices"
    target: ClassVar[str] = "Xero"
    kinds: ClassVar[frozenset[str]] = frozenset([*_SALES, DocumentKind.PAYMENT, DocumentKind.REFUND_PAYMENT])

    def limits(self, document: outgoing.Document) -> None:
        cells.two_decimals(document, self.target)
        cells.day(document.posting_on, self.options.dates)
        cells.code(self._number(document), document, what="its number", limit=255)
        if document.kind in _SALES:
            self._system(document, document.contra_account, self.options.receivable, "Accounts Receivable")
        else:
            cells.code(document.contra_account, document, what="the other side", limit=10)
        for line in document.lines:
            cells.code(line.account, document, what=f"the account of line {line.n}", limit=10)
            if line.tax:
                fix = "Map the tax to the display name of Xero's rate, in full."
                cells.code(line.tax_code, document, what=f"the tax of line {line.n}", limit=50, fix=fix)
                if reckoning.is_second_tax(line):
                    cells.code(line.tax_account, document, what=f"the tax account of line {line.n}", limit=10)
                else:
                    self._system(document, line.tax_account, self.options.tax_account, "the account of its tax rates")

    def adjustments(self, document: outgoing.Document) -> tuple[Adjustment, ...]:
        return reckoning.adjustments(document, self.target) if document.kind in _SALES else ()

    def stated_tax(self, document: outgoing.Document) -> Decimal:
        return super().stated_tax(document) - reckoning.second_taxes(document)

    def files(self, documents: Sequence[outgoing.Document]) -> Sequence[File]:
        sales = [document for document in documents if document.kind in _SALES]
        made = [self._sales(part, n) for n, part in enumerate(cells.parts(sales, INVOICES_A_FILE), start=1)]
        banks: dict[tuple[str, str], list[list[str]]] = {}
        for document in documents:
            if document.kind not in _SALES:
                for place, row in self._moves(document):
                    banks.setdefault(place, []).append(row)
        for (account, currency), rows in sorted(banks.items()):
            for n, part in enumerate(cells.parts(rows, LINES_A_STATEMENT), start=1):
                made.append(_statement(account, currency, n, part))
        return made

    def answers(self, content: bytes) -> Iterator[Answer | Illegible]:
        """Our own acknowledgement, or the invoices as Xero exports them: one row a line, told by its column LineAmount."""
        titles, rows = answers.table(content)
        named = [normal(title) for title in titles]
        if not {"invoicenumber", "lineamount", "status"} <= set(named):
            yield from answers.read(content)
            return
        seen: set[tuple[str, str]] = set()
        for number, row in rows:
            cell = dict(zip(named, row, strict=False))
            key = (cell.get("invoicenumber", ""), cell.get("type", ""))
            if key not in seen:
                seen.add(key)
                yield _exported(number, cell)

    def _sales(self, documents: Sequence[outgoing.Document], n: int) -> File:
        rows = [row for document in documents for row in self._rows(document)]
        steps = (
            "In Xero: Business > Invoices > Import. Choose this file, Tax Exclusive, and not to update contacts. "
            "Contact names must be as Xero has them: another spelling makes another contact. Then approve the drafts."
        )
        return File(name=f"xero-invoices-{n}.csv", content=cells.table(TITLES, rows), rows=len(rows), steps=steps)

    def _rows(self, document: outgoing.Document) -> Iterator[list[str]]:
        sign = -1 if document.kind == DocumentKind.CREDIT_NOTE else 1
        for line in document.lines:
            if reckoning.is_second_tax(line):
                yield self._row(
                    document, line.text, "", Decimal(1), sign * line.tax, line.tax_account, self.options.no_tax
                )
            else:
                pieces, price = cells.per_piece(line, 4)
                code = line.tax_code or self.options.no_tax
                yield self._row(
                    document, line.text or str(line.kind), line.item, pieces, sign * price, line.account, code
                )
        for item in self.adjustments(document):
            yield self._row(document, item.words, "", Decimal(1), sign * item.net, item.account, self.options.no_tax)

    def _row(
        self, document: outgoing.Document, text: str, item: str, pieces: Decimal, price: Decimal, account: str, tax: str
    ) -> list[str]:
        party, there = document.party, document.party.billing
        address = (
            [there.street, there.street2, "", "", there.city, there.region, there.postcode, there.country]
            if there
            else [""] * 8
        )
        contact = cells.text(party.company or party.name, 255) or self.options.guest
        due = cells.day(document.due_on or document.posting_on, self.options.dates)
        reference = cells.text(f"{document.order_number} {document.applies_to}", 255)
        return [
            contact, cells.text(party.email, 255), *(cells.text(part, 255) for part in address), self._number(document), reference,
            cells.day(document.posting_on, self.options.dates), due, cells.text(item, 30), cells.text(text, 4000) or "–", cells.quantity(pieces),
            cells.quantity(price), "", account, tax, "", "", "", "", document.currency, "",
        ]  # fmt: skip

    def _moves(self, document: outgoing.Document) -> Iterator[tuple[tuple[str, str], list[str]]]:
        """Statement lines of the account where the money lies: all that came or went, then what was kept of it, named by account."""
        fees = [line for line in document.lines if line.kind == "fee"]
        banks = [line for line in document.lines if line.kind != "fee"] or fees[:1]
        rest = [line for line in fees if line not in banks]
        side = 1 if LINE_SIDE[document.kind] == DEBIT else -1
        for line in banks:
            whole = line.net + (money.total(fee.net for fee in rest) if line is banks[0] else money.ZERO)
            words = f"{document.contra_account}: {document.memo or line.text}"
            yield (line.account, document.currency), self._moved(document, side * whole, words)
        for fee in rest:
            words = f"{fee.account}: {fee.text}"
            yield (banks[0].account, document.currency), self._moved(document, -side * fee.net, words)

    def _moved(self, document: outgoing.Document, amount: Decimal, words: str) -> list[str]:
        payee = cells.text(document.party.company or document.party.name, 255) or self.options.guest
        return [
            cells.day(document.posting_on, self.options.dates), cells.amount(amount, document.currency), payee, cells.text(words, 255),
            document.applies_to or document.reference, document.reference,
        ]  # fmt: skip

    def _number(self, document: outgoing.Document) -> str:
        return document.number or (
            f"CN-{document.reference}" if document.kind == DocumentKind.CREDIT_NOTE else document.reference
        )

    def _system(self, document: outgoing.Document, named: str, system: str, what: str) -> None:
        if named != system:
            words = f"{document.reference} was signed on {named}, but Xero books it on {what}, {system}."
            raise Refused(words, fix=f"Map it to {system}, or correct the option of this connection.")


def _statement(account: str, currency: str, n: int, rows: Sequence[list[str]]) -> File:
    steps = (
        f"In Xero: Accounting > Bank accounts > {account} ({currency}) > Import a statement; then reconcile each line with the invoice that its reference names. "
        "The account before the colon in the description is the other side that was signed."
    )
    name = f"xero-statement-{account}-{currency}-{n}.csv"
    return File(name=name, content=cells.table(STATEMENT, rows), rows=len(rows), steps=steps)


def _exported(row: int, cell: dict[str, str]) -> Answer | Illegible:
    try:
        credit = "credit" in cell.get("type", "").lower()
        sign = -1 if credit and cell.get("total", "").strip().startswith("-") else 1
        total, tax, due = (
            answers.figure(cell.get(name, "").strip(), row, name) for name in ("total", "taxtotal", "invoiceamountdue")
        )
        state = _STATUS.get(normal(cell.get("status", "")))
        if state is None:
            return Illegible(
                f"Row {row}, Status: “{cell.get('status', '')}” is none of Xero's. Export the invoices again."
            )
    except Illegible as wrong:
        return wrong
    number = cell["invoicenumber"].strip()
    return Answer(
        reference=number.removeprefix("CN-") if credit else number,
        kind=DocumentKind.CREDIT_NOTE if credit else DocumentKind.INVOICE,
        number=number,
        state=state,
        total=None if total is None else sign * total,
        tax=None if tax is None else sign * tax,
        balance=None if due is None else sign * due,
        row=row,
    )
