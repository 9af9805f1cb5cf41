"""A second ledger for tests: it reckons the tax of every line itself and rounds down, as no other does, so that cents must be adjusted.

It shows what an adapter takes: this one file and its test. Its books are one SQLite file in the folder.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_DOWN, Decimal
from pathlib import Path
from typing import ClassVar

from integrations.accounting.base import Adjustment, Booked, Bounds, Check, Idempotency, Outcome
from integrations.errors import Conflict, Misconfigured, Refused, Trouble
from integrations.registry import adapter
from orders import incoming, money, outgoing
from orders.outgoing import DocumentKind

ZERO = Decimal(0)
_TABLES = """
CREATE TABLE IF NOT EXISTS entry (id INTEGER PRIMARY KEY, key TEXT, revision INTEGER, kind TEXT, reference TEXT, hash TEXT,
  currency TEXT, posted TEXT, due TEXT, gross TEXT, net TEXT, taxes TEXT, adjustments TEXT, applies_to TEXT, UNIQUE (key, revision));
CREATE TABLE IF NOT EXISTS posting (entry INTEGER REFERENCES entry, account TEXT, currency TEXT, amount TEXT);
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reckoned:
    """What the toy makes of a document: the tax by code as it reckons it, and what had to be adjusted."""

    taxes: dict[str, Decimal]
    adjustments: tuple[Adjustment, ...]


@adapter("toy")
class Toy:
    """It takes four kinds, knows neither receipts nor journals, and wants accounts that have a colon in them."""

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Options:
        folder: Path

    kinds: ClassVar[frozenset[str]] = frozenset(DocumentKind.values) - {DocumentKind.RECEIPT, DocumentKind.JOURNAL}
    concurrency: ClassVar[int] = 2
    batch: ClassVar[int] = 20
    idempotency: ClassVar[Idempotency] = Idempotency.REPLAY
    bounds: ClassVar[Bounds] = Bounds()

    def __init__(self, options: Options, session: object = None) -> None:
        self.path = options.folder / "toy.sqlite"

    def check(self) -> Sequence[Check]:
        there = self.path.parent.is_dir()
        return [Check(name="folder", ok=there, words=f"{self.path.parent} {'is' if there else 'is not'} there.")]

    def choices(self) -> incoming.Choices:
        with self._books() as books:
            names = [name for (name,) in books.execute("SELECT DISTINCT account FROM posting ORDER BY 1")]
        accounts = tuple(incoming.AccountChoice(code=name, name=name) for name in names)
        lying = tuple(account for account in accounts if account.code.startswith("Assets:"))
        return incoming.Choices(accounts=accounts, payment_accounts=lying, complete=False)

    def find(self, document: outgoing.Document) -> Booked | None:
        with self._books() as books:
            return self._find(books, document)

    def book(self, document: outgoing.Document) -> Booked:
        with self._books() as books:
            books.execute("BEGIN IMMEDIATE")
            booked = self._book(books, document)
            books.commit()
        return booked

    def book_many(self, documents: Sequence[outgoing.Document]) -> Sequence[Outcome]:
        with self._books() as books:
            books.execute("BEGIN IMMEDIATE")
            outcomes = [self._outcome(books, document) for document in documents]
            books.commit()
        return outcomes

    def _outcome(self, books: sqlite3.Connection, document: outgoing.Document) -> Outcome:
        try:
            return self._book(books, document)
        except Trouble as error:
            return error

    def _book(self, books: sqlite3.Connection, document: outgoing.Document) -> Booked:
        _examine(document, self.kinds)
        reckoned = _reckon(document)
        if self._find(books, document) is None:
            _insert(books, document, reckoned)
        found = self._find(books, document)
        if found is None:
            raise Conflict(f"{document.key} was written and is not there.", fix="Look at the toy's file.")
        return found

    def read(self, references: Sequence[str]) -> Sequence[incoming.InvoiceState]:
        with self._books() as books:
            return [state for reference in references for state in _states(books, reference)]

    @contextmanager
    def _books(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(sqlite3.connect(self.path, timeout=30, isolation_level=None)) as books:
                books.row_factory = sqlite3.Row
                books.executescript(_TABLES)
                yield books
        except sqlite3.OperationalError as error:
            raise Misconfigured(f"{self.path} cannot be opened: {error}.", fix="Create the folder.") from error

    def _find(self, books: sqlite3.Connection, document: outgoing.Document) -> Booked | None:
        query = "SELECT * FROM entry WHERE key = ? AND revision = ?"
        row = books.execute(query, (document.key, document.revision)).fetchone()
        if row is None:
            return None
        stands = (row["hash"], row["currency"], row["posted"], Decimal(row["gross"]))
        signed = (document.hash, document.currency, document.posting_on.isoformat(), document.gross)
        if stands != signed:
            raise Conflict(
                f"{document.key} stands there as {stands}, signed was {signed}.", fix="Find out who changed it."
            )
        return _booked(books, row)


def _examine(document: outgoing.Document, kinds: frozenset[str]) -> None:
    if document.kind not in kinds:
        raise Refused(f"The toy takes no {document.kind}.", fix="Use a ledger that does.")
    for posting in outgoing.postings(document):
        if ":" not in posting.account:
            raise Refused(f"The toy has no account “{posting.account}”.", fix="Map it to one with a colon in its name.")
    lines = money.total(line.net + line.tax for line in document.lines)
    if lines != document.gross:
        raise Refused(f"The lines sum to {lines}, the document to {document.gross}.", fix="Name the difference.")


def _reckon(document: outgoing.Document) -> Reckoned:
    """Tax by code, each line rounded down; the difference to the signed tax goes to the adjustment account, the total stays."""
    signed: dict[str, Decimal] = {}
    taxes: dict[str, Decimal] = {}
    for line in document.lines:
        if line.tax:
            signed[line.tax_code] = signed.get(line.tax_code, ZERO) + line.tax
            taxes[line.tax_code] = taxes.get(line.tax_code, ZERO) + _tax(line, document.currency)
    off = {code: taxes[code] - signed[code] for code in taxes if taxes[code] != signed[code]}
    whole = money.total(abs(difference) for difference in off.values())
    if off and (not document.adjustment_account or whole > document.adjustment_limit):
        figures = "; ".join(f"{code}: the toy reckons {taxes[code]}, signed is {signed[code]}" for code in off)
        words = f"{figures} {document.currency}, {whole} apart; at most {document.adjustment_limit} may be adjusted."
        raise Refused(words, fix="Raise the ledger's cap, or correct the tax by a named adjustment.")
    return Reckoned(taxes=taxes, adjustments=tuple(_adjustment(document, code, off[code], taxes[code]) for code in off))


def _tax(line: outgoing.Line, currency: str) -> Decimal:
    if line.tax_rate is None:
        return line.tax
    base = line.net if line.base is None else line.base
    return (base * line.tax_rate).quantize(money.minor_unit(currency), ROUND_DOWN)


def _adjustment(document: outgoing.Document, code: str, difference: Decimal, tax: Decimal) -> Adjustment:
    words = f"{code}: the ledger reckons {tax} {document.currency} where {tax - difference} was signed."
    return Adjustment(account=document.adjustment_account, net=-difference, tax=difference, tax_code=code, words=words)


def _insert(books: sqlite3.Connection, document: outgoing.Document, reckoned: Reckoned) -> None:
    facts = (document.key, document.revision, str(document.kind), document.reference, document.hash, document.currency)
    net = document.net + money.total(item.net for item in reckoned.adjustments)
    taxes = json.dumps(incoming.plain(list(reckoned.taxes.items())))
    texts = (str(document.gross), str(net), taxes, incoming.canonical(reckoned.adjustments), document.applies_to)
    due = document.due_on.isoformat() if document.due_on else None
    row = (*facts, document.posting_on.isoformat(), due, *texts)
    entry = books.execute(f"INSERT INTO entry VALUES (NULL{', ?' * len(row)})", row).lastrowid
    for account, amount in _rows(document, reckoned):
        books.execute("INSERT INTO posting VALUES (?, ?, ?, ?)", (entry, account, document.currency, str(amount)))


def _rows(document: outgoing.Document, reckoned: Reckoned) -> Iterator[tuple[str, Decimal]]:
    side = outgoing.LINE_SIDE[document.kind]
    yield document.contra_account, -side * document.gross
    for line in document.lines:
        yield line.account, side * line.net
    accounts = {line.tax_code: line.tax_account for line in document.lines if line.tax}
    for code, tax in reckoned.taxes.items():
        yield accounts[code], side * tax
    for adjustment in reckoned.adjustments:
        yield adjustment.account, side * adjustment.net


def _booked(books: sqlite3.Connection, row: sqlite3.Row) -> Booked:
    gross, taxes = Decimal(row["gross"]), tuple((code, Decimal(tax)) for code, tax in json.loads(row["taxes"]))
    balance = gross - _settled(books, row["reference"]) if row["kind"] == DocumentKind.INVOICE else ZERO
    adjustments = tuple(
        Adjustment(**{**item, "net": Decimal(item["net"]), "tax": Decimal(item["tax"])})
        for item in json.loads(row["adjustments"])
    )
    return Booked(
        id=str(row["id"]),
        number=f"TOY-{row['id']:05}",
        currency=row["currency"],
        net=Decimal(row["net"]),
        tax=money.total(tax for _code, tax in taxes),
        gross=gross,
        taxes=taxes,
        adjustments=adjustments,
        state="open" if balance else "paid",
        balance=balance,
    )


def _settled(books: sqlite3.Connection, reference: str) -> Decimal:
    rows = books.execute("SELECT kind, gross FROM entry WHERE applies_to = ?", (reference,))
    return money.total(
        Decimal(row["gross"]) * (-1 if row["kind"] == DocumentKind.REFUND_PAYMENT else 1) for row in rows
    )


def _states(books: sqlite3.Connection, reference: str) -> Iterator[incoming.InvoiceState]:
    rows = books.execute("SELECT * FROM entry WHERE reference = ?", (reference,)).fetchall()
    if not rows:
        nothing = Booked(id="", number="", currency="", net=ZERO, tax=ZERO, gross=ZERO, state="deleted")
        yield _state(reference, "", nothing, None)
    for row in rows:
        due = date.fromisoformat(row["due"]) if row["due"] else None
        yield _state(reference, row["kind"], _booked(books, row), due)


def _state(reference: str, kind: str, booked: Booked, due_on: date | None) -> incoming.InvoiceState:
    return incoming.InvoiceState(
        reference=reference,
        number=booked.number,
        state=booked.state,
        net=booked.net,
        tax=booked.tax,
        total=booked.gross,
        balance=booked.balance,
        kind=kind,
        due_on=due_on,
        currency=booked.currency,
        taxes=booked.taxes,
    )
