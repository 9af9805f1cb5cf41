"""What a writer needs to know of a table: its titles, what each column is to a spreadsheet, and which amounts are summed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import accumulate, compress
from typing import Any

from orders import money
from orders.money import ZERO

TEXT, NUMBER, AMOUNT, DAY, INSTANT = "text", "number", "amount", "day", "instant"
TOTAL = "TOTAL"
# What a file is to a browser, by its form.
TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
Columns = list[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Table:
    """`kinds` says for each column what its cells are. Amounts are written with the decimals of the currency in the column `currency`, and summed by it.

    `carried`: an empty currency is that of the row before, since a record of several rows says it once.
    """

    name: str
    titles: tuple[str, ...]
    kinds: tuple[str, ...]
    currency: int | None = None
    carried: bool = False

    @property
    def summed(self) -> list[int]:
        return [at for at, kind in enumerate(self.kinds) if kind == AMOUNT]

    def codes(self, columns: Columns, before: str = "") -> list[str]:
        """For each of these rows its currency, "" without one; `before` is that of the row before the first."""
        if self.currency is None:
            return [""] * len(columns[0])
        if not self.carried:
            return [code or "" for code in columns[self.currency]]
        return list(accumulate(columns[self.currency], lambda last, code: code or last, initial=before))[1:]


@dataclass(slots=True)
class Totals:
    """The control totals of the rows that were written: how many, and by currency the sum of every amount column."""

    table: Table
    rows: int = 0
    last: str = ""
    counted: dict[str, int] = field(default_factory=dict)
    sums: dict[str, dict[int, Decimal]] = field(default_factory=dict)

    def add(self, columns: Columns) -> list[int]:
        """Count and sum these rows, given column by column. Returns the decimals of each row's currency."""
        codes = self.table.codes(columns, self.last)
        self.rows, self.last = self.rows + len(codes), codes[-1]
        for code in set(codes):
            mine = [other == code for other in codes]
            self.counted[code] = self.counted.get(code, 0) + sum(mine)
            sums = self.sums.setdefault(code, dict.fromkeys(self.table.summed, ZERO))
            for at in self.table.summed:
                sums[at] += sum(filter(None, compress(columns[at], mine)), ZERO)
        places = {code: decimals(code) for code in set(codes)}
        return [places[code] for code in codes]

    def lines(self) -> list[list[str]]:
        """One row for each currency, as wide as the table and as it is written: what it is in the first cell, each sum under its column."""
        return [self._line(code) for code in sorted(self.counted)] or [[f"{TOTAL}, 0 rows", *self._blank()]]

    def by_title(self) -> dict[str, dict[str, str]]:
        """The sums in words that JSON can keep: by currency and title."""
        return {
            code: {self.table.titles[at]: plain(value, decimals(code)) for at, value in sums.items()}
            for code, sums in sorted(self.sums.items())
        }

    def _line(self, code: str) -> list[str]:
        words = " ".join(filter(None, (TOTAL, code)))
        line = [f"{words}, {self.counted[code]} rows", *self._blank()]
        for at, value in self.sums[code].items():
            if at:
                line[at] = plain(value, decimals(code))
        if self.table.currency:
            line[self.table.currency] = code
        return line

    def _blank(self) -> list[str]:
        return [""] * (len(self.table.titles) - 1)


def decimals(code: str) -> int:
    """The decimals of a currency; 0 without one."""
    return money.exponent(code) if code else 0


def plain(value: Decimal, places: int = 0) -> str:
    """The number as digits: at least so many decimals, and no needless zero beyond them; nothing is rounded."""
    text = f"{value:f}"
    if places == 2 and text[-7:-6] == "." and text[-4:] == "0000":  # 11.900000, as nearly every amount is stored
        return text[:-4]
    whole, _dot, part = text.partition(".")
    part = part.rstrip("0").ljust(places, "0")
    return f"{whole}.{part}" if part else whole


def turned(rows: Sequence[Sequence[Any]]) -> Columns:
    """The rows as columns."""
    return list(zip(*rows, strict=True))
