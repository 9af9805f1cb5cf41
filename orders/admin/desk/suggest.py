"""Another count, or another value of a customer, suggested to the owner: a form of one question, from the list where the present one stands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from orders import changes, queue, review, roles
from orders.admin.base import person
from orders.admin.desk import frame
from orders.models import CountedBy, Customer, CustomerChange, StockAdjustment, StockLevel
from orders.templatetags import desk

_WHY: Any = {"max_length": 300, "label": _lazy("Why"), "widget": forms.TextInput(attrs={"autocomplete": "off"})}


class CountForm(forms.Form):
    """How many there are."""

    after = forms.DecimalField(label=_lazy("There are"), max_digits=18, decimal_places=6, min_value=Decimal(0))
    why = forms.CharField(**_WHY)


class ValueForm(forms.Form):
    """What of a customer is another, and which."""

    field = forms.ChoiceField(label=_lazy("What"), choices=[("", _lazy("Choose")), *changes.FIELDS.items()])
    after = forms.CharField(label=_lazy("Shall be"), required=False, max_length=254)
    why = forms.CharField(**_WHY)


def count(request: HttpRequest, pk: int) -> HttpResponse:
    """Suggest another count in place of the store's."""
    _must(request, "stockadjustment")
    level = get_object_or_404(StockLevel.objects.select_related("shop"), pk=pk, counted_by=CountedBy.STORE)

    def made(data: dict[str, Any]) -> StockAdjustment:
        return review.suggest_count(
            level.shop, level.sku, level.location, data["after"], by=person(request), reason=data["why"]
        )

    place = f"{level.shop.name} · {level.location}" if level.location else level.shop.name
    now = [(_("The store counts"), desk.plain(level.quantity)), (_("since"), desk.short(level.counted_at))]
    return _page(request, CountForm(request.POST or None), made, _("Count of %s") % level.sku, place=place, now=now)


def value(request: HttpRequest, pk: int) -> HttpResponse:
    """Suggest another value in place of the store's."""
    frame.must(request, "orders.view_customer")
    _must(request, "customerchange")
    customer = get_object_or_404(Customer.objects.select_related("shop"), pk=pk)

    def made(data: dict[str, Any]) -> CustomerChange:
        return review.suggest_value(customer, data["field"], data["after"], by=person(request), reason=data["why"])

    now = [(words, getattr(customer, name) or "–") for name, words in changes.FIELDS.items()]
    title = _("Change of %s") % customer
    return _page(request, ValueForm(request.POST or None), made, title, place=customer.shop.name, now=now)


def _page(request: HttpRequest, form: forms.Form, made: Callable[[dict[str, Any]], Any], title: str, **context: Any) -> HttpResponse:  # fmt: skip
    """The form, or what came of it: the record that now waits for a decision."""
    if request.method == "POST" and form.is_valid():
        try:
            record = made(form.cleaned_data)
        except review.Refused as refused:
            form.add_error(None, f"{refused.words} {refused.fix}".strip())
        else:
            messages.success(request, _("Suggested. It is told to the store once it is approved."))
            view = queue.View(kind=record._meta.model_name, tab="ready")
            return HttpResponseRedirect(frame.record_at(view, record.pk))
    return frame.page(request, "admin/desk/suggest.html", title, form=form, **context)


def _must(request: HttpRequest, kind: str) -> None:
    if not roles.may(request.user, f"orders.add_{kind}"):
        raise PermissionDenied


@admin.display(description=_lazy("change"))
def way(held: StockLevel | Customer) -> SafeString | str:
    """A column: the way to the form. What the ledger counts is changed in the ledger."""
    if isinstance(held, StockLevel) and held.counted_by != CountedBy.STORE:
        return ""
    page = "suggest_count" if isinstance(held, StockLevel) else "suggest_value"
    words = _("suggest another count") if isinstance(held, StockLevel) else _("suggest a change")
    return format_html('<a href="{}">{}</a>', reverse(f"admin:{page}", args=[held.pk]), words)


def with_way(request: HttpRequest, columns: Sequence[Any], kind: str) -> list[Any]:
    """The columns, and that one for whoever may suggest something."""
    return [*columns, way] if roles.may(request.user, f"orders.add_{kind}") else list(columns)
