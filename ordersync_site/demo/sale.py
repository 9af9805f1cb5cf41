"""What was sold, before any store's format: lines with their taxes, reckoned and rounded as a store does it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from orders import money
from ordersync_site.demo.cast import Good, Person

Rates = tuple[tuple[str, Decimal], ...]
"""Titles and rates of the taxes on a line: (("DE MwSt", Decimal("0.19")),)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sold:
    """A good in a quantity, less a discount; `discount` is in the price's own terms (with tax where prices include tax)."""

    good: Good
    quantity: int = 1
    discount: Decimal = money.ZERO
    rates: Rates = ()

    @property
    def amount(self) -> Decimal:
        return self.good.price * self.quantity - self.discount


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale:
    """One order. `id` is the store's, `number` what people see; shipping has taxes of its own."""

    id: int
    number: str
    at: datetime
    person: Person
    currency: str
    tax_included: bool
    sold: tuple[Sold, ...]
    shipping: Decimal = money.ZERO
    shipping_rates: Rates = ()
    gateway: str = "shopify_payments"
    paid: bool = True
    shipped: bool = False
    changes: dict[str, object] = field(default_factory=dict)

    def taxes(self, amount: Decimal, rates: Rates) -> list[tuple[str, Decimal, Decimal]]:
        """Title, rate and amount of each tax on an amount, each rounded by itself."""
        whole = 1 + money.total(rate for _title, rate in rates) if self.tax_included else Decimal(1)
        return [(title, rate, money.rounded(amount * rate / whole, self.currency)) for title, rate in rates]

    def text(self, amount: Decimal) -> str:
        """The amount as stores write it: "11.90", in yen "1190"."""
        return str(money.rounded(amount, self.currency))

    @property
    def sent_at(self) -> datetime:
        """The next day, some hours earlier or later."""
        return self.at + timedelta(hours=20 + self.id % 9)
