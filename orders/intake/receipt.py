"""What became, or would become, of each record that was handed over."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Change:
    """One cell that a person changed in a sheet of ours: its column, what stood there and what stands there then, in which row of the file.

    `reason` is the row's own; "" where the file's one reason (`Source.reason`) holds.
    """

    title: str
    before: str
    after: str
    where: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """What became of one record: its place for people, its number, our order's id, and for a refusal the reason and the field.

    `changes` are a person's corrections, cell by cell; also of a record that was refused for them.
    """

    place: str
    number: str = ""
    order_id: int | None = None
    words: str = ""
    field: str = ""
    value: str = ""
    changes: tuple[Change, ...] = ()


@dataclass(slots=True)
class Receipt:
    """What became of every record: each stands in exactly one of these lists, committed (or in the caller's transaction) when receive returns."""

    created: list[Line] = field(default_factory=list)
    updated: list[Line] = field(default_factory=list)
    same: list[Line] = field(default_factory=list)
    older: list[Line] = field(default_factory=list)
    refused: list[Line] = field(default_factory=list)
