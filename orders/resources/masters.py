"""The sheets of who buys, what is for sale, how much of it lies where, and what was shipped."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from orders.models import CountedBy, Customer, Product, Shipment, StockLevel
from orders.resources import parts
from orders.resources.column import OURS, QUANTITY, Column
from orders.resources.sheet import Chunk, Sheet
from orders.resources.widgets import Amount, Choice, Flag, Instant, Number

_CUSTOMER = _(
    "A customer's own data is the store's: change it there. As at purchase it is corrected in the sheet of the orders."
)


class Customers(Sheet):
    """Customers with their current addresses."""

    noun, words, model, zone = "customers", _("customers"), Customer, "shop__time_zone"

    id = parts.key()
    shop = Column(_("The shop."), path="shop__code", instead=OURS)
    customer = Column(_("The store's id of the customer."), path="store_id", required=True, instead=OURS)
    name = Column(_("The name."), new=True, instead=_CUSTOMER)
    email = Column(_("The e-mail."), new=True, instead=_CUSTOMER)
    phone = Column(_("The telephone."), new=True, instead=_CUSTOMER)
    company = Column(_("The company."), new=True, instead=_CUSTOMER)
    vat_id = Column(_("The VAT id."), new=True, instead=_CUSTOMER)
    tax_exempt = Column(_("Whether no tax is charged."), Flag(), new=True, instead=_CUSTOMER)
    locals().update(
        parts.address("billing", "billing__", correctable=False, whose=_("Bill to: {part}."), instead=_CUSTOMER)
    )
    locals().update(
        parts.address("shipping", "shipping__", correctable=False, whose=_("Ship to: {part}."), instead=_CUSTOMER)
    )
    updated_at = Column(_("When the store changed it last."), Instant())
    reason = parts.reason()
    control_number = parts.control("customers")
    control_day = parts.control_day()
    check = parts.check()


class Products(Sheet):
    """Products as the stores sell them, a row per variant."""

    noun, words, model, zone = "products", _("products"), Product, "shop__time_zone"

    id = parts.key()
    shop = Column(_("The shop."), path="shop__code", instead=OURS)
    product = Column(_("The store's id of the variant."), path="store_id", required=True, instead=OURS)
    parent = Column(_("The store's id of the product that it is a variant of."), path="store_product_id", new=True)
    sku = Column(_("The SKU."), new=True)
    title = Column(_("What it is called."), required=True)
    price = Column(_("What one costs."), Amount(), new=True)
    currency = Column(_("Three letters; the shop's own if left empty."), new=True)
    barcode = Column(_("The barcode."), new=True)
    active = Column(_("Whether it is for sale; yes if left empty."), Flag(), new=True)
    updated_at = Column(_("When the store changed it last."), Instant())
    reason = parts.reason()
    control_number = parts.control("products")
    control_day = parts.control_day()
    check = parts.check()


class Stock(Sheet):
    """Counts of stock, by the store and by the ledger."""

    noun, words, model, zone = "stock", _("stock levels"), StockLevel, "shop__time_zone"

    id = parts.key()
    shop = Column(_("The shop."), path="shop__code", instead=OURS)
    sku = Column(_("The SKU."), required=True, instead=OURS)
    location = Column(_("Where it lies."), new=True, instead=OURS)
    counted_by = Column(_("Who counted."), Choice(CountedBy), instead=OURS)
    quantity = Column(_("How many."), Number(), required=True, instead=QUANTITY)
    counted_at = Column(_("When; now if left empty."), Instant(), new=True)
    reason = parts.reason()
    control_number = parts.control("stock")
    control_day = parts.control_day()
    check = parts.check()


class Shipments(Sheet):
    """Parcels with their tracking numbers."""

    noun, words, model, zone = "shipments", _("shipments with tracking"), Shipment, "order__shop__time_zone"

    id = parts.key()
    shop = Column(_("The shop."), path="order__shop__code", instead=OURS)
    order = Column(_("The order's number."), path="order__number", required=True)
    shipment = Column(
        _("The parcel's own id; the tracking number if left empty."), path="store_id", new=True, instead=OURS
    )
    shipped_at = Column(_("When it left."), Instant(), new=True)
    carrier = Column(_("Who carries it."), new=True)
    tracking_number = Column(_("The tracking number."), required=True)
    tracking_url = Column(_("Where it can be followed."), new=True)
    contents = Column(
        _("What lies in it, each on a line of its own: 2 × MUG. Empty means the whole order."),
        path="",
        new=True,
        instead=QUANTITY,
    )
    cancelled = Column(_("Whether it was called off."), Flag())
    reason = parts.reason()
    control_number = parts.control("shipments")
    control_day = parts.control_day()
    check = parts.check()

    def worked_out(self, chunk: Chunk) -> dict[str, dict[Any, Any]]:
        return {"contents": parts.contents(chunk)}
