"""Tells a Shopify store our news over its Admin GraphQL API.

Sources: https://shopify.dev/docs/api/admin-graphql (inventorySetQuantities, fulfillmentCreate, metafieldsSet, tagsAdd, customerUpdate),
https://shopify.dev/changelog/making-idempotency-mandatory-for-inventory-adjustments-and-refund-mutations (the @idempotent key and changeFromQuantity),
https://shopify.dev/docs/api/usage/rate-limits (THROTTLED with HTTP 200).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, ClassVar

from integrations import http
from integrations.errors import Conflict, Refused
from integrations.registry import adapter
from integrations.stores.base import (
    Check,
    CustomerNews,
    News,
    NumberNews,
    StockNews,
    TagNews,
    TrackingNews,
    Wishes,
)
from integrations.stores.shopify import access, answers, queries

VERSION = "2026-07"
NAMESPACE = "ordersync"
_CUSTOMER = ("email", "phone")
_OPEN = ("OPEN", "IN_PROGRESS")


@adapter("shopify")
class Shopify:
    """A Shopify store that is told stock, invoice numbers, tracking numbers, tags and customers' data."""

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Options(Wishes):
        """`shop` is NAME.myshopify.com. Either a permanent `token`, or the app's `client_id` and `client_secret`, with a `refresh_token` where it has one."""

        shop: str
        token: str = field(default="", metadata={"secret": True})
        client_id: str = ""
        client_secret: str = field(default="", metadata={"secret": True})
        refresh_token: str = field(default="", metadata={"secret": True})
        networks: str = ""

    concurrency: ClassVar[int] = 2

    def __init__(self, options: Options, session: http.Session) -> None:
        self.options, self.session = options, session

    @staticmethod
    def dial(options: Options) -> http.Dial:
        """Every call goes to the one GraphQL address of the version."""
        base, headers = access.address(options), {access.HEADER: options.token} if options.token else {}
        return http.Dial(
            base_url=f"{base}/admin/api/{VERSION}",
            networks=options.networks,
            headers=headers,
            grant=None if options.token else access.grant(options, base),
        )

    def check(self) -> Sequence[Check]:
        """Whether the token opens the store, and what it may write."""
        told = self._ask(queries.SCOPES)
        scopes = {row["handle"] for row in told["currentAppInstallation"]["accessScopes"]}
        found = [Check(name="store", ok=True, words=f"The token opens {told['shop']['name']}.")]
        for wish, scope in _SCOPES.items():
            if getattr(self.options, wish):
                ok = scope in scopes
                found.append(Check(name=wish, ok=ok, words=f"The app {'has' if ok else 'lacks'} the scope {scope}."))
        return found

    def stands(self, news: News) -> bool:
        """True if the store has it. Raises Conflict where its count, or its customer, is neither what was seen nor what is wanted."""
        match news:
            case StockNews():
                return _stands(self._stock(news).count, news.before, news.after, news.sku)
            case CustomerNews():
                return _stands(self._customer(news), news.before, news.after, f"the customer's {news.field}")
            case NumberNews():
                variables = {"id": _gid("Order", news.order), "key": _key(news.reference)}
                held = self._order(queries.METAFIELD, variables)["metafield"]
                return held is not None and held["value"] == news.number
            case TagNews():
                return news.tag in self._order(queries.TAGS, {"id": _gid("Order", news.order)})["tags"]
            case TrackingNews():
                return news.number in _numbers(self._parcels(news))

    def tell(self, news: News) -> None:
        """Stock by compare-and-set under the news' own key, the rest by a look before; what can be said twice without harm is simply said."""
        match news:
            case StockNews():
                self._set_stock(news)
            case CustomerNews():
                if not self.stands(news):
                    change = {"id": _gid("Customer", news.customer), news.field: news.after}
                    self._do(queries.CUSTOMER_UPDATE, {"input": change}, "customerUpdate")
            case NumberNews():
                mark = {"namespace": NAMESPACE, "key": _key(news.reference), "type": "single_line_text_field"}
                value = {"ownerId": _gid("Order", news.order), "value": news.number, **mark}
                self._do(queries.METAFIELDS_SET, {"metafields": [value]}, "metafieldsSet")
            case TagNews():
                self._do(queries.TAGS_ADD, {"id": _gid("Order", news.order), "tags": [news.tag]}, "tagsAdd")
            case TrackingNews():
                self._track(news)

    def _set_stock(self, news: StockNews) -> None:
        stock = self._stock(news)
        if _stands(stock.count, news.before, news.after, news.sku):
            return
        if news.after != int(news.after):
            raise Refused(f"Shopify counts whole pieces, not {news.after}.", fix="Enter a whole number.")
        change = {
            "inventoryItemId": stock.item,
            "locationId": stock.location,
            "quantity": int(news.after),
            "changeFromQuantity": int(news.before),
        }
        uri = f"gid://ordersync/StockAdjustment/{news.key}"
        told = {"name": "available", "reason": "correction", "referenceDocumentUri": uri, "quantities": [change]}
        self._do(queries.SET_STOCK, {"input": told, "key": news.key}, "inventorySetQuantities")

    def _stock(self, news: StockNews) -> _Stock:
        location = self._location(news.location)
        query = f'sku:"{news.sku}"'
        rows = self._ask(queries.STOCK, {"query": query, "location": location})["productVariants"]["nodes"]
        rows = [row for row in rows if row["sku"] == news.sku]
        if len(rows) != 1:
            words = f"{len(rows) or 'No'} variants of the store have the SKU “{news.sku}”."
            raise Refused(words, fix="Give it to one variant there, or set the stock by hand.")
        item = rows[0]["inventoryItem"]
        if not item["tracked"] or item["inventoryLevel"] is None:
            words = f"Shopify does not count “{news.sku}” at this location."
            raise Refused(words, fix="Tick “Track quantity” there and stock it at the location, or set it by hand.")
        count = next(row["quantity"] for row in item["inventoryLevel"]["quantities"] if row["name"] == "available")
        return _Stock(item=item["id"], location=location, count=Decimal(count))

    def _location(self, named: str) -> str:
        if named.isdigit() or named.startswith("gid:"):
            return _gid("Location", named)
        rows = [row for row in self._ask(queries.LOCATIONS)["locations"]["nodes"] if row["isActive"]]
        fits = [row["id"] for row in rows if named in ("", row["name"])]
        if len(fits) != 1:
            words = (
                f"{len(fits) or 'No'} locations of the store are called “{named}”."
                if named
                else "The store has several locations."
            )
            raise Refused(words, fix=f"Name one of: {', '.join(row['name'] for row in rows)}.")
        return str(fits[0])

    def _customer(self, news: CustomerNews) -> str:
        if news.field not in _CUSTOMER:
            words = f"Shopify's API has no single field for the customer's {news.field}."
            raise Refused(words, fix="Change it in the store by hand.")
        found = self._ask(queries.CUSTOMER, {"id": _gid("Customer", news.customer)})["customer"]
        if found is None:
            raise Refused("The store has no such customer any more.", fix="Reject the change.")
        return str(found[news.field] or "")

    def _parcels(self, news: TrackingNews) -> dict[str, Any]:
        return self._order(queries.PARCELS, {"id": _gid("Order", news.order)})

    def _track(self, news: TrackingNews) -> None:
        order = self._parcels(news)
        if news.number in _numbers(order):
            return
        tracking = {"number": news.number, "company": news.carrier or None, "url": news.url or None}
        tracking = {name: value for name, value in tracking.items() if value}
        bare = [row for row in order["fulfillments"] if not row["trackingInfo"]]
        waiting = [row for row in order["fulfillmentOrders"]["nodes"] if row["status"] in _OPEN]
        if not waiting and len(bare) == 1:
            variables = {"id": bare[0]["id"], "tracking": tracking}
            self._do(queries.TRACKING_UPDATE, variables, "fulfillmentTrackingInfoUpdate")
            return
        parts = [part for row in waiting if (part := _part(row, news))]
        if len({row["assignedLocation"]["location"]["id"] for row in waiting}) > 1 or not parts:
            words = (
                "The order has nothing open that this parcel could hold."
                if not parts
                else "The order ships from several locations."
            )
            raise Refused(words, fix="Enter the tracking number in Shopify.")
        told = {"lineItemsByFulfillmentOrder": parts, "trackingInfo": tracking, "notifyCustomer": False}
        self._do(queries.FULFIL, {"fulfillment": told}, "fulfillmentCreate")

    def _order(self, query: str, variables: dict[str, Any]) -> dict[str, Any]:
        found = self._ask(query, variables)["order"]
        if found is None:
            raise Refused("The store has no such order any more.", fix="Nothing can be told there.")
        return dict(found)

    def _do(self, query: str, variables: dict[str, Any], name: str) -> None:
        answers.done(self._ask(query, variables)[name])

    def _ask(self, query: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
        body = {"query": query, "variables": variables or {}}
        return answers.data(self.session.request("POST", "graphql.json", json=body))


@dataclass(frozen=True, slots=True)
class _Stock:
    item: str
    location: str
    count: Decimal


_SCOPES = {
    "tell_stock": "write_inventory",
    "tell_number": "write_orders",
    "tell_tag": "write_orders",
    "tell_tracking": "write_merchant_managed_fulfillment_orders",
    "tell_customer": "write_customers",
}


def _stands(there: Any, before: Any, after: Any, what: str) -> bool:
    if there == after:
        return True
    if there == before:
        return False
    words = f"The store has {there} for {what}; it was {before} when the change to {after} was made."
    raise Conflict(words, fix="Look at it in the store, and make the change anew if it is still wanted.")


def _numbers(order: dict[str, Any]) -> set[str]:
    return {info["number"] for row in order["fulfillments"] for info in row["trackingInfo"]}


def _part(waiting: dict[str, Any], news: TrackingNews) -> dict[str, Any] | None:
    """What of an open fulfillment order lies in the parcel: the lines it names, or all of it."""
    if not news.lines:
        return {"fulfillmentOrderId": waiting["id"]}
    wanted = {_gid("LineItem", line): int(quantity) for line, quantity in news.lines}
    rows = [
        {"id": row["id"], "quantity": min(wanted[row["lineItem"]["id"]], row["remainingQuantity"])}
        for row in waiting["lineItems"]["nodes"]
        if row["lineItem"]["id"] in wanted and row["remainingQuantity"]
    ]
    return {"fulfillmentOrderId": waiting["id"], "fulfillmentOrderLineItems": rows} if rows else None


def _gid(noun: str, id: str) -> str:
    return id if id.startswith("gid:") else f"gid://shopify/{noun}/{id}"


def _key(reference: str) -> str:
    return "invoice_" + re.sub(r"[^a-z0-9_-]", "_", reference.lower())
