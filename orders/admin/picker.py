"""What a picker of the ledger's accounts, tax codes and items shows: each by code and name, as the ledger last told them."""

from __future__ import annotations

from typing import Any

from django.contrib.admin.views.autocomplete import AutocompleteJsonView
from django.forms import TextInput
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from orders.models import Account, LedgerItem, TaxCode
from orders.templatetags import desk


def asks(request: HttpRequest) -> bool:
    """Whether the list is asked for by a picker, which offers only what is there."""
    return request.resolver_match is not None and request.resolver_match.url_name == "autocomplete"


class Picker(AutocompleteJsonView):
    """Django's own, with more than a code to choose by."""

    def serialize_result(self, obj: Any, to_field_name: str) -> dict[str, str]:
        return {**super().serialize_result(obj, to_field_name), "text": told(obj)}


def told(record: Any) -> str:
    """How the record is called in a picker."""
    if isinstance(record, Account):
        money = _("money may lie on it") if record.takes_money else ""
        parts = [record.code, record.name if record.name != record.code else "", record.currency, money]
    elif isinstance(record, TaxCode):
        parts = [record.code, record.name if record.name != record.code else "", desk.percent(record.rate)]
    else:
        return str(record)
    return " · ".join(part for part in parts if part)


class Items(TextInput):
    """A field that may be typed, and offers the items that the ledgers told."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        field = super().render(name, value, {**(attrs or {}), "list": "ledger-items", "autocomplete": "off"}, renderer)
        rows = LedgerItem.objects.filter(active=True).exclude(code="").order_by("ledger", "code")
        options = format_html_join("", '<option value="{}">{}</option>', rows.values_list("code", "name").distinct())
        return format_html('{}<datalist id="ledger-items">{}</datalist>', field, options)
