"""A shop's products, its counts of stock, and what gateways paid out."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from orders import events, incoming, review, search
from orders.intake.changes import Changes
from orders.intake.fit import Unfit
from orders.models import CountedBy, OrderLine, Payment, Payout, PayoutLine, Product, Shop, StockLevel


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


def receive_payout(shop: Shop, told: incoming.Payout, *, at: datetime) -> str:
    """Take in a payout; returns "created", "updated" or "same". Raises Unfit without an id."""
    if not told.id:
        raise Unfit(_("The payout has no id, so it could be counted twice. Give it the gateway's id."), field="id")
    row = Payout.objects.select_for_update(no_key=True, of=("self",)).filter(shop=shop, store_id=told.id).first()
    values = {"gateway": told.gateway, "amount": told.amount, "currency": told.currency, "paid_on": told.paid_on}
    changes = Changes()
    if row is None:
        row = Payout.objects.create(shop=shop, store_id=told.id, received_at=at, **values)
        _write_lines(row, told)
        events.record(row, "received", after=values, words=_("Received from the gateway."))
        review.refresh(row)
        return "created"
    changes.lay(row, values)
    before, after = _lines(row), [_line(line) for line in told.lines]
    if before != after:
        changes.note("lines", before, after)
        row.lines.all().delete()
        _write_lines(row, told)
    if not changes:
        return "same"
    row.version += 1
    row.save()
    events.record(row, "changed", before=changes.before(), after=changes.after(), words=changes.words)
    review.refresh(row)
    return "updated"


def _write_lines(payout: Payout, told: incoming.Payout) -> None:
    ids = {line.payment_id for line in told.lines} - {""}
    rows = Payment.objects.filter(order__shop=payout.shop_id, store_id__in=ids).select_related("order")
    paid = {(row.store_id, row.order.number): row for row in rows}
    alone = {row.store_id: row for row in paid.values()}
    PayoutLine.objects.bulk_create(
        PayoutLine(
            payout=payout,
            position=n,
            kind=line.kind,
            amount=line.amount,
            fee=line.fee,
            payment=paid.get((line.payment_id, line.order_number)) or alone.get(line.payment_id),
            store_payment_id=line.payment_id,
            order_number=line.order_number,
        )
        for n, line in enumerate(told.lines)
    )


def _lines(payout: Payout) -> list[list[str]]:
    return [
        [row.kind, *incoming.plain([row.amount, row.fee]), row.store_payment_id, row.order_number]
        for row in payout.lines.order_by("position")
    ]


def _line(line: incoming.PayoutLine) -> list[str]:
    return [line.kind, *incoming.plain([line.amount, line.fee]), line.payment_id, line.order_number]
