"""What a person says in a sheet of ours about records that are here already: changed cells of one, or a parcel, payment or refund more of an order."""

from __future__ import annotations

from dataclasses import dataclass

from orders.incoming.order import Payment, Refund, Shipment


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One changed cell: the column's name in its sheet (orders.resources), what it holds now as the sheet's canonical text, and its row's own reason.

    `line` is our id of the line that the row is about, None for what belongs to the whole record.
    """

    column: str
    value: str
    where: str  # "row 17"
    line: int | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Amendment:
    """A record of ours as it was exported, and what a person changed in it. Without cells nothing was changed.

    `version` is the exported one, None where the noun has none; `seen` the number of the last event when it was exported, 0 where that is not known.
    `unclear`: the file's rows of this record cannot be made out, with the reason in words; `field` and `value` say of which cell.
    """

    noun: str
    id: int
    where: str
    version: int | None = None
    number: str = ""
    cells: tuple[Cell, ...] = ()
    seen: int = 0
    unclear: str = ""
    field: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Addition:
    """What belongs to an order that is here already, by its number: exactly one of the three."""

    number: str
    where: str
    shipment: Shipment | None = None
    payment: Payment | None = None
    refund: Refund | None = None
