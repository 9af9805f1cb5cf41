"""Everything that is told beside orders: products, stock, payouts, what the ledger says, and what could not be made out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar

from orders.money import ZERO


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
    """How many of a product lie at a location, as the store counts them; without `counted_at` the time of receipt."""

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
    currency: str = ""
    taxes: tuple[tuple[str, Decimal], ...] = ()  # (tax code, amount); empty where the ledger cannot say


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
    """What the ledger offers to be chosen, for the pickers. Of items and customers, which may be many, the first of each that `most` allows; as many as that
    are taken for a part of them, fewer for all.

    `complete`: what is not named is gone; false for a ledger that opens an account when it is first used.
    `payment_accounts` are those of `accounts` on which money may lie; `customers` those who may stand for many (the retail customer of a shop).
    """

    accounts: tuple[AccountChoice, ...] = ()
    tax_codes: tuple[TaxCodeChoice, ...] = ()
    payment_accounts: tuple[AccountChoice, ...] = ()
    items: tuple[RecordChoice, ...] = ()
    customers: tuple[RecordChoice, ...] = ()
    complete: bool = True
    most: ClassVar[int] = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordChoice:
    """An item or a customer of the ledger: its own id, the code by which people know it, and its name."""

    id: str
    name: str
    code: str = ""


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
