"""What passes between a file ledger, the shelf on which its documents lie, and the person who carries the file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from orders import outgoing


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the person says of one document: its number there, its state, and, where it was said, what the ledger made of it.

    `state`: open, paid or draft where it stands there; voided or deleted once it is gone again; refused if it never came to stand there.
    """

    reference: str
    kind: str = ""
    number: str = ""
    state: str = ""
    total: Decimal | None = None
    tax: Decimal | None = None
    balance: Decimal | None = None
    why: str = ""
    row: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Laid:
    """A document on the shelf. `batch` names the file it went into ("" while it waits for the next one); `returned` says why it came back."""

    document: outgoing.Document
    batch: str = ""
    late: bool = False
    answer: Answer | None = None
    returned: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One file to be carried: its name without number, its bytes, the rows it has, and where to click to bring it in."""

    name: str
    content: bytes
    rows: int
    steps: str


class Shelf(Protocol):
    """Where a file ledger lays its documents. Laying is atomic and happens once for each key and revision, however often it is asked for."""

    def find(self, document: outgoing.Document) -> Laid | None:
        """The document as it lies there, by key and revision; None if it was never laid."""

    def lay(self, document: outgoing.Document) -> Laid:
        """Lay it ready for the next file, unless it lies there."""

    def under(self, reference: str) -> Sequence[Laid]:
        """Every document under that reference, of whichever kind."""


class Illegible(Exception):
    """An acknowledgement, or a row of it, that cannot be read; `words` names row, field, value and fix."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words
