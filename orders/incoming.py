"""What any store hands to the office: frozen records in ordersync's own words, whatever the store's format was.

Amounts are Decimal in the shop's currency, exactly as the store stated them (at most six decimals), never recomputed. Positive is the natural
direction: a discount, a refund and a fee are positive numbers in fields of that name. Empty text means "the source does not say".
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

ZERO = Decimal(0)


class Fidelity(int):
    """How much a source can tell: a poorer one creates and fills gaps, it never overwrites a richer one."""


TYPED, FILE, API = Fidelity(10), Fidelity(20), Fidelity(30)


class LineKind(TextChoices):
    """What a line of an order or a refund stands for. A redeemed gift card is a Payment, never a line."""

    ITEM = "item", _("item")
    SHIPPING = "shipping", _("shipping")
    DISCOUNT = "discount", _("discount")
    FEE = "fee", _("fee")
    TIP = "tip", _("tip")
    GIFT_CARD = "gift_card", _("gift card sold, multi-purpose")
    GIFT_CARD_SINGLE = "gift_card_single", _("gift card sold, single-purpose")
    DUTY = "duty", _("duty")
    RESTOCKING_FEE = "restocking_fee", _("restocking fee")
    RETURN_SHIPPING = "return_shipping", _("return shipping")
    REFUND_DIFFERENCE = "refund_difference", _("refund difference")
    UNKNOWN = "unknown", _("unknown")


class Remitter(TextChoices):
    """Who pays a tax to the state."""

    US = "us", _("us")
    CHANNEL = "channel", _("the channel")


class PaymentKind(TextChoices):
    """What happened to money. Only sale, capture, refund, chargeback and reversal move any."""

    AUTHORIZATION = "authorization", _("authorization")
    SALE = "sale", _("sale")
    CAPTURE = "capture", _("capture")
    REFUND = "refund", _("refund")
    VOID = "void", _("void")
    CHARGEBACK = "chargeback", _("chargeback")
    REVERSAL = "reversal", _("chargeback won back")


class PaymentStatus(TextChoices):
    SUCCESS = "success", _("success")
    PENDING = "pending", _("pending")
    FAILED = "failed", _("failed")


class PaymentMethod(TextChoices):
    CARD = "card", _("card")
    GIFT_CARD = "gift_card", _("gift card")
    STORE_CREDIT = "store_credit", _("store credit")
    CASH_ON_DELIVERY = "cash_on_delivery", _("cash on delivery")
    BANK = "bank", _("bank transfer")
    OTHER = "other", _("other")


class PaymentState(TextChoices):
    """What the store says of the order's money."""

    UNKNOWN = "", _("unknown")
    PENDING = "pending", _("pending")
    AUTHORIZED = "authorized", _("authorized")
    PARTIALLY_PAID = "partially_paid", _("partially paid")
    PAID = "paid", _("paid")
    PARTIALLY_REFUNDED = "partially_refunded", _("partially refunded")
    REFUNDED = "refunded", _("refunded")
    VOIDED = "voided", _("voided")


class FulfilmentState(TextChoices):
    UNKNOWN = "", _("unknown")
    UNFULFILLED = "unfulfilled", _("unfulfilled")
    PARTIAL = "partial", _("partial")
    FULFILLED = "fulfilled", _("fulfilled")
    RETURNED = "returned", _("returned")


class TaxTreatment(TextChoices):
    """Why an order is taxed as it is."""

    DOMESTIC = "domestic", _("domestic")
    OSS = "oss", _("EU distance sale (OSS)")
    REVERSE_CHARGE = "reverse_charge", _("reverse charge")
    EXPORT = "export", _("export")
    EXEMPT = "exempt", _("exempt customer")
    MARKETPLACE = "marketplace", _("tax collected by the marketplace")


@dataclass(frozen=True, slots=True, kw_only=True)
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


@dataclass(frozen=True, slots=True, kw_only=True)
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


@dataclass(frozen=True, slots=True, kw_only=True)
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


@dataclass(frozen=True, slots=True, kw_only=True)
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


@dataclass(frozen=True, slots=True, kw_only=True)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundLine:
    """What is given back. `amount` positive, with tax if the order is `tax_included`, else without; a fee we keep (restocking) is negative."""

    kind: LineKind
    amount: Decimal
    title: str = ""
    quantity: Decimal = ZERO
    line_id: str = ""  # the order's line; "" for a bare amount
    sku: str = ""
    taxes: tuple[Tax, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    """A refund of one order. `amount` is the money that goes back (0 for a restock only); lines may be missing: a bare amount."""

    id: str
    amount: Decimal
    currency: str
    refunded_at: datetime | None = None
    reason: str = ""
    lines: tuple[RefundLine, ...] = ()
    payments: tuple[Payment, ...] = ()  # kind refund


@dataclass(frozen=True, slots=True, kw_only=True)
class ShipmentLine:
    quantity: Decimal
    line_id: str = ""
    sku: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shipment:
    """A parcel. Without lines it means the whole order."""

    id: str
    shipped_at: datetime | None = None
    carrier: str = ""
    tracking_number: str = ""
    tracking_url: str = ""
    cancelled: bool = False
    lines: tuple[ShipmentLine, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """An identity of the store's format that does not hold: its code in docs/stores.md, what it says in words, and by how much it is off."""

    code: str
    words: str
    difference: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """A product variant; `id` is the variant's id where the store has variants."""

    id: str
    sku: str
    title: str
    product_id: str = ""
    price: Decimal | None = None
    currency: str = ""
    barcode: str = ""
    active: bool = True
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StockLevel:
    """How many of a product lie at a location, as one system counts them (`counted_by`: the shop's code or the ledger's)."""

    sku: str
    quantity: Decimal
    location: str = ""
    product_id: str = ""
    counted_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoutLine:
    """One movement in a payout: `amount` is signed (a charge positive, a refund negative), `fee` is what the gateway kept."""

    kind: str  # charge, refund, chargeback, fee, adjustment
    amount: Decimal
    fee: Decimal = ZERO
    payment_id: str = ""
    order_number: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Payout:
    """What a gateway paid to the bank."""

    id: str
    currency: str
    amount: Decimal
    paid_on: date
    gateway: str = ""
    lines: tuple[PayoutLine, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceState:
    """What the ledger now says of a document it booked, found by our reference; `kind` tells apart the kinds that share a reference."""

    reference: str
    number: str
    state: str  # open, paid, voided, deleted, draft
    net: Decimal
    tax: Decimal
    total: Decimal
    balance: Decimal
    due_on: date | None = None
    kind: str = ""  # an outgoing.DocumentKind; "" where the ledger cannot say, and for deleted


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A record that a reader could not make out: what it was, where it stood, which field, which value, and the fix. It goes to quarantine."""

    where: str  # "row 17", "order 1001", "orders[3]"
    reason: str  # a whole sentence in plain words, with the value and the fix
    field: str = ""
    value: str = ""
    number: str = ""
    raw: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """The ledger's own accounts and tax codes, for the pickers."""

    accounts: tuple[AccountChoice, ...] = ()
    tax_codes: tuple[TaxCodeChoice, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountChoice:
    code: str
    name: str
    type: str = ""
    currency: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxCodeChoice:
    code: str
    name: str
    rate: Decimal | None = None
    account: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where records come from: `name` for people ("Shopify export orders.csv"), fidelity, and the person behind a file (their user id), if any."""

    name: str
    fidelity: Fidelity
    by_id: int | None = None
    received_at: datetime | None = None
    message_id: int | None = field(default=None, compare=False)


Record = Order | Customer | Product | StockLevel | Payout | InvoiceState | Refusal


def plain(value: object) -> Any:
    """The record as JSON-ready data: amounts as normalised text, instants in ISO 8601; equal content always gives equal data."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {item.name: plain(getattr(value, item.name)) for item in dataclasses.fields(value)}
    if isinstance(value, Decimal):
        return format(value.normalize() if value else ZERO, "f")
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC).isoformat()
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [plain(item) for item in value]
    return value


def canonical(value: object) -> str:
    """Canonical JSON: sorted keys, no spaces, UTF-8 text; what hashes are made of."""
    return json.dumps(plain(value), sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def digest(value: object) -> str:
    """SHA-256 of the canonical JSON, in hex."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()
