"""Writes a sale as WooCommerce's REST API does: one order with its refunds; every amount of a line is without tax."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from orders import money
from ordersync_site.demo.cast import Person
from ordersync_site.demo.sale import Rates, Sale

Json = dict[str, Any]


def order(sale: Sale) -> Json:
    """The sale as order JSON; `sale.changes` are laid over it in the end."""
    items = [_item(sale, at) for at in range(len(sale.sold))]
    shipping = _shipping(sale)
    cart_tax = money.total(Decimal(item["total_tax"]) for item in items)
    shipping_tax = money.total(Decimal(item["total_tax"]) for item in shipping)
    off = money.total(sold.discount for sold in sale.sold)
    net = money.total(sold.amount for sold in sale.sold) + sale.shipping
    told = sale.sent_at if sale.shipped else sale.at
    return {
        "id": sale.id, "number": sale.number, "order_key": f"wc_order_demo{sale.id}", "status": "completed" if sale.shipped else "processing",
        "currency": sale.currency, "prices_include_tax": False, "created_via": "checkout", "customer_id": sale.person.id,
        "date_created": _local(sale.at), "date_created_gmt": _gmt(sale.at), "date_modified": _local(told), "date_modified_gmt": _gmt(told),
        "date_paid": _local(sale.at) if sale.paid else None, "date_paid_gmt": _gmt(sale.at) if sale.paid else None,
        "date_completed": _local(sale.sent_at) if sale.shipped else None, "date_completed_gmt": _gmt(sale.sent_at) if sale.shipped else None,
        "discount_total": sale.text(off), "discount_tax": _discount_tax(sale), "shipping_total": sale.text(sale.shipping),
        "shipping_tax": sale.text(shipping_tax), "cart_tax": sale.text(cart_tax), "total": sale.text(net + cart_tax + shipping_tax),
        "total_tax": sale.text(cart_tax + shipping_tax), "billing": _address(sale.person, email=True), "shipping": _address(sale.person),
        "payment_method": sale.gateway, "payment_method_title": sale.gateway.title(), "transaction_id": f"ch_demo{sale.id}" if sale.paid else "",
        "line_items": items, "shipping_lines": shipping, "tax_lines": _rates(sale), "fee_lines": [],
        "coupon_lines": [{"id": sale.id * 20 + 18, "code": "spring", "discount": sale.text(off), "discount_tax": _discount_tax(sale)}] if off else [],
        "refunds": [], "meta_data": _fee(sale, net + cart_tax + shipping_tax),
        **sale.changes,
    }  # fmt: skip


def _fee(sale: Sale, total: Decimal) -> list[Json]:
    """What Stripe's plugin notes of its fee: 1.4 % and 25 cents of what was paid with it."""
    if not sale.paid or sale.gateway != "stripe" or total <= 1:
        return []
    kept = money.rounded(total * Decimal("0.014") + Decimal("0.25"), sale.currency)
    noted = {"_stripe_fee": sale.text(kept), "_stripe_net": sale.text(total - kept), "_stripe_currency": sale.currency}
    return [{"id": sale.id * 30 + n, "key": key, "value": value} for n, (key, value) in enumerate(noted.items())]


def refund(sale: Sale, n: int, amount: Decimal, *, at: datetime, lines: Sequence[tuple[int, int]] = ()) -> Json:
    """The n-th refund; `lines` are (line's place, quantity); without any it is a bare amount."""
    return {
        "id": sale.id * 10 + n, "date_created": _local(at), "date_created_gmt": _gmt(at), "amount": sale.text(amount), "reason": "returned",
        "line_items": [_returned(sale, place, quantity) for place, quantity in lines], "shipping_lines": [], "fee_lines": [],
    }  # fmt: skip


def _item(sale: Sale, place: int) -> Json:
    sold = sale.sold[place]
    before = sold.amount + sold.discount
    return {
        "id": sale.id * 20 + place, "name": sold.good.title, "product_id": sold.good.id, "variation_id": 0, "quantity": sold.quantity, "tax_class": "",
        "subtotal": sale.text(before), "subtotal_tax": _tax(sale, before, sold.rates), "total": sale.text(sold.amount),
        "total_tax": _tax(sale, sold.amount, sold.rates), "taxes": _taxes(sale, sold.amount, sold.rates), "sku": sold.good.sku, "meta_data": [],
    }  # fmt: skip


def _shipping(sale: Sale) -> list[Json]:
    if not sale.shipping:
        return []
    return [{
        "id": sale.id * 20 + 19, "method_title": "Ground", "method_id": "flat_rate", "total": sale.text(sale.shipping),
        "total_tax": _tax(sale, sale.shipping, sale.shipping_rates), "taxes": _taxes(sale, sale.shipping, sale.shipping_rates),
    }]  # fmt: skip


def _tax(sale: Sale, amount: Decimal, rates: Rates) -> str:
    return sale.text(money.total(tax for _title, _rate, tax in sale.taxes(amount, rates)))


def _taxes(sale: Sale, amount: Decimal, rates: Rates) -> list[Json]:
    return [{"id": _rate_id(title), "total": sale.text(tax)} for title, _rate, tax in sale.taxes(amount, rates)]


def _rate_id(title: str) -> int:
    return sum(title.encode())


def _rates(sale: Sale) -> list[Json]:
    named = {title: rate for sold in sale.sold for title, rate in sold.rates} | dict(sale.shipping_rates)
    return [
        {
            "id": sale.id * 20 + 10 + at, "rate_id": _rate_id(title), "label": title, "compound": False, "rate_percent": f"{(rate * 100).normalize():f}",
            "rate_code": f"{sale.person.country}-{sale.person.region}-{title.upper()}-1",
            "tax_total": sale.text(_of_rate(sale, title, [(sold.amount, sold.rates) for sold in sale.sold])),
            "shipping_tax_total": sale.text(_of_rate(sale, title, [(sale.shipping, sale.shipping_rates)])),
        }
        for at, (title, rate) in enumerate(named.items())
    ]  # fmt: skip


def _of_rate(sale: Sale, title: str, parts: list[tuple[Decimal, Rates]]) -> Decimal:
    return money.total(
        tax for amount, rates in parts for named, _rate, tax in sale.taxes(amount, rates) if named == title
    )


def _discount_tax(sale: Sale) -> str:
    before = [Decimal(_tax(sale, sold.amount + sold.discount, sold.rates)) for sold in sale.sold]
    after = [Decimal(_tax(sale, sold.amount, sold.rates)) for sold in sale.sold]
    return sale.text(money.total(before) - money.total(after))


def _returned(sale: Sale, place: int, quantity: int) -> Json:
    sold = sale.sold[place]
    part = sold.amount * quantity / sold.quantity
    taxes = [{**tax, "total": f"-{tax['total']}"} for tax in _taxes(sale, part, sold.rates)]
    return {
        "id": sale.id * 200 + place, "name": sold.good.title, "product_id": sold.good.id, "quantity": -quantity, "sku": sold.good.sku,
        "total": f"-{sale.text(part)}", "total_tax": f"-{_tax(sale, part, sold.rates)}", "taxes": taxes,
        "meta_data": [{"key": "_refunded_item_id", "value": str(sale.id * 20 + place)}],
    }  # fmt: skip


def _address(person: Person, *, email: bool = False) -> Json:
    address = {
        "first_name": person.first_name, "last_name": person.last_name, "company": person.company, "address_1": person.street, "address_2": "",
        "city": person.city, "state": person.region, "postcode": person.postcode, "country": person.country,
    }  # fmt: skip
    return address | ({"email": person.email, "phone": ""} if email else {})


def _local(at: datetime) -> str:
    return at.replace(tzinfo=None).isoformat(timespec="seconds")


def _gmt(at: datetime) -> str:
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds")
