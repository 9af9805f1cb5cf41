"""A proof as text, for people, and as plain data, for programs."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Any

from orders import money
from orders.findings.amounts import figure
from orders.findings.codes import CODES
from orders.models import Finding
from orders.reconciliation.rows import Difference, Proof, Row, Waiting

_TITLES = (
    "day",
    "",
    "store",
    "adjustments",
    "approved",
    "by the ledger",
    "booked",
    "waiting",
    "rejected",
    "difference",
)


def text(proof: Proof) -> Iterator[str]:
    """The proof line by line: a table per shop and currency, money below sales, payouts below money, then what waits and why, then every difference by name."""
    for title, rows in (("Sales", proof.sales), ("Money", proof.money), ("Payouts", proof.payouts)):
        for (shop, currency), found in groupby(rows, key=lambda row: (row.shop, row.currency)):
            yield f"{title} of {shop}, {currency}"
            yield from _table([_cells(row) for row in found])
            yield ""
    yield from _waiting(proof.waiting)
    yield from _verdict(proof)


def reasons(found: Iterable[Waiting]) -> list[str]:
    """Why each of them waits, as a person says it: in the words of a problem that has this code and cause."""
    parts = [_parts(one.why) for one in found]
    causes = {cause for _before, code, cause in parts if code and cause}
    rows = Finding.objects.filter(cause__in=causes).order_by("code", "cause", "pk").distinct("code", "cause")
    words = {(code, cause): said for code, cause, said in rows.values_list("code", "cause", "words")}
    return [
        f"{before}: {words.get((code, cause)) or CODES[code].title}".rstrip(".") if code else before
        for before, code, cause in parts
    ]


def _parts(why: str) -> tuple[str, str, str]:
    """What stands before a problem, its code, and its cause; the first alone where it is none."""
    before, _colon, rest = why.partition(": ")
    code, _blank, cause = rest.partition(" ")
    return (before, code, cause.strip("()")) if code in CODES else (why, "", "")


def data(proof: Proof) -> dict[str, Any]:
    """The proof as JSON-ready data: amounts as text, days in ISO 8601."""
    return {
        "holds": proof.holds,
        **{
            name: [_plain(row) for row in getattr(proof, name)]
            for name in ("sales", "money", "payouts", "waiting", "differences")
        },
    }


def _cells(row: Row) -> tuple[str, ...]:
    amounts = (
        row.store, row.source + row.named, row.approved, row.target, row.booked, row.unsigned + row.unbooked, row.left_out, row.difference,
    )  # fmt: skip
    return (str(row.day or ""), row.measure, *(figure(value, row.currency) if value else "." for value in amounts))


def _table(rows: list[tuple[str, ...]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(_TITLES, *rows, strict=True)]
    before = ""
    for cells in (_TITLES, *rows):
        shown = ("" if cells[0] == before else cells[0], *cells[1:])
        before = cells[0]
        yield "  ".join(
            cell.ljust(width) if at < 2 else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(shown, widths, strict=True))
        )


def _waiting(found: Iterable[Waiting]) -> Iterator[str]:
    """Reasons that keep sales out of the books; money follows its order, so it is not listed again."""
    rows = [row for row in found if not row.money]
    if rows:
        yield "Not in the books, and why"
        for row, why in zip(rows, reasons(rows), strict=True):
            yield f"  {row.shop}: {row.count} × {why}: {figure(row.amount, row.currency)} {row.currency}"
        yield ""


def _verdict(proof: Proof) -> Iterator[str]:
    if proof.holds:
        yield "Store = approved = booked: every difference is zero."
        return
    yield f"{len(proof.differences)} differences:"
    yield from map(_line, proof.differences)


def _line(found: Difference) -> str:
    signed = ", ".join(found.documents) or "no document"
    return f"  {found.shop} {found.day}: {found.record}, {found.measure}: {figure(found.amount, found.currency)} {found.currency} ({signed})"


def _plain(row: Any) -> dict[str, Any]:
    return {name: _text(value) for name, value in dataclasses.asdict(row).items()}


def _text(value: Any) -> Any:
    if isinstance(value, Decimal):
        return f"{value.normalize() if value else money.ZERO:f}"
    return value.isoformat() if isinstance(value, date) else value
