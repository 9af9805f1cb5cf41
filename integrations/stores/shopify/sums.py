"""Works out what Shopify's order export leaves open: where its discount went, whether tax is included, and each line's share of both.

The sums that the export states, checked on real exports of seven shops (docs/stores.md): C1 to C5.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from integrations.stores.shopify import words
from integrations.stores.shopify.columns import OrderRow
from orders import incoming, money
from orders.money import ZERO

_RATE = re.compile(r"^(.*?)\s*\(?(\d+(?:\.\d+)?)\s?%\)?$", re.ASCII)


class Item(NamedTuple):
    """A row with its price, quantity, their product and its own discount."""

    row: OrderRow
    price: Decimal
    quantity: Decimal
    gross: Decimal
    discount: Decimal


def item(row: OrderRow) -> Item:
    """The item of a row. Raises Unclear."""
    price, quantity = row.required("lineitemprice"), row.required("lineitemquantity")
    return Item(row, price, quantity, price * quantity, row.sum("lineitemdiscount"))


@dataclass(slots=True)
class Sums:
    """The header's amounts of one order, and what they tell together; `items` is the sum of price times quantity, `line_discounts` of the column Lineitem discount.

    `on_shipping` is what of the discount was taken off the shipping, `off_items` what was taken off the items; `before_tax` is subtotal and shipping, less
    what was taken off it, and duties; `tax_included` says that the taxes are contained in the prices, which the file does not say, but the total does;
    `by_header` is the total that the header's other amounts give.
    """

    items: Decimal
    line_discounts: Decimal
    subtotal: Decimal
    shipping: Decimal
    taxes: Decimal
    total: Decimal
    discount: Decimal
    duties: Decimal
    refunded: Decimal
    named_taxes: Sequence[tuple[str, Decimal]]
    on_shipping: Decimal = field(init=False)
    off_items: Decimal = field(init=False)
    before_tax: Decimal = field(init=False)
    tax_included: bool = field(init=False)
    by_header: Decimal = field(init=False)

    def __post_init__(self) -> None:
        self.on_shipping = self._off_shipping() if self.discount else ZERO
        self.off_items = self.discount - self.on_shipping
        self.before_tax = self.subtotal + self.shipping - self.on_shipping + self.duties
        self.tax_included = bool(self.taxes) and self.total == self.before_tax
        self.by_header = self.before_tax + (ZERO if self.tax_included else self.taxes)

    def _off_shipping(self) -> Decimal:
        """A free-shipping code leaves the subtotal alone, and the shipping as it was."""
        off_items = self.items - self.subtotal
        rest = self.discount - off_items
        taken = self.subtotal + self.shipping - rest + self.duties
        if off_items >= ZERO and ZERO < rest <= self.shipping and self.total in (taken, taken + self.taxes):
            return rest
        return ZERO

    @property
    def _taxes_off(self) -> Decimal | None:
        return self.taxes - money.total(amount for _title, amount in self.named_taxes) if self.named_taxes else None

    def broken(self) -> list[incoming.Identity]:
        """The identities that do not hold."""
        too_much = max(self.refunded - self.total, ZERO)
        expected = self.items - self.off_items
        return [
            *words.broken("C1", "Subtotal = Σ price × quantity − discount", self.subtotal - expected),
            *words.broken(
                "C2", "Total = subtotal + shipping, with taxes on top or included", self.total - self.by_header
            ),
            *words.broken("C4", "Taxes = Σ Tax n Value", self._taxes_off),
            *words.broken("C5", "Refunded amount is not above the total", too_much),
        ]


def read(head: OrderRow, items: Sequence[Item]) -> Sums:
    """The sums of the order. Raises Unclear."""
    return Sums(
        items=money.total(item.gross for item in items),
        line_discounts=money.total(item.discount for item in items),
        subtotal=head.required("subtotal"),
        shipping=head.sum("shipping"),
        taxes=head.sum("taxes"),
        total=head.required("total"),
        discount=head.sum("discountamount"),
        duties=head.sum("duties"),
        refunded=head.sum("refundedamount"),
        named_taxes=[(head.text(name), amount) for name, value in head.columns.taxes if (amount := head.sum(value))],
    )


def spread(amount: Decimal, weights: Sequence[Decimal], currency: str) -> list[Decimal]:
    """The amount over the weights; what cannot be split to the minor unit, or has no positive weights, stays whole on the first."""
    if not amount or not weights:
        return [ZERO] * len(weights)
    if min(weights) < 0 or not money.is_exact(amount, currency):
        return [amount, *[ZERO] * (len(weights) - 1)]
    return money.allocate(amount, weights, currency)


def discounts(sums: Sums, gross: Sequence[Decimal], own: Sequence[Decimal], currency: str) -> list[Decimal]:
    """Each item's discount: its own (Lineitem discount), and its share of the rest of the order's by value."""
    if not sums.off_items:
        return [ZERO] * len(gross)
    if sums.line_discounts > sums.off_items or any(mine > value for mine, value in zip(own, gross, strict=True)):
        own = [ZERO] * len(gross)
    left = [value - mine for value, mine in zip(gross, own, strict=True)]
    shares = spread(sums.off_items - money.total(own), left, currency)
    return [mine + share for mine, share in zip(own, shares, strict=True)]


def taxes(
    sums: Sums, items: Sequence[Decimal], shipping: Decimal, taxable: Sequence[bool], currency: str
) -> list[list[incoming.Tax]]:
    """The order's taxes, derived for each item and, last, for the shipping: by value over what each tax's rate says was taxed."""
    found: list[list[incoming.Tax]] = [[] for _ in range(len(items) + 1)]
    rest = sums.taxes - money.total(amount for _title, amount in sums.named_taxes)
    named = [(*_titled(title), amount) for title, amount in [*sums.named_taxes, ("", max(rest, ZERO))] if amount]
    if not named:
        return found
    weights = [value if is_taxable else ZERO for value, is_taxable in zip(items, taxable, strict=True)]
    weights = weights if any(weights) else list(items)
    all_rates = money.total(rate or ZERO for _title, rate, _amount in named)
    for title, rate, amount in named:
        part = (rate or ZERO) / (1 + all_rates if sums.tax_included else 1)
        over = [*weights, shipping if _reaches_shipping(amount, part, money.total(weights), shipping) else ZERO]
        for at, share in enumerate(spread(amount, over, currency)):
            if share:
                found[at].append(incoming.Tax(title=title, rate=rate, amount=share, derived=True))
    return found


@functools.lru_cache(maxsize=1 << 8)
def _titled(text: str) -> tuple[str, Decimal | None]:
    """Title and rate of "DE MwSt 19%"."""
    match = _RATE.match(text)
    return (match[1], Decimal(match[2]) / 100) if match else (text, None)


def _reaches_shipping(amount: Decimal, part: Decimal, items: Decimal, shipping: Decimal) -> bool:
    if not part:
        return not items
    return abs(part * (items + shipping) - amount) < abs(part * items - amount)
