"""Sage 50 (UK): one CSV of audit trail transactions, one row a split, its sign carried by the type of the row.

Sources: the columns A to O and types at makingithappen.co.uk (audit trail records), whose first ten names are those of Sage's import wizard; what cannot be
imported (SR, PP, SD, PD, foreign bank rows) in Sage's knowledge base, article 200427112357427; the types that can at pimbrook.ie; sizes of reference (30) and
details (60) in article 250321114539860, of account references and nominal codes (8) at v1projectaccounting.com. From memory, to be confirmed in Sage: positive
amounts only, Windows-1252, the exchange rate as foreign units for one pound, two decimals in every currency.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from integrations.accounting.files import File, FileLedger, FileOptions, cells
from integrations.errors import Refused
from integrations.registry import adapter
from orders import money, outgoing
from orders.outgoing import LINE_SIDE, DocumentKind

TITLES = (
    "Type", "Account Reference", "Nominal A/C Ref", "Department Code", "Date", "Reference", "Details", "Net Amount", "Tax Code", "Tax Amount",
    "Exchange Rate", "Extra Reference", "User Name", "Project Refn", "Cost Code Refn",
)  # fmt: skip
_CODE, _REFERENCE, _DETAILS = 8, 30, 60
_NOMINAL = "[A-Za-z0-9]+"
# The type of a row by the kind of document and whether its amount goes the document's way; a discount of an invoice is a credit.
_SALES = {
    DocumentKind.INVOICE: ("SI", "SC"),
    DocumentKind.CREDIT_NOTE: ("SC", "SI"),
    DocumentKind.RECEIPT: ("BR", "BP"),
}
_MONEY = {DocumentKind.PAYMENT: ("SA", "BR"), DocumentKind.REFUND_PAYMENT: ("SP", "BP")}


@adapter("sage50-audit-trail")
class Sage50(FileLedger):
    """Files for Sage 50 Accounts (UK): audit trail transactions."""

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Options(FileOptions):
        """`customer`: the account under which web sales stand. The two control accounts are Sage's own: to these its sales and VAT go, whatever a file says."""

        customer: str = "WEBSALES"
        debtors_control: str = "1100"
        sales_tax_control: str = "2200"
        no_tax: str = "T9"
        department: str = "0"

    options: Options
    profile: ClassVar[str] = "sage50-audit-trail"
    target: ClassVar[str] = "Sage 50"
    kinds: ClassVar[frozenset[str]] = frozenset([*_SALES, *_MONEY])

    def limits(self, document: outgoing.Document) -> None:
        cells.two_decimals(document, self.target)
        cells.code(document.reference, document, what="its reference", limit=_REFERENCE)
        cells.code(
            self.options.customer,
            document,
            what="the customer's account",
            limit=_CODE,
            fix="Correct the option customer.",
        )
        for line in document.lines:
            self._line(document, line)
        if document.kind in (DocumentKind.INVOICE, DocumentKind.CREDIT_NOTE):
            self._control(
                document, document.contra_account, self.options.debtors_control, "the debtors control account"
            )
        else:
            cells.code(
                document.contra_account, document, what="the other side of the document", limit=_CODE, pattern=_NOMINAL
            )
            if document.currency != document.base_currency:
                words = f"{document.reference}: Sage imports no money in {document.currency}, only in {document.base_currency}."
                raise Refused(words, fix="Enter it in Sage by hand and reject it here.")

    def files(self, documents: Sequence[outgoing.Document]) -> Sequence[File]:
        rows = [row for document in documents for row in self._rows(document)]
        steps = (
            "In Sage 50: File > Import > Audit trail transactions, CSV, first row contains headings. Make a backup first. "
            "A spreadsheet program would drop leading zeros of nominal codes: do not open the file in one, or open every column as text."
        )
        return [File(name="sage50.csv", content=cells.table(TITLES, rows, "cp1252"), rows=len(rows), steps=steps)]

    def _line(self, document: outgoing.Document, line: outgoing.Line) -> None:
        cells.code(line.account, document, what=f"the nominal code of line {line.n}", limit=_CODE, pattern=_NOMINAL)
        if line.tax:
            fix = "Map the tax to one of Sage's codes, T0 to T99."
            cells.code(line.tax_code, document, what=f"the tax of line {line.n}", limit=3, pattern=r"T\d{1,2}", fix=fix)
            self._control(document, line.tax_account, self.options.sales_tax_control, "the sales tax control account")
        elif line.tax_code:
            cells.code(line.tax_code, document, what=f"the tax of line {line.n}", limit=3, pattern=r"T\d{1,2}")

    def _control(self, document: outgoing.Document, named: str, control: str, what: str) -> None:
        if named != control:
            words = f"{document.reference} was signed on {named}, but Sage books it on {what}, {control}."
            raise Refused(words, fix=f"Map it to {control}, or correct the option of this connection.")

    def _rows(self, document: outgoing.Document) -> Iterator[list[str]]:
        kind = DocumentKind(document.kind)
        if kind in _SALES:
            yield from self._sale(document, *_SALES[kind])
        else:
            yield from self._money(document, *_MONEY[DocumentKind(kind)])

    def _sale(self, document: outgoing.Document, forth: str, back: str) -> Iterator[list[str]]:
        """A row a line; whichever goes the other way (a discount) has the other type."""
        account = document.contra_account if forth == "BR" else self.options.customer
        for line in document.lines:
            turned = line.net < 0 or line.tax < 0
            sign = -1 if turned else 1
            code = line.tax_code or self.options.no_tax
            yield self._row(
                document,
                back if turned else forth,
                account,
                line.account,
                line.text,
                sign * line.net,
                code,
                sign * line.tax,
            )

    def _money(self, document: outgoing.Document, on_account: str, bank: str) -> Iterator[list[str]]:
        """The whole amount on the customer's account (or, where it is none of his, as a bank row), then what the bank kept of it, from the bank."""
        fees = [line for line in document.lines if line.kind == "fee"]
        first = next((line for line in document.lines if line.kind != "fee"), document.lines[0])
        for line in document.lines:
            if line in fees and line is not first:
                continue
            whole = line.net + (
                money.total(fee.net for fee in fees if fee is not first) if line is first else money.ZERO
            )
            if document.contra_account == self.options.debtors_control:
                yield self._row(
                    document, on_account, self.options.customer, line.account, document.memo or line.text, whole
                )
            else:
                yield self._row(
                    document, bank, line.account, document.contra_account, document.memo or line.text, whole
                )
        for fee in fees:
            if fee is not first:
                debit = LINE_SIDE[document.kind] * fee.net > 0
                yield self._row(document, "BP" if debit else "BR", first.account, fee.account, fee.text, abs(fee.net))

    def _row(
        self, document: outgoing.Document, kind: str, account: str, nominal: str, text: str, net: Decimal, code: str = "", tax: Decimal = money.ZERO
    ) -> list[str]:  # fmt: skip
        foreign = document.currency != document.base_currency
        rate = f"{1 / document.rate:.6f}" if foreign else "1"
        details = cells.text(f"{document.party.company or document.party.name} {text}", _DETAILS)
        day, code = f"{document.posting_on:%d/%m/%Y}", code or self.options.no_tax
        figures = [f"{net:.2f}", code, f"{tax:.2f}", rate]
        number = cells.text(document.order_number, _REFERENCE)
        return [
            kind,
            account,
            nominal,
            self.options.department,
            day,
            document.reference,
            details,
            *figures,
            number,
            "",
            "",
            "",
        ]
