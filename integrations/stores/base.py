"""The contract of a store: a reader makes incoming records from bytes, a door knows whether a delivery is the store's own; neither decides anything."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO, ClassVar, Protocol, runtime_checkable

from integrations.accounting.base import Check
from orders import incoming

__all__ = ["Check", "Door", "Letter", "Reader", "Setting", "Unreadable"]


class Unreadable(Exception):
    """The file as a whole cannot be read: the message says what it looks like, what is missing, and what to do instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What a reader must know of the shop: its currency and its time zone (IANA name), for files that state neither."""

    currency: str
    time_zone: str


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
