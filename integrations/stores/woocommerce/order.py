"""Makes an order of WooCommerce's order JSON."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo

from integrations.formats.node import Node
from integrations.stores.woocommerce import identities, meta, parts, payments, refunds
from orders import incoming, money
from orders.incoming import FulfilmentState

_DRAFTS = {"draft", "auto-draft", "checkout-draft"}
_CANCELLED = {"cancelled", "trash"}
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_NOT_SENT = {"pending", "on-hold", "processing", *_DRAFTS, "failed", *_CANCELLED}


def made(node: Node, *, currency: str, zone: tzinfo) -> incoming.Order:
    """The order; `currency` and `zone` are the shop's, for what the order does not state. Raises Unclear."""
    currency = (node.text("currency") or currency).upper()
    paid = payments.made(node, currency, zone)
    refunded = refunds.made(node, paid, currency, zone)
    given_back = money.total(refund.amount for refund in refunded)
    totals = identities.totals(node, given_back)
    billing, shipping = _address(node.node("billing")), _address(node.node("shipping"))
    return incoming.Order(
        id=node.text("id"),
        number=node.text("number") or node.text("id"),
        currency=currency,
        totals=totals,
        lines=tuple(parts.made(node, currency)),
        placed_at=node.instant("date_created_gmt") or node.instant("date_created", zone),
        updated_at=node.instant("date_modified_gmt") or node.instant("date_modified", zone),
        tax_exempt=_tax_exempt(node),
        customer=_customer(node, billing, shipping),
        billing=billing,
        shipping=shipping,
        email=billing.email if billing else "",
        company=billing.company if billing else "",
        vat_id=meta.vat_id(node),
        payment_state=payments.state(node, given_back),
        fulfilment_state=_fulfilment_state(node),
        store_state=node.text("status"),
        cancelled_at=_cancelled_at(node, zone),
        test=meta.is_test(node),
        draft=node.text("status") in _DRAFTS,
        channel=node.text("created_via"),
        gift_cards_redeemed=totals.taken_off,
        payments=tuple(paid),
        refunds=tuple(refunded),
        shipments=tuple(_shipments(node, zone)),
        identities=tuple(identities.broken(node, totals, currency)),
        notes=tuple(dict.fromkeys(node.notes)),
    )


def _tax_exempt(node: Node) -> bool:
    return meta.text(node, "is_vat_exempt").lower() in {"yes", "1", "true"}


def _cancelled_at(node: Node, zone: tzinfo) -> datetime | None:
    """The last change: WooCommerce does not keep when an order was cancelled."""
    if node.text("status") not in _CANCELLED:
        return None
    node.notes.append("The store does not say when the order was cancelled; the day of its last change is taken.")
    instants = (node.instant(f"{key}_gmt") or node.instant(key, zone) for key in ("date_modified", "date_created"))
    return next((found for found in instants if found), _LONG_AGO)  # without any date it is cancelled all the same


def _fulfilment_state(node: Node) -> FulfilmentState:
    status = node.text("status")
    if status == "completed" or meta.text(node, "_fulfillment_status") == "fulfilled":
        return FulfilmentState.FULFILLED
    return FulfilmentState.UNFULFILLED if status in _NOT_SENT else FulfilmentState.UNKNOWN


def _shipments(node: Node, zone: tzinfo) -> list[incoming.Shipment]:
    """One shipment of the whole order, with every tracking number: WooCommerce does not say which line went with which parcel."""
    parcels = meta.trackings(node)
    completed_at = node.instant("date_completed_gmt") or node.instant("date_completed", zone)
    if not parcels and not completed_at:
        return []
    first = parcels[0] if parcels else Node({})
    numbers = [number for parcel in parcels if (number := parcel.text("tracking_number"))]
    sent = [found for parcel in parcels if (found := meta.shipped_at(parcel))]
    return [
        incoming.Shipment(
            id="shipped",
            shipped_at=max(sent, default=completed_at),
            carrier=first.text("tracking_provider") or first.text("custom_tracking_provider"),
            tracking_number=", ".join(numbers),
            tracking_url=first.text("custom_tracking_link") or first.text("tracking_link"),
        )
    ]


def _address(node: Node) -> incoming.Address | None:
    found = incoming.Address(
        name=f"{node.text('first_name')} {node.text('last_name')}".strip(),
        company=node.text("company"),
        street=node.text("address_1"),
        street2=node.text("address_2"),
        city=node.text("city"),
        region=node.text("state"),
        postcode=node.text("postcode"),
        country=node.text("country").upper(),
        phone=node.text("phone"),
        email=node.text("email"),
    )
    return None if found == incoming.Address() else found


def _customer(
    node: Node, billing: incoming.Address | None, shipping: incoming.Address | None
) -> incoming.Customer | None:
    someone = billing or shipping or incoming.Address()
    customer_id = node.text("customer_id")
    found = incoming.Customer(
        id="" if customer_id == "0" else customer_id,
        name=someone.name,
        email=someone.email,
        phone=someone.phone,
        company=someone.company,
        vat_id=meta.vat_id(node),
        tax_exempt=_tax_exempt(node),
        billing=billing,
        shipping=shipping,
    )
    return None if found == incoming.Customer() else found
