"""What a ledger tells later of the documents it booked: paid, overdue, voided, edited."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from django.db import DataError, IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from orders import documents, events, incoming, outgoing, review
from orders.intake import fit
from orders.intake.changes import Changes
from orders.models import Invoice, Ledger, Order, Payout

log = logging.getLogger(__name__)


def receive_states(ledger: Ledger, states: Iterable[incoming.InvoiceState]) -> None:
    """Mirror what the ledger now says of our documents. One voided, deleted or edited there is told on the order's timeline and found by its check.

    One state that fails does not stop the others; it is logged.
    """
    for state in states:
        try:
            with transaction.atomic():
                receive_state(ledger, fit.fitted(state))
        except (fit.Unfit, DataError, IntegrityError):
            log.exception("The state of invoice %s could not be mirrored", state.reference)


def receive_state(ledger: Ledger, state: incoming.InvoiceState) -> str:
    """Mirror one state; returns "updated", "same", or "unknown" for a reference that is none of ours."""
    rows = _meant(ledger, state)
    outcomes = [_mirror(row, state) for row in rows]
    return "updated" if "updated" in outcomes else outcomes[0] if outcomes else "unknown"


def _meant(ledger: Ledger, state: incoming.InvoiceState) -> list[Invoice]:
    """The documents meant: of the kind named, of the number named, else all that share the reference. Orders and payouts are locked before invoices."""
    named = Invoice.objects.filter(ledger=ledger, document__reference=state.reference)
    named = named.filter(kind=state.kind) if state.kind else named
    list(Order.objects.select_for_update(no_key=True).filter(invoices__in=named).order_by("pk").values_list("pk"))
    payouts = Payout.objects.filter(document_sources__document__invoice__in=named)
    list(Payout.objects.select_for_update(no_key=True).filter(pk__in=payouts).order_by("pk").values_list("pk"))
    rows = list(named.select_for_update(no_key=True, of=("self",)).order_by("pk"))
    numbered = [row for row in rows if state.number and row.number == state.number]
    return numbered or rows


def _mirror(row: Invoice, state: incoming.InvoiceState) -> str:
    changes = Changes()
    fresh: dict[str, object] = {"state": state.state[:20]}
    if state.state != "deleted":
        amounts = {"net": state.net, "tax": state.tax, "total": state.total}
        if row.kind not in outgoing.SALES and _same_money(row, state):
            amounts = {"net": row.document.net, "tax": row.document.tax, "total": row.document.gross}
        fresh |= amounts | {
            "balance": state.balance,
            "due_on": state.due_on or row.due_on,
            "number": (state.number or row.number)[:100],
        }
        fresh |= {"taxes": incoming.plain(state.taxes)} if state.taxes else {}
    changes.lay(row, fresh)
    row.read_at = timezone.now()
    row.save()
    if not changes:
        return "same"
    verb, words = _verb(state, changes)
    events.record(
        row, verb, before=changes.before(), after=changes.after(), words=words % {"invoice": row, "what": changes.words}
    )
    if row.order and changes.open.keys() & {"state", "net", "tax", "total", "taxes", "number"}:
        review.refresh(Order.objects.defer("search").get(pk=row.order.pk))
    for payout in Payout.objects.filter(document_sources__document=row.document_id):
        review.refresh(payout)
    return "updated"


def _same_money(row: Invoice, state: incoming.InvoiceState) -> bool:
    """Whether a payment or journal says what was signed; a ledger may tell its total as that of an entry's lines, which is another where some are negative."""
    return state.total in (row.document.gross, outgoing.turnover(documents.outgoing_of(row.document)))


def _verb(state: incoming.InvoiceState, changes: Changes) -> tuple[str, str]:
    if state.state in {"voided", "deleted"} and "state" in changes.open:
        return f"{state.state} in the ledger", _("Document %(invoice)s was voided or deleted in the ledger.")
    if changes.open.keys() & {"net", "tax", "total", "taxes"}:
        return "edited in the ledger", _("Document %(invoice)s was edited in the ledger: %(what)s")
    return "read back", _("The ledger says of document %(invoice)s: %(what)s")
