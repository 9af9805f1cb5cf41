"""The records of the office, one noun a file."""

from orders.models.account import Account
from orders.models.address import Address
from orders.models.appointment import Appointment, Deputy
from orders.models.approval import Approval
from orders.models.assignedcause import AssignedCause
from orders.models.booking import Booking, Outcome
from orders.models.bulk import BULK_ENDED, Bulk, BulkState
from orders.models.correction import Adjustment, Correction
from orders.models.customer import Customer, CustomerChange
from orders.models.document import Document, DocumentAfter, DocumentLine, DocumentSource
from orders.models.event import Event, EventChain, EventSeal
from orders.models.exchangerate import ExchangeRate
from orders.models.exportbatch import ExportBatch, ExportFile
from orders.models.externalref import ExternalRef, Noun
from orders.models.finding import Finding, Severity
from orders.models.held import held, hold, made
from orders.models.importjob import (
    ENDED,
    ImportJob,
    ImportPiece,
    ImportProfile,
    ImportRecord,
    ImportRefusal,
    ImportState,
)
from orders.models.invoice import Invoice
from orders.models.ledger import GENESIS, Ledger, Numbering, PostingMode, ZeroTotal
from orders.models.ledgeritem import LedgerItem
from orders.models.line import LineTax, OrderLine
from orders.models.mapping import ANY_TITLE, AccountMapping, ItemMapping, Purpose, TaxMapping
from orders.models.notification import Notification
from orders.models.numberseries import NumberSeries
from orders.models.order import Order, OrderVersion
from orders.models.payment import Payment
from orders.models.payout import Match, Payout, PayoutLine
from orders.models.period import Period, PeriodState
from orders.models.product import Product
from orders.models.quarantine import Quarantine
from orders.models.question import Question
from orders.models.refund import Refund, RefundLine, RefundLineTax
from orders.models.reviewed import Progress, RejectReason, Reviewed, State
from orders.models.rule import Rule, RuleAction
from orders.models.savedview import SavedView
from orders.models.shipment import Shipment, ShipmentLine
from orders.models.shop import FeesBy, RecogniseOn, Shop
from orders.models.stock import CountedBy, StockAdjustment, StockLevel
from orders.models.subject import SUBJECTS, AboutReviewed, about, noun
from orders.models.taxcode import TaxCode

__all__ = [
    "ANY_TITLE",
    "BULK_ENDED",
    "ENDED",
    "GENESIS",
    "SUBJECTS",
    "AboutReviewed",
    "Account",
    "AccountMapping",
    "Address",
    "Adjustment",
    "Appointment",
    "Approval",
    "AssignedCause",
    "Booking",
    "Bulk",
    "BulkState",
    "Correction",
    "CountedBy",
    "Customer",
    "CustomerChange",
    "Deputy",
    "Document",
    "DocumentAfter",
    "DocumentLine",
    "DocumentSource",
    "Event",
    "EventChain",
    "EventSeal",
    "ExchangeRate",
    "ExportBatch",
    "ExportFile",
    "ExternalRef",
    "FeesBy",
    "Finding",
    "ImportJob",
    "ImportPiece",
    "ImportProfile",
    "ImportRecord",
    "ImportRefusal",
    "ImportState",
    "Invoice",
    "ItemMapping",
    "Ledger",
    "LedgerItem",
    "LineTax",
    "Match",
    "Notification",
    "Noun",
    "NumberSeries",
    "Numbering",
    "Order",
    "OrderLine",
    "OrderVersion",
    "Outcome",
    "Payment",
    "Payout",
    "PayoutLine",
    "Period",
    "PeriodState",
    "PostingMode",
    "Product",
    "Progress",
    "Purpose",
    "Quarantine",
    "Question",
    "RecogniseOn",
    "Refund",
    "RefundLine",
    "RefundLineTax",
    "RejectReason",
    "Reviewed",
    "Rule",
    "RuleAction",
    "SavedView",
    "Severity",
    "Shipment",
    "ShipmentLine",
    "Shop",
    "State",
    "StockAdjustment",
    "StockLevel",
    "TaxCode",
    "TaxMapping",
    "ZeroTotal",
    "about",
    "held",
    "hold",
    "made",
    "noun",
]
