"""Shows a document as ERPNext would have it, from what would be sent, and what would be in its way; nothing is written there."""

from __future__ import annotations

from collections.abc import Callable

from integrations.accounting.base import Preview, preview
from integrations.accounting.erpnext import entries, invoices, masters, names, refusals, settling
from integrations.accounting.erpnext.company import Company
from integrations.accounting.erpnext.invoices import Origin
from integrations.accounting.erpnext.line import Fault, Row
from integrations.errors import Refused, Trouble
from orders import outgoing


def look(
    company: Company, mode: str, admit: Callable[[outgoing.Document], None], document: outgoing.Document
) -> Preview:
    """The document in ERPNext's own terms. Raises Unavailable, Uncertain or Misconfigured where ERPNext cannot be asked at all."""
    problems: list[Trouble] = []
    sale, row, doctype, customer = document.kind in invoices.KINDS, Row(), "", ""
    origin = settling.origin(document, company)
    try:
        admit(document)
        (invoices if sale else entries).admit(document, company)
        customer = _customer(document, company, origin)
        doctype, row = _sent(document, company, mode, origin)
    except (Refused, Fault) as error:
        met = error if isinstance(error, Trouble) else refusals.trouble(error, document.reference)
        if not isinstance(met, Refused):
            raise met from error
        problems.append(met)
    return preview.made(
        document,
        facts=_facts(document, company, doctype, row, customer, origin),
        accounts={},
        taxes={code: f"{(tax.rate * 100).normalize():f} %" for code, tax in company.taxes.items()},
        details=_details(document, row) if sale else {},
        problems=problems,
    )


def _customer(document: outgoing.Document, company: Company, origin: Origin | None) -> str:
    if origin:
        return f"{origin.customer}, as on the invoice"
    if document.kind not in invoices.KINDS and not entries.wants_customer(document, company):
        return ""
    party = document.party
    made = names.plain(party.company or party.name or party.email)
    return masters.look(document, company) or f"a new one: {made}, key {names.ours(document)}"


def _sent(document: outgoing.Document, company: Company, mode: str, origin: Origin | None) -> tuple[str, Row]:
    """What would be sent, but for the name of a customer who is not there yet, and with the general item for one that would be made."""
    whose = origin.customer if origin else document.known.customer
    if document.kind not in invoices.KINDS:
        return entries.body(document, company, whose, settling.targets(document, company, origin))
    items, _bound = masters.items(document, company, "link" if mode == "make" else mode)
    return invoices.DOCTYPE, invoices.body(document, company, whose, items, origin)


def _facts(
    document: outgoing.Document, company: Company, doctype: str, row: Row, customer: str, origin: Origin | None
) -> list[tuple[str, str]]:
    called = f"{doctype}, Is Return" if row.get("is_return") else doctype
    issued = "" if document.issued_on == document.posting_on else f"{document.issued_on}, in the remarks"
    settles = (
        document.applies_to
        and f"{document.applies_to}{f' ({origin.name})' if origin else ', which is not in ERPNext yet'}"
    )
    return [
        ("Document", called or str(outgoing.DocumentKind(document.kind).label)),
        ("Company", company.name),
        ("Naming series", company.series if doctype == invoices.DOCTYPE else ""),
        (preview.CUSTOMER, customer),
        ("Posting date", document.posting_on.isoformat()),
        ("Issue date", issued),
        ("Due date", str(row.get("due_date", ""))),
        ("Reference", document.reference),
        ("Ordersync key", names.of(document)),
        ("Currency", preview.currency(document)),
        ("Settles", settles),
    ]


def _details(document: outgoing.Document, row: Row) -> dict[int, str]:
    """Pieces, price and item of an invoice's lines, as ERPNext shows them; a discount stands under its Taxes and Charges."""
    goods = iter(row.get("items", []))
    found = {}
    for line in document.lines if row else ():
        if invoices.is_goods(line):
            item = next(goods)
            pieces, price = (f"{item[name].normalize():f}" for name in ("qty", "rate"))
            found[line.n] = f"{pieces} × {price}, item {item['item_code']}"
        elif line.net < 0:
            found[line.n] = "under Taxes and Charges"
    return found
