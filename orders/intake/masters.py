"""A shop's products and its counts of stock."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from orders import events, incoming, search
from orders.intake.changes import Changes
from orders.intake.fit import Unfit
from orders.models import CountedBy, OrderLine, Product, Shop, StockLevel

BY_SKU = "sku:"
"""Begins the id of a product whose source has none."""


def receive_product(shop: Shop, told: incoming.Product) -> str:
    """Take in a product; returns "created", "updated", "same" or "older". Raises Unfit without an id and a SKU.

    One without id is known by its SKU, and only fills what is blank of a product that came with one; the id, once told, takes its place.
    """
    if not told.id and not told.sku:
        raise Unfit(_("The product has neither id nor SKU, so it could not be found again. Give it one."), field="id")
    rows = Product.objects.select_for_update(no_key=True).defer("search").filter(shop=shop)
    by_sku = f"{BY_SKU}{told.sku}"
    row = rows.filter(store_id=told.id or by_sku).first()
    values = _product(told)
    if row is None and told.id and told.sku and (row := rows.filter(store_id=by_sku).first()):
        values["store_id"] = told.id
    elif row is None and not told.id and (row := _alone(rows.filter(sku=told.sku))):
        values = {name: value for name, value in values.items() if value and getattr(row, name) in ("", None)}
    if row is None:
        row = Product(shop=shop, store_id=told.id or by_sku, **values)
        row.search = search.vector(*search.said(row))
        row.save(force_insert=True)
        _link(shop, row)
        return "created"
    if told.updated_at and row.updated_at and told.updated_at < row.updated_at:
        return "older"
    changes = Changes()
    if not changes.lay(row, values):
        return "same"
    row.save()
    search.index(row)
    _link(shop, row)
    events.record(row, "changed", before=changes.before(), after=changes.after(), words=changes.words)
    return "updated"


def _alone(rows: QuerySet[Product]) -> Product | None:
    """The one product that it is, None where there are several or none."""
    found = list(rows[:2])
    return found[0] if len(found) == 1 else None


def _product(told: incoming.Product) -> dict[str, Any]:
    return {
        "store_product_id": told.product_id,
        "sku": told.sku,
        "title": told.title,
        "price": told.price,
        "currency": told.currency,
        "barcode": told.barcode,
        "active": told.active,
        "updated_at": told.updated_at,
    }


def _link(shop: Shop, product: Product) -> None:
    """Order lines that came before their product find it now."""
    if product.sku:
        OrderLine.objects.filter(sku=product.sku, product=None, order__shop=shop).update(product=product)


def receive_stock(shop: Shop, told: incoming.StockLevel, *, at: datetime) -> str:
    """Take in one count; returns "created", "updated", "same" or "older". Raises Unfit for a count of nothing in particular."""
    product = _counted(shop, told)
    sku = told.sku or (product.sku if product else "")
    if not sku:
        raise Unfit(_("The count has no SKU, and no product of ours has its id. Give it the SKU."), field="sku")
    moment = told.counted_at or at
    key = {"shop": shop, "sku": sku, "location": told.location, "counted_by": CountedBy.STORE}
    row = StockLevel.objects.select_for_update(no_key=True).filter(**key).first()
    if row is None:
        StockLevel.objects.create(**key, quantity=told.quantity, counted_at=moment, product=product)
        return "created"
    if moment < row.counted_at:
        return "older"
    same = row.quantity == told.quantity
    row.quantity, row.counted_at, row.product = told.quantity, moment, product or row.product
    row.save()
    return "same" if same else "updated"


def _counted(shop: Shop, told: incoming.StockLevel) -> Product | None:
    rows = Product.objects.defer("search").filter(shop=shop)
    if told.product_id and (found := rows.filter(store_id=told.product_id).first()):
        return found
    named = list(rows.filter(sku=told.sku)[:2]) if told.sku else []
    return named[0] if len(named) == 1 else None
