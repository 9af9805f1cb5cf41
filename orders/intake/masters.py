"""A shop's products and its counts of stock."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from orders import events, incoming, search
from orders.intake.changes import Changes
from orders.intake.fit import Unfit
from orders.models import CountedBy, OrderLine, Product, Shop, StockLevel


def receive_product(shop: Shop, told: incoming.Product) -> str:
    """Take in a product; returns "created", "updated", "same" or "older". Raises Unfit without an id."""
    if not told.id:
        raise Unfit(_("The product has no id, so it could not be found again. Give it one."), field="id")
    row = Product.objects.select_for_update(no_key=True).defer("search").filter(shop=shop, store_id=told.id).first()
    values = _product(told)
    if row is None:
        row = Product(shop=shop, store_id=told.id, **values)
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
