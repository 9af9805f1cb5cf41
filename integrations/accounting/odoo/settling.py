"""Sets payments against what they settle: an invoice, or the open credit notes of it; a repeat finds it done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from integrations.accounting.odoo import refusals
from integrations.accounting.odoo.company import RECEIVABLE, Company
from integrations.accounting.odoo.drafts import Draft
from integrations.accounting.odoo.line import Fault
from integrations.accounting.odoo.standing import Move
from orders import outgoing
from orders.outgoing import DocumentKind

OPEN = ["not_paid", "partial"]


def origins(company: Company, documents: Sequence[outgoing.Document]) -> dict[str, dict[str, Any]]:
    """The invoices of ours that some documents settle, by reference; one that is not there is absent."""
    references = sorted({document.applies_to for document in documents if document.applies_to})
    if not references:
        return {}
    domain = [
        ["ref", "in", references],
        ["move_type", "=", "out_invoice"],
        ["state", "=", "posted"],
        ["company_id", "=", company.id],
    ]
    rows = company.line.call("account.move", "search_read", domain=domain, fields=["ref", "partner_id"])
    names = company.line.call("account.move", "get_external_id", [row["id"] for row in rows]) if rows else {}
    return {row["ref"]: row for row in rows if names.get(str(row["id"]), "").startswith("ordersync.invoice_")}


def settle(company: Company, done: Sequence[tuple[Draft, Move]]) -> None:
    """Assign each payment's receivable line that is still open."""
    todo = [(draft, line) for draft, move in done if draft.origin and (line := _open(move))]
    if not todo:
        return
    backwards = [draft.origin for draft, _line in todo if draft.document.kind == DocumentKind.REFUND_PAYMENT]
    notes = _credit_notes(company, backwards) if backwards else {}
    for draft, line in todo:
        targets = notes.get(draft.origin, []) if draft.document.kind == DocumentKind.REFUND_PAYMENT else [draft.origin]
        for target in targets:
            _assign(company, target, line["id"])


def _open(move: Move) -> Mapping[str, Any] | None:
    return next((line for line in move.lines if line["account_type"] == RECEIVABLE and not line["reconciled"]), None)


def _credit_notes(company: Company, invoices: Sequence[int]) -> dict[int, list[int]]:
    domain = [
        ["reversed_entry_id", "in", sorted(set(invoices))],
        ["state", "=", "posted"],
        ["payment_state", "in", OPEN],
    ]
    rows = company.line.call("account.move", "search_read", domain=domain, fields=["reversed_entry_id"])
    found: dict[int, list[int]] = {}
    for row in rows:
        found.setdefault(row["reversed_entry_id"][0], []).append(row["id"])
    return found


def _assign(company: Company, move: int, line: int) -> None:
    """What is matched already is done; what Odoo does not match stays open on the customer's account, where it counts all the same."""
    try:
        company.line.call("account.move", "js_assign_outstanding_line", [move], line_id=line)
    except Fault as fault:
        if refusals.RACE in fault.message or fault.name.endswith("SerializationFailure"):
            raise refusals.trouble(fault) from fault
