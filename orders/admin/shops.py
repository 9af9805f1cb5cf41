"""Shops, and who answers for their orders: owners and deputies."""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.contrib import admin
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from orders import absence, models, ownership
from orders.admin.base import Setting, moment, person
from orders.templatetags import desk


class ShopForm(forms.ModelForm):  # type: ignore[type-arg]
    """A shop is opened together with its first owner: no order is ever nobody's."""

    owner = forms.ModelChoiceField(
        User.objects.filter(is_active=True),
        label=_("first owner"),
        help_text=_("Answers for the shop's orders from the start."),
    )

    def clean_time_zone(self) -> str:
        name: str = self.cleaned_data["time_zone"]
        if name not in available_timezones():
            raise forms.ValidationError(
                _("“%(name)s” is not a time zone: write it as in Europe/Berlin."), params={"name": name}
            )
        return name

    def clean_currency(self) -> str:
        return str(self.cleaned_data["currency"]).upper()


@admin.register(models.Shop)
class ShopAdmin(Setting):
    form = ShopForm
    list_display = ["code", "name", "ledger", "currency", "time_zone", "recognise_on", "owner_now", "active"]
    list_filter = ["ledger", "active"]
    list_select_related = ["ledger"]
    search_fields = ["code", "name"]

    @admin.display(description=_("owner"))
    def owner_now(self, shop: models.Shop) -> str:
        return str(ownership.owner(shop))

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        own = [
            "code",
            "name",
            "ledger",
            "currency",
            "time_zone",
            "country",
            "prefix",
            "recognise_on",
            "fees_by",
            "channel",
            "dimensions",
            "active",
        ]
        return [*own, "owner_now"] if obj else [*own[:2], "owner", *own[2:]]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["code", "ledger", "currency", "prefix", "owner_now"] if obj else []

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        return super().get_form(request, obj, change, **kwargs | ({"form": forms.ModelForm} if obj else {}))

    def store(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if change:
            super().store(request, obj, form, change)
        else:
            ownership.open_shop(obj, form.cleaned_data["owner"], by=person(request))


@admin.register(models.Appointment)
class AppointmentAdmin(Setting):
    list_display = ["shop", "owner", "from_when"]
    list_filter = ["shop"]
    list_select_related = ["shop", "owner"]
    autocomplete_fields = ["owner"]

    @admin.display(description=_("since"))
    def from_when(self, appointment: models.Appointment) -> Any:
        return appointment.since or _("the start")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def store(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        made = ownership.appoint(obj.shop, obj.owner, since=obj.since, by=person(request))
        obj.pk = made.pk

    def keeps_own_events(self, change: bool) -> bool:
        return True

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        if "since" in form.base_fields:
            form.base_fields["since"].required = True
        return form


@admin.register(models.Deputy)
class DeputyAdmin(Setting):
    list_display = ["shop", "deputy", moment("from_at", _("from")), moment("until_at", _("until")), "up_to"]
    list_filter = ["shop"]
    list_select_related = ["shop", "deputy"]
    autocomplete_fields = ["deputy"]
    ordering = ["-until_at", "-id"]

    @admin.display(description=_("up to"))
    def up_to(self, deputy: models.Deputy) -> Any:
        return _("any amount") if deputy.limit is None else desk.plain(deputy.limit)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["shop", "deputy"] if obj else []

    def store(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if change:
            absence.must_own(obj.shop, person(request))
            super().store(request, obj, form, change)
        else:
            stand = absence.Stand(obj.shop, obj.deputy, obj.limit)
            made = absence.name(stand, from_at=obj.from_at, until_at=obj.until_at, by=person(request))
            obj.pk = made.pk

    def keeps_own_events(self, change: bool) -> bool:
        return not change
