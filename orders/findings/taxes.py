"""Does the tax charged fit the tax treatment, and who divided it among the lines?"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from django.utils.translation import gettext as _

from orders import money
from orders.documents.problem import Problem
from orders.findings import sums
from orders.findings.amounts import said
from orders.findings.codes import problem
from orders.incoming import Remitter, TaxTreatment
from orders.models import LineTax, Order, Severity, held

UNTAXED = frozenset({TaxTreatment.REVERSE_CHARGE, TaxTreatment.EXPORT, TaxTreatment.EXEMPT, TaxTreatment.MARKETPLACE})
"""Treatments under which we charge no tax of our own."""


def treatment(order: Order) -> Iterator[Problem]:
    """A tax of ours where the treatment allows none; a distance sale without any. Adjustments that take the tax away settle it."""
    ours = money.total(tax.amount for tax in _taxes(order) if tax.remitted_by == Remitter.US)
    charged = ours + money.total(row.tax for row in sums.standing(held(order, "adjustments")))
    if order.tax_treatment in UNTAXED and charged:
        label = TaxTreatment(order.tax_treatment).label
        words = _("The tax treatment is “%(treatment)s”, and %(tax)s of tax were charged.")
        values = {"treatment": label, "tax": said(charged, order.currency)}
        yield problem("treatment_contradicts_tax", words % values, field="tax_treatment", difference=charged)
    if order.tax_treatment == TaxTreatment.OSS and not ours and order.total_due:
        label = TaxTreatment(order.tax_treatment).label
        words = _("The tax treatment is “%s”, and no tax was charged.") % label
        yield problem("treatment_contradicts_tax", words, field="tax_treatment", severity=Severity.WARNING)


def derived(order: Order) -> Iterator[Problem]:
    """Tax or amounts that the source stated for the whole order only."""
    divided: Decimal = money.total(tax.amount for tax in _taxes(order) if tax.derived)
    if divided:
        words = _("The source states tax for the whole order; ordersync divided %s among the lines by value.")
        yield problem("tax_derived", words % said(divided, order.currency), field="tax")
    elif any(line.derived for line in held(order, "lines") if not line.removed):
        words = _("The source states a discount for the whole order; ordersync divided it among the lines by value.")
        yield problem("tax_derived", words, field="lines")


def _taxes(order: Order) -> list[LineTax]:
    found: list[LineTax] = []
    for line in held(order, "lines"):
        if not line.removed:
            found += held(line, "taxes")
    return found
