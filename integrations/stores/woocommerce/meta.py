"""What plugins write into WooCommerce's `meta_data`, under keys of their own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from integrations.formats.node import Node

_VAT_KEYS = (
    "_billing_vat_id", "_billing_vat_number", "_vat_number", "_billing_eu_vat_number", "billing_vat", "_vat_id", "vat_number",
)  # fmt: skip
_TEST_MODES = {"_wcpay_mode": "test", "_ppcp_paypal_payment_mode": "sandbox"}
_TRACKING = "_wc_shipment_tracking_items"


def values(node: Node) -> Mapping[str, Any]:
    """The meta data by key. Raises Unclear."""
    return {item.text("key"): item.values.get("value") for item in node.nodes("meta_data")}


def text(node: Node, key: str) -> str:
    """The text below a key; "" if there is none."""
    return Node(values(node)).text(key)


def vat_id(node: Node) -> str:
    """The customer's VAT id as one of the usual plugins keeps it."""
    found = Node(values(node))
    return next((value for key in _VAT_KEYS if (value := found.text(key))), "")


def is_test(node: Node) -> bool:
    """True if the payment's plugin says that it ran in its test mode; WooCommerce itself has no such flag."""
    found = Node(values(node))
    return any(found.text(key).lower() == mode for key, mode in _TEST_MODES.items())


def fee(node: Node, currency: str) -> Decimal:
    """What Stripe kept of the payment, as its plugin notes it (`_stripe_fee`, woocommerce-gateway-stripe) in the settlement's currency; 0 in another."""
    found = Node(values(node), "meta_data.", node.notes)
    kept = found.sum("_stripe_fee")
    return kept if kept > 0 and found.text("_stripe_currency").upper() == currency else Decimal(0)


def trackings(node: Node) -> list[Node]:
    """The parcels of the Shipment Tracking plugin."""
    return (
        Node(values(node), "meta_data.", node.notes).nodes(_TRACKING) if _is_list(values(node).get(_TRACKING)) else []
    )


def shipped_at(tracking: Node) -> datetime | None:
    """When a parcel was sent: the plugin keeps seconds since 1970."""
    seconds = tracking.text("date_shipped")
    if not seconds.isdecimal() or len(seconds) > 10:
        return None
    return datetime.fromtimestamp(int(seconds), UTC)


def _is_list(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, Mapping) for item in value)
