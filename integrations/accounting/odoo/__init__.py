"""Odoo 17, 18 (JSON-RPC) and 19 (JSON-2): invoices, credit notes, payments and entries in the company's own books, each once by its external id.

Measured on a real 17.0; what differs in 18 and 19 is read from their sources and asked for when connecting. Nothing is created but by `load` in its safe mode,
nothing is written into what is posted, and every step can be repeated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from integrations import http
from integrations.accounting.base import Booked, Bounds, Check, Idempotency, Masters, Outcome, Preview, retail
from integrations.accounting.odoo import (
    counting,
    drafts,
    forcing,
    inspection,
    offers,
    posting,
    preparing,
    previewing,
    refusals,
    settling,
    standing,
    texts,
)
from integrations.accounting.odoo.company import Company
from integrations.accounting.odoo.drafts import Draft
from integrations.accounting.odoo.line import Fault, Line, Login
from integrations.accounting.odoo.preparing import Tray
from integrations.errors import Trouble
from integrations.registry import adapter
from orders import incoming, outgoing
from orders.outgoing import DocumentKind


@adapter("odoo")
class Odoo:
    """Odoo 17, 18 or 19 over its own API."""

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Options(Masters):
        """Where Odoo is, who we are there, and in which company and journals we book."""

        url: str = field(metadata={"help": "Where Odoo's login page opens: https://odoo.example.org"})
        database: str = field(metadata={"help": "Its name stands on the login page under “Manage databases”."})
        login: str = field(
            metadata={"help": "A user of its own, with Invoicing: Billing and Contact Creation, and no more."}
        )
        key: str = field(
            metadata={"secret": True, "help": "In Odoo, as that user: Preferences, Account Security, New API Key."}
        )
        company: str = field(default="", metadata={"help": "Its name. Empty: the user's own."})
        journal: str = field(
            default="", metadata={"help": "The code of the sales journal, such as WEB. Empty: the first."}
        )
        general_journal: str = field(
            default="",
            metadata={"help": "The code of the journal for entries (fees, deposits, payouts). Empty: the first."},
        )
        key_expires_on: str = field(
            default="", metadata={"help": "From Odoo 18 on keys expire: the day as YYYY-MM-DD."}
        )
        networks: str = field(
            default="", metadata={"help": "Where Odoo is in a private network: 10.0.0.0/8. Else empty."}
        )

    kinds: ClassVar[frozenset[str]] = frozenset(DocumentKind.values) - {DocumentKind.RECEIPT}
    concurrency: ClassVar[int] = 1  # several workers gain nothing over there, batches do
    batch: ClassVar[int] = 20
    idempotency: ClassVar[Idempotency] = Idempotency.REPLAY
    bounds: ClassVar[Bounds] = Bounds(lines=500, price_decimals=2)

    def __init__(self, options: Options, session: http.Session) -> None:
        self.options, self.retail = options, retail(options)
        self.line = Line(session, Login(database=options.database, user=options.login, key=options.key))
        self.company = Company(self.line, options.company, options.journal, options.general_journal)

    @staticmethod
    def dial(options: Options) -> http.Dial:
        headers = {"Authorization": f"bearer {options.key}", "X-Odoo-Database": options.database}
        return http.Dial(base_url=options.url, networks=options.networks, headers=headers)

    def check(self) -> Sequence[Check]:
        return inspection.look(self.company, self.options, self.retail)

    def choices(self) -> incoming.Choices:
        try:
            return offers.choices(self.company)
        except Fault as fault:
            raise refusals.trouble(fault, "The ledger's accounts") from fault

    def find(self, document: outgoing.Document) -> Booked | None:
        """What is posted under the document's external id. A draft of ours is not booked: whoever books next goes on with it.

        A payment that was posted and not yet set against its invoice, because whoever did it died, is set against it now.
        """
        try:
            return self._find(document)
        except Fault as fault:
            raise refusals.trouble(fault, document.reference) from fault

    def book(self, document: outgoing.Document) -> Booked:
        (outcome,) = self.book_many([document])
        if isinstance(outcome, Booked):
            return outcome
        raise outcome if isinstance(outcome, Trouble) else TypeError(outcome)

    def preview(self, document: outgoing.Document) -> Preview:
        """As Odoo would have it, from the rows that would be sent."""
        try:
            return previewing.look(self.company, self.options, self.kinds, self.bounds, document)
        except Fault as fault:
            raise refusals.trouble(fault, document.reference) from fault

    def stock(self, codes: Sequence[str]) -> Sequence[incoming.StockLevel]:
        """What may be sold of each product in each warehouse of the company."""
        try:
            return counting.stock(self.company, codes)
        except Fault as fault:
            raise refusals.trouble(fault, "The ledger's stock") from fault

    def book_many(self, documents: Sequence[outgoing.Document]) -> Sequence[Outcome]:
        try:
            return self._book_many(documents)
        except Fault as fault:
            raise refusals.trouble(fault) from fault

    def read(self, references: Sequence[str]) -> Sequence[incoming.InvoiceState]:
        try:
            return standing.states(self.company, references)
        except Fault as fault:
            raise refusals.trouble(fault, "The look at the documents") from fault

    # How it is done

    def _find(self, document: outgoing.Document) -> Booked | None:
        self.company.id  # noqa: B018  (from here on every call is made for this company)
        named = standing.named(self.line, document)
        if named is None:
            return None
        model, id = named
        move_id = id
        if model == drafts.PAYMENT:
            rows = self.line.call(model, "read", [id], fields=["state", "move_id"])
            if not rows or rows[0]["state"] == "draft":
                return None
            if not rows[0]["move_id"]:
                raise posting.no_entry(document.reference)
            move_id = rows[0]["move_id"][0]
        found = standing.moves(self.line, [move_id], lines=True).get(move_id)
        if found is None or found.row["state"] == "draft":
            return None
        if found.row["state"] == "cancel":
            raise posting.cancelled(document.reference, str(found.row["name"]))
        extra = forcing.adjustments(document, found, self.company)
        standing.compare(document, found, self.company, extra)
        self._settled(document, model, found)
        return standing.booked(document, found, self.company, id, extra)

    def _settled(self, document: outgoing.Document, model: str, move: standing.Move) -> None:
        if document.kind in drafts.TYPE or not document.applies_to:
            return
        origin = settling.origins(self.company, [document]).get(document.applies_to)
        if origin:
            draft = Draft(
                document=document, model=model, columns=(), rows=[[texts.of(document)]], partner=0, origin=origin["id"]
            )
            settling.settle(self.company, [(draft, move)])

    def _book_many(self, documents: Sequence[outgoing.Document]) -> list[Outcome]:
        """In about nine calls for all of them: what stands already, locks, customers, items, load, read, post, read."""
        tray = Tray(documents)
        tray.each(lambda document: preparing.admit(document, self.kinds, self.bounds))
        tray.settle(self._standing_already(tray.open))
        if tray.open:
            locks = self.company.locks()
            tray.each(lambda document: preparing.unlocked(document, *locks))
        made, bound = preparing.drafts_of(self.company, self.options, tray)
        tray.settle(posting.carry(self.company, made))
        return tray.outcomes(bound)

    def _standing_already(self, documents: Sequence[outgoing.Document]) -> dict[str, Outcome]:
        """Those whose reference is known over there are looked up by their own name; for most one call says that none is."""
        company, found = self.company, dict[str, Outcome]()
        domain = [["ref", "in", sorted({row.reference for row in documents})], ["company_id", "=", company.id]]
        rows = self.line.call(drafts.MOVE, "search_read", domain=domain, fields=["ref"]) if documents else []
        known = {row["ref"] for row in rows}
        for document in documents:
            if document.reference in known:
                try:
                    standing_there = self._find(document)
                except Trouble as error:
                    found[texts.of(document)] = error
                else:
                    found |= {texts.of(document): standing_there} if standing_there else {}
        return found
