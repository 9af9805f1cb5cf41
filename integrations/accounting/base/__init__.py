"""The contract of a ledger: what every accounting adapter offers, and what every caller may rely on."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar, Protocol, cast

from integrations.accounting.base import preview
from integrations.accounting.base.preview import Preview, PreviewLine
from integrations.errors import Misconfigured, Refused, Trouble, Uncertain
from orders import incoming, money, outgoing
from orders.outgoing import Adjustment, Booked

__all__ = [
    "Accounting",
    "Adjustment",
    "Batching",
    "Booked",
    "Bounds",
    "Check",
    "Counting",
    "HandedOut",
    "Idempotency",
    "Masters",
    "Outcome",
    "Preview",
    "PreviewLine",
    "Previewing",
    "Standing",
    "add_up",
    "batch_of",
    "book_many",
    "preview",
    "previewed",
    "retail",
    "tells_stock",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """The outcome of one look at a connection: `ok`, and in words what was seen or what is missing; `fix` says where to click over there."""

    name: str
    ok: bool
    words: str
    fix: str = ""


class Idempotency(StrEnum):
    """What the ledger itself does with a document that is sent a second time; whatever it does, `book` looks first."""

    LOOK_UP = "look-up"
    """It knows no repeat: only looking by key or reference keeps a second one away."""
    REPLAY = "replay"
    """It answers a repeat as it answered the first, and books nothing."""
    CONFLICT = "conflict"
    """It refuses a repeat as such, which says that the first one stands there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What the ledger takes of one document, None: any; beyond them `book` refuses with the document, the bound and the fix.

    `lines` of one document, `price_decimals` of a unit price (an adapter spreads what does not fit, so that the line's amount stays), `reference` in signs.
    `dates_rise`: a number may not be given to a date before the last number's.
    """

    lines: int | None = None
    reference: int | None = None
    price_decimals: int | None = None
    dates_rise: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Masters:
    """Options of a ledger that keeps customers and items; an adapter's own Options inherit from it, and so ask for the bindings.

    `retail`: the customer who stands for a shop's private buyers, by shop ("web=15, eu=18"); who buys for a company or with a VAT id is always a customer by
    himself, and so is everybody in a shop without one. `items`: off (lines carry no item), link (where the ledger has one of that code), make (or one is
    made). `stock`: quantities are read, where the adapter can.
    """

    retail: str = field(
        default="",
        metadata={
            "help": "The customer who stands for a shop's private buyers, by shop: web=15, eu=18. Empty: each buyer is a customer."
        },
    )
    items: str = field(
        default="link",
        metadata={
            "help": "off: lines carry no item. link: the ledger's item, where exactly one has the code. make: a missing one is made."
        },
    )
    stock: bool = field(
        default=False,
        metadata={"help": "yes: its quantities are read, and what differs from the store is proposed for review."},
    )


def retail(options: Masters) -> Mapping[str, str]:
    """The retail customer by shop. Raises Misconfigured for a text that does not say so, or for a word that `items` does not know."""
    if options.items not in ("off", "link", "make"):
        raise Misconfigured(f"The option items is “{options.items}”.", fix="Set it to off, link or make.")
    pairs = [part.partition("=") for part in re.split(r"[,;\s]+", options.retail.strip()) if part]
    if wrong := [shop + mark + id for shop, mark, id in pairs if not (shop and id)]:
        words = f"The option retail says “{wrong[0]}”, which names no shop and customer."
        raise Misconfigured(words, fix="Write shop=customer, separated by commas: web=15, eu=18.")
    return {shop: id for shop, _mark, id in pairs}


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedOut:
    """A document that is laid ready for a person to carry to the ledger, or was handed to one: it is not booked, and must not be laid again.

    `find` says so until that person tells what became of it. `late`: somebody should ask; `words` and `fix` say whom and what.
    """

    words: str
    fix: str = ""
    late: bool = False


Standing = Booked | HandedOut
Outcome = (
    Standing | Trouble
)  # of one document among several: how it stands there, or what went wrong with it and it alone


class Accounting(Protocol):
    """A ledger adapter. It is made with its typed options and, where it talks HTTP, a session that carries token and budget.

    Every method may raise the errors of `integrations.errors` and no other on purpose. `book` looks by reference before it writes, and compares what the
    ledger made with the document to the cent before it reports success; an outcome nobody knows is `Uncertain`, never a guess.
    """

    kinds: ClassVar[frozenset[str]]
    """The document kinds it can take; a document of another kind is a finding before approval."""
    concurrency: ClassVar[int]
    """How many documents may be under way at once."""
    idempotency: ClassVar[Idempotency]
    bounds: ClassVar[Bounds]

    def check(self) -> Sequence[Check]:
        """Look whether everything is in place to book: company, currency, locks, rights; writes nothing. What is missing comes with where to click."""

    def choices(self) -> incoming.Choices:
        """What can be chosen there: accounts, tax codes, payment accounts, items, customers."""

    def find(self, document: outgoing.Document) -> Standing | None:
        """The document if it stands in the ledger (found by key or reference, never by figures), None if it surely does not.

        Raises Conflict if what stands there has another total, currency or date, or another hash where the ledger keeps it.
        """

    def book(self, document: outgoing.Document) -> Standing:
        """Write the document once and read it back. If it stands there already, it is returned as found.

        A ledger that keeps customers and items finds them first: what `document.known` says, else by our reference, else it makes them where that is
        allowed; it says in `Booked.bound` what it found or made. One that merely looks alike (VAT id, e-mail, code) raises Undecided.
        A ledger that a person carries files to lays it ready and answers HandedOut, at once and each time it is asked, until that person answers.
        """

    def read(self, references: Sequence[str]) -> Sequence[incoming.InvoiceState]:
        """What the ledger now says of the documents under these references, each with its kind (several kinds may share one), in few calls for many.

        A reference under which nothing stands comes back once, with state `deleted` and no kind.
        """


class Batching(Accounting, Protocol):
    """A ledger that takes several documents in one call. One that does not has neither of these, and is given one at a time."""

    batch: ClassVar[int]
    """How many documents one call may carry."""

    def book_many(self, documents: Sequence[outgoing.Document]) -> Sequence[Outcome]:
        """Do for each what `book` does, at most `batch` in one call: one outcome a document, in their order, an error where `book` would raise it.

        A bad document harms no good one. What is raised is said of all of them: Uncertain where the reply is lost, so that each is looked up by itself;
        Unavailable or Misconfigured where surely nothing was booked. None of them waits for another: whatever must be booked before them is booked.
        """


class Previewing(Accounting, Protocol):
    """A ledger that says in its own terms what it would be given. Of one that does not, the postings are shown with the names that `choices` told."""

    def preview(self, document: outgoing.Document) -> Preview:
        """What `book` would write for the document, and what would be in its way; looks only, and writes nothing: no customer, no item, no draft."""


class Counting(Accounting, Protocol):
    """A ledger that keeps stock and can be asked for it. One that does not has no such method; it is asked only where its option `stock` is on."""

    def stock(self, codes: Sequence[str]) -> Sequence[incoming.StockLevel]:
        """How many of each item may be sold (on hand, less what is reserved), by the item's code as `sku` and warehouse as `location`; in few calls for many.

        An item of which nothing lies there is 0 in each warehouse; one that is not there, keeps no stock, or shares its code is absent.
        """


def tells_stock(ledger: Accounting) -> bool:
    """Whether this ledger is to be asked for quantities."""
    return hasattr(ledger, "stock") and bool(getattr(getattr(ledger, "options", None), "stock", False))


def previewed(ledger: Accounting, document: outgoing.Document) -> Preview:
    """The ledger's own preview, else the plain one. Raises the errors of a look."""
    if hasattr(ledger, "preview"):
        return cast(Previewing, ledger).preview(document)
    return preview.plain(document, ledger.choices())


def batch_of(ledger: Accounting) -> int:
    """How many documents one call of this ledger may carry."""
    return int(getattr(ledger, "batch", 1))


def book_many(ledger: Accounting, documents: Sequence[outgoing.Document]) -> list[Outcome]:
    """The outcome of each document in order, whether the ledger takes many at once or each by itself. Raises what is said of all of them."""
    if batch_of(ledger) > 1:
        outcomes = list(cast(Batching, ledger).book_many(documents))
        if len(outcomes) != len(documents):
            raise Uncertain(f"The adapter told {len(outcomes)} outcomes of {len(documents)} documents.")
        return outcomes
    return [_booked(ledger, document) for document in documents]


def _booked(ledger: Accounting, document: outgoing.Document) -> Outcome:
    try:
        return ledger.book(document)
    except Trouble as error:
        return error


def add_up(document: outgoing.Document) -> None:
    """Raises Refused unless the lines make the document's total, and no amount is finer than its currency."""
    found = money.total(line.net + line.tax for line in document.lines)
    if found != document.gross or document.net + document.tax != document.gross:
        words = f"{document.reference}: the lines make {found} {document.currency}, the document {document.gross}."
        raise Refused(words, fix="Name the difference by an adjustment line and approve again.", cause="amounts:")
    for posting in outgoing.postings(document):
        if not money.is_exact(posting.amount, document.currency):
            words = f"{document.reference}: {posting.amount} {document.currency} on {posting.account} is finer than the currency."
            raise Refused(words, fix="Correct the amount by a named adjustment and approve again.", cause="amounts:")
