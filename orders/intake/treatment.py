"""Why an order is taxed as it is, where the store does not say: from where it is sold, where it goes, to whom, and what was charged."""

from __future__ import annotations

from orders import incoming
from orders.incoming import Remitter, TaxTreatment

# ISO 3166-1 codes of the member states, as stores write them.
EU = frozenset((
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU",
    "IE", "IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
))  # fmt: skip


def derived(order: incoming.Order, home: str) -> TaxTreatment:
    """The order's own treatment if it states one, else what seller's country `home`, destination, buyer and taxes make of it."""
    if order.tax_treatment:
        return order.tax_treatment
    charged = [tax for line in order.lines for tax in line.taxes if tax.amount]
    if charged and all(tax.remitted_by == Remitter.CHANNEL for tax in charged):
        return TaxTreatment.MARKETPLACE
    to = destination(order)
    if not to or not home or to == home:
        return _at_home(order, taxed=bool(charged))
    if to in EU and home in EU:
        return _within_the_union(order, home, {tax.country for tax in charged if tax.country}, taxed=bool(charged))
    return TaxTreatment.DOMESTIC if charged else TaxTreatment.EXPORT


def destination(order: incoming.Order) -> str:
    """The country of delivery, else of the bill; "" where neither says."""
    places = (order.shipping, order.billing)
    return next((place.country.strip().upper() for place in places if place and place.country.strip()), "")


def country(treatment: str, order: incoming.Order, home: str) -> str:
    """The country whose tax it is: the seller's at home, else the destination's; two letters or ""."""
    found = home if treatment in {TaxTreatment.DOMESTIC, TaxTreatment.EXEMPT} and home else destination(order)
    return found if len(found) == 2 else ""


def _at_home(order: incoming.Order, *, taxed: bool) -> TaxTreatment:
    return TaxTreatment.EXEMPT if _exempt(order) and not taxed else TaxTreatment.DOMESTIC


def _within_the_union(order: incoming.Order, home: str, countries: set[str], *, taxed: bool) -> TaxTreatment:
    """Taxed by the seller's own country (below the threshold), by the buyer's, or by the buyer himself."""
    if taxed:
        return TaxTreatment.DOMESTIC if countries == {home} else TaxTreatment.OSS
    if vat_id(order) or company(order):
        return TaxTreatment.REVERSE_CHARGE
    return TaxTreatment.EXEMPT if _exempt(order) else TaxTreatment.OSS


def vat_id(order: incoming.Order) -> str:
    """The buyer's VAT id as at purchase."""
    return order.vat_id or (order.customer.vat_id if order.customer else "")


def company(order: incoming.Order) -> str:
    """The buyer's company as at purchase."""
    return order.company or (order.billing.company if order.billing else "")


def _exempt(order: incoming.Order) -> bool:
    return order.tax_exempt or bool(order.exempt_reason) or bool(order.customer and order.customer.tax_exempt)
