"""The embedded ledger: a folder of Beancount files, one transaction a document, for a firm without other books."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import ClassVar

from integrations.accounting.base import Booked, Bounds, Check, Idempotency, Preview, preview
from integrations.errors import Conflict, Refused
from integrations.registry import adapter
from orders import incoming, money, outgoing

from . import entry, inspection, refusals
from .journal import ACCOUNTS, INCLUDES, Journal, Opened, month


@adapter("beancount")
class Beancount:
    """A ledger of Beancount files. Tax codes are ordersync's own: Beancount has none."""

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Options:
        """Where the files lie (a local disk, not a network share), and the title they show."""

        folder: Path
        title: str = "ordersync"

    kinds: ClassVar[frozenset[str]] = frozenset(outgoing.DocumentKind.values)
    concurrency: ClassVar[int] = 1
    idempotency: ClassVar[Idempotency] = Idempotency.REPLAY
    bounds: ClassVar[Bounds] = Bounds()

    def __init__(self, options: Options, session: object = None) -> None:
        self.options = options
        self.journal = Journal(options.folder)

    def check(self) -> Sequence[Check]:
        """See whether the folder is there, safe, on a local disk and its files in order; writes nothing."""
        return inspection.look(self.journal)

    def choices(self) -> incoming.Choices:
        """The accounts that the files open and do not close; another one is opened when it is first used."""
        with self.journal.lock(write=False):
            opened = self.journal.accounts()
        usable = [_choice(name, found) for name, found in sorted(opened.items()) if not found.closed]
        lying = tuple(account for account in usable if account.type in ("Assets", "Liabilities"))
        return incoming.Choices(accounts=tuple(usable), payment_accounts=lying, complete=False)

    def find(self, document: outgoing.Document) -> Booked | None:
        """The document by key and revision.

        Raises Conflict if its hash, total, currency or date is not the signed one, or if it stands there twice.
        """
        with self.journal.lock(write=False):
            return self._find(document)

    def preview(self, document: outgoing.Document) -> Preview:
        """The entry as it would be written, and the file that it goes into."""
        facts = [*preview.facts(document), ("File", month(document.posting_on))]
        with self.journal.lock(write=False):
            opened = self.journal.accounts()
        problems, text = list[Refused](), ""
        try:
            refusals.examine(document)
            text = entry.write(document)
            for posting in outgoing.postings(document):
                _admit(posting.account, opened.get(posting.account), document)
        except Refused as error:
            problems.append(error)
        return preview.made(document, facts=facts, accounts={}, taxes={}, problems=problems, text=text)

    def book(self, document: outgoing.Document) -> Booked:
        """Append the document to its month's file unless it is there, and read it back."""
        refusals.examine(document)
        text = entry.write(document)
        _compare(_legible("The draft", text), document, "The draft")
        with self.journal.lock(write=True):
            return self._find(document) or self._append(document, text)

    def read(self, references: Sequence[str]) -> Sequence[incoming.InvoiceState]:
        """Every document under each reference, with its kind; a reference under which none stands comes back as deleted."""
        return [state for reference in references for state in self._states(reference)]

    def _find(self, document: outgoing.Document) -> Booked | None:
        hits = [hit for hit in self._entries("ordersync-key", document.key) if hit[1].revision == document.revision]
        if len(hits) > 1:
            places = ", ".join(file for file, _found in hits)
            words = f"{document.key}, revision {document.revision}, stands in the books {len(hits)} times ({places})."
            raise Conflict(words, fix="Remove all but one by hand.")
        for file, found in hits:
            _compare(found, document, file)
            return self._booked(found)
        return None

    def _append(self, document: outgoing.Document, text: str) -> Booked:
        file = month(document.posting_on)
        opened = self.journal.accounts()
        used = dict.fromkeys(posting.account for posting in outgoing.postings(document))
        for account in used:
            _admit(account, opened.get(account), document)
        self.journal.create(file, _main(self.options.title, document.base_currency))
        if missing := [account for account in used if account not in opened]:
            self.journal.append(ACCOUNTS, "".join(f"1970-01-01 open {account}\n" for account in missing))
        written = entry.read(self.journal.append(file, text))
        _compare(written, document, file)
        return self._booked(written)

    def _entries(self, name: str, value: str) -> list[tuple[str, entry.Entry]]:
        found = [(file, _legible(file, text)) for file, text in self.journal.find(name, entry.quoted(value))]
        attribute = {"ordersync-key": "key", "reference": "reference", "applies-to": "applies_to"}[name]
        return [(file, item) for file, item in found if getattr(item, attribute) == value]

    def _booked(self, found: entry.Entry) -> Booked:
        balance = self._balance(found)
        return Booked(
            id=f"{found.kind}:{found.reference}",
            number=found.number or found.reference,
            currency=found.currency,
            net=found.net,
            tax=found.tax,
            gross=found.gross,
            taxes=found.taxes,
            state="open" if balance else "paid",
            balance=balance,
        )

    def _balance(self, found: entry.Entry) -> Decimal:
        """What is still open of an invoice: its gross and what settles it on its account; of other kinds nothing."""
        if found.kind != outgoing.DocumentKind.INVOICE:
            return money.ZERO
        applied = [item for _file, item in self._entries("applies-to", found.reference)]
        return found.contra + money.total(
            item.contra
            for item in applied
            if (item.contra_account, item.currency) == (found.contra_account, found.currency)
        )

    def _states(self, reference: str) -> list[incoming.InvoiceState]:
        """The lock is held for one reference at a time, so that writers need not wait for all of them."""
        with self.journal.lock(write=False):
            found = [(item, self._booked(item)) for _file, item in self._entries("reference", reference)]
        return [_state(item, booked) for item, booked in found] or [_gone(reference)]


def _state(found: entry.Entry, booked: Booked) -> incoming.InvoiceState:
    return incoming.InvoiceState(
        reference=found.reference,
        number=booked.number,
        state=booked.state,
        net=found.net,
        tax=found.tax,
        total=found.gross,
        balance=booked.balance,
        due_on=found.due_on,
        kind=found.kind,
        currency=found.currency,
        taxes=found.taxes,
    )


def _gone(reference: str) -> incoming.InvoiceState:
    zero = money.ZERO
    return incoming.InvoiceState(
        reference=reference, number="", state="deleted", net=zero, tax=zero, total=zero, balance=zero
    )


def _legible(file: str, text: str) -> entry.Entry:
    try:
        return entry.read(text)
    except entry.Illegible as error:
        line = text.split("\n", 1)[0]
        words = f"{file} holds an entry of ours that cannot be read, perhaps changed by hand ({error}): {line}"
        raise Conflict(words, fix="Restore it by hand.") from error


def _compare(found: entry.Entry, document: outgoing.Document, place: str) -> None:
    signed = {
        "hash": (found.hash, document.hash),
        "kind": (found.kind, str(document.kind)),
        "currency": (found.currency, document.currency),
        "posting date": (found.posting_on, document.posting_on),
        "gross": (found.gross, document.gross),
        "net": (found.net, document.net),
        "tax": (found.tax, document.tax),
        "tax by code": (dict(found.taxes), entry.taxes(document)),
    }
    for name, (stands, meant) in signed.items():
        if stands != meant:
            raise Conflict(
                f"{place}: {document.key}, revision {document.revision}, has {name} {stands}; signed was {meant}.",
                fix="Find out who changed the file, restore the entry, and look the document up again.",
            )


def _admit(account: str, opened: Opened | None, document: outgoing.Document) -> None:
    if opened is None:
        return
    if opened.currencies and document.currency not in opened.currencies:
        words = f"The account {account} takes {', '.join(opened.currencies)} only, not {document.currency}."
        raise Refused(
            words,
            fix=f"Add {document.currency} where it is opened, or map another account.",
            cause=f"theirs:account:{account}",
        )
    if not opened.since <= document.posting_on.isoformat() < (opened.closed or "9999"):
        until = f" and closed on {opened.closed}" if opened.closed else ""
        words = f"The account {account} is opened on {opened.since}{until}; this is posted on {document.posting_on}."
        raise Refused(
            words,
            fix="Correct the date where the account is opened, or map another account.",
            cause=f"theirs:account:{account}",
        )


def _main(title: str, currency: str) -> str:
    options = [f'option "title" {entry.quoted(title)}', f'option "operating_currency" "{currency}"']
    return "".join(f"{line}\n" for line in [*options, *(f'include "{name}"' for name in INCLUDES)])


def _choice(name: str, opened: Opened) -> incoming.AccountChoice:
    currency = opened.currencies[0] if len(opened.currencies) == 1 else ""
    return incoming.AccountChoice(code=name, name=name, type=name.split(":", 1)[0], currency=currency)
