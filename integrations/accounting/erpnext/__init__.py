"""ERPNext 14 to 16 over the REST of Frappe: sales invoices, credit notes, payments and journal entries, each once by a unique key of our own.

Written from the public sources and documentation. What is submitted is never changed, no stock is moved, and every call is one transaction that can be repeated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from integrations import http
from integrations.accounting.base import Booked, Bounds, Check, Idempotency, Masters, Preview, add_up, retail
from integrations.accounting.erpnext import counting, inspection, offers, posting, previewing, refusals, standing
from integrations.accounting.erpnext.company import Company
from integrations.accounting.erpnext.line import Fault, Line
from integrations.errors import Refused
from integrations.registry import adapter
from orders import incoming, outgoing
from orders.outgoing import DocumentKind


@adapter("erpnext")
class ERPNext:
    """ERPNext 14, 15 or 16 over its own API."""

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Options(Masters):
        """Where ERPNext is, who we are there, and in which company we book."""

        url: str = field(metadata={"help": "Where ERPNext's login page opens: https://erp.example.org"})
        key: str = field(
            metadata={"help": "In ERPNext: User, a user of its own, Settings, API Access, Generate Keys: the API Key."}
        )
        secret: str = field(
            metadata={"secret": True, "help": "The API Secret, shown once when the keys are generated."}
        )
        item: str = field(
            metadata={
                "help": "The code of an item, not kept in stock, for lines that have none of their own, such as WEBSHOP."
            }
        )
        company: str = field(
            default="", metadata={"help": "Its whole name. Empty: the only one that the user may see."}
        )
        series: str = field(
            default="", metadata={"help": "The naming series of the invoices, such as WEB-.YYYY.-. Empty: the first."}
        )
        networks: str = field(
            default="", metadata={"help": "Where ERPNext is in a private network: 10.0.0.0/8. Else empty."}
        )

    kinds: ClassVar[frozenset[str]] = frozenset(DocumentKind.values) - {
        DocumentKind.RECEIPT
    }  # an entry would stand in no sales register
    concurrency: ClassVar[int] = 2  # more wait for each other at the naming series
    idempotency: ClassVar[Idempotency] = Idempotency.CONFLICT
    bounds: ClassVar[Bounds] = Bounds(lines=500, price_decimals=2, reference=140)

    def __init__(self, options: Options, session: http.Session) -> None:
        self.options, self.retail = options, retail(options)
        self.company = Company(Line(session), options.company, options.item, options.series)

    @staticmethod
    def dial(options: Options) -> http.Dial:
        headers = {
            "Authorization": f"token {options.key}:{options.secret}",
            "Accept": "application/json",
            "Accept-Language": "en",
        }
        return http.Dial(base_url=options.url, networks=options.networks, headers=headers)

    def check(self) -> Sequence[Check]:
        return inspection.look(self.company, self.options, self.retail)

    def choices(self) -> incoming.Choices:
        try:
            return offers.choices(self.company)
        except Fault as fault:
            raise refusals.trouble(fault, "The ledger's accounts") from fault

    def find(self, document: outgoing.Document) -> Booked | None:
        """What is submitted under the document's key. A draft of ours is not booked: whoever books next goes on with it."""
        try:
            found = standing.named(document, self.company)
            if found is None or found[1]["docstatus"] == standing.DRAFT:
                return None
            standing.compare(document, *found, self.company)
            return standing.booked(document, *found, self.company)
        except Fault as fault:
            raise refusals.trouble(fault, document.reference) from fault

    def book(self, document: outgoing.Document) -> Booked:
        self._admit(document)
        try:
            return posting.carry(document, self.company, self.options.items)
        except Fault as fault:
            raise refusals.trouble(fault, document.reference) from fault

    def preview(self, document: outgoing.Document) -> Preview:
        """As ERPNext would have it, from what would be sent."""
        try:
            return previewing.look(self.company, self.options.items, self._admit, document)
        except Fault as fault:
            raise refusals.trouble(fault, document.reference) from fault

    def stock(self, codes: Sequence[str]) -> Sequence[incoming.StockLevel]:
        """What may be sold of each item in each warehouse of the company."""
        try:
            return counting.stock(self.company, codes)
        except Fault as fault:
            raise refusals.trouble(fault, "The ledger's stock") from fault

    def read(self, references: Sequence[str]) -> Sequence[incoming.InvoiceState]:
        try:
            return standing.states(self.company, references)
        except Fault as fault:
            raise refusals.trouble(fault, "The look at the documents") from fault

    def _admit(self, document: outgoing.Document) -> None:
        if document.kind not in self.kinds:
            words = f"{document.reference}: ordersync books no {DocumentKind(document.kind).label} in ERPNext."
            raise Refused(
                words,
                fix="Let the shop's orders become invoices and payments, or book it in ERPNext by hand and reject it here.",
            )
        if self.bounds.lines is not None and len(document.lines) > self.bounds.lines:
            words = f"{document.reference} has {len(document.lines)} lines; at most {self.bounds.lines} go to ERPNext in one document."
            raise Refused(words, fix="Book it in ERPNext by hand and reject it here.")
        add_up(document)
        if document.base_currency != self.company.currency:
            words = f"{document.reference} was signed for books in {document.base_currency}; {self.company.name} keeps its books in {self.company.currency}."
            raise Refused(words, fix="Correct the ledger's base currency, or connect the right company.")
