"""Reads WooCommerce's order JSON as REST v3 and webhooks write it: one order, a list, or `{"data": …}`; refunds as stubs or whole.

Source: https://woocommerce.github.io/woocommerce-rest-api-docs/#orders, and a WooCommerce 11.0.1.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import BinaryIO, ClassVar
from zoneinfo import ZoneInfo

from integrations import registry
from integrations.formats import elements, tables
from integrations.stores import base
from integrations.stores.woocommerce import order
from orders import incoming

_ENVELOPES = ("data", "order", "orders")
_ORDER = {"line_items", "total", "currency"}
_ORDERS_OWN = {
    "order_key",
    "prices_include_tax",
    "shipping_lines",
    "date_created_gmt",
    "discount_total",
    "payment_method",
}
_OTHERS = (
    ({"refunded_by"}, "refunds without their orders"),
    ({"tracking_number", "tracking_provider"}, "tracking numbers of the Shipment Tracking plugin"),
    ({"stock_status"}, "products"),
    ({"regular_price"}, "products"),
    ({"is_paying_customer"}, "customers"),
    ({"user_id", "username"}, "customers"),
    ({"note", "customer_note"}, "order notes"),
    ({"rate", "compound", "postcode"}, "tax rates"),
    ({"discount_type", "usage_limit"}, "coupons"),
)
_ANALYTICS = {"date", "order", "status", "customer", "customertype", "itemssold"}


@registry.layout
class OrdersJson:
    """Orders of the REST API (`/wp-json/wc/v3/orders`) and of webhooks (`order.*`)."""

    name: ClassVar[str] = "woocommerce-orders-json"
    fidelity: ClassVar[incoming.Fidelity] = incoming.API

    def recognises(self, head: bytes, file_name: str) -> bool:
        """True for an order with WooCommerce's own keys. Raises Unreadable for its other records and for its tables, which have no reader."""
        outline = elements.outline(head)
        if outline is None:
            _refuse_table(head)
            return False
        keys = outline.record(*_ENVELOPES)
        if keys >= _ORDER and keys & _ORDERS_OWN:
            return True
        for marks, what in _OTHERS:
            if marks <= keys:
                raise base.Unreadable(
                    f"This looks like WooCommerce {what}, not orders. Fetch the orders (/wc/v3/orders) instead."
                )
        return False

    def read(self, stream: BinaryIO, setting: base.Setting) -> Iterator[incoming.Record]:
        """One record per order. Raises Unreadable."""
        make = partial(order.made, currency=setting.currency, zone=ZoneInfo(setting.time_zone))
        yield from elements.records(stream, _ENVELOPES, make)


def _refuse_table(head: bytes) -> None:
    names = set(map(tables.normal, tables.titles(head)))
    instead = "Fetch the orders as JSON through the REST API (/wc/v3/orders) instead, or connect the store."
    if names >= _ANALYTICS:
        raise base.Unreadable(
            f"This looks like the report of WooCommerce Analytics: it has neither lines nor taxes, so nothing can be booked. {instead} "
            "An export plugin's table with items in it can be read as well."
        )
