"""Makes an order of what WooCommerce's export plugins write: put back into the shape of the store's own JSON, and read as that."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, tzinfo
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from integrations.formats import notation
from integrations.formats.cells import Cells
from integrations.formats.node import Node
from integrations.stores.woocommerce import order, packed
from orders import incoming, money
from orders.money import ZERO

Json = dict[str, Any]
Items = Sequence[Mapping[str, Any]]
UNNAMED = "unnamed"
_MOST_LINES = 12
"""So many taxed lines are tried against an order's rates; with more, whose tax a line bears is not looked for."""


def made(head: Cells, items: Items) -> incoming.Order:
    """The order of its head and its items (`name`, `sku`, `quantity`, `total`, … as the JSON has them; amounts Decimal, None where unknown). Raises Unclear."""
    setting = head.sheet.setting
    zone = ZoneInfo(setting.zone or setting.time_zone)
    data = _head(head, zone)
    goods = [item for item in items if "used_balance" not in item]
    data["gift_cards"] = [{"amount": item["used_balance"]} for item in items if "used_balance" in item]
    derived = _taxed(head, data, goods)
    found = order.made(Node(data), currency=setting.currency, zone=zone)
    return _marked(found, derived, data)


def _head(head: Cells, zone: tzinfo) -> Json:
    placed = head.instant("orderdate", "date", "createdat", zone=zone)
    paid = head.instant("paiddate", "datepaid", zone=zone)
    done = head.instant("completeddate", "datecompleted", zone=zone)
    return {
        "id": head.text("orderid"),
        "number": head.text("ordernumberformatted", "ordernumber", "orderid"),
        "currency": head.text("ordercurrency"),
        "status": head.text("status", "orderstatus").lower().removeprefix("wc-"),
        "date_created": placed.isoformat() if placed else None,
        "date_paid": paid.isoformat() if paid else None,
        "date_completed": done.isoformat() if done else None,
        "total": head.required("ordertotal"),
        "total_tax": head.amount("taxtotal"),
        "discount_total": head.amount("discounttotal", "cartdiscount"),
        "shipping_total": head.amount("shippingtotal"),
        "shipping_tax": head.amount("shippingtaxtotal"),
        "payment_method": head.text("paymentmethod"),
        "transaction_id": head.text("transactionid"),
        "customer_id": head.text("customerid", "customeruser"),
        "billing": _address(head, "billing", head.text("billingemail", "customeremail")),
        "shipping": _address(head, "shipping", ""),
        "meta_data": [{"key": "vat_number", "value": head.text("vatnumber")}],
        "fee_lines": list(_fees(head)),
        "coupon_lines": [{"code": item.get("code", ""), "discount": item.get("amount")} for item in _coupons(head)],
        "refunds": list(_refunds(head, zone)),
    }


def _address(head: Cells, side: str, email: str) -> Json:
    return {
        "first_name": head.text(f"{side}firstname"), "last_name": head.text(f"{side}lastname"), "company": head.text(f"{side}company"),
        "address_1": head.text(f"{side}address1"), "address_2": head.text(f"{side}address2"), "city": head.text(f"{side}city"),
        "state": head.text(f"{side}statecode", f"{side}state"), "postcode": head.text(f"{side}postcode"),
        "country": head.text(f"{side}country"), "phone": head.text(f"{side}phone"), "email": email,
    }  # fmt: skip


def number(head: Cells, column: str, value: str | None) -> Decimal | None:
    """An amount inside a packed cell, in the file's notation. Raises Unclear, naming the column."""
    return notation.number(
        value or "", head.sheet.setting, field=head.title(column), row=head.found.line, own="."
    )  # fmt: skip


def _fees(head: Cells) -> Iterable[Json]:
    fees = packed.items(head.text("feeitems"))
    for item in fees:
        yield {
            "id": item.get("id", ""), "name": item.get("title") or item.get("name") or "Fee", "total": number(head, "feeitems", item.get("total")),
            "total_tax": number(head, "feeitems", item.get("total_tax") or item.get("tax")), "taxes": shares(head, "feeitems", item.get("tax_data", "")),
        }  # fmt: skip
    if not fees and head.sum("feetotal"):
        yield {
            "id": "",
            "name": "Fee",
            "total": head.sum("feetotal"),
            "total_tax": head.sum("feetaxtotal"),
            "taxes": [],
        }


def shares(head: Cells, column: str, text: str) -> list[Json]:
    """The taxes of a line by rate, as PHP serialized them."""
    return [{"id": rate, "total": number(head, column, amount)} for rate, amount in packed.taxes(text)]


def _coupons(head: Cells) -> list[dict[str, str]]:
    return packed.items(head.text("couponitems")) or packed.items(head.text("coupons"))


def _refunds(head: Cells, zone: tzinfo) -> Iterable[Json]:
    """Customer/Order Export dates refunds in the shop's time and gives their ids; WebToffee's has neither: PHP's own time, which is UTC in WordPress."""
    column = next((name for name in ("refunds", "refunditems") if head.text(name)), "")
    for n, item in enumerate(packed.items(head.text(column)) if column else [], start=1):
        at = notation.instant(
            item.get("date", ""), head.sheet.setting, field=head.title(column), row=head.found.line, zone=zone if "id" in item else UTC
        )  # fmt: skip
        yield {
            "id": item.get("id") or str(n), "amount": number(head, column, item.get("amount")), "reason": item.get("reason", ""),
            "date_created": at.isoformat() if at else None,
        }  # fmt: skip
    if not column and head.sum("refundedtotal"):
        yield {"id": "refunded", "amount": head.sum("refundedtotal"), "reason": "", "date_created": None}


def _taxed(head: Cells, data: Json, items: Items) -> bool:
    """Lay items, shipping and rates into the order, each line with its taxes; True if the taxes of the items had to be divided by us."""
    rates = _rates(head)
    lines = [dict(item) for item in items]
    data["shipping_lines"] = list(_shipping(head))
    parts = [*lines, *data["fee_lines"], *data["shipping_lines"]]
    derived = _spread(head, data, lines)
    if len(rates) > 1:
        _named(rates, [part for part in parts if part.get("total_tax") and not part.get("taxes")])
    if any(part.get("total_tax") for part in parts) and (not rates or _open(parts, rates)):
        rates.append({"rate_id": UNNAMED, "label": " + ".join(rate["label"] for rate in rates) or "Tax"})
        for part in parts:
            if part.get("total_tax") and not part.get("taxes"):
                part["taxes"] = [{"id": UNNAMED, "total": part["total_tax"]}]
    data["line_items"], data["tax_lines"] = lines, rates
    return derived


def _rates(head: Cells) -> list[Json]:
    return [
        {
            "rate_id": item.get("rate_id") or item.get("id") or item.get("code", ""), "rate_code": item.get("code", ""),
            "label": item.get("title") or item.get("label") or item.get("code", ""), "compound": item.get("compound") or item.get("tax_rate_compound"),
            "rate_percent": number(head, "taxitems", item.get("rate_percent")), "tax_total": number(head, "taxitems", item.get("total")),
            "shipping_tax_total": number(head, "taxitems", item.get("shipping_tax_amount")),
        }
        for item in packed.items(head.text("taxitems"))
    ]  # fmt: skip


def _shipping(head: Cells) -> Iterable[Json]:
    """One line: the file states the shipping's amounts for the whole order."""
    packs = packed.items(head.text("shippingitems"))
    total, tax = head.sum("shippingtotal"), head.sum("shippingtaxtotal")
    titles = ", ".join(found for item in packs if (found := item.get("method_title") or item.get("method")))
    if total or tax or titles or head.text("shippingmethod"):
        taxes = shares(head, "shippingitems", packs[0].get("taxes", "")) if len(packs) == 1 else []
        yield {"method_title": head.text("shippingmethod") or titles, "total": total, "total_tax": tax, "taxes": taxes}


def _spread(head: Cells, data: Json, lines: list[Json]) -> bool:
    """Where no item states its tax, the order's, less what shipping and fees bear, is spread over the items by value. True if that was done."""
    if not lines or any(line.get("total_tax") is not None for line in lines):
        return False
    elsewhere = head.sum("shippingtaxtotal") + money.total(fee["total_tax"] or ZERO for fee in data["fee_lines"])
    rest = (data["total_tax"] or ZERO) - elsewhere
    currency = (data["currency"] or head.sheet.setting.currency).upper()
    weights = [max(line["total"] or ZERO, ZERO) for line in lines]
    if rest <= 0 or not money.is_exact(rest, currency):
        return False
    for line, share in zip(lines, money.allocate(rest, weights, currency), strict=True):
        line["total_tax"] = share
    return True


def _named(rates: list[Json], parts: list[Json]) -> None:
    """Whose rate each line bears, where the rates' totals leave one way only: no line bears two then. Nothing is guessed: else the lines stay without."""
    wanted = [(rate["tax_total"] or ZERO) + (rate["shipping_tax_total"] or ZERO) for rate in rates]
    if len(parts) > _MOST_LINES or len(rates) ** len(parts) > 1 << 16:
        return
    amounts = [part["total_tax"] for part in parts]
    ways = [
        way
        for way in itertools.product(range(len(rates)), repeat=len(parts))
        if _sums(way, amounts, len(rates)) == wanted
    ]
    if len({tuple(sorted(zip(way, amounts, strict=True))) for way in ways}) == 1 and len(ways) == 1:
        for part, at in zip(parts, ways[0], strict=True):
            part["taxes"] = [{"id": rates[at]["rate_id"], "total": part["total_tax"]}]


def _sums(way: Sequence[int], amounts: Sequence[Decimal], count: int) -> list[Decimal]:
    sums = [ZERO] * count
    for at, amount in zip(way, amounts, strict=True):
        sums[at] += amount
    return sums


def _open(parts: Items, rates: list[Json]) -> bool:
    return len(rates) > 1 and any(part.get("total_tax") and not part.get("taxes") for part in parts)


def _marked(found: incoming.Order, derived: bool, data: Json) -> incoming.Order:
    """With what had to be assumed, in words; a tax that we divided says so."""
    notes = list(found.notes)
    lines = found.lines
    if derived:
        notes.append("The file states the tax for the whole order only; it was divided among the items by value.")
        lines = tuple(
            dataclasses.replace(line, taxes=tuple(dataclasses.replace(tax, derived=True) for tax in line.taxes))
            for line in lines
        )
    if any(rate["rate_id"] == UNNAMED for rate in data["tax_lines"]):
        notes.append("The file does not say which of its taxes a line bears; they stand under one name.")
    if not data["date_paid"]:
        notes.append("The file names no day of payment, so that no payment is known.")
    if any(refund["id"] == "refunded" for refund in data["refunds"]):
        notes.append("The file states the refunded amount only, without date or lines.")
    broken = tuple(_broken(found.identities, data))
    return dataclasses.replace(found, lines=lines, notes=tuple(dict.fromkeys(notes)), identities=broken)


def _broken(identities: Iterable[incoming.Identity], data: Json) -> Iterable[incoming.Identity]:
    """Of the sums of WooCommerce's JSON (docs/stores.md) those that the file states both sides of; its total is checked once, as X1."""
    stated = {
        "W4": any(rate["rate_id"] != UNNAMED for rate in data["tax_lines"]),
        "W6": any(item["subtotal"] is not None for item in data["line_items"]),
    }
    for identity in identities:
        if identity.code == "W1":
            yield dataclasses.replace(identity, code="X1")
        elif stated.get(identity.code):
            yield identity
