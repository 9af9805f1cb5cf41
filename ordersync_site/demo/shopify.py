"""Writes a sale as Shopify does: order JSON of REST and webhooks, and the order export (CSV, one row per line)."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from orders import money
from ordersync_site.demo.cast import Person
from ordersync_site.demo.sale import Rates, Sale

Json = dict[str, Any]
COLUMNS = (
    "Name", "Email", "Financial Status", "Paid at", "Fulfillment Status", "Fulfilled at", "Accepts Marketing", "Currency", "Subtotal", "Shipping", "Taxes",
    "Total", "Discount Code", "Discount Amount", "Shipping Method", "Created at", "Lineitem quantity", "Lineitem name", "Lineitem price",
    "Lineitem compare at price", "Lineitem sku", "Lineitem requires shipping", "Lineitem taxable", "Lineitem fulfillment status", "Billing Name",
    "Billing Street", "Billing Address1", "Billing Address2", "Billing Company", "Billing City", "Billing Zip", "Billing Province", "Billing Country",
    "Billing Phone", "Shipping Name", "Shipping Street", "Shipping Address1", "Shipping Address2", "Shipping Company", "Shipping City", "Shipping Zip",
    "Shipping Province", "Shipping Country", "Shipping Phone", "Notes", "Note Attributes", "Cancelled at", "Payment Method", "Payment Reference",
    "Refunded Amount", "Vendor", "Outstanding Balance", "Employee", "Location", "Device ID", "Id", "Tags", "Risk Level", "Source", "Lineitem discount",
    "Tax 1 Name", "Tax 1 Value", "Tax 2 Name", "Tax 2 Value", "Tax 3 Name", "Tax 3 Value", "Tax 4 Name", "Tax 4 Value", "Tax 5 Name", "Tax 5 Value",
    "Phone", "Receipt Number", "Duties", "Billing Province Name", "Shipping Province Name", "Payment ID", "Payment Terms Name", "Next Payment Due At",
    "Payment References",
)  # fmt: skip


def order(sale: Sale) -> Json:
    """The sale as order JSON; `sale.changes` are laid over it in the end."""
    items = [_item(sale, at) for at in range(len(sale.sold))]
    shipping = _shipping(sale)
    taxes = _sums([line for part in [*items, *shipping] for line in part["tax_lines"]], sale)
    total_tax = money.total(Decimal(tax["price"]) for tax in taxes)
    subtotal = money.total(sold.amount for sold in sale.sold)
    off = money.total(sold.discount for sold in sale.sold)
    total = subtotal + sale.shipping + (money.ZERO if sale.tax_included else total_tax)
    return {
        "id": sale.id, "name": sale.number, "order_number": sale.id - 100_000, "created_at": _at(sale.at), "processed_at": _at(sale.at),
        "updated_at": _at(sale.at), "currency": sale.currency, "presentment_currency": sale.currency, "taxes_included": sale.tax_included,
        "tax_exempt": False, "test": False, "confirmed": True, "source_name": "web", "cancelled_at": None, "cancel_reason": None,
        "financial_status": "paid" if sale.paid else "pending", "fulfillment_status": "fulfilled" if sale.shipped else None,
        "email": sale.person.email, "contact_email": sale.person.email, "note_attributes": [], "po_number": None,
        "customer": {"id": sale.person.id, "first_name": sale.person.first_name, "last_name": sale.person.last_name, "email": sale.person.email},
        "billing_address": _address(sale.person), "shipping_address": _address(sale.person),
        "line_items": items, "shipping_lines": shipping, "tax_lines": taxes, "discount_codes": [],
        "total_line_items_price": sale.text(subtotal + off), "total_discounts": sale.text(off), "subtotal_price": sale.text(subtotal),
        "total_tax": sale.text(total_tax), "total_tip_received": "0.00", "total_price": sale.text(total),
        "payment_gateway_names": [sale.gateway],
        "transactions": [transaction(sale, "sale", total)] if sale.paid and total else [],
        "fulfillments": [fulfilment(sale, 1)] if sale.shipped else [], "refunds": [],
        **sale.changes,
    }  # fmt: skip


def transaction(
    sale: Sale, kind: str, amount: Decimal, *, n: int = 1, gateway: str = "", at: datetime | None = None
) -> Json:
    """The order's n-th transaction: sale, authorization, capture, refund."""
    return {
        "id": sale.id * 100 + n, "order_id": sale.id, "kind": kind, "status": "success", "gateway": gateway or sale.gateway,
        "amount": sale.text(amount), "currency": sale.currency, "created_at": _at(at or sale.at), "processed_at": _at(at or sale.at), "parent_id": None,
    }  # fmt: skip


def fulfilment(sale: Sale, n: int, *, at: datetime | None = None, lines: Sequence[tuple[int, int]] = ()) -> Json:
    """The n-th parcel: `lines` are (line's place, quantity); without any, the whole order."""
    parts = lines or [(place, sold.quantity) for place, sold in enumerate(sale.sold)]
    return {
        "id": sale.id * 10 + n, "order_id": sale.id, "status": "success", "created_at": _at(at or sale.sent_at), "tracking_company": "DHL",
        "tracking_numbers": [f"00340{sale.id}{n}"], "tracking_urls": [f"https://tracking.example.org/00340{sale.id}{n}"],
        "line_items": [{"id": line_id(sale, place), "quantity": quantity, "sku": sale.sold[place].good.sku} for place, quantity in parts],
    }  # fmt: skip


def refund(
    sale: Sale,
    n: int,
    amount: Decimal,
    *,
    at: datetime,
    lines: Sequence[tuple[int, int]] = (),
    adjustments: Sequence[Json] = (),
) -> Json:
    """The n-th refund: money back by the order's gateway; `lines` are (line's place, quantity)."""
    made = order(sale)
    return {
        "id": sale.id * 10 + 5 + n, "order_id": sale.id, "created_at": _at(at), "processed_at": _at(at), "note": "returned",
        "refund_line_items": [_returned(sale, made["line_items"][place], place, quantity) for place, quantity in lines],
        "order_adjustments": list(adjustments), "refund_shipping_lines": [], "duties": [],
        "transactions": [transaction(sale, "refund", amount, n=50 + n, at=at)] if amount else [],
    }  # fmt: skip


def line_id(sale: Sale, place: int) -> int:
    return sale.id * 20 + place


def export(orders: Sequence[Json]) -> bytes:
    """The orders as the file of the Orders page: what belongs to the order on its first row only."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n", restval="")
    writer.writeheader()
    for made in orders:
        first, *rest = made["line_items"]
        writer.writerow({**_head(made), **_row(first)})
        writer.writerows({"Name": made["name"], "Email": made["email"], **_row(item)} for item in rest)
    return text.getvalue().encode()


def _item(sale: Sale, place: int) -> Json:
    sold = sale.sold[place]
    good = sold.good
    return {
        "id": line_id(sale, place), "product_id": good.id, "variant_id": good.id * 10, "sku": good.sku, "title": good.title, "name": good.title,
        "quantity": sold.quantity, "current_quantity": sold.quantity, "price": sale.text(good.price), "gift_card": False, "requires_shipping": True,
        "taxable": bool(sold.rates), "total_discount": "0.00", "discount_allocations": [{"amount": sale.text(sold.discount)}] if sold.discount else [],
        "tax_lines": _taxes(sale, sold.amount, sold.rates), "duties": [], "properties": [],
    }  # fmt: skip


def _shipping(sale: Sale) -> list[Json]:
    if not sale.shipping:
        return []
    return [{
        "id": sale.id * 20 + 19, "title": "Standard", "price": sale.text(sale.shipping), "discounted_price": sale.text(sale.shipping),
        "discount_allocations": [], "tax_lines": _taxes(sale, sale.shipping, sale.shipping_rates),
    }]  # fmt: skip


def _taxes(sale: Sale, amount: Decimal, rates: Rates) -> list[Json]:
    return [
        {"title": title, "rate": str(rate), "price": sale.text(tax), "channel_liable": False}
        for title, rate, tax in sale.taxes(amount, rates)
    ]


def _sums(lines: Sequence[Json], sale: Sale) -> list[Json]:
    sums: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for line in lines:
        sums[line["title"], line["rate"]] += Decimal(line["price"])
    return [{"title": title, "rate": rate, "price": sale.text(amount)} for (title, rate), amount in sums.items()]


def _returned(sale: Sale, item: Json, place: int, quantity: int) -> Json:
    sold = sale.sold[place]
    part = sold.amount * quantity / sold.quantity
    taxes = money.total(tax for _title, _rate, tax in sale.taxes(part, sold.rates))
    return {
        "id": item["id"] * 10, "line_item_id": item["id"], "quantity": quantity, "restock_type": "return", "location_id": 1,
        "subtotal": sale.text(part), "total_tax": sale.text(taxes),
    }  # fmt: skip


def _address(person: Person) -> Json:
    return {
        "first_name": person.first_name, "last_name": person.last_name, "name": person.name, "company": person.company or None,
        "address1": person.street, "address2": None, "city": person.city, "zip": person.postcode, "province_code": person.region or None,
        "country_code": person.country, "phone": None,
    }  # fmt: skip


def _at(at: datetime) -> str:
    return at.isoformat(timespec="seconds")


def _head(made: Json) -> dict[str, str]:
    sent = made["fulfillments"][0]["created_at"] if made["fulfillments"] else None
    paid = made["transactions"][0]["processed_at"] if made["transactions"] else None
    back = money.total(Decimal(item["amount"]) for one in made["refunds"] for item in one["transactions"])
    attributes = "\n".join(f"{item['name']}: {item['value']}" for item in made["note_attributes"])
    row = {
        "Email": made["email"], "Financial Status": made["financial_status"], "Paid at": _stamp(paid), "Name": made["name"],
        "Fulfillment Status": made["fulfillment_status"] or "unfulfilled", "Fulfilled at": _stamp(sent), "Accepts Marketing": "no",
        "Currency": made["currency"], "Subtotal": made["subtotal_price"], "Shipping": _sum(made["shipping_lines"]), "Taxes": made["total_tax"],
        "Total": made["total_price"], "Discount Code": "SPRING" if Decimal(made["total_discounts"]) else "", "Discount Amount": made["total_discounts"],
        "Shipping Method": "Standard" if made["shipping_lines"] else "", "Created at": _stamp(made["created_at"]), "Note Attributes": attributes,
        "Cancelled at": _stamp(made["cancelled_at"]), "Payment Method": _gateway(made), "Refunded Amount": str(back or "0.00"), "Vendor": "Nordlicht",
        "Outstanding Balance": "0.00" if paid else made["total_price"], "Id": str(made["id"]), "Risk Level": "Low", "Source": "web",
    }  # fmt: skip
    for n, tax in enumerate(made["tax_lines"], 1):
        row |= {
            f"Tax {n} Name": f"{tax['title']} {(Decimal(tax['rate']) * 100).normalize():f}%",
            f"Tax {n} Value": tax["price"],
        }
    return {**row, **_postal("Billing", made["billing_address"]), **_postal("Shipping", made["shipping_address"])}


def _row(item: Json) -> dict[str, str]:
    return {
        "Lineitem quantity": str(item["quantity"]), "Lineitem name": item["title"], "Lineitem price": item["price"], "Lineitem sku": item["sku"],
        "Lineitem requires shipping": "true", "Lineitem taxable": "true" if item["taxable"] else "false", "Lineitem fulfillment status": "pending",
        "Lineitem discount": "0.00",
    }  # fmt: skip


def _postal(side: str, address: Json | None) -> dict[str, str]:
    if address is None:
        return {}
    return {
        f"{side} Name": address["name"], f"{side} Street": address["address1"], f"{side} Address1": address["address1"],
        f"{side} Company": address["company"] or "", f"{side} City": address["city"], f"{side} Zip": f"'{address['zip']}",
        f"{side} Province": address["province_code"] or "", f"{side} Country": address["country_code"],
    }  # fmt: skip


def _gateway(made: Json) -> str:
    name = str(made["payment_gateway_names"][0])
    return "Shopify Payments" if name == "shopify_payments" else name


def _sum(lines: Sequence[Json]) -> str:
    return str(money.total(Decimal(line["price"]) for line in lines) or "0.00")


def _stamp(instant: str | None) -> str:
    return datetime.fromisoformat(instant).strftime("%Y-%m-%d %H:%M:%S %z") if instant else ""
