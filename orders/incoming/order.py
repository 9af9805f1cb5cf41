"""One order as one source tells it, with everything that belongs to it."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from orders.frozen import record
from orders.incoming.kinds import (
    FulfilmentState,
    LineKind,
    PaymentKind,
    PaymentMethod,
    PaymentState,
    PaymentStatus,
    Remitter,
    TaxTreatment,
)
from orders.money import ZERO


@record
class Tax:
    """One tax on one line. `rate` is a fraction (0.19); None where the source does not say. `derived`: allocated by a reader, not stated per line."""

    title: str
    amount: Decimal
    rate: Decimal | None = None
    base: Decimal | None = None
    country: str = ""
    region: str = ""
    jurisdiction: str = ""
    compound: bool = False
    remitted_by: Remitter = Remitter.US
    derived: bool = False


@record
class Line:
    """One line. `amount` is what the line costs after its discounts, with tax if the order says `tax_included`, else without. A discount line is negative.

    `id` is the store's line id ("" where the source has none; such lines are matched by position). `discount` was already taken off `amount`.
    """

    kind: LineKind
    title: str
    amount: Decimal
    quantity: Decimal = Decimal(1)
    id: str = ""
    unit_price: Decimal | None = None
    discount: Decimal = ZERO
    sku: str = ""
    product_id: str = ""
    variant_id: str = ""
    taxes: tuple[Tax, ...] = ()
    derived: bool = False  # the amount contains a share that a reader allocated


@record
class Address:
    """A postal address as the store wrote it; `country` and `region` are codes where the store gives codes (ISO 3166-1 alpha-2)."""

    name: str = ""
    company: str = ""
    street: str = ""
    street2: str = ""
    city: str = ""
    region: str = ""
    postcode: str = ""
    country: str = ""
    phone: str = ""
    email: str = ""


@record
class Customer:
    """A customer of the store; `id` is "" for a guest."""

    id: str = ""
    name: str = ""
    email: str = ""
    phone: str = ""
    company: str = ""
    vat_id: str = ""
    tax_exempt: bool = False
    billing: Address | None = None
    shipping: Address | None = None
    updated_at: datetime | None = None


@record
class Payment:
    """Money that moved, or tried to. `amount` is positive in `currency`; `settled` is what reached us in the settlement currency, before `fee`.

    `id` must be stable for one payment of one order; a source without ids uses a name of its own ("paid", "gift-card-1").
    """

    id: str
    kind: PaymentKind
    status: PaymentStatus
    method: PaymentMethod
    amount: Decimal
    currency: str
    gateway: str = ""
    parent_id: str = ""
    processed_at: datetime | None = None
    fee: Decimal = ZERO
    settled: Decimal | None = None
    settled_currency: str = ""
    rate: Decimal | None = None
    derived: bool = False


@record
class RefundLine:
    """What is given back. `amount` positive, with tax if the order is `tax_included`, else without; a fee we keep (restocking) is negative."""

    kind: LineKind
    amount: Decimal
    title: str = ""
    quantity: Decimal = ZERO
    line_id: str = ""  # the order's line; "" for a bare amount
    sku: str = ""
    taxes: tuple[Tax, ...] = ()


@record
class Refund:
    """A refund of one order. `amount` is the money that goes back (0 for a restock only); lines may be missing: a bare amount."""

    id: str
    amount: Decimal
    currency: str
    refunded_at: datetime | None = None
    reason: str = ""
    lines: tuple[RefundLine, ...] = ()
    payments: tuple[Payment, ...] = ()  # kind refund


@record
class ShipmentLine:
    quantity: Decimal
    line_id: str = ""
    sku: str = ""


@record
class Shipment:
    """A parcel. Without lines it means the whole order."""

    id: str
    shipped_at: datetime | None = None
    carrier: str = ""
    tracking_number: str = ""
    tracking_url: str = ""
    cancelled: bool = False
    lines: tuple[ShipmentLine, ...] = ()


@record
class Totals:
    """The store's own totals, as stated in the header; None where the source has no such figure.

    `by_header` is the sum that the store's header amounts give by the store's own identity (facts of its format, known to the reader).
    `taken_off` is what a plugin took off `total` for redeemed gift cards: the total due is `total + taken_off`.
    """

    total: Decimal
    by_header: Decimal | None = None
    subtotal: Decimal | None = None
    discount: Decimal | None = None
    shipping: Decimal | None = None
    fees: Decimal | None = None
    tax: Decimal | None = None
    tip: Decimal | None = None
    duties: Decimal | None = None
    refunded: Decimal | None = None
    taken_off: Decimal = ZERO


@record
class Identity:
    """An identity of the store's format that does not hold: its code in docs/stores.md, what it says in words, and by how much it is off."""

    code: str
    words: str
    difference: Decimal


@record
class Order:
    """One order as one source tells it. `id` is "" only where the source has none; then `number` finds it.

    `updated_at` orders the versions (None: the time of receipt). `tax_included`: line amounts contain their taxes.
    `notes` are plain sentences for the owner about what the reader had to assume.
    """

    id: str
    number: str
    currency: str
    totals: Totals
    lines: tuple[Line, ...]
    placed_at: datetime | None
    updated_at: datetime | None = None
    tax_included: bool = False
    tax_exempt: bool = False
    tax_treatment: TaxTreatment | None = None
    exempt_reason: str = ""
    customer: Customer | None = None
    billing: Address | None = None
    shipping: Address | None = None
    email: str = ""
    company: str = ""
    vat_id: str = ""
    po_number: str = ""
    terms: str = ""
    due_on: date | None = None
    presentment_currency: str = ""
    presentment_rate: Decimal | None = None
    payment_state: PaymentState = PaymentState.UNKNOWN
    fulfilment_state: FulfilmentState = FulfilmentState.UNKNOWN
    store_state: str = ""  # the store's own word, shown, never decided on
    cancelled_at: datetime | None = None
    test: bool = False
    draft: bool = False
    store_invoice_number: str = ""
    channel: str = ""
    gift_cards_redeemed: Decimal = ZERO
    payments: tuple[Payment, ...] = ()
    refunds: tuple[Refund, ...] = ()
    shipments: tuple[Shipment, ...] = ()
    identities: tuple[Identity, ...] = ()
    notes: tuple[str, ...] = ()
