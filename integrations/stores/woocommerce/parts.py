"""Makes an order's lines of WooCommerce's order JSON: items, shipping and fees, all without tax, each with its taxes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal

from integrations.formats.node import Node
from orders import incoming, money
from orders.incoming import LineKind
from orders.money import ZERO

PARTS = ("line_items", "shipping_lines", "fee_lines")
_TIPS = {"tip", "tips", "gratuity", "trinkgeld", "pourboire", "propina"}
_PRIORITY = re.compile(r"-\d+$")

Rates = Mapping[str, incoming.Tax]


def made(order: Node, currency: str) -> list[incoming.Line]:
    """Every line of the order. Raises Unclear."""
    named = rates(order)
    return [
        *(_item(item, named, currency) for item in order.nodes("line_items")),
        *(_shipping(item, named, currency) for item in order.nodes("shipping_lines")),
        *(_fee(item, named, currency) for item in order.nodes("fee_lines")),
    ]


def rates(order: Node) -> Rates:
    """The order's tax rates by their id: title, rate as a fraction, country and region; amounts are left 0. Raises Unclear."""
    return {line.text("rate_id"): _rate(line) for line in order.nodes("tax_lines")}


def _rate(line: Node) -> incoming.Tax:
    percent = line.amount("rate_percent")
    country, region = _place(line.text("rate_code"), line.text("label"))
    return incoming.Tax(
        title=line.text("label") or line.text("rate_code"),
        amount=ZERO,
        rate=percent / 100 if percent else None,  # a rate that was deleted later says 0 or nothing
        country=country,
        region=region,
        compound=line.flag("compound"),
    )


def _place(code: str, label: str) -> tuple[str, str]:
    """Country and region of a rate's code, which joins country, state, name and priority, leaving out what is empty: "CA-BC-GST-1"."""
    place = _PRIORITY.sub("", code).removesuffix(label.upper()).strip("-").split("-")
    country = place[0] if len(place[0]) == 2 and place[0].isalpha() else ""
    named = code.upper().startswith("-".join(place))
    return country, place[1] if country and named and len(place) == 2 else ""


def taxes(part: Node, named: Rates, currency: str, *, sign: int = 1) -> tuple[incoming.Tax, ...]:
    """The taxes of a line under their titles; their sum is the line's own total tax, of which `taxes` are unrounded shares. Raises Unclear."""
    whole = part.sum("total_tax") * sign
    stated = [(item.text("id"), item.sum("total") * sign) for item in part.nodes("taxes")]
    stated = [(rate, amount) for rate, amount in stated if amount]
    if not whole:
        return ()
    if not stated:
        only = next(iter(named)) if len(named) == 1 else ""
        stated = [(only, whole)]
    exact = money.total(amount for _rate_id, amount in stated) == whole
    amounts = (
        [amount for _rate_id, amount in stated]
        if exact
        else _fitted(whole, [amount for _id, amount in stated], currency)
    )
    return tuple(
        _named(named.get(rate), amount, derived=not exact and len(stated) > 1)
        for (rate, _), amount in zip(stated, amounts, strict=True)
    )


def _fitted(whole: Decimal, shares: list[Decimal], currency: str) -> list[Decimal]:
    if not money.is_exact(whole, currency):
        return shares if len(shares) > 1 else [whole]
    return money.allocate(whole, [abs(share) for share in shares], currency)


def _named(rate: incoming.Tax | None, amount: Decimal, *, derived: bool) -> incoming.Tax:
    rate = rate or incoming.Tax(title="", amount=ZERO)
    return incoming.Tax(
        title=rate.title,
        amount=amount,
        rate=rate.rate,
        country=rate.country,
        region=rate.region,
        compound=rate.compound,
        derived=derived,
    )


def _item(item: Node, named: Rates, currency: str) -> incoming.Line:
    total = item.required("total")
    before = item.amount("subtotal")
    return incoming.Line(
        kind=LineKind.ITEM,
        id=item.text("id"),
        title=item.text("name"),
        amount=total,
        quantity=item.required("quantity"),
        discount=ZERO if before is None else before - total,
        sku=item.text("sku"),
        product_id=_id(item, "product_id"),
        variant_id=_id(item, "variation_id"),
        taxes=taxes(item, named, currency),
    )


def _id(item: Node, key: str) -> str:
    """The id below the key; WooCommerce writes 0 for none."""
    found = item.text(key)
    return "" if found == "0" else found


def _shipping(item: Node, named: Rates, currency: str) -> incoming.Line:
    return incoming.Line(
        kind=LineKind.SHIPPING,
        id=item.text("id"),
        title=item.text("method_title") or "Shipping",
        amount=item.sum("total"),
        taxes=taxes(item, named, currency),
    )


def _fee(item: Node, named: Rates, currency: str) -> incoming.Line:
    amount = item.sum("total")
    title = item.text("name")
    kind = LineKind.TIP if title.lower() in _TIPS else LineKind.FEE
    return incoming.Line(
        kind=LineKind.DISCOUNT if amount < 0 else kind,
        id=item.text("id"),
        title=title or "Fee",
        amount=amount,
        taxes=taxes(item, named, currency),
    )
