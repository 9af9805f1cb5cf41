"""The demo's special orders: every history of the books that a store's format can tell, and the usual problems.

What the formats cannot tell is not among them: a chargeback comes with a gateway's disputes, and a ledger that rounds otherwise is the tests' own.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from ordersync_site.demo import carried, cast, problems, shopify, woocommerce
from ordersync_site.demo.cast import Good, Person
from ordersync_site.demo.sale import Rates, Sale, Sold

DE19: Rates = (("DE MwSt", Decimal("0.19")),)
DE7: Rates = (("DE MwSt", Decimal("0.07")),)
MUG, TEAPOT, TEA, LAMP, KETTLE = (cast.HOUSE[at] for at in (0, 2, 3, 7, 8))
ZONES = {"tokyo": "Asia/Tokyo", "kuwait": "Asia/Kuwait", "outlet": "America/Chicago", "london": "Europe/London"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One order as a store tells it, in the first wave or the second."""

    shop: str
    format: str
    order: dict[str, Any]
    wave: int = 1


def all_of(today: date) -> Iterator[Told]:
    """Every special order."""
    book = Book(today)
    for tell in _HISTORIES:
        yield from tell(book)
    for order in problems.all_of(book.sale):
        yield Told(shop="haus", format="shopify", order=order)
    for wave, order in carried.all_of(book.sale):
        yield Told(shop=carried.SHOP, format="woocommerce", order=order, wave=wave)


class Book:
    """Numbers the special orders and dates them: each shop's begin at 5001, ten days ago."""

    def __init__(self, today: date) -> None:
        self.today = today
        self._count: dict[str, int] = {}

    def sale(self, shop: str, person: Person, *sold: Sold, days: int = 10, number: str = "", **fields: Any) -> Sale:
        """A sale of that many days ago, at noon of the shop's day."""
        n = self._count[shop] = self._count.get(shop, 0) + 1
        zone = ZoneInfo(ZONES.get(shop, "Europe/Berlin"))
        given: dict[str, Any] = {"currency": "EUR", "tax_included": True, "shipping_rates": DE19, **fields}
        at = datetime.combine(self.today - timedelta(days=days), time(12, n % 60), zone)
        return Sale(id=105_000 + n, number=number or f"#{5000 + n}", at=at, person=person, sold=sold, **given)


def _told(sale: Sale, *, shop: str = "haus", wave: int = 1, **changes: Any) -> Told:
    order = shopify.order(sale) | changes
    if wave > 1:
        order["updated_at"] = (sale.at + timedelta(days=4)).isoformat()
    return Told(shop=shop, format="shopify", order=order, wave=wave)


def _paid_on_delivery(book: Book) -> Iterator[Told]:
    sale = book.sale("haus", cast.GERMANS[0], Sold(good=LAMP, rates=DE19), gateway="cash on delivery", paid=False)
    yield _told(sale)
    cash = shopify.transaction(sale, "sale", Decimal("89.00"), at=sale.at + timedelta(days=3))
    yield _told(sale, wave=2, financial_status="paid", transactions=[cash])


def _shipped_in_parts(book: Book) -> Iterator[Told]:
    sale = book.sale(
        "parcels",
        cast.GERMANS[1],
        Sold(good=MUG, quantity=3, rates=DE19),
        Sold(good=TEA, rates=DE7),
        shipping=Decimal("4.90"),
    )
    first = shopify.fulfilment(sale, 1, at=sale.at + timedelta(days=1), lines=[(0, 2)])
    second = shopify.fulfilment(sale, 2, at=sale.at + timedelta(days=3), lines=[(0, 1), (1, 1)])
    yield _told(sale, shop="parcels", fulfillments=[first], fulfillment_status="partial")
    yield _told(sale, shop="parcels", wave=2, fulfillments=[first, second], fulfillment_status="fulfilled")


def _paid_before_it_is_shipped(book: Book) -> Iterator[Told]:
    sale = book.sale("parcels", cast.GERMANS[2], Sold(good=KETTLE, rates=DE19))
    yield _told(sale, shop="parcels")
    sent = shopify.fulfilment(sale, 1, at=sale.at + timedelta(days=3))
    yield _told(sale, shop="parcels", wave=2, fulfillments=[sent], fulfillment_status="fulfilled")


def _not_shipped_yet(book: Book) -> Iterator[Told]:
    yield _told(book.sale("parcels", cast.GERMANS[3], Sold(good=LAMP, rates=DE19)), shop="parcels")


def _paid_in_two_parts(book: Book) -> Iterator[Told]:
    for shop in ("advance", "haus"):
        sale = book.sale(shop, cast.GERMANS[4], Sold(good=LAMP, quantity=2, rates=DE19), gateway="bank transfer")
        half = shopify.transaction(sale, "sale", Decimal("80.00"))
        rest = shopify.transaction(sale, "sale", Decimal("98.00"), n=2, at=sale.at + timedelta(days=2))
        yield _told(sale, shop=shop, financial_status="partially_paid", transactions=[half], total_outstanding="98.00")
        yield _told(sale, shop=shop, wave=2, transactions=[half, rest])


def _gift_cards(book: Book) -> Iterator[Told]:
    card = Good(id=5090, sku="", title="Gift card", price=Decimal("50.00"))
    sale = book.sale("haus", cast.GERMANS[5], Sold(good=card))
    order = shopify.order(sale)
    order["line_items"][0] |= {"gift_card": True, "requires_shipping": False}
    yield Told(shop="haus", format="shopify", order=order)
    sale = book.sale("haus", cast.GERMANS[6], Sold(good=LAMP, rates=DE19))
    parts = [
        shopify.transaction(sale, "sale", Decimal("50.00"), gateway="gift_card"),
        shopify.transaction(sale, "sale", Decimal("39.00"), n=2),
    ]
    yield _told(sale, transactions=parts, payment_gateway_names=["gift_card", "shopify_payments"])
    sale = book.sale("haus", cast.GERMANS[7], Sold(good=KETTLE, rates=DE19), gateway="store credit")
    yield _told(sale)


def _taken_off_the_total(book: Book) -> Iterator[Told]:
    """A plugin of WooCommerce takes a redeemed gift card off the total."""
    sale = book.sale("second", cast.GERMANS[8], Sold(good=LAMP, rates=DE19), tax_included=False, gateway="stripe")
    order = woocommerce.order(sale)
    order |= {"total": "85.91", "gift_cards": [{"id": 1, "code": "DEMO-CARD", "amount": 20}]}
    yield Told(shop="second", format="woocommerce", order=order)


def _the_same_number(book: Book) -> Iterator[Told]:
    for shop in ("second", "haus"):
        sale = book.sale(
            shop,
            cast.GERMANS[9],
            Sold(good=MUG, rates=DE19),
            number="#4711",
            tax_included=shop == "haus",
            gateway="stripe",
        )
        if shop == "haus":
            yield _told(sale)
        else:
            yield Told(shop=shop, format="woocommerce", order=woocommerce.order(sale) | {"number": "4711"})


def _a_cent_apart(book: Book) -> Iterator[Told]:
    """Shops that round at the subtotal state a total which their lines miss by a cent."""
    sale = book.sale(
        "second",
        cast.GERMANS[0],
        Sold(good=TEA, rates=DE7),
        Sold(good=MUG, rates=DE19),
        tax_included=False,
        gateway="stripe",
    )
    order = woocommerce.order(sale)
    order |= {key: str(Decimal(order[key]) + Decimal("0.01")) for key in ("total", "total_tax", "cart_tax")}
    yield Told(shop="second", format="woocommerce", order=order)


def _edited_after_posting(book: Book) -> Iterator[Told]:
    """One mug more, once the invoice is in the books; to be paid by bank transfer, not paid yet."""
    owed: dict[str, Any] = {"tax_included": False, "gateway": "bacs", "paid": False}
    sale = book.sale("second", cast.GERMANS[1], Sold(good=TEAPOT, rates=DE19), **owed)
    yield Told(shop="second", format="woocommerce", order=woocommerce.order(sale))
    more = dataclasses.replace(sale, sold=(*sale.sold, Sold(good=MUG, rates=DE19)))
    later = {"date_modified_gmt": f"{sale.at + timedelta(days=4):%Y-%m-%dT%H:%M:%S}"}
    yield Told(shop="second", format="woocommerce", order=woocommerce.order(more) | later, wave=2)


def _extras(book: Book) -> Iterator[Told]:
    """A tip, duties, two taxes on one line, and a tax that the channel pays."""
    state, county = ("Illinois State Tax", Decimal("0.0625")), ("Example County Tax", Decimal("0.02"))
    american: dict[str, Any] = {"currency": "USD", "tax_included": False, "shipping_rates": ()}
    alex, kettle = cast.AMERICANS[0], Good(id=6101, sku="STOVE", title="Camping stove", price=Decimal("64.00"))
    yield _told(book.sale("outlet", alex, Sold(good=kettle, rates=(state, county)), **american), shop="outlet")
    tipped = book.sale("outlet", alex, Sold(good=kettle, rates=(state,)), **american)
    yield _told(
        tipped,
        shop="outlet",
        total_tip_received="5.00",
        total_price="73.00",
        transactions=[shopify.transaction(tipped, "sale", Decimal("73.00"))],
    )
    market = shopify.order(book.sale("outlet", alex, Sold(good=kettle, rates=(state,)), **american))
    for tax in market["line_items"][0]["tax_lines"]:
        tax["channel_liable"] = True
    yield Told(shop="outlet", format="shopify", order=market)
    duty = {"shop_money": {"amount": "6.40", "currency_code": "USD"}}
    taxed = book.sale("outlet", alex, Sold(good=kettle), **american)
    abroad = shopify.order(taxed) | {"original_total_duties_set": duty, "total_price": "70.40"}
    abroad["line_items"][0]["duties"] = [
        {"id": 1, "harmonized_system_code": "7321.11", "price_set": duty, "tax_lines": []}
    ]
    abroad["transactions"] = [shopify.transaction(taxed, "sale", Decimal("70.40"))]
    yield Told(shop="outlet", format="shopify", order=abroad)


def _treatments(book: Book) -> Iterator[Told]:
    """A distance sale in the EU, a reverse charge, an exempt customer."""
    yield _told(book.sale("haus", cast.FRENCH, Sold(good=LAMP, rates=(("FR TVA", Decimal("0.2")),))))
    firm = book.sale("haus", cast.DUTCH_FIRM, Sold(good=LAMP, quantity=4))
    yield _told(firm, tax_exempt=True, note_attributes=[{"name": "VAT number", "value": cast.DUTCH_FIRM.vat_id}])
    yield _told(book.sale("haus", cast.CHARITY, Sold(good=KETTLE)), tax_exempt=True)


def _refunds(book: Book) -> Iterator[Told]:
    """By lines, of the shipping, of a bare amount, beyond the invoice by a cent; and one that came before the order was posted."""
    for wave, kind in ((1, "before"), (2, "lines"), (2, "shipping"), (2, "bare"), (2, "beyond")):
        sale = book.sale("haus", cast.GERMANS[2], Sold(good=MUG, quantity=2, rates=DE19), shipping=Decimal("4.90"))
        if wave == 2:
            yield _told(sale)
        yield _told(sale, wave=wave, refunds=[_refund(sale, kind)], financial_status="partially_refunded")


def _refund(sale: Sale, kind: str) -> shopify.Json:
    at = sale.at + timedelta(days=3)
    if kind == "bare":
        return shopify.refund(sale, 1, Decimal("10.00"), at=at)
    if kind == "shipping":
        back = {
            "id": sale.id,
            "kind": "shipping_refund",
            "reason": "Shipping refund",
            "amount": "-4.12",
            "tax_amount": "-0.78",
        }
        return shopify.refund(sale, 1, Decimal("4.90"), at=at, adjustments=[back])
    if kind == "beyond":
        return shopify.refund(sale, 1, Decimal("29.81"), at=at, lines=[(0, 2)])
    return shopify.refund(sale, 1, Decimal("14.90"), at=at, lines=[(0, 1)])


def _cancelled(book: Book) -> Iterator[Told]:
    unpaid = book.sale("haus", cast.GERMANS[3], Sold(good=MUG, rates=DE19), paid=False)
    gone = (unpaid.at + timedelta(hours=5)).isoformat()
    yield _told(unpaid, cancelled_at=gone, cancel_reason="customer", financial_status="voided")
    paid = book.sale("haus", cast.GERMANS[4], Sold(good=TEAPOT, rates=DE19))
    back = shopify.refund(paid, 1, Decimal("38.00"), at=paid.at + timedelta(hours=5), lines=[(0, 1)])
    yield _told(paid, cancelled_at=gone, cancel_reason="customer", financial_status="refunded", refunds=[back])


def _for_nothing(book: Book) -> Iterator[Told]:
    """100 % discount: the German books post it, the American ones skip it. And mixed rates under one discount."""
    yield _told(book.sale("haus", cast.GERMANS[5], Sold(good=MUG, discount=MUG.price, rates=DE19)))
    kept: dict[str, Any] = {"currency": "USD", "tax_included": False, "shipping_rates": ()}
    yield _told(
        book.sale("outlet", cast.AMERICANS[1], Sold(good=cast.OUTDOOR[1], discount=cast.OUTDOOR[1].price), **kept),
        shop="outlet",
    )
    lamp, tea = (
        Sold(good=LAMP, discount=Decimal("8.90"), rates=DE19),
        Sold(good=TEA, discount=Decimal("0.65"), rates=DE7),
    )
    yield _told(book.sale("haus", cast.GERMANS[6], lamp, tea))


def _other_currencies(book: Book) -> Iterator[Told]:
    """Yen have no decimals, dinars three; both shops' books are in euros."""
    tea = Good(id=9201, sku="TEA/GREEN 100", title="Green tea, 100 g", price=Decimal(1080))
    for quantity in (1, 3):
        sold = Sold(good=tea, quantity=quantity, rates=(("JP CT", Decimal("0.08")),))
        yield _told(book.sale("tokyo", cast.JAPANESE, sold, currency="JPY", shipping_rates=()), shop="tokyo")
    dates = Good(id=9301, sku="HONEY-250", title="Honey, 250 g", price=Decimal("3.125"))
    sale = book.sale(
        "kuwait", cast.KUWAITI, Sold(good=dates, quantity=3), currency="KWD", tax_included=False, shipping_rates=()
    )
    yield _told(sale, shop="kuwait")
    back = shopify.refund(sale, 1, Decimal("3.125"), at=sale.at + timedelta(days=2), lines=[(0, 1)])
    yield _told(sale, shop="kuwait", wave=2, refunds=[back], financial_status="partially_refunded")


def _restocking_fee(book: Book) -> Iterator[Told]:
    """Five euros are kept: Shopify tells it as a discrepancy, which the owner has to name."""
    sale = book.sale("haus", cast.GERMANS[7], Sold(good=KETTLE, rates=DE19))
    kept = {
        "id": sale.id,
        "kind": "refund_discrepancy",
        "reason": "Restocking fee",
        "amount": "5.00",
        "tax_amount": "0.00",
    }
    yield _told(sale)
    back = shopify.refund(sale, 1, Decimal("44.99"), at=sale.at + timedelta(days=3), lines=[(0, 1)], adjustments=[kept])
    yield _told(sale, wave=2, refunds=[back], financial_status="partially_refunded")


_HISTORIES: tuple[Callable[[Book], Iterator[Told]], ...] = (
    _paid_on_delivery, _shipped_in_parts, _paid_before_it_is_shipped, _not_shipped_yet, _paid_in_two_parts, _gift_cards, _taken_off_the_total,
    _the_same_number, _a_cent_apart, _edited_after_posting, _extras, _treatments, _refunds, _cancelled, _for_nothing, _other_currencies, _restocking_fee,
)  # fmt: skip
