"""Tells a WooCommerce store our news over its REST API v3.

Sources: https://woocommerce.github.io/woocommerce-rest-api-docs/ (orders, order notes, products, variations, customers), and what a WooCommerce 11.0.1 answered.
The API has no compare-and-set: a count is read, compared, set and read back; an order of the store in between is seen by the reading back, not prevented.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, ClassVar

from integrations import http
from integrations.errors import Conflict, Misconfigured, Refused, Uncertain
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

TRACKING = ("note", "plugin", "fulfillments")
_CUSTOMER = {"email": ("email",), "phone": ("billing", "phone"), "company": ("billing", "company")}


@adapter("woocommerce")
class WooCommerce:
    """A WooCommerce store that is told stock, invoice numbers, tracking numbers and customers' data."""

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Options(Wishes):
        """`url` is the shop's address; `tracking` is where tracking numbers go: an order's note, the Shipment Tracking plugin, or the core's fulfillments."""

        url: str
        consumer_key: str = field(metadata={"secret": True})
        consumer_secret: str = field(metadata={"secret": True})
        networks: str = ""
        tracking: str = "note"

    concurrency: ClassVar[int] = 2

    def __init__(self, options: Options, session: http.Session) -> None:
        if options.tracking not in TRACKING:
            words = f"Tracking numbers cannot go to “{options.tracking}”."
            raise Misconfigured(words, fix=f"Choose one of: {', '.join(TRACKING)}.")
        self.options, self.session = options, session
        session.auth = (options.consumer_key, options.consumer_secret)

    @staticmethod
    def dial(options: Options) -> http.Dial:
        """Every call goes below /wp-json/; the key goes along as HTTP Basic, which WooCommerce takes over HTTPS only."""
        return http.Dial(base_url=f"{options.url.rstrip('/')}/wp-json", networks=options.networks)

    def check(self) -> Sequence[Check]:
        """Whether the key opens the store, and whether the way of tracking numbers is there."""
        routes = self._get("wc/v3/").get("routes", {})
        found = [Check(name="store", ok=True, words="The key opens the store.")]
        if self.options.tracking == "plugin":
            there = "wc-shipment-tracking/v3" in self._get("").get("namespaces", [])
            found.append(Check(name="tracking", ok=there, words="Shipment Tracking is " + _or_not(there, "installed.")))
        if self.options.tracking == "fulfillments":
            there = any("/fulfillments" in route for route in routes)
            words = "The core's fulfillments are " + _or_not(there, "switched on.")
            found.append(Check(name="tracking", ok=there, words=words))
        return found

    def stands(self, news: News) -> bool:
        """True if the store has it. Raises Conflict where its count, or its customer, is neither what was seen nor what is wanted."""
        match news:
            case StockNews():
                return _stands(self._count(self._product(news)), news.before, news.after, news.sku)
            case CustomerNews():
                return _stands(self._customer(news), news.before, news.after, f"the customer's {news.field}")
            case NumberNews() | TagNews():
                key, value = _meta(news)
                return any(
                    item.get("key") == key and item.get("value") == value
                    for item in self._order(news.order)["meta_data"]
                )
            case TrackingNews():
                return any(news.number in text for text in self._tracked(news))

    def tell(self, news: News) -> None:
        """Look, set, read back."""
        if self.stands(news):
            return
        match news:
            case StockNews():
                self._set_count(news)
            case CustomerNews():
                self._put(f"wc/v3/customers/{news.customer}", _nested(_CUSTOMER[news.field], news.after))
            case NumberNews() | TagNews():
                key, value = _meta(news)
                self._put(f"wc/v3/orders/{news.order}", {"meta_data": [{"key": key, "value": value}]})
            case TrackingNews():
                self._track(news)
        if not self.stands(news):
            words = "The store took the call and does not show it."
            raise Uncertain(words, fix="It is looked for before it is told again.")

    def _set_count(self, news: StockNews) -> None:
        quantity = int(news.after) if news.after == int(news.after) else float(news.after)
        self._put(_place(self._product(news)), {"stock_quantity": quantity})

    def _product(self, news: StockNews) -> dict[str, Any]:
        if news.product:
            path = f"wc/v3/products/{news.parent}/variations/{news.product}" if _is_variation(news) else ""
            found: dict[str, Any] = self._get(path or f"wc/v3/products/{news.product}")
            return {**found, "parent_id": int(news.parent) if path else 0}
        rows = self._get("wc/v3/products", sku=news.sku)
        if len(rows) != 1:
            words = f"{len(rows) or 'No'} products of the store have the SKU “{news.sku}”."
            raise Refused(words, fix="Give it to one product there, or set the stock by hand.")
        return dict(rows[0])

    def _count(self, product: dict[str, Any]) -> Decimal:
        if product.get("manage_stock") is not True:
            whose = "with its parent product" if product.get("manage_stock") == "parent" else "not at all"
            words = f"WooCommerce counts “{product.get('sku') or product.get('id')}” {whose}."
            raise Refused(words, fix="Tick “Track stock quantity” at the product there, or set the stock by hand.")
        try:
            return Decimal(str(product.get("stock_quantity") or 0))
        except InvalidOperation as error:
            raise Uncertain(f"The store's count “{product.get('stock_quantity')}” is no number.") from error

    def _customer(self, news: CustomerNews) -> str:
        if news.field not in _CUSTOMER:
            words = f"WooCommerce's API has no single field for the customer's {news.field}."
            raise Refused(words, fix="Change it in the store by hand.")
        value: Any = self._get(f"wc/v3/customers/{news.customer}")
        for name in _CUSTOMER[news.field]:
            value = value.get(name) or ""
        return str(value)

    def _tracked(self, news: TrackingNews) -> Iterable[str]:
        if self.options.tracking == "plugin":
            rows = self._get(f"wc-shipment-tracking/v3/orders/{news.order}/shipment-trackings")
            return [str(row.get("tracking_number", "")) for row in rows]
        if self.options.tracking == "fulfillments":
            rows = self._get(f"wc/v3/orders/{news.order}/fulfillments")
            rows = rows.get("fulfillments", []) if isinstance(rows, dict) else rows
            return [str(item.get("value", "")) for row in rows for item in row.get("meta_data", [])]
        return [str(row.get("note", "")) for row in self._get(f"wc/v3/orders/{news.order}/notes")]

    def _track(self, news: TrackingNews) -> None:
        if self.options.tracking == "plugin":
            body = {"custom_tracking_provider": news.carrier or "other", "tracking_number": news.number}
            link = {"custom_tracking_link": news.url} if news.url else {}
            self._post(f"wc-shipment-tracking/v3/orders/{news.order}/shipment-trackings", {**body, **link})
        elif self.options.tracking == "fulfillments":
            self._post(f"wc/v3/orders/{news.order}/fulfillments", self._fulfillment(news))
        else:
            note = " ".join(part for part in ("Tracking:", news.carrier, news.number, news.url) if part)
            self._post(f"wc/v3/orders/{news.order}/notes", {"note": note, "customer_note": False})

    def _fulfillment(self, news: TrackingNews) -> dict[str, Any]:
        lines = news.lines or [(str(row["id"]), row["quantity"]) for row in self._order(news.order)["line_items"]]
        items = [{"item_id": int(line), "qty": int(quantity)} for line, quantity in lines]
        told = {
            "_items": items,
            "_tracking_number": news.number,
            "_shipment_provider": news.carrier,
            "_tracking_url": news.url,
        }
        meta = [{"key": key, "value": value} for key, value in told.items() if value]
        return {"status": "fulfilled", "is_fulfilled": True, "meta_data": meta}

    def _order(self, order: str) -> dict[str, Any]:
        return dict(self._get(f"wc/v3/orders/{order}"))

    def _get(self, path: str, **query: str) -> Any:
        return _json(self.session.request("GET", path, params=query))

    def _put(self, path: str, body: dict[str, Any]) -> Any:
        return _json(self.session.request("PUT", path, json=body))

    def _post(self, path: str, body: dict[str, Any]) -> Any:
        return _json(self.session.request("POST", path, json=body))


def _json(answer: Any) -> Any:
    """Its JSON; a page of a firewall or a plugin's notice before it is no answer. Raises Uncertain."""
    try:
        return answer.json()
    except ValueError as error:
        words = "The store answered with a page instead of JSON."
        raise Uncertain(words, fix="See that no maintenance page or firewall stands before the store's API.") from error


def _stands(there: Any, before: Any, after: Any, what: str) -> bool:
    if there == after:
        return True
    if there == before:
        return False
    words = f"The store has {there} for {what}; it was {before} when the change to {after} was made."
    raise Conflict(words, fix="Look at it in the store, and make the change anew if it is still wanted.")


def _meta(news: NumberNews | TagNews) -> tuple[str, str]:
    """Orders have no tags and no field for a number; a custom field shows in the order's page."""
    if isinstance(news, TagNews):
        return "ordersync", news.tag
    return f"ordersync_invoice_{news.reference}", news.number


def _is_variation(news: StockNews) -> bool:
    return news.parent not in ("", "0", news.product)


def _place(product: dict[str, Any]) -> str:
    parent = product.get("parent_id")
    if parent:
        return f"wc/v3/products/{parent}/variations/{product['id']}"
    return f"wc/v3/products/{product['id']}"


def _nested(path: tuple[str, ...], value: str) -> dict[str, Any]:
    first, *rest = path
    return {first: _nested(tuple(rest), value) if rest else value}


def _or_not(there: bool, words: str) -> str:
    return words if there else f"not {words}"
