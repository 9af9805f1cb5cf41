"""Makes an order of Shopify's order JSON."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from integrations.formats.node import Node
from integrations.stores.shopify import identities, lines, payments, refunds, words
from orders import incoming
from orders.incoming import FulfilmentState, PaymentState, Shipment, ShipmentLine

_NOT_SENT = {"cancelled", "error", "failure"}


def made(node: Node, *, currency: str) -> incoming.Order:
    """The order; `currency` is the shop's, for an order that states none. Raises Unclear."""
    currency = (node.text("currency") or currency).upper()
    sold = lines.made(node, currency)
    refunded = refunds.made(node, sold, currency)
    paid = payments.made(node, refunded, currency)
    totals = identities.totals(node, refunded)
    billing, shipping = address(node.node("billing_address")), address(node.node("shipping_address"))
    pairs = [(item.text("name"), item.text("value")) for item in node.nodes("note_attributes")]
    terms = node.node("payment_terms")
    return incoming.Order(
        id=node.text("id").rpartition("/")[2],
        number=node.text("name") or node.text("order_number"),
        currency=currency,
        totals=totals,
        lines=tuple(sold),
        placed_at=node.instant("processed_at") or node.instant("created_at"),
        updated_at=node.instant("updated_at"),
        tax_included=node.flag("taxes_included"),
        tax_exempt=node.flag("tax_exempt"),
        customer=_customer(node, billing, shipping, words.vat_id(pairs)),
        billing=billing,
        shipping=shipping,
        email=node.text("email") or node.text("contact_email"),
        company=node.node("company").text("name") or (billing.company if billing else ""),
        vat_id=words.vat_id(pairs),
        po_number=node.text("po_number"),
        terms=terms.text("payment_terms_name"),
        due_on=_due_on(terms),
        presentment_currency=node.text("presentment_currency").upper(),
        presentment_rate=_presentment_rate(node),
        payment_state=words.PAYMENT_STATES.get(node.text("financial_status").lower(), PaymentState.UNKNOWN),
        fulfilment_state=words.FULFILMENT_STATES.get(node.text("fulfillment_status").lower(), FulfilmentState.UNKNOWN),
        store_state=node.text("financial_status"),
        cancelled_at=node.instant("cancelled_at"),
        test=node.flag("test"),
        channel=node.text("source_name"),
        gift_cards_redeemed=payments.redeemed(paid),
        payments=tuple(paid),
        refunds=tuple(refunded),
        shipments=tuple(_shipment(item) for item in node.nodes("fulfillments")),
        identities=tuple(identities.broken(node, sold, refunded, totals)),
        notes=tuple(dict.fromkeys(node.notes)),
    )


def address(node: Node) -> incoming.Address | None:
    """A postal address; None where the order has none."""
    found = incoming.Address(
        name=node.text("name") or f"{node.text('first_name')} {node.text('last_name')}".strip(),
        company=node.text("company"),
        street=node.text("address1"),
        street2=node.text("address2"),
        city=node.text("city"),
        region=node.text("province_code") or node.text("province"),
        postcode=node.text("zip"),
        country=(node.text("country_code") or node.text("country")).upper(),
        phone=node.text("phone"),
        email=node.text("email"),
    )
    return None if found == incoming.Address() else found


def _customer(
    node: Node, billing: incoming.Address | None, shipping: incoming.Address | None, vat_id: str
) -> incoming.Customer | None:
    customer = node.node("customer")
    someone = billing or shipping or incoming.Address()
    found = incoming.Customer(
        id=customer.text("id"),
        name=f"{customer.text('first_name')} {customer.text('last_name')}".strip() or someone.name,
        email=customer.text("email") or node.text("email") or node.text("contact_email"),
        phone=customer.text("phone") or node.text("phone") or someone.phone,
        company=someone.company or customer.node("default_address").text("company"),
        vat_id=vat_id,
        tax_exempt=customer.flag("tax_exempt"),
        billing=billing,
        shipping=shipping,
        updated_at=customer.instant("updated_at"),
    )
    return None if found == incoming.Customer() else found


def _due_on(terms: Node) -> date | None:
    due = [found.date() for item in terms.nodes("payment_schedules") if (found := item.instant("due_at"))]
    return max(due, default=None)


def _presentment_rate(node: Node) -> Decimal | None:
    both = node.node("total_price_set")
    shop, shown = both.node("shop_money").sum("amount"), both.node("presentment_money").sum("amount")
    if node.text("presentment_currency") in {"", node.text("currency")} or not shop:
        return None
    return shown / shop


def _shipment(node: Node) -> Shipment:
    numbers = node.texts("tracking_numbers") or [node.text("tracking_number")]
    return Shipment(
        id=node.text("id"),
        shipped_at=node.instant("created_at"),
        carrier=node.text("tracking_company"),
        tracking_number=", ".join(number for number in numbers if number),
        tracking_url=next(iter(node.texts("tracking_urls")), node.text("tracking_url")),
        cancelled=node.text("status") in _NOT_SENT,
        lines=tuple(_shipped(node.nodes("line_items"))),
    )


def _shipped(items: Sequence[Node]) -> list[ShipmentLine]:
    return [
        ShipmentLine(quantity=item.sum("quantity"), line_id=item.text("id"), sku=item.text("sku")) for item in items
    ]
