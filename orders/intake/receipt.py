"""What became, or would become, of each record that was handed over."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Line:
    """What became of one record: its place for people, its number, our order's id, and for a refusal the reason and the field."""

    place: str
    number: str = ""
    order_id: int | None = None
    words: str = ""
    field: str = ""
    value: str = ""


@dataclass(slots=True)
class Receipt:
    """What became of every record: each stands in exactly one of these lists, committed (or in the caller's transaction) when receive returns."""

    created: list[Line] = field(default_factory=list)
    updated: list[Line] = field(default_factory=list)
    same: list[Line] = field(default_factory=list)
    older: list[Line] = field(default_factory=list)
    refused: list[Line] = field(default_factory=list)
