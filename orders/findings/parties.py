"""Who bought, where, and with which VAT id: as far as an invoice and the tax treatment need it."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _

from orders.documents.problem import Problem
from orders.findings import vat
from orders.findings.codes import problem
from orders.incoming import TaxTreatment
from orders.models import Address, Order, Severity

NEEDS_COUNTRY = frozenset({TaxTreatment.EXPORT, TaxTreatment.OSS, TaxTreatment.REVERSE_CHARGE})


def customer(order: Order) -> Iterator[Problem]:
    """A name, a company or an e-mail, of the order itself, its billing address or its customer."""
    told = [order.customer_name, order.company, order.email]
    told += [order.billing.name, order.billing.company] if order.billing else []
    told += [order.customer.name, order.customer.company] if order.customer else []
    if not any(told) and order.erased_at is None:
        yield problem(
            "customer_unclear", _("The order names no customer, no company and no e-mail."), field="customer_name"
        )


def country(order: Order) -> Iterator[Problem]:
    """Some treatments rest on a country."""
    if order.tax_treatment in NEEDS_COUNTRY and not country_of(order):
        label = TaxTreatment(order.tax_treatment).label
        words = _("The tax treatment is “%s”, and no address names a country.") % label
        yield problem("address_incomplete", words, field="tax_country", severity=Severity.BLOCKING)


def billing(order: Order) -> Iterator[Problem]:
    """A billing address that was given should be whole. A digital or over-the-counter sale may have none."""
    address = order.billing
    missing = _missing(address) if address is not None and order.erased_at is None else []
    if missing:
        words = _("The billing address lacks: %s.") % ", ".join(words for _name, words in missing)
        yield problem("address_incomplete", words, field=f"billing.{missing[0][0]}")


def vat_id(order: Order) -> Iterator[Problem]:
    """Reverse charge needs a VAT id of the right shape; elsewhere a wrong shape only warns."""
    needed = order.tax_treatment == TaxTreatment.REVERSE_CHARGE and order.erased_at is None
    if needed and not order.vat_id:
        yield problem(
            "vat_id_missing", _("The tax treatment is “reverse charge”, and there is no VAT id."), field="vat_id"
        )
    if not order.vat_id:
        return
    fits = vat.fits(order.vat_id, country_of(order))
    if fits is False:
        words = _("The VAT id %s does not have the shape of its country's numbers.") % order.vat_id
        yield problem("vat_id_malformed", words, field="vat_id", severity=Severity.BLOCKING if needed else None)
    elif fits is None and needed:
        words = _("The VAT id %s begins with no country whose numbers are known.") % order.vat_id
        yield problem("vat_id_malformed", words, field="vat_id")


def country_of(order: Order) -> str:
    """The country the order is taxed in, else goes to, else is billed to; "" if none is told."""
    places = (
        order.tax_country,
        order.shipping.country if order.shipping else "",
        order.billing.country if order.billing else "",
    )
    return next(filter(None, places), "")


def _missing(address: Address) -> list[tuple[str, str]]:
    lacking = [name for name in ("street", "city", "country") if not getattr(address, name)]
    if not lacking or (len(lacking) == 3 and not address.postcode):
        return []
    parts = {"street": _("street"), "city": _("city"), "country": _("country")}
    return [(name, parts[name]) for name in lacking]
