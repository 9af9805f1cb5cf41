"""Makes an order of its rows in Shopify's order export."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from integrations.formats.node import Unclear
from integrations.stores.shopify import paid, sums, words
from integrations.stores.shopify.columns import OrderRow
from integrations.stores.shopify.payments import redeemed
from orders import incoming, money
from orders.incoming import LineKind, PaymentState


def order(rows: Sequence[OrderRow], currency: str) -> incoming.Order:
    """The order in its rows; `currency` is the shop's, for a file that states none. Raises Unclear."""
    head = next((row for row in rows if row.text("total")), rows[0])
    currency = (head.text("currency") or currency).upper()
    items = [sums.item(row) for row in rows if row.text("lineitemname") or row.text("lineitemprice")]
    stated = sums.read(head, items)
    lines = _lines(head, items, stated, currency)
    payments, notes = paid.payments(head, stated, currency)
    billing, shipping = _address(head, _BILLING), _address(head, _SHIPPING)
    vat_id = words.vat_id(_attributes(head))
    return incoming.Order(
        id=head.text("id"),
        number=head.text("name"),
        currency=currency,
        totals=_totals(head, stated),
        lines=tuple(lines),
        placed_at=head.instant("createdat"),
        tax_included=stated.tax_included,
        customer=_customer(head, billing, shipping, vat_id),
        billing=billing,
        shipping=shipping,
        email=head.text("email"),
        company=billing.company if billing else "",
        vat_id=vat_id,
        terms=head.text("paymenttermsname"),
        due_on=due.date() if (due := head.instant("nextpaymentdueat")) else None,
        payment_state=words.PAYMENT_STATES.get(head.text("financialstatus").lower(), PaymentState.UNKNOWN),
        fulfilment_state=words.FULFILMENT_STATES.get(_fulfilment(head), incoming.FulfilmentState.UNKNOWN),
        store_state=head.text("financialstatus"),
        cancelled_at=head.instant("cancelledat"),
        test="bogus" in head.text("paymentmethod").lower(),
        channel=head.text("source"),
        gift_cards_redeemed=redeemed(payments),
        payments=tuple(payments),
        refunds=tuple(paid.refunds(head, stated, lines, payments, currency)),
        shipments=tuple(_shipments(head)),
        identities=tuple(stated.broken()),
        notes=(*notes, *_notes(stated, lines)),
    )


def _lines(head: OrderRow, items: Sequence[sums.Item], stated: sums.Sums, currency: str) -> list[incoming.Line]:
    if not items and stated.off_items:
        raise Unclear(
            head.title("discountamount"), stated.off_items, "The order has a discount, but no item. Export it again."
        )
    off = sums.discounts(stated, [item.gross for item in items], [item.discount for item in items], currency)
    values = [money.kept(item.gross - share) for item, share in zip(items, off, strict=True)]
    shipping = stated.shipping - stated.on_shipping
    taxable = [item.row.text("lineitemtaxable").lower() != "false" for item in items]
    taxes = sums.taxes(stated, values, shipping, taxable, currency)
    lines = [
        _item(item, value, share, tuple(tax))
        for item, value, share, tax in zip(items, values, off, taxes, strict=False)
    ]
    if stated.shipping or head.text("shippingmethod") or taxes[-1]:
        title = head.text("shippingmethod") or "Shipping"
        off_shipping = stated.on_shipping
        lines.append(
            incoming.Line(
                kind=LineKind.SHIPPING, title=title, amount=shipping, discount=off_shipping, taxes=tuple(taxes[-1])
            )
        )
    if stated.duties:
        lines.append(incoming.Line(kind=LineKind.DUTY, title="Duties", amount=stated.duties))
    return lines


def _item(item: sums.Item, value: Decimal, off: Decimal, taxes: tuple[incoming.Tax, ...]) -> incoming.Line:
    return incoming.Line(
        kind=_kind(item.row),
        title=item.row.text("lineitemname"),
        amount=value,
        quantity=item.quantity,
        unit_price=item.price,
        discount=off,
        sku=item.row.guarded("lineitemsku"),
        taxes=taxes,
        derived=off != item.discount,
    )


def _kind(row: OrderRow) -> LineKind:
    title = row.text("lineitemname").lower()
    unshipped = row.text("lineitemrequiresshipping").lower() == "false"
    if title == "tip":
        return LineKind.TIP
    if "gift card" in title and unshipped and row.text("lineitemtaxable").lower() == "false":
        return LineKind.GIFT_CARD
    return LineKind.ITEM


def _totals(head: OrderRow, stated: sums.Sums) -> incoming.Totals:
    return incoming.Totals(
        total=stated.total,
        by_header=stated.by_header,
        subtotal=stated.subtotal,
        discount=head.amount("discountamount"),
        shipping=head.amount("shipping"),
        tax=head.amount("taxes"),
        duties=head.amount("duties"),
        refunded=head.amount("refundedamount"),
    )


def _shipments(head: OrderRow) -> list[incoming.Shipment]:
    if _fulfilment(head) != "fulfilled":
        return []
    return [incoming.Shipment(id="fulfilled", shipped_at=head.instant("fulfilledat"))]


def _fulfilment(head: OrderRow) -> str:
    return head.text("fulfillmentstatus").lower()


def _notes(stated: sums.Sums, lines: Sequence[incoming.Line]) -> list[str]:
    notes = []
    if any(line.derived for line in lines):
        notes.append("The file states the discount for the whole order only; it was spread over the items by value.")
    if stated.on_shipping:
        notes.append(f"The discount of {stated.on_shipping} was taken off the shipping: so the total says.")
    if stated.taxes:
        where = "included in the prices" if stated.tax_included else "on top of the prices"
        notes.append(
            f"The file does not say whether taxes are included; by the total they are {where}. Their share per line is ours."
        )
    if stated.refunded > 0:
        notes.append("The file states the refunded amount only, without date or lines.")
    return notes


class _Side(NamedTuple):
    """The columns of one address."""

    name: str
    company: str
    address1: str
    street: str
    address2: str
    city: str
    province: str
    zip: str
    country: str
    phone: str


_BILLING, _SHIPPING = (_Side._make(f"{side}{part}" for part in _Side._fields) for side in ("billing", "shipping"))
_NOWHERE, _NOBODY = incoming.Address(), incoming.Customer()


def _address(head: OrderRow, side: _Side) -> incoming.Address | None:
    found = incoming.Address(
        name=head.text(side.name),
        company=head.text(side.company),
        street=head.text(side.address1) or head.text(side.street),
        street2=head.text(side.address2),
        city=head.text(side.city),
        region=head.text(side.province),
        postcode=head.guarded(side.zip),
        country=head.text(side.country),
        phone=head.guarded(side.phone),
    )
    return None if found == _NOWHERE else found


def _customer(
    head: OrderRow, billing: incoming.Address | None, shipping: incoming.Address | None, vat_id: str
) -> incoming.Customer | None:
    """The customer as far as the file knows one: it has no customer ids, and addresses of nobody in particular stay with the order."""
    someone = billing or shipping or _NOWHERE
    found = incoming.Customer(
        name=someone.name,
        email=head.text("email"),
        phone=head.guarded("phone") or someone.phone,
        company=someone.company,
        vat_id=vat_id,
    )
    return None if found == _NOBODY else found


def _attributes(head: OrderRow) -> list[tuple[str, str]]:
    pairs = (line.partition(":") for line in head.text("noteattributes").splitlines())
    return [(name.strip(), value.strip()) for name, _colon, value in pairs]
