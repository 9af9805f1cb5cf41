"""The adapter of every ledger to which a person carries files; a target adds its kinds, its limits, its rows and its steps."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from integrations.accounting.base import (
    Adjustment,
    Booked,
    Bounds,
    Check,
    HandedOut,
    Idempotency,
    Preview,
    Standing,
    add_up,
    preview,
)
from integrations.accounting.files import answers, cells
from integrations.accounting.files.records import Answer, File, Illegible, Laid, Shelf
from integrations.errors import Conflict, Misconfigured, Refused, Returned
from orders import incoming, money, outgoing
from orders.outgoing import DocumentKind

_WAITS = "It goes into the next file."
_ASK = "Import the file where it belongs and acknowledge it, or withdraw it with a reason."


@dataclass(frozen=True, slots=True, kw_only=True)
class FileOptions:
    """`daily_at`: the hour (0 to 23) at which a file is made by itself, empty for the button alone. `answer_within`: days until its answer is asked for."""

    daily_at: int | None = None
    answer_within: int = 5


class FileLedger(ABC):
    """It lays documents on its shelf, finds them there, and writes them into files; it is never told anything but by the person who carries them."""

    hands_out: ClassVar[bool] = True
    profile: ClassVar[str]
    """The name of the layout; with `version` it names what a batch holds, for ever."""
    version: ClassVar[int] = 1
    target: ClassVar[str]
    """What people call the program."""
    kinds: ClassVar[frozenset[str]]
    concurrency: ClassVar[int] = 2
    idempotency: ClassVar[Idempotency] = Idempotency.REPLAY
    bounds: ClassVar[Bounds] = Bounds()

    options: FileOptions

    def __init__(self, options: FileOptions, shelf: Shelf | None = None) -> None:
        self.options = options
        self._shelf = shelf

    # What a target adds

    @abstractmethod
    def limits(self, document: outgoing.Document) -> None:
        """Raises Refused, naming the document and the fix, for what the target cannot take."""

    @abstractmethod
    def files(self, documents: Sequence[outgoing.Document]) -> Sequence[File]:
        """The files that these documents make, in their order; nothing but documents and options decides about a byte."""

    def adjustments(self, document: outgoing.Document) -> tuple[Adjustment, ...]:
        """What the file adds so that the target's own arithmetic comes to the signed total. Raises Refused beyond the limit."""
        return ()

    def stated_tax(self, document: outgoing.Document) -> Decimal:
        """What the target will show as the document's tax."""
        return document.tax + money.total(item.tax for item in self.adjustments(document))

    def answers(self, content: bytes) -> Iterator[Answer | Illegible]:
        """What an acknowledgement says, row by row: our own layout, or the target's own export. Raises Illegible for what is no acknowledgement."""
        return answers.read(content)

    # What every file ledger is

    def check(self) -> Sequence[Check]:
        hour, days = self.options.daily_at, self.options.answer_within
        right = (hour is None or 0 <= hour <= 23) and days >= 1
        words = f"A file is made {'by hand' if hour is None else f'daily at {hour}:00'}; its answer is asked for after {days} days."
        wrong = "daily_at is an hour from 0 to 23, answer_within a number of days from 1: correct them."
        order = getattr(self.options, "dates", "YMD")
        if order.upper() not in cells.DATES:
            right, wrong = False, f"Dates are written DMY, MDY or YMD, not “{order}”: correct the option dates."
        return [Check(name="options", ok=right, words=words if right else wrong)]

    def choices(self) -> incoming.Choices:
        """Nobody can ask a file for accounts: they are typed, and nothing that was typed is changed."""
        if trouble := [check.words for check in self.check() if not check.ok]:
            raise Misconfigured(trouble[0], fix="Correct the options.")
        return incoming.Choices()

    def find(self, document: outgoing.Document) -> Standing | None:
        laid = self.shelf.find(document)
        return None if laid is None else self._standing(document, laid)

    def book(self, document: outgoing.Document) -> Standing:
        laid = self.shelf.find(document)
        if laid is None:
            self.examine(document)
            laid = self.shelf.lay(document)
        return self._standing(document, laid)

    def preview(self, document: outgoing.Document) -> Preview:
        """The file that this document alone would make."""
        problems, text = list[Refused](), ""
        try:
            self.examine(document)
            text = "\n".join(_text(file.content) for file in self.files([document]))
        except Refused as error:
            problems.append(error)
        facts = [("File for", self.target), *preview.facts(document)]
        return preview.made(document, facts=facts, accounts={}, taxes={}, problems=problems, text=text)

    def read(self, references: Sequence[str]) -> Sequence[incoming.InvoiceState]:
        return [state for reference in references for state in self._states(reference)]

    def examine(self, document: outgoing.Document) -> None:
        """Raises Refused unless the document can go into a file as it was signed."""
        if document.kind not in self.kinds:
            words = (
                f"{document.reference}: a file for {self.target} cannot carry a {DocumentKind(document.kind).label}."
            )
            raise Refused(words, fix=f"Book it in {self.target} by hand and reject it here.")
        add_up(document)
        self.limits(document)
        self.adjustments(document)

    @property
    def shelf(self) -> Shelf:
        if self._shelf is None:
            raise Misconfigured(f"{self.target} has no shelf here.", fix="Connect it to a ledger first.")
        return self._shelf

    def _standing(self, document: outgoing.Document, laid: Laid) -> Standing:
        _same(document, laid.document)
        if laid.returned:
            raise Returned(
                f"{document.reference} was handed out for {self.target} and came back: {laid.returned}",
                fix="Put right what it names, and approve again: that signs a new revision.",
            )
        if laid.answer is not None:
            return self._booked(laid, laid.answer)
        if not laid.batch:
            return HandedOut(words=f"It lies ready for {self.target}.", fix=_WAITS)
        late = f" and nobody said for {self.options.answer_within} days what became of it" if laid.late else ""
        return HandedOut(words=f"It was handed out for {self.target} in {laid.batch}{late}.", fix=_ASK, late=laid.late)

    def _booked(self, laid: Laid, answer: Answer) -> Booked:
        """The document as the person says that it stands there. Raises Conflict where that is not what was signed."""
        document, extra = laid.document, self.adjustments(laid.document)
        for name, said, signed in (
            ("total", answer.total, document.gross),
            ("tax", answer.tax, self.stated_tax(document)),
        ):
            if said is not None and said != signed:
                figures = [cells.amount(value, document.currency) for value in (said, signed)]
                raise Conflict(
                    f"{document.reference} was acknowledged with a {name} of {figures[0]} {document.currency}; signed were {figures[1]}.",
                    fix=f"Put it right in {self.target}, then acknowledge it again with what stands there.",
                )
        return Booked(
            id=answer.number or document.reference,
            number=answer.number or document.number or document.reference,
            currency=document.currency,
            net=document.net + money.total(item.net for item in extra),
            tax=document.tax + money.total(item.tax for item in extra),
            gross=document.gross,
            taxes=_taxes(document, extra),
            adjustments=extra,
            state=answer.state or "open",
            balance=_balance(document, answer),
        )

    def _states(self, reference: str) -> list[incoming.InvoiceState]:
        found = []
        for laid in self.shelf.under(reference):
            if laid.answer is not None:
                found.append(_state(laid.document, self._booked(laid, laid.answer)))
        return found or [_gone(reference)]


def _text(content: bytes) -> str:
    """As a person reads it: files are UTF-8, or cp1252 for programs that know no other."""
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def _same(document: outgoing.Document, there: outgoing.Document) -> None:
    pairs = {
        "hash": (there.hash, document.hash),
        "currency": (there.currency, document.currency),
        "posting date": (there.posting_on, document.posting_on),
        "total": (there.gross, document.gross),
    }
    for name, (stands, signed) in pairs.items():
        if stands != signed:
            words = f"{document.key}, revision {document.revision}, was laid ready with {name} {stands}; signed was {signed}."
            raise Conflict(words, fix="Find out who changed it, then look it up again.")


def _taxes(document: outgoing.Document, extra: Sequence[Adjustment]) -> tuple[tuple[str, Decimal], ...]:
    sums: dict[str, Decimal] = {}
    for code, tax in [(line.tax_code, line.tax) for line in document.lines] + [
        (item.tax_code, item.tax) for item in extra
    ]:
        if tax:
            sums[code] = sums.get(code, money.ZERO) + tax
    return tuple(sums.items())


def _balance(document: outgoing.Document, answer: Answer) -> Decimal:
    if answer.balance is not None:
        return answer.balance
    return document.gross if document.kind == DocumentKind.INVOICE and answer.state != "paid" else money.ZERO


def _state(document: outgoing.Document, booked: Booked) -> incoming.InvoiceState:
    return incoming.InvoiceState(
        reference=document.reference,
        number=booked.number,
        state=booked.state,
        net=booked.net,
        tax=booked.tax,
        total=booked.gross,
        balance=booked.balance,
        due_on=document.due_on,
        kind=document.kind,
        currency=document.currency,
        taxes=booked.taxes,
    )


def _gone(reference: str) -> incoming.InvoiceState:
    zero = money.ZERO
    return incoming.InvoiceState(
        reference=reference, number="", state="deleted", net=zero, tax=zero, total=zero, balance=zero
    )
