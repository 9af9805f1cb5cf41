"""A webstore behind HTTP: WooCommerce's REST API v3 and Shopify's Admin GraphQL, as far as they are told anything. Its judge notes every change that took effect.

Built from the sources that integrations/stores/woocommerce/rest.py and integrations/stores/shopify/admin.py name.
"""

from __future__ import annotations

import base64
import re
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.lab import crimes
from tests.lab.server import Answer, Request, Server

KEY, SECRET = "ck_lab", "cs_lab"
TOKEN = "shpat_lab"
_READS = ("GET", "query")


class Store(Server):
    """The records are set by the test: `products` and `customers` by id, `orders` by id. `sells` is what happens between our look and our call.

    Calls are "look" and "tell", by what they are about: "product 7", "order 1001", "customer 3".
    """

    name = "store"

    def __init__(self, folder: Path, *, tracking: str = "note", tokens: set[str] | None = None, **more: Any) -> None:
        super().__init__(folder, **more)
        self.tracking = tracking
        self.tokens = {TOKEN} if tokens is None else tokens
        self.products: dict[str, dict[str, Any]] = {}
        self.orders: dict[str, dict[str, Any]] = {}
        self.customers: dict[str, dict[str, Any]] = {}
        self._answered: dict[str, dict[str, Any]] = {}  # Shopify's @idempotent

    def product(self, id: str, sku: str, count: int | str, **fields: Any) -> None:
        self.products[id] = {"id": int(id), "sku": sku, "manage_stock": True, "stock_quantity": count, **fields}

    def order(self, id: str, *lines: str, **fields: Any) -> None:
        items = [{"id": int(line), "quantity": 1} for line in lines or ("1",)]
        empty: dict[str, Any] = {
            "meta_data": [],
            "notes": [],
            "trackings": [],
            "fulfillments": [],
            "tags": [],
            "metafields": {},
        }
        self.orders[id] = {"id": int(id), "line_items": items, "location": "1", **empty, **fields}

    def customer(self, id: str, email: str, **fields: Any) -> None:
        self.customers[id] = {
            "id": int(id),
            "email": email,
            "phone": "",
            "billing": {"phone": "", "company": ""},
            **fields,
        }

    def count(self, sku: str) -> Decimal:
        return next(Decimal(str(row["stock_quantity"])) for row in self.products.values() if row["sku"] == sku)

    def sell(self, sku: str, pieces: int = 1) -> None:
        """Somebody buys."""
        row = next(row for row in self.products.values() if row["sku"] == sku)
        row["stock_quantity"] = row["stock_quantity"] - pieces

    def times(self, verb: str) -> Counter[str]:
        """How often each thing was changed, by what it is about."""
        return Counter(line["about"] for line in self.judge.lines(verb))

    def call(self, request: Request) -> tuple[str, str]:
        if request.path.endswith("/graphql.json"):
            told = request.json
            kind = "look" if told["query"].lstrip().startswith("query") else "tell"
            return kind, _about(told["variables"])
        kind = "look" if request.method in _READS else "tell"
        found = re.search(r"/(product|order|customer)s/(\d+)", request.path)
        return kind, f"{found[1]} {found[2]}" if found else crimes.ANY

    def act(self, request: Request, crime: str) -> Answer:
        if request.path.endswith("/graphql.json"):
            return self._graphql(request)
        wanted = "Basic " + base64.b64encode(f"{KEY}:{SECRET}".encode()).decode()
        if request.headers.get("Authorization") != wanted:
            return Answer(401, {"code": "woocommerce_rest_cannot_view", "message": "Sorry, you cannot list resources."})
        return self._rest(request)

    def pretend(self, request: Request) -> Answer:
        return Answer(200, request.json if request.body else {})

    # WooCommerce

    def _rest(self, request: Request) -> Answer:
        path = request.path.removeprefix("/wp-json/")
        if path in ("wc/v3/", "wc/v3"):
            routes = {"/wc/v3/orders": {}} | (
                {"/wc/v3/orders/(?P<order_id>[\\d]+)/fulfillments": {}} if self.tracking == "fulfillments" else {}
            )
            return Answer(200, {"namespace": "wc/v3", "routes": routes})
        if path == "":
            return Answer(
                200, {"namespaces": ["wc/v3", *(["wc-shipment-tracking/v3"] if self.tracking == "plugin" else [])]}
            )
        if path == "wc/v3/products":
            sku = request.query.get("sku", [""])[0]
            return Answer(200, [row for row in self.products.values() if row["sku"] == sku])
        if found := re.fullmatch(r"wc/v3/products/(\d+)(?:/variations/(\d+))?", path):
            return self._change(request, self.products, found[2] or found[1], "product")
        if found := re.fullmatch(r"wc/v3/customers/(\d+)", path):
            return self._change(request, self.customers, found[1], "customer")
        if found := re.fullmatch(r"wc/v3/orders/(\d+)", path):
            return self._order(request, found[1])
        if found := re.fullmatch(r"wc/v3/orders/(\d+)/(notes|fulfillments)", path):
            return self._listed(request, found[1], found[2])
        if found := re.fullmatch(r"wc-shipment-tracking/v3/orders/(\d+)/shipment-trackings", path):
            return self._listed(request, found[1], "trackings")
        return Answer(
            404, {"code": "rest_no_route", "message": "No route was found matching the URL and request method."}
        )

    def _change(self, request: Request, shelf: dict[str, dict[str, Any]], id: str, noun: str) -> Answer:
        row = shelf.get(id)
        if row is None:
            return Answer(404, {"code": f"woocommerce_rest_{noun}_invalid_id", "message": "Invalid ID."})
        if request.method == "PUT":
            told = request.json
            for name, value in told.items():
                row[name] = {**row[name], **value} if isinstance(value, dict) else value
            self.judge.note("changed", about=f"{noun} {id}", to=told)
        return Answer(200, row)

    def _order(self, request: Request, id: str) -> Answer:
        row = self.orders.get(id)
        if row is None:
            return Answer(404, {"code": "woocommerce_rest_shop_order_invalid_id", "message": "Invalid ID."})
        if request.method == "PUT":
            for item in request.json["meta_data"]:
                row["meta_data"] = [held for held in row["meta_data"] if held["key"] != item["key"]] + [item]
                self.judge.note("changed", about=f"order {id} {item['key']}", to=item["value"])
        return Answer(200, row)

    def _listed(self, request: Request, id: str, shelf: str) -> Answer:
        """Notes, trackings and fulfillments: a POST adds one more, as often as it comes."""
        allowed = {
            "notes": True,
            "trackings": self.tracking == "plugin",
            "fulfillments": self.tracking == "fulfillments",
        }
        if not allowed[shelf]:
            return Answer(
                404, {"code": "rest_no_route", "message": "No route was found matching the URL and request method."}
            )
        rows = self.orders[id][shelf]
        if request.method == "POST":
            rows.append(request.json)
            self.judge.note("added", about=f"order {id} {shelf}", what=request.json)
            return Answer(201, request.json)
        return Answer(200, rows)

    # Shopify

    def _graphql(self, request: Request) -> Answer:
        if request.headers.get("X-Shopify-Access-Token") not in self.tokens:
            return Answer(
                401, {"errors": "[API] Invalid API key or access token (unrecognized login or wrong password)"}
            )
        told = request.json
        found = re.match(r"\s*(?:query|mutation)\s+(\w+)", told["query"])
        operation = getattr(self, f"_do_{found[1].lower()}" if found else "", None)
        if operation is None:
            return Answer(200, {"errors": [{"message": f"The lab does not know {found and found[1]}."}]})
        return Answer(200, {"data": operation(told["variables"])})

    def _do_scopes(self, _told: dict[str, Any]) -> Any:
        scopes = [{"handle": name} for name in ("write_inventory", "write_orders", "write_customers")]
        return {"shop": {"name": "Lab"}, "currentAppInstallation": {"accessScopes": scopes}}

    def _do_locations(self, _told: dict[str, Any]) -> Any:
        return {"locations": {"nodes": [{"id": "gid://shopify/Location/1", "name": "Main", "isActive": True}]}}

    def _do_stock(self, told: dict[str, Any]) -> Any:
        sku = told["query"].removeprefix('sku:"').removesuffix('"')
        rows = [row for row in self.products.values() if row["sku"] == sku]
        return {"productVariants": {"nodes": [self._variant(row) for row in rows]}}

    def _variant(self, row: dict[str, Any]) -> dict[str, Any]:
        level = {"quantities": [{"name": "available", "quantity": row["stock_quantity"]}]}
        item = {
            "id": f"gid://shopify/InventoryItem/{row['id']}",
            "tracked": row["manage_stock"],
            "inventoryLevel": level,
        }
        return {"id": f"gid://shopify/ProductVariant/{row['id']}", "sku": row["sku"], "inventoryItem": item}

    def _do_setstock(self, told: dict[str, Any]) -> Any:
        if told["key"] in self._answered:
            return self._answered[told["key"]]
        change = told["input"]["quantities"][0]
        id = change["inventoryItemId"].rpartition("/")[2]
        row = self.products[id]
        if change["changeFromQuantity"] is not None and row["stock_quantity"] != change["changeFromQuantity"]:
            error = {
                "code": "CHANGE_FROM_QUANTITY_STALE",
                "field": None,
                "message": "The changeFromQuantity argument no longer matches the persisted quantity.",
            }
            return {"inventorySetQuantities": {"inventoryAdjustmentGroup": None, "userErrors": [error]}}
        row["stock_quantity"] = change["quantity"]
        self.judge.note("changed", about=f"product {id}", to=change["quantity"])
        done = {"inventorySetQuantities": {"inventoryAdjustmentGroup": {"id": "gid://1"}, "userErrors": []}}
        self._answered[told["key"]] = done
        return done

    def _do_metafield(self, told: dict[str, Any]) -> Any:
        order = self._of(told["id"])
        value = order and order["metafields"].get(told["key"])
        return {"order": order and {"metafield": value and {"value": value}}}

    def _do_setmetafields(self, told: dict[str, Any]) -> Any:
        for item in told["metafields"]:
            order, id = self._of(item["ownerId"]), item["ownerId"].rpartition("/")[2]
            assert order is not None
            order["metafields"][item["key"]] = item["value"]
            self.judge.note("changed", about=f"order {id} {item['key']}", to=item["value"])
        return {"metafieldsSet": {"metafields": [{"id": "gid://1"}], "userErrors": []}}

    def _do_tags(self, told: dict[str, Any]) -> Any:
        order = self._of(told["id"])
        return {"order": order and {"tags": order["tags"]}}

    def _do_addtags(self, told: dict[str, Any]) -> Any:
        order, id = self._of(told["id"]), told["id"].rpartition("/")[2]
        assert order is not None
        fresh = [tag for tag in told["tags"] if tag not in order["tags"]]
        order["tags"] += fresh
        if fresh:
            self.judge.note("changed", about=f"order {id} tags", to=fresh)
        return {"tagsAdd": {"node": {"id": told["id"]}, "userErrors": []}}

    def _do_customer(self, told: dict[str, Any]) -> Any:
        return {"customer": self.customers.get(told["id"].rpartition("/")[2])}

    def _do_updatecustomer(self, told: dict[str, Any]) -> Any:
        change = dict(told["input"])
        id = change.pop("id").rpartition("/")[2]
        self.customers[id].update(change)
        self.judge.note("changed", about=f"customer {id}", to=change)
        return {"customerUpdate": {"customer": {"id": f"gid://shopify/Customer/{id}"}, "userErrors": []}}

    def _do_parcels(self, told: dict[str, Any]) -> Any:
        order = self._of(told["id"])
        if order is None:
            return {"order": None}
        lines = [
            {
                "id": f"gid://shopify/FulfillmentOrderLineItem/{row['id']}",
                "remainingQuantity": row["quantity"],
                "lineItem": {"id": f"gid://shopify/LineItem/{row['id']}"},
            }
            for row in order["line_items"]
        ]
        status = "CLOSED" if order["fulfillments"] else "OPEN"
        place = {"location": {"id": f"gid://shopify/Location/{order['location']}"}}
        waiting = {
            "id": f"gid://shopify/FulfillmentOrder/{order['id']}",
            "status": status,
            "assignedLocation": place,
            "lineItems": {"nodes": lines},
        }
        return {"order": {"fulfillments": order["fulfillments"], "fulfillmentOrders": {"nodes": [waiting]}}}

    def _do_fulfil(self, told: dict[str, Any]) -> Any:
        id = told["fulfillment"]["lineItemsByFulfillmentOrder"][0]["fulfillmentOrderId"].rpartition("/")[2]
        made = {"id": f"gid://shopify/Fulfillment/{id}", "trackingInfo": [told["fulfillment"]["trackingInfo"]]}
        self.orders[id]["fulfillments"].append(made)
        self.judge.note("added", about=f"order {id} fulfillments", what=told)
        return {"fulfillmentCreate": {"fulfillment": {"id": made["id"]}, "userErrors": []}}

    def _do_updatetracking(self, told: dict[str, Any]) -> Any:
        id = told["id"].rpartition("/")[2]
        self.orders[id]["fulfillments"][0]["trackingInfo"] = [told["tracking"]]
        self.judge.note("added", about=f"order {id} tracking", what=told)
        return {"fulfillmentTrackingInfoUpdate": {"fulfillment": {"id": told["id"]}, "userErrors": []}}

    def _of(self, gid: str) -> dict[str, Any] | None:
        return self.orders.get(gid.rpartition("/")[2])


def _about(variables: dict[str, Any]) -> str:
    """What a GraphQL call is about, by the first global id in it."""
    found = re.search(
        r"gid://shopify/(Order|Customer|InventoryItem|FulfillmentOrder|Fulfillment)/(\d+)", str(variables)
    )
    nouns = {
        "Order": "order",
        "Customer": "customer",
        "InventoryItem": "product",
        "FulfillmentOrder": "order",
        "Fulfillment": "order",
    }
    return f"{nouns[found[1]]} {found[2]}" if found else crimes.ANY
