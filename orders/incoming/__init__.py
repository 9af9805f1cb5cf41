"""What any store hands to the office: frozen records in ordersync's own words, whatever the store's format was.

Amounts are Decimal in the shop's currency, exactly as the store stated them (at most six decimals), never recomputed. Positive is the natural
direction: a discount, a refund and a fee are positive numbers in fields of that name. Empty text means "the source does not say".
"""

from orders.incoming.amendment import Addition, Amendment, Cell
from orders.incoming.canonical import canonical, digest, encoded, hashed, plain
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
from orders.incoming.masters import (
    AccountChoice,
    Choices,
    InvoiceState,
    Payout,
    PayoutLine,
    Product,
    RecordChoice,
    Refusal,
    StockLevel,
    TaxCodeChoice,
)
from orders.incoming.order import (
    Address,
    Customer,
    Identity,
    Line,
    Order,
    Payment,
    Refund,
    RefundLine,
    Shipment,
    ShipmentLine,
    Tax,
    Totals,
)
from orders.incoming.restored import restored
from orders.incoming.source import API, FILE, TYPED, Fidelity, Source, is_typed, typed
from orders.incoming.written import Written

Record = Order | Customer | Product | StockLevel | Payout | InvoiceState | Amendment | Addition | Refusal
"""Whatever a reader may yield."""

__all__ = [
    "API",
    "FILE",
    "TYPED",
    "AccountChoice",
    "Addition",
    "Address",
    "Amendment",
    "Cell",
    "Choices",
    "Customer",
    "Fidelity",
    "FulfilmentState",
    "Identity",
    "InvoiceState",
    "Line",
    "LineKind",
    "Order",
    "Payment",
    "PaymentKind",
    "PaymentMethod",
    "PaymentState",
    "PaymentStatus",
    "Payout",
    "PayoutLine",
    "Product",
    "Record",
    "RecordChoice",
    "Refund",
    "RefundLine",
    "Refusal",
    "Remitter",
    "Shipment",
    "ShipmentLine",
    "Source",
    "StockLevel",
    "Tax",
    "TaxCodeChoice",
    "TaxTreatment",
    "Totals",
    "Written",
    "canonical",
    "digest",
    "encoded",
    "hashed",
    "is_typed",
    "plain",
    "restored",
    "typed",
]
