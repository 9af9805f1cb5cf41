"""Reads Shopify's order JSON as REST and webhooks write it: one order, `{"order": …}`, `{"orders": […]}` or a plain list.

Source: https://shopify.dev/docs/api/admin-rest/latest/resources/order. Amounts are those in the shop's currency, as ordered: later edits and
returns come as refunds.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import BinaryIO, ClassVar

from integrations import registry
from integrations.formats import elements
from integrations.stores import base
from integrations.stores.shopify import order
from orders import incoming

_ENVELOPES = ("order", "orders")
_MARKS = {"financial_status", "total_price", "subtotal_price", "taxes_included", "total_line_items_price", "line_items"}
_OTHERS = {
    "customer": "customers",
    "product": "products",
    "fulfillment": "fulfilments without their orders",
    "fulfillment_order": "fulfilment orders",
    "fulfillment_event": "fulfilment events",
    "refund": "refunds without their orders",
    "transaction": "payment transactions without their orders",
    "tender_transaction": "tender transactions",
    "inventory_level": "inventory levels",
    "inventory_item": "inventory items",
    "gift_card": "gift cards",
    "draft_order": "draft orders, which nobody has bought yet",
    "checkout": "abandoned checkouts",
    "collection": "collections",
    "payout": "payouts",
    "properties": "properties of a line",
}


@registry.layout
class OrdersJson:
    """Orders of the Admin REST API and of webhooks (`orders/create`, `orders/updated`)."""

    name: ClassVar[str] = "shopify-orders-json"
    fidelity: ClassVar[incoming.Fidelity] = incoming.API

    def recognises(self, head: bytes, file_name: str) -> bool:
        """True for an order with at least two of Shopify's own keys. Raises Unreadable for Shopify's other records, and for GraphQL."""
        outline = elements.outline(head)
        if outline is None:
            return False
        if len(outline.record(*_ENVELOPES) & _MARKS) >= 2:
            return True
        _refuse(outline, whole=head.rstrip().endswith((b"}", b"]")))
        return False

    def read(self, stream: BinaryIO, setting: base.Setting) -> Iterator[incoming.Record]:
        """One record per order. Raises Unreadable."""
        yield from elements.records(stream, _ENVELOPES, partial(order.made, currency=setting.currency))


def _refuse(outline: elements.Outline, *, whole: bool) -> None:
    graphql = [outline.at("data", *path) for path in (("orders",), ("order",))]
    if any(keys & {"edges", "nodes", "lineItems"} for keys in graphql):
        raise base.Unreadable(
            "This looks like an answer of Shopify's GraphQL API. Take the order JSON of the REST API, or the order export (CSV)."
        )
    if outline.at() & set(_ENVELOPES) and not whole:
        raise base.Unreadable(
            "This looks like Shopify's order JSON, but it was cut off in its first order. Bring the whole file."
        )
    if outline.at() & set(_ENVELOPES):
        raise base.Unreadable("This looks like Shopify's order JSON, but it holds no orders.")
    for key in sorted(outline.at()):
        if len(outline.at()) == 1 and (what := _OTHERS.get(key) or _OTHERS.get(key.removesuffix("s"))):
            raise base.Unreadable(
                f"This looks like Shopify {what}, not orders. Fetch the orders (orders.json) instead."
            )
    if {"gateway", "kind", "amount"} <= outline.record():
        raise base.Unreadable(
            f"This looks like Shopify {_OTHERS['transaction']}. Fetch the orders (orders.json) instead."
        )
