"""What a payment, a refund or a credit note is set against: the invoice of ours, or the credit notes of it on which the customer is owed."""

from __future__ import annotations

from decimal import Decimal

from integrations.accounting.erpnext import invoices, names
from integrations.accounting.erpnext.company import Company
from integrations.accounting.erpnext.invoices import Origin
from integrations.accounting.erpnext.line import Filter, Row
from orders import outgoing
from orders.outgoing import DocumentKind

_FIELDS = [
    "name",
    "customer",
    "debit_to",
    "outstanding_amount",
    "party_account_currency",
    "conversion_rate",
    "posting_date",
    "po_no",
]


def origin(document: outgoing.Document, company: Company) -> Origin | None:
    """The submitted invoice of ours that the document settles; None where it is not there."""
    if not document.applies_to:
        return None
    asked: list[Filter] = [
        ["po_no", "=", document.applies_to],
        [names.KEY, "like", f"{DocumentKind.INVOICE}:%"],
        ["docstatus", "=", 1],
        ["company", "=", company.name],
    ]
    rows = company.line.find(invoices.DOCTYPE, _FIELDS, asked, order="creation desc")
    return next((_origin(row) for row in rows if row["po_no"] == document.applies_to), None)


def targets(document: outgoing.Document, company: Company, origin: Origin | None) -> list[Origin]:
    """Money that comes is set against the invoice; money that goes back against its credit notes that are open, or the invoice that is paid too much."""
    if origin is None:
        return []
    if document.kind != DocumentKind.REFUND_PAYMENT:
        return [origin]
    asked: list[Filter] = [["return_against", "=", origin.name], ["docstatus", "=", 1], ["outstanding_amount", "<", 0]]
    notes = [_origin(row) for row in company.line.find(invoices.DOCTYPE, _FIELDS, asked, order="creation asc")]
    return [*notes, *([origin] if origin.owed < 0 else [])]


def _origin(row: Row) -> Origin:
    return Origin(
        name=row["name"],
        customer=row["customer"],
        account=row["debit_to"],
        owed=invoices.exact(row["outstanding_amount"], row["party_account_currency"]),
        rate=Decimal(str(row["conversion_rate"])),
        posted_on=row["posting_date"],
    )
