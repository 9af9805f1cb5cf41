"""The plan of an order: everything that would be signed if it were approved now."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from orders import incoming, money
from orders.documents import invoices, payments, sheet
from orders.documents.plan import Draft, Plan
from orders.models import Order, OrderLine, held
from orders.outgoing import DocumentKind


def plan(order: Order) -> Plan:
    """Invoices (and what takes outgrown ones back), payments, the use of deposits, chargebacks. Never raises for bad data: problems instead."""
    page = sheet.Sheet(order)
    told = content(order)
    billed = invoices.drafts(page, incoming.digest(told))
    paid = payments.drafts(page, billed)
    return Plan(
        drafts=(*billed, *paid),
        problems=tuple(page.problems),
        content=told,
        amount=max(order.total_due, _billed(billed)),
        currency=order.currency,
    )


def _billed(drafts: list[Draft]) -> Decimal:
    """What all invoices make, due or not: more than the order's total where persons named lines beyond it."""
    invoices = (draft.document for draft in drafts if draft.document.kind == DocumentKind.INVOICE)
    return money.total(document.gross for document in invoices)


def content(order: Order) -> dict[str, Any]:
    """What the order says and an approval is bound to: lines, taxes, parties, dates and the lines that persons named; no payments, shipments or mappings."""
    data: dict[str, Any] = incoming.plain(
        {
            "number": order.number, "currency": order.currency, "total_due": order.total_due, "placed_on": order.placed_on,
            "due_on": order.due_on, "treatment": order.tax_treatment, "tax_country": order.tax_country, "po_number": order.po_number,
            "party": sheet.party(order), "lines": [_line(row) for row in held(order, "lines") if not row.removed],
            "adjustments": [
                {"account": row.account.code, "net": row.net, "tax": row.tax, "tax_code": row.tax_code.code if row.tax_code else ""}
                for row in sheet.named(order)
            ],
        }
    )  # fmt: skip
    return data


def _line(row: OrderLine) -> dict[str, object]:
    taxes = [
        {"title": tax.title, "rate": tax.rate, "amount": tax.amount, "remitted_by": tax.remitted_by}
        for tax in sorted(held(row, "taxes"), key=lambda tax: tax.pk)
    ]
    return {
        "kind": row.kind,
        "sku": row.sku,
        "title": row.title,
        "quantity": row.quantity,
        "net": row.net,
        "taxes": taxes,
    }
