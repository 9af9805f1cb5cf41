"""A Tryton 7 or 8, over JSON-RPC: customer invoices and credit notes as its own invoices, money as moves of its journal, reconciled with each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, TypeVar

from integrations import http
from integrations.accounting.base import Bounds, Check, Idempotency, Masters, Outcome, Preview, Standing, retail
from integrations.errors import Misconfigured, Trouble
from integrations.registry import adapter
from orders import incoming, money, outgoing

from . import counting, inspection, looking, posting, previewing, reading
from .books import Account, Books
from .reading import Entry
from .rpc import Client, Said

T = TypeVar("T")


@adapter("tryton")
class Tryton:
    """One company of one database. Its numbers come from one gapless sequence, so there is one poster, who posts many at once."""

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Options(Masters):
        """Where it answers, which database, company (its name; empty: the only one) and user; `rates`: may ordersync enter the signed rate of a day."""

        url: str = field(metadata={"help": "Where Tryton answers: https://tryton.example.org, without the database."})
        database: str = field(metadata={"help": "Its name, as people choose it when they log in."})
        user: str = field(metadata={"help": "A user of its own, with the group Accounting and no more."})
        password: str = field(metadata={"secret": True, "help": "That user's password."})
        company: str = field(default="", metadata={"help": "Its name. Empty: the only one that the user may enter."})
        networks: str = field(
            default="", metadata={"help": "Where Tryton is in a private network: 10.0.0.0/8. Else empty."}
        )
        rates: bool = field(
            default=False,
            metadata={"help": "Enter the signed rate of a day in Tryton; the user then needs Currency Administration."},
        )

    kinds: ClassVar[frozenset[str]] = frozenset(outgoing.DocumentKind.values)
    concurrency: ClassVar[int] = 1
    batch: ClassVar[int] = (
        10  # what is posted in one call must be done within the 30 seconds that a call may take, also on a busy machine
    )
    idempotency: ClassVar[Idempotency] = Idempotency.LOOK_UP
    bounds: ClassVar[Bounds] = Bounds(price_decimals=4, dates_rise=True)

    def __init__(self, options: Options, session: http.Session) -> None:
        retail(options)
        self.options = options
        client = Client(session, database=options.database, user=options.user, password=options.password)
        self.books = Books(client, options.company, rates=options.rates)

    @staticmethod
    def dial(options: Options) -> http.Dial:
        """The server's own address; the database is in the path of each call."""
        return http.Dial(base_url=options.url, networks=options.networks, headers={"Content-Type": "application/json"})

    def check(self) -> Sequence[Check]:
        """Server, module, company, rights, accounts, taxes, period, sequences, journals, rates; what is missing with where to click in Tryton."""
        return inspection.look(self.books)

    def choices(self) -> incoming.Choices:
        """The company's accounts and taxes by code; on which accounts money may lie; products and, as retail customers, parties with a code."""
        accounts = [account for account in self.books.accounts.values() if not account.closed]
        return incoming.Choices(
            accounts=tuple(map(_account, accounts)),
            payment_accounts=tuple(_account(account) for account in accounts if not (account.revenue or account.party)),
            tax_codes=tuple(
                incoming.TaxCodeChoice(code=tax.name, name=tax.name, rate=tax.rate, account=tax.invoice)
                for tax in self.books.taxes.values()
            ),
            items=self._records("product.product"),
            customers=self._records("party.party"),
        )

    def _records(self, name: str) -> tuple[incoming.RecordChoice, ...]:
        order, names = [["code", "ASC"]], ["code", "rec_name"]
        rows = self.books.client(f"model.{name}.search_read", [], 0, incoming.Choices.most, order, names)
        return tuple(
            incoming.RecordChoice(id=str(row["id"]), name=row["rec_name"], code=row["code"] or "") for row in rows
        )

    def find(self, document: outgoing.Document) -> Standing | None:
        """The document as it is posted there; a draft of ours is not in the books and will be taken up when it is booked."""
        entries = self._asked(lambda: looking.look(self.books, [document]))[looking.key(document)]
        found = looking.one(document, entries)
        return reading.booked(found) if found else None

    def preview(self, document: outgoing.Document) -> Preview:
        """As Tryton would have it, from its own lists."""
        return self._asked(lambda: previewing.look(self.books, self.options, document))

    def stock(self, codes: Sequence[str]) -> Sequence[incoming.StockLevel]:
        """What lies of each product in each warehouse today."""
        return self._asked(lambda: counting.stock(self.books, codes))

    def book(self, document: outgoing.Document) -> Standing:
        """One document by the same way as many."""
        (outcome,) = self.book_many([document])
        if isinstance(outcome, Trouble):
            raise outcome
        return outcome

    def book_many(self, documents: Sequence[outgoing.Document]) -> Sequence[Outcome]:
        """Look for all, draft what is new, look again, post, read back; a bad one is told apart from the others by halving."""
        return self._asked(lambda: posting.Posting(self.books, self.options).book(documents))

    def read(self, references: Sequence[str]) -> Sequence[incoming.InvoiceState]:
        """Their states in as few calls as Tryton's domains allow; drafts are told as such."""
        entries = self._asked(lambda: looking.under(self.books, references))
        return [state for reference in references for state in _states(reference, entries.get(reference, []))]

    @staticmethod
    def _asked(call: Callable[[], T]) -> T:
        """What Tryton says no to outside of any document is said of the connection: its user may not look."""
        try:
            return call()
        except Said as said:
            words = f"Tryton refuses to answer: {said.whole}"
            raise Misconfigured(words, fix="Test the connection: it says what ordersync's user lacks.") from said


def _account(account: Account) -> incoming.AccountChoice:
    return incoming.AccountChoice(code=account.code, name=account.name, type=account.kind)


def _states(reference: str, entries: Sequence[Entry]) -> list[incoming.InvoiceState]:
    zero = money.ZERO
    gone = incoming.InvoiceState(
        reference=reference, number="", state="deleted", net=zero, tax=zero, total=zero, balance=zero
    )
    return [reading.state(entry) for entry in entries] or [gone]
