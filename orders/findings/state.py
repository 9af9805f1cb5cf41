"""Where the order stands at the store, and between the store and the people here."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _

from orders.documents.problem import Problem
from orders.findings import payments, posted
from orders.findings.codes import problem
from orders.models import Order, Severity, held


def test(order: Order) -> Iterator[Problem]:
    """A test never goes into the books."""
    if order.test:
        yield problem("test_order", _("The store marks the order as a test."), field="test")


def draft(order: Order) -> Iterator[Problem]:
    """A draft is no order yet."""
    if order.draft:
        yield problem(
            "draft_order", _("The store calls the order a draft (%s).") % (order.store_state or "draft"), field="draft"
        )


def cancelled(order: Order) -> Iterator[Problem]:
    """Unpaid: to be rejected. Paid, or invoiced already: the books show it with the refund that follows."""
    if order.cancelled_at is None:
        return
    day = f"{order.cancelled_at:%Y-%m-%d}"
    if payments.has_money(order):
        yield problem(
            "cancelled", _("The store cancelled the order on %s; it was paid.") % day, field="cancelled_at",
            fix=_("Approve it: the invoice is booked, and the refund is credited when the store sends it."), severity=Severity.WARNING,
        )  # fmt: skip
    elif posted.invoices(order):
        yield problem(
            "cancelled", _("The store cancelled the order on %s, unpaid, after its invoice was sent.") % day, field="cancelled_at",
            fix=_("Credit the invoice: approve the store's refund when it comes, or credit it in the ledger."), severity=Severity.WARNING,
        )  # fmt: skip
    else:
        yield problem(
            "cancelled", _("The store cancelled the order on %s; it was not paid.") % day, field="cancelled_at"
        )


def changed(order: Order) -> Iterator[Problem]:
    """It changed after a person approved it."""
    if not order.changed:
        return
    sent = posted.invoices(order)
    if sent:
        words = _(
            "The order changed after its invoice %s was sent. Approving credits that invoice and signs a new one."
        )
        yield problem("changed_after_posting", words % sent[-1].reference)
    else:
        yield problem("changed_since_approval", _("The order changed after it was approved, so the approval fell."))


def corrections(order: Order) -> Iterator[Problem]:
    """A correction stands, and the store now says a third thing."""
    for row in held(order, "corrections"):
        if row.retired_at is None and row.store_value not in ("", row.base, row.value):
            field = row.field if row.target == "order" else f"{row.target}.{row.field}"
            words = _("%(field)s was corrected from “%(base)s” to “%(value)s”; the store now says “%(store)s”.")
            values = {"field": field, "base": row.base, "value": row.value, "store": row.store_value}
            yield problem("correction_conflict", words % values, field=field)
