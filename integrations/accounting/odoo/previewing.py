"""Shows a document as Odoo would have it, from the rows that would be sent, and what would be in its way; nothing is written there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from integrations.accounting.base import Bounds, Masters, Preview, preview
from integrations.accounting.odoo import drafts, masters, preparing, refusals, settling, texts
from integrations.accounting.odoo.company import Company
from integrations.accounting.odoo.drafts import Draft
from integrations.accounting.odoo.line import Fault
from integrations.errors import Misconfigured, Refused, Trouble, Unavailable
from orders import outgoing

CALLED = {
    "out_invoice": "Customer Invoice",
    "out_refund": "Customer Credit Note",
    "entry": "Journal Entry",
    drafts.PAYMENT: "Customer Payment",
}


def look(
    company: Company, options: Masters, kinds: frozenset[str], bounds: Bounds, document: outgoing.Document
) -> Preview:
    """The document in Odoo's own terms. Raises Unavailable, Uncertain or Misconfigured where Odoo cannot be asked at all."""
    problems: list[Trouble] = []

    def tried(step: Callable[[], Any]) -> Any:
        try:
            return step()
        except (Refused, Fault) as error:
            found = error if isinstance(error, Trouble) else refusals.trouble(error, document.reference)
            if isinstance(found, (Unavailable, Misconfigured)):
                raise found from error
            problems.append(found)

    tried(lambda: preparing.admit(document, kinds, bounds))
    tried(lambda: preparing.unlocked(document, *company.locks()))
    origin = settling.origins(company, [document]).get(document.applies_to, {})
    customer = tried(lambda: _customer(company, document, origin))
    items = masters.Items(company, options)
    tried(lambda: items.look([document]))
    draft = tried(lambda: preparing.drafted(document, company, 0, items, origin.get("id", 0)))
    return preview.made(
        document,
        facts=_facts(company, document, draft, customer or "", origin),
        accounts={code: row["name"] for code, row in company.accounts.items()},
        taxes={code: f"{tax.rate * 100:.2f} %" for code, tax in company.taxes.items()},
        details=_details(document, draft),
        problems=problems,
    )


def _customer(company: Company, document: outgoing.Document, origin: dict[str, Any]) -> str:
    if origin:
        return f"{origin['partner_id'][1]} ({origin['partner_id'][0]}), as on the invoice"
    if not preparing.needs_customer(document, company):
        return ""
    partners, party = masters.Partners(company), document.party
    partners.look([document])
    try:
        id = partners.of(document)
    except KeyError:
        return (
            f"a new one: {texts.plain(party.company or party.name or party.email)}, reference {masters.ours(document)}"
        )
    (row,) = company.line.call("res.partner", "read", [id], fields=["name"])
    return f"{row['name']} ({id})"


def _facts(
    company: Company, document: outgoing.Document, draft: Draft | None, customer: str, origin: dict[str, Any]
) -> list[tuple[str, str]]:
    row = dict(zip(draft.columns, draft.rows[0], strict=True)) if draft else {}
    names = {journal["id"]: f"{journal['code']} {journal['name']}" for journal in company.journals}
    model = draft.model if draft else drafts.MOVE
    kind = model if model == drafts.PAYMENT else str(row.get("move_type", ""))
    return [
        ("Document", CALLED.get(kind, str(outgoing.DocumentKind(document.kind).label))),
        ("Company", str(company.facts["name"])),
        ("Journal", names.get(row.get("journal_id/.id", row.get("journal_id", 0)), "")),
        (preview.CUSTOMER, customer),
        ("Invoice date", str(row.get("invoice_date", ""))),
        ("Accounting date", str(row.get("date", document.posting_on))),
        ("Due date", str(row.get("invoice_date_due", ""))),
        ("Reference", document.reference),
        ("Payment reference", str(row.get("payment_reference", ""))),
        ("External id", str(row.get("id", ""))),
        ("Currency", preview.currency(document)),
        ("Settles", document.applies_to and f"{document.applies_to}{'' if origin else ', which is not in Odoo yet'}"),
    ]


def _details(document: outgoing.Document, draft: Draft | None) -> dict[int, str]:
    """Pieces, price and taxes of an invoice's lines, as Odoo shows them."""
    if draft is None or document.kind not in drafts.TYPE:
        return {}
    first = draft.columns.index("invoice_line_ids/quantity")
    return {
        line.n: _detail(row[first], row[first + 1], taxes)
        for (line, taxes), row in zip(drafts.taxed(document), draft.rows, strict=True)
    }


def _detail(pieces: str, price: str, taxes: Sequence[outgoing.Line]) -> str:
    named = ", ".join(line.tax_code for line in taxes) or "no tax"
    return f"{Decimal(pieces).normalize():f} × {price}, {named}"
