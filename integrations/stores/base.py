"""The contract of a store's file formats: a reader makes incoming records from bytes and decides nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, ClassVar, Protocol

from orders import incoming


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
