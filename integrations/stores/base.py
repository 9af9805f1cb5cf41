"""The contract of a store: a reader makes incoming records from bytes, a door knows the store's own deliveries, a listener is told our news."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import BinaryIO, ClassVar, Protocol, runtime_checkable

from integrations.accounting.base import Check
from orders import incoming

__all__ = [
    "DATES",
    "DECIMAL",
    "ENCODING",
    "ZONE",
    "Asked",
    "Check",
    "CustomerNews",
    "Door",
    "Example",
    "Letter",
    "Listener",
    "News",
    "NumberNews",
    "Reader",
    "Setting",
    "StockNews",
    "TagNews",
    "TrackingNews",
    "Unreadable",
    "Wishes",
]


class Unreadable(Exception):
    """The file as a whole cannot be read: the message says what it looks like, what is missing, and what to do instead."""


DECIMAL, DATES, ZONE, ENCODING = "decimal", "dates", "zone", "encoding"
"""What may be open in a file: its mark before decimals, what comes first in 03/04/2026, the zone of its times, its letters."""


@dataclass(frozen=True, slots=True)
class Example:
    """A value of the file, by its column and the number of its row."""

    field: str
    value: str
    row: int


@dataclass(slots=True)
class Asked:
    """What a file leaves open, found while it is read: each question with the first value that raised it."""

    noted: dict[str, Example] = field(default_factory=dict)
    leaned: dict[tuple[str, str], Example] = field(default_factory=dict)
    seen: dict[tuple[str, str], Example] = field(default_factory=dict)

    def note(self, question: str, example: Example) -> None:
        """The value reads two ways, and nobody said which."""
        self.noted.setdefault(question, example)

    def lean(self, question: str, way: str, example: Example) -> None:
        """The value reads two ways, and was read as the maker of the layout writes."""
        self.leaned.setdefault((question, way), example)

    def saw(self, question: str, way: str, example: Example) -> None:
        """The value reads one way only, and that is not how the maker of the layout writes."""
        self.seen.setdefault((question, way), example)

    def questions(self) -> dict[str, Example]:
        """What has to be asked: what was noted, and where the file itself contradicts the habit that a value was read by."""
        asked = dict(self.noted)
        for (question, way), example in self.leaned.items():
            if any(other == question and against != way for other, against in self.seen):
                asked.setdefault(question, example)
        return asked


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What a reader must know of the shop, for files that do not say it: its currency and its time zone (IANA name); and what people said of this file.

    `decimal` is "." or ",", `dates` is "dmy" or "mdy", `encoding` a codec's name, `zone` the IANA name of the zone of times without offset; "" is "nobody said".
    `asked` collects what the reading finds open.
    """

    currency: str
    time_zone: str
    decimal: str = ""
    dates: str = ""
    encoding: str = ""
    zone: str = ""
    asked: Asked = field(default_factory=Asked, compare=False, repr=False)


class Reader(Protocol):
    """One layout of one store. Registered with `@layout`; tried in turn on the head of a file."""

    name: ClassVar[str]
    """For people and for `--layout`: "shopify-orders-csv"."""
    fidelity: ClassVar[incoming.Fidelity]

    def recognises(self, head: bytes, file_name: str) -> bool:
        """True if the first 64 KiB look like this layout (also a broken one: `read` then says what is wrong).

        Raises Unreadable for what is certainly from this store, but something else (customers, a refund alone) or lacks columns.
        """

    def read(self, stream: BinaryIO, setting: Setting) -> Iterator[incoming.Record]:
        """Yield one record per order (or Refusal for one that cannot be made out), in bounded memory. Raises Unreadable for the whole file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A genuine delivery. `key` names it for ever: the same event told again has the same key. `topic` is the store's word for what it is about, or "".

    `layout` is the reader's name, "" where it is to be recognised by what the delivery holds.
    """

    key: str
    topic: str = ""
    layout: str = ""


@runtime_checkable
class Door(Protocol):
    """A store's adapter that takes deliveries at /webhooks/NAME/."""

    def letter(self, body: bytes, headers: Mapping[str, str]) -> Letter | None:
        """What this delivery is, or None if it is not signed with a secret of this connection. Header names are told apart by letters, not by case."""

    def check(self) -> Sequence[Check]:
        """What is set, and where the store must send its deliveries; calls nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What a shop wants its store to be told, an option each and all off. A listener's Options inherit them; `tell_tag` is the tag itself."""

    tell_stock: bool = False
    tell_number: bool = False
    tell_tracking: bool = False
    tell_customer: bool = False
    tell_tag: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StockNews:
    """Set the count of a SKU from `before`, which was seen at the approval, to `after`. Ids are the store's, "" where we have none; so is `location`.

    `key` is the same for the same news for ever (a UUID), for stores that honour one.
    """

    key: str
    sku: str
    before: Decimal
    after: Decimal
    product: str = ""
    parent: str = ""
    location: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberNews:
    """The ledger's number of the order's invoice or receipt; `reference` is ours, one for each document of the order."""

    key: str
    order: str
    reference: str
    number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackingNews:
    """A parcel is on its way; `lines` by the store's line ids with their quantities, none for all that is open."""

    key: str
    order: str
    number: str
    carrier: str = ""
    url: str = ""
    lines: tuple[tuple[str, Decimal], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TagNews:
    """A word to put at the order."""

    key: str
    order: str
    tag: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerNews:
    """One field of a customer (name, email, phone, company, vat_id), from `before` to `after`."""

    key: str
    customer: str
    field: str
    before: str
    after: str


News = StockNews | NumberNews | TrackingNews | TagNews | CustomerNews


@runtime_checkable
class Listener(Protocol):
    """A store's adapter that can be told something. It is made as every adapter, and raises the errors of `integrations.errors` and no other on purpose."""

    options: Wishes
    concurrency: ClassVar[int]

    def check(self) -> Sequence[Check]:
        """Look whether everything is in place to tell what is wished; writes nothing."""

    def stands(self, news: News) -> bool:
        """True if the store has it, False if it surely has not. Raises Conflict if it has something that is neither what we saw nor what we want."""

    def tell(self, news: News) -> None:
        """Make it so, once: by the store's compare-and-set where it has one, else look, compare, set and read back; what stands already is left alone.

        Raises Conflict as `stands` does, Refused where the store cannot be told that.
        """
