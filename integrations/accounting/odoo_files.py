"""Odoo without its API: customer invoices and credit notes as one import file of account.move, money and journals as another.

Sources: Odoo's documentation on importing (a parent's columns stand on its first row alone, `id` is the external id that makes a second import an update; sample
o2m-quotations-order-lines.csv); technical field names as public importers use them, which are the same in every language. From memory, to be confirmed on a test
database: accounts found by their code and taxes by their name; tax reckoned line by line unless the company rounds globally; prices to two decimals; the day's rate
is Odoo's own. An import leaves drafts: what is acknowledged must be posted.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from integrations.accounting.base import Adjustment
from integrations.accounting.files import File, FileLedger, FileOptions, cells, reckoning
from integrations.errors import Refused
from integrations.registry import adapter
from orders import money, outgoing
from orders.outgoing import DocumentKind

MOVE = (
    "id",
    "move_type",
    "partner_id",
    "invoice_date",
    "date",
    "invoice_date_due",
    "ref",
    "payment_reference",
    "currency_id",
)
LINE = ("id", "name", "quantity", "price_unit", "account_id", "tax_ids")
ENTRY = ("id", "move_type", "date", "ref", "journal_id")
ITEM = ("id", "account_id", "partner_id", "name", "debit", "credit", "currency_id", "amount_currency")
INVOICES = (*MOVE, *(f"invoice_line_ids/{name}" for name in LINE))
ENTRIES = (*ENTRY, *(f"line_ids/{name}" for name in ITEM))
_TYPE = {DocumentKind.INVOICE: "out_invoice", DocumentKind.CREDIT_NOTE: "out_refund"}
_CODE = r"[A-Za-z0-9.]+"


@adapter("odoo-import")
class OdooFiles(FileLedger):
    """Files for Odoo: invoices and credit notes, and money as journal entries."""

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Options(FileOptions):
        """`receivable`: the code of the customers' account. `journal`: the name of the journal for money.

        `no_tax`: the name of a tax of 0 %, where lines without tax need one. `guest`: the contact of sales without a name.
        `rounding`: line or document, as the company's settings have it.
        """

        receivable: str
        journal: str = "Miscellaneous Operations"
        no_tax: str = ""
        rounding: str = "line"
        guest: str = "Web shop"

    options: Options
    profile: ClassVar[str] = "odoo-import"
    target: ClassVar[str] = "Odoo"
    kinds: ClassVar[frozenset[str]] = frozenset(
        [*_TYPE, DocumentKind.PAYMENT, DocumentKind.REFUND_PAYMENT, DocumentKind.JOURNAL]
    )

    def limits(self, document: outgoing.Document) -> None:
        for posting in outgoing.postings(document):
            what = f"the account of line {posting.line}" if posting.line else "the other side of the document"
            if posting.kind != "tax":
                cells.code(
                    posting.account,
                    document,
                    what=what,
                    limit=64,
                    pattern=_CODE,
                    fix="Map it to the account's code in Odoo.",
                )
        if document.kind not in _TYPE:
            return
        if document.contra_account != self.options.receivable:
            words = f"{document.reference} was signed on {document.contra_account}, but Odoo books it on {self.options.receivable}."
            raise Refused(words, fix=f"Map it to {self.options.receivable}, or correct the option receivable.")
        for line in document.lines:
            if line.tax and reckoning.is_second_tax(line):
                cells.code(
                    line.tax_account, document, what=f"the tax account of line {line.n}", limit=64, pattern=_CODE
                )
            elif line.tax_code:
                cells.code(line.tax_code, document, what=f"the tax of line {line.n}", limit=200)

    def adjustments(self, document: outgoing.Document) -> tuple[Adjustment, ...]:
        whole = self.options.rounding == "document"
        return reckoning.adjustments(document, self.target, by_document=whole) if document.kind in _TYPE else ()

    def stated_tax(self, document: outgoing.Document) -> Decimal:
        return super().stated_tax(document) - reckoning.second_taxes(document)

    def files(self, documents: Sequence[outgoing.Document]) -> Sequence[File]:
        sales = [row for document in documents if document.kind in _TYPE for row in self._sale(document)]
        moves = [row for document in documents if document.kind not in _TYPE for row in self._entry(document)]
        made = []
        if sales:
            steps = (
                "In Odoo: Accounting > Customers > Invoices > Favorites > Import records, first row as labels. Test first, then import, and post the drafts. "
                "The column id makes a second import an update."
            )
            made.append(
                File(name="odoo-invoices.csv", content=cells.table(INVOICES, sales), rows=len(sales), steps=steps)
            )
        if moves:
            steps = (
                "In Odoo: Accounting > Accounting > Journal entries > Favorites > Import records. "
                "Test first, then import, post, and reconcile with the invoices named."
            )
            made.append(
                File(name="odoo-entries.csv", content=cells.table(ENTRIES, moves), rows=len(moves), steps=steps)
            )
        return made

    def _sale(self, document: outgoing.Document) -> Iterator[list[str]]:
        """The document on its first row, one line of it on each."""
        name = _external(document)
        due = (document.due_on or document.posting_on).isoformat()
        head = [
            name, _TYPE[DocumentKind(document.kind)], self._partner(document), document.issued_on.isoformat(), document.posting_on.isoformat(), due,
            document.reference, cells.text(document.order_number, 100), document.currency,
        ]  # fmt: skip
        for n, row in enumerate(self._lines(document), start=1):
            yield [*(head if n == 1 else [""] * len(head)), f"{name}_{n}", *row]

    def _lines(self, document: outgoing.Document) -> Iterator[list[str]]:
        for line in document.lines:
            if reckoning.is_second_tax(line):
                yield [
                    cells.text(line.text, 500) or "–",
                    "1",
                    cells.quantity(line.tax),
                    line.tax_account,
                    self.options.no_tax,
                ]
                continue
            pieces, price = cells.per_piece(line, 2)
            text = cells.text(line.text, 500) or str(line.kind)
            yield [
                text,
                cells.quantity(pieces),
                cells.quantity(price),
                line.account,
                line.tax_code or self.options.no_tax,
            ]
        for item in self.adjustments(document):
            yield [cells.text(item.words, 500), "1", cells.quantity(item.net), item.account, self.options.no_tax]

    def _entry(self, document: outgoing.Document) -> Iterator[list[str]]:
        """Debit and credit in the company's currency, which balance to the cent, beside the amount in the document's."""
        name = _external(document)
        head = [
            name,
            "entry",
            document.posting_on.isoformat(),
            f"{document.reference} {document.applies_to}".strip(),
            self.options.journal,
        ]
        postings = outgoing.postings(document)
        rest = [money.rounded(posting.amount * document.rate, document.base_currency) for posting in postings[1:]]
        for n, (posting, base) in enumerate(zip(postings, [-money.total(rest), *rest], strict=True), start=1):
            partner = self._partner(document) if posting.account == self.options.receivable else ""
            sides = [cells.amount(max(side, money.ZERO), document.base_currency) for side in (base, -base)]
            text = cells.text(posting.text or document.memo, 500) or "–"
            row = [
                f"{name}_{n}",
                posting.account,
                partner,
                text,
                *sides,
                document.currency,
                cells.amount(posting.amount, document.currency),
            ]
            yield [*(head if n == 1 else [""] * len(head)), *row]

    def _partner(self, document: outgoing.Document) -> str:
        return cells.text(document.party.company or document.party.name, 250) or self.options.guest


def _external(document: outgoing.Document) -> str:
    """The same for the same document for ever."""
    own = uuid.uuid5(uuid.NAMESPACE_URL, f"ordersync:{document.ledger}:{document.key}:{document.revision}")
    return f"ordersync.{'inv' if document.kind in _TYPE else 'move'}_{own.hex}"
