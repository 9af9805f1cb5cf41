"""Carries one document over: draft, compare, submit, read back. Each call is one transaction, and each can be repeated, for the key is unique."""

from __future__ import annotations

import contextlib

from integrations.accounting.erpnext import entries, invoices, masters, refusals, settling, standing
from integrations.accounting.erpnext.company import Company
from integrations.accounting.erpnext.invoices import Origin
from integrations.accounting.erpnext.line import Fault, Row
from integrations.errors import Conflict, Refused, Trouble, Unavailable, Uncertain
from orders import outgoing
from orders.outgoing import Booked, Bound, DocumentKind

TRIES = 3  # a draft that another process made, changed or overtook is looked at again so often


def carry(document: outgoing.Document, company: Company, mode: str) -> Booked:
    """The document as it stands afterwards. A draft that a process left behind is gone on with if it says what was signed, else made anew."""
    bound: tuple[Bound, ...] = ()
    for _ in range(TRIES):
        found = standing.named(document, company)
        if found is None:
            made, bound = _made(document, company, mode)
            found = made or standing.named(document, company)
        if found and (done := _finished(document, company, *found, bound)):
            return done
    raise Unavailable(
        f"{document.reference}: its draft changes in ERPNext whenever it is looked at.",
        fix="It is sent again by itself.",
        retry_after=5,
    )


def _finished(
    document: outgoing.Document, company: Company, doctype: str, row: Row, bound: tuple[Bound, ...]
) -> Booked | None:
    """Booked, None if it has to be looked at again."""
    if row["docstatus"] == standing.DRAFT:
        if standing.differs(document, doctype, row, company):
            company.line.delete(doctype, row["name"])
            return None
        if not _submitted(document, company, doctype, row):
            return None
        row = company.line.get(doctype, row["name"]) or _vanished(
            document
        )  # the answer to a submission is older than its own effects
    standing.compare(document, doctype, row, company)
    return standing.booked(document, doctype, row, company, bound)


def _submitted(document: outgoing.Document, company: Company, doctype: str, row: Row) -> bool:
    """Submit just what was compared: with its `modified`, ERPNext refuses if somebody changed it meanwhile. What is refused is taken away again."""
    try:
        company.line.update(doctype, row["name"], {"docstatus": 1, "modified": row["modified"]})
    except Fault as fault:
        if fault.name == refusals.STALE:
            return False
        met = refusals.trouble(fault, document.reference)
        if isinstance(met, Uncertain | Unavailable):
            raise met from fault
        _away(company, doctype, row)
        if any(part in fault.message.lower() for part in refusals.PAID_MEANWHILE):
            return False
        raise met from fault
    return True


def _away(company: Company, doctype: str, row: Row) -> None:
    with contextlib.suppress(Fault, Trouble):
        company.line.delete(doctype, row["name"])


def _vanished(document: outgoing.Document) -> Row:
    raise Conflict(
        f"{document.reference} was submitted in ERPNext and is not there any more.",
        fix="Find out who deleted it in ERPNext.",
    )


def _made(document: outgoing.Document, company: Company, mode: str) -> tuple[tuple[str, Row] | None, tuple[Bound, ...]]:
    """The draft, compared with what was signed; None where another process made one at the same moment."""
    sale = document.kind in invoices.KINDS
    (invoices if sale else entries).admit(document, company)
    doctype, body, bound = _sale(document, company, mode) if sale else _money(document, company)
    try:
        row = company.line.insert(doctype, body)
    except Fault as fault:
        if fault.name in refusals.TAKEN and (there := standing.named(document, company)):
            return there, bound
        if any(part in fault.message.lower() for part in refusals.PAID_MEANWHILE):
            return None, bound
        raise refusals.trouble(fault, document.reference) from fault
    if sale and standing.differs(document, doctype, row, company):
        row = _stated(document, company, row)
    _agreed(document, company, doctype, row)
    return (doctype, row), bound


def _stated(document: outgoing.Document, company: Company, row: Row) -> Row:
    """Its own rate came out elsewhere, be it by rounding or by a tax of the item's own: the tax is stated as it was signed."""
    rows = invoices.taxes(document, company, stated=True)
    try:
        return company.line.update(invoices.DOCTYPE, row["name"], {"taxes": rows, "modified": row["modified"]})
    except Fault as fault:
        raise refusals.trouble(fault, document.reference) from fault


def _agreed(document: outgoing.Document, company: Company, doctype: str, row: Row) -> None:
    """Raises Refused with both figures where ERPNext makes something else of it; the draft is taken away again."""
    other = standing.differs(document, doctype, row, company)
    if other is None:
        return
    _away(company, doctype, row)
    words = f"{document.reference}: ERPNext makes {other[0]} {other[1]} of it, signed was {other[2]}."
    fix = "In ERPNext: see that the item has no tax template of its own, and in System Settings that Currency Precision is as fine as the currency."
    raise Refused(words, fix=fix)


def _sale(document: outgoing.Document, company: Company, mode: str) -> tuple[str, Row, tuple[Bound, ...]]:
    origin = settling.origin(document, company) if document.kind == DocumentKind.CREDIT_NOTE else None
    customer, bound = _customer(document, company, origin)
    items, more = masters.items(document, company, mode)
    return invoices.DOCTYPE, invoices.body(document, company, customer, items, origin), (*bound, *more)


def _money(document: outgoing.Document, company: Company) -> tuple[str, Row, tuple[Bound, ...]]:
    origin = settling.origin(document, company)
    customer, bound = _customer(document, company, origin) if entries.wants_customer(document, company) else ("", ())
    targets = settling.targets(document, company, origin)
    return *entries.body(document, company, customer, targets), bound


def _customer(document: outgoing.Document, company: Company, origin: Origin | None) -> tuple[str, tuple[Bound, ...]]:
    return (origin.customer, ()) if origin else masters.customer(document, company)
