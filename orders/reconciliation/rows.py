"""What a proof consists of: rows by day that balance, what waits and why, and the records where something is off."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One measure (net, gross, "tax CODE", or "money") of one shop, currency and shop's day; amounts exact, refunds negative.

    store + source + named = approved + unsigned + left_out, and approved + target = booked + unbooked; `difference` is what is missing to either.
    `unsigned` waits for its approval, or was approved and is not due; `unbooked` is signed and on its way; `left_out` was rejected.
    """

    shop: str
    currency: str
    day: date | None
    measure: str
    store: Decimal
    source: Decimal
    named: Decimal
    approved: Decimal
    target: Decimal
    booked: Decimal
    unsigned: Decimal
    unbooked: Decimal
    left_out: Decimal
    difference: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """What one reason keeps out of the books: the number of orders and refunds (or of payments, in `money`), and their gross."""

    shop: str
    currency: str
    why: str
    count: int
    amount: Decimal
    money: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One record where a measure is off: which ("order 1001"), by how much, and the references of its documents."""

    shop: str
    currency: str
    day: date | None
    measure: str
    amount: Decimal
    record: str
    documents: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """Sales, money and payouts by shop, currency and day. It holds if no single record differs: two that cancel each other out are two differences."""

    sales: tuple[Row, ...]
    money: tuple[Row, ...]
    payouts: tuple[Row, ...]
    waiting: tuple[Waiting, ...]
    differences: tuple[Difference, ...]

    @property
    def holds(self) -> bool:
        return not self.differences
