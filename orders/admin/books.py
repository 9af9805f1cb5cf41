"""What the books need: ledgers, accounts, tax codes, mappings, rates, number series, periods."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.db import models as fields
from django.db.backends.postgresql.psycopg_any import DateRange
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from orders import models, periods
from orders.admin import picker
from orders.admin.accountable import Accountable
from orders.admin.base import Setting, person
from orders.admin.filters import during
from orders.admin.mapped import Mapped
from orders.outgoing import DocumentKind
from orders.templatetags import desk


class LedgerForm(forms.ModelForm):  # type: ignore[type-arg]
    kinds = forms.MultipleChoiceField(
        choices=DocumentKind.choices,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("The document kinds the connected ledger can take."),
    )


@admin.register(models.Ledger)
class LedgerAdmin(Setting):
    form = LedgerForm
    list_display = [
        "code",
        "name",
        "base_currency",
        "numbering",
        "undo_seconds",
        "four_eyes_limit",
        "corrector_may_not_approve",
    ]
    autocomplete_fields = ["adjustment_account"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["code", "base_currency", "chain_length"] if obj else []


@admin.register(models.Account)
class AccountAdmin(Setting):
    list_display = ["code", "name", "ledger", "type", "currency", "takes_money", "active"]
    list_filter = ["ledger", "active"]
    list_select_related = ["ledger"]
    search_fields = ["code", "name"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["ledger", "code"] if obj else []

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """A picker offers what is there, and for a payment method first where money may lie."""
        found, twice = super().get_search_results(request, queryset, search_term)
        if picker.asks(request):
            return found.filter(active=True).order_by(fields.F("takes_money").desc(nulls_last=True), "code"), twice
        return found, twice


@admin.register(models.TaxCode)
class TaxCodeAdmin(Setting):
    list_display = ["code", "name", "ledger", "rate", "account", "active"]
    list_filter = ["ledger", "active"]
    list_select_related = ["ledger", "account"]
    search_fields = ["code", "name"]
    autocomplete_fields = ["account"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["ledger", "code"] if obj else []

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        found, twice = super().get_search_results(request, queryset, search_term)
        return (found.filter(active=True) if picker.asks(request) else found), twice


@admin.register(models.ItemMapping)
class ItemMappingAdmin(Mapped):
    list_display = ["key", "item", "account", "ledger", "shop", "used_by"]
    list_filter = ["ledger", "shop"]
    list_select_related = ["ledger", "shop", "account"]
    autocomplete_fields = ["account"]
    search_fields = ["key", "item"]
    search_help_text = _("A SKU, or the ledger's item.")
    ordering = ["key", "id"]

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "item":
            kwargs["widget"] = picker.Items
        return super().formfield_for_dbfield(db_field, request, **kwargs)


@admin.register(models.TaxMapping)
class TaxMappingAdmin(Mapped):
    list_display = [
        "treatment",
        "title_shown",
        "rate_shown",
        "country",
        "region",
        "line_kind",
        "tax_code",
        "ledger",
        "used_by",
    ]
    list_filter = ["ledger", "treatment"]
    list_select_related = ["ledger", "tax_code"]
    autocomplete_fields = ["tax_code"]
    search_fields = ["title", "country"]
    ordering = ["ledger", "treatment", "country", "title", "id"]

    @admin.display(description=_("title"))
    def title_shown(self, mapping: models.TaxMapping) -> Any:
        return {"": _("no tax"), models.ANY_TITLE: _("any title")}.get(mapping.title, mapping.title)

    @admin.display(description=_("rate"), ordering="rate")
    def rate_shown(self, mapping: models.TaxMapping) -> str:
        return desk.percent(mapping.rate)


@admin.register(models.AccountMapping)
class AccountMappingAdmin(Mapped):
    list_display = ["purpose", "value", "account", "ledger", "shop", "used_by"]
    list_filter = ["ledger", "shop", "purpose"]
    list_select_related = ["ledger", "shop", "account"]
    autocomplete_fields = ["account"]
    search_fields = ["value"]
    ordering = ["ledger", "purpose", "value", "id"]


@admin.register(models.ExchangeRate)
class ExchangeRateAdmin(Setting):
    list_display = ["currency", "base_currency", "on", "rate", "source"]
    list_filter = [during("on", _("day"), days=True)]
    search_fields = ["=currency"]


@admin.register(models.NumberSeries)
class NumberSeriesAdmin(Setting):
    list_display = ["ledger", "kind", "pattern", "next_number"]
    list_filter = ["ledger"]
    list_select_related = ["ledger"]
    ordering = ["ledger", "kind"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["ledger", "kind", "next_number"] if obj else []


class PeriodForm(forms.ModelForm):  # type: ignore[type-arg]
    """A period by its first and last day; a change of state says why."""

    first_on = forms.DateField(label=_("first day"), widget=forms.DateInput(attrs={"type": "date"}))
    last_on = forms.DateField(label=_("last day"), widget=forms.DateInput(attrs={"type": "date"}))
    reason = forms.CharField(
        label=_("reason"), required=False, max_length=500, help_text=_("Needed to open a period again.")
    )

    class Meta:
        model = models.Period
        fields = ["ledger", "state"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            del self.fields["first_on"], self.fields["last_on"]

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        first, last = data.get("first_on"), data.get("last_on")
        if first and last:
            if last < first:
                raise forms.ValidationError(
                    _("The last day, %(last)s, lies before the first, %(first)s."),
                    params={"first": first, "last": last},
                )
            self.instance.period = DateRange(first, last + timedelta(days=1))
        return data


@admin.register(models.Period)
class PeriodAdmin(Accountable, Setting):
    form = PeriodForm
    list_display = ["days", "ledger", "state"]
    list_filter = ["ledger", "state"]
    list_select_related = ["ledger"]
    ordering = ["ledger", "-period"]

    @admin.display(description=_("days"))
    def days(self, period: models.Period) -> str:
        return str(period)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return ["ledger", "first_on", "last_on", "state", "reason"]
        return ["ledger", "days", "state", *(["reason"] if self.has_change_permission(request, obj) else [])]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["ledger", "days"] if obj else []

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        if obj and not self.has_change_permission(request, obj):
            return super().get_form(request, obj, change, **kwargs | {"form": forms.ModelForm, "fields": ["state"]})
        return super().get_form(request, obj, change, **kwargs)

    def store(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not change:
            obj.save()
        elif "state" in form.changed_data:
            turn = periods.reopen if obj.state == models.PeriodState.OPEN else periods.close
            turn(obj, obj.state, by=person(request), reason=form.cleaned_data["reason"])

    def keeps_own_events(self, change: bool) -> bool:
        return change
