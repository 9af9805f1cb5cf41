"""The contract of a ledger: what every accounting adapter offers, and what every caller may rely on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

from orders import incoming, outgoing
from orders.outgoing import Adjustment, Booked

__all__ = ["Accounting", "Adjustment", "Booked", "Check", "HandedOut", "Standing"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """The outcome of one look at a connection: `ok`, and in words what was seen or what is missing and where to click."""

    name: str
    ok: bool
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedOut:
    """A document that is laid ready for a person to carry to the ledger, or was handed to one: it is not booked, and must not be laid again.

    `find` says so until that person tells what became of it. `late`: somebody should ask; `words` and `fix` say whom and what.
    """

    words: str
    fix: str = ""
    late: bool = False


Standing = Booked | HandedOut


class Accounting(Protocol):
    """A ledger adapter. It is made with its typed options and, where it talks HTTP, a session that carries token and budget.

    Every method may raise the errors of `integrations.errors` and no other on purpose. `book` looks by reference before it writes, and compares what the
    ledger made with the document to the cent before it reports success; an outcome nobody knows is `Uncertain`, never a guess.
    """

    kinds: ClassVar[frozenset[str]]
    """The document kinds it can take."""
    concurrency: ClassVar[int]
    """How many documents may be under way at once."""

    def check(self) -> Sequence[Check]:
        """Look whether everything is in place to book; writes nothing."""

    def choices(self) -> incoming.Choices:
        """The ledger's own accounts and tax codes."""

    def find(self, document: outgoing.Document) -> Standing | None:
        """The document if it stands in the ledger (found by key or reference, never by figures), None if it surely does not.

        Raises Conflict if what stands there has another total, currency or date, or another hash where the ledger keeps it.
        """

    def book(self, document: outgoing.Document) -> Standing:
        """Write the document once and read it back. If it stands there already, it is returned as found.

        A ledger that a person carries files to lays it ready and answers HandedOut, at once and each time it is asked, until that person answers.
        """

    def read(self, references: Sequence[str]) -> Sequence[incoming.InvoiceState]:
        """What the ledger now says of the documents under these references, each with its kind (several kinds may share one).

        A reference under which nothing stands comes back once, with state `deleted` and no kind.
        """
