"""Where records come from, and how much that source can tell."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


class Fidelity(int):
    """How much a source can tell: a poorer one creates and fills gaps, it never overwrites a richer one."""


TYPED, FILE, API = Fidelity(10), Fidelity(20), Fidelity(30)
_TYPED = "typed "


def typed(name: str) -> str:
    """The id of a parcel, payment or refund that a person typed and no store knows."""
    return f"{_TYPED}{name}"


def is_typed(id: str) -> bool:
    return id.startswith(_TYPED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where records come from: `name` for people ("Shopify export orders.csv"), fidelity, and the person behind a file (their user id), if any.

    `reason` is why that person makes the corrections of the file, for rows that state no reason of their own.
    """

    name: str
    fidelity: Fidelity
    by_id: int | None = None
    reason: str = ""
    received_at: datetime | None = None
    message_id: int | None = field(default=None, compare=False)
