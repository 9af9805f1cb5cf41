"""Where a problem is put right: the form, already filled in, or the place on the record's own page."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from orders import roles
from orders.findings import CODES
from orders.models import Account, AccountMapping, Document, ItemMapping, Ledger, TaxCode

ADJUSTED = {
    "total_mismatch",
    "refund_without_lines",
    "refund_beyond_invoice",
    "refund_difference",
    "payout_remainder",
    "payout_unmatched",
    "payout_ambiguous",
    "payout_without_lines",
    "treatment_contradicts_tax",
}
REJECTED = {
    "test_order",
    "draft_order",
    "cancelled",
    "duplicate",
    "amount_too_fine",
    "kind_unsupported",
    "payout_taken",
    "payout_currency",
}
CORRECTED = {
    "vat_id_missing",
    "vat_id_malformed",
    "customer_unclear",
    "address_incomplete",
    "treatment_contradicts_tax",
}


@dataclass(frozen=True, slots=True)
class Fix:
    """The way to put it right: words of the link, where it leads, and the field at which the sheet opens."""

    words: str
    href: str
    place: str = ""


def of(user: Any, ledger: Ledger, cause: str, *, back: str, tax_codes: Iterable[TaxCode] | None = None) -> Fix | None:
    """The form that removes a cause for every record that waits for it; None where there is none, or the person may not use it."""
    kind, _colon, rest = cause.partition(":")
    match kind:
        case "sku":
            if held := ItemMapping.objects.filter(ledger=ledger, key=rest).order_by("-shop").first():
                return _change(user, "itemmapping", held.pk, _("Map it anew"), back)
            return _form(user, "itemmapping", _("Map it"), back, ledger=ledger.pk, key=rest)
        case "tax":
            names = ("treatment", "country", "region", "title", "rate")
            return _form(
                user,
                "taxmapping",
                _("Map it"),
                back,
                ledger=ledger.pk,
                **dict(zip(names, rest.split("|"), strict=False)),
            )
        case "account" if rest.startswith("ledger:"):
            return _change(user, "ledger", ledger.pk, _("Choose the account"), back)
        case "account":
            purpose, _colon, value = rest.partition(":")
            if held_at := AccountMapping.objects.filter(ledger=ledger, purpose=purpose, value=value).first():
                return _change(user, "accountmapping", held_at.pk, _("Map it anew"), back)
            return _form(user, "accountmapping", _("Map it"), back, ledger=ledger.pk, purpose=purpose, value=value)
        case "taxcode":
            codes = ledger.tax_codes.filter(code=rest) if tax_codes is None else tax_codes
            found = next((code.pk for code in codes if code.code == rest), None)
            return _change(user, "taxcode", found, _("Name its account"), back) if found else None
        case "theirs":
            return _mapped(user, ledger, *rest.partition(":")[::2])
        case "party":
            return Fix(_("Correct the customer"), "#correct", place="order.customer_name")
        case "amounts":
            return Fix(_("Adjust"), "#adjust")
        case "connection" if roles.may(user, "integrations.change_connection"):
            return Fix(_("Look at the connection"), reverse("admin:integrations_connection_changelist"))
        case "rate":
            return _form(
                user, "exchangerate", _("Enter the rate"), back, currency=rest, base_currency=ledger.base_currency
            )
        case "order" if rest.isdigit():
            return Fix(_("Look at it"), reverse("admin:record", args=["order", rest]))
        case "period":
            return _list(user, "period", _("Periods"))
        case "kind":
            return _change(user, "ledger", ledger.pk, _("Look at the ledger"), back)
    return None


def of_document(user: Any, document: Document, cause: str, *, back: str) -> Fix | None:
    """The way to put right what a ledger refused, from a page that is not the record's own."""
    fix = of(user, document.ledger, cause, back=back) if cause else None
    if fix is None or not fix.href.startswith("#"):
        return fix
    if document.order_id is None or not roles.may(user, "orders.change_order"):
        return None
    return Fix(fix.words, f"{reverse('admin:record', args=['order', document.order_id])}{fix.href}")


def on_page(code: str, field: str) -> Fix | None:
    """The place on the record's own page where a finding is put right."""
    if field.partition(".")[0] in ("billing", "shipping") or code in CORRECTED:
        return Fix(_("Correct"), "#correct", place=field if "." in field else f"order.{field}")
    if code == "line_kind_unknown":
        return Fix(_("Choose its kind"), "#correct", place=f"{field}.kind")
    if code in ADJUSTED:
        return Fix(_("Adjust"), "#adjust")
    if code in REJECTED:
        return Fix(_("Reject"), "#reject")
    return None


def helper(code: str) -> str:
    """Whose help a problem needs, as the role's name."""
    return str(CODES[code].concerns) if code in CODES else ""


def title(code: str) -> str:
    """What a problem is called."""
    return str(CODES[code].title) if code in CODES else code


def _mapped(user: Any, ledger: Ledger, noun: str, code: str) -> Fix | None:
    """The mappings that lead to an account or a tax code of the ledger, which it refused."""
    model: type[Account] | type[TaxCode] = Account if noun == "account" else TaxCode
    field, name = ("account", "accountmapping") if noun == "account" else ("tax_code", "taxmapping")
    found = model._default_manager.filter(ledger=ledger, code=code).values_list("pk", flat=True).first()
    if found is None or not roles.may(user, f"orders.change_{name}"):
        return None
    there = reverse(f"admin:orders_{name}_changelist")
    return Fix(_("Map it anew"), f"{there}?{urlencode({f'{field}__id__exact': found})}")


def _form(user: Any, model: str, words: str, back: str, **values: Any) -> Fix | None:
    if not roles.may(user, f"orders.add_{model}"):
        return None
    given = {name: value for name, value in values.items() if value != ""} | {"next": back}
    return Fix(words, f"{reverse(f'admin:orders_{model}_add')}?{urlencode(given)}")


def _change(user: Any, model: str, pk: int, words: str, back: str) -> Fix | None:
    if not roles.may(user, f"orders.change_{model}"):
        return None
    return Fix(words, f"{reverse(f'admin:orders_{model}_change', args=[pk])}?{urlencode({'next': back})}")


def _list(user: Any, model: str, words: str) -> Fix | None:
    return (
        Fix(words, reverse(f"admin:orders_{model}_changelist")) if roles.may(user, f"orders.change_{model}") else None
    )
