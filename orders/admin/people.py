"""Who works here: people, their roles and devices, how they came in, and the record of everything done."""

from __future__ import annotations

import importlib
from typing import Any

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django import forms
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.forms import UserChangeForm
from django.contrib.auth.models import Group, User
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.admin import TOTPDeviceAdmin
from django_otp.plugins.otp_totp.models import TOTPDevice

from orders import models, roles
from orders.admin.base import Log, Setting, order_link, person
from orders.admin.filters import during
from orders.resources import ROLES_OF, Listing
from orders.resources import listing as listed

# Their own modules register these the stock way; the desk's classes take their place.
for _module in ("axes.admin", "django_otp.plugins.otp_static.admin"):
    importlib.import_module(_module)
for _theirs in (User, Group, TOTPDevice, StaticDevice, AccessAttempt, AccessLog, AccessFailureLog):
    admin.site.unregister(_theirs)


class PersonForm(UserChangeForm):  # type: ignore[type-arg]
    """Nobody is auditor and superuser at once: an auditor changes nothing."""

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        auditor = any(group.name == roles.AUDITOR.name for group in data.get("groups") or ())
        if auditor and data.get("is_superuser", self.instance.is_superuser):
            raise forms.ValidationError(
                _("A superuser cannot be auditor: an auditor changes nothing. Take one of the two away.")
            )
        return data


@admin.register(User)
class PersonAdmin(Setting, UserAdmin):  # type: ignore[type-arg]
    form = PersonForm
    personal_fields = frozenset({"first_name", "last_name", "email"})
    secret_fields = frozenset({"password", "last_login"})
    list_display = ["username", "first_name", "last_name", "role_names", "is_active", "last_login"]
    list_filter = ["groups", "is_active"]
    listing = Listing(
        "people",
        User,
        "username",
        "first_name",
        "last_name",
        "email",
        listed.Column(ROLES_OF, "roles"),
        "is_active",
        "last_login",
        "date_joined",
    )
    list_per_page = 50
    filter_horizontal = ["groups"]
    add_fieldsets = (
        (None, {"classes": ("wide",), "fields": ("username", "usable_password", "password1", "password2")}),
    )
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        (_("Person"), {"fields": ("first_name", "last_name", "email")}),
        (
            _("Roles"),
            {
                "fields": ("is_active", "is_staff", "is_superuser", "groups"),
                "description": _("Roles add up, but whoever is auditor changes nothing."),
            },
        ),
        (_("Dates"), {"fields": ("last_login", "date_joined")}),
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("groups")

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        return super().changelist_view(request, {"title": _("People"), **(extra_context or {})})

    @admin.display(description=_("roles"))
    def role_names(self, user: User) -> str:
        return ", ".join(sorted(group.name for group in user.groups.all())) or (
            "superuser" if user.is_superuser else "–"
        )

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        above = obj is not None and obj.is_superuser and not person(request).is_superuser
        return not above and super().has_change_permission(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        fixed = ["last_login", "date_joined"]
        if person(request).is_superuser:
            return fixed
        return [*fixed, "is_superuser", *(["groups"] if obj == request.user else [])]

    def store(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        obj.is_staff = obj.is_staff or not change
        super().store(request, obj, form, change)


@admin.register(Group)
class RoleAdmin(Log, GroupAdmin):
    """The roles are made by a migration; what each may do is said here and changed there."""

    list_display = ["name", "sentence", "people"]
    search_fields = ["name"]
    listing = Listing("roles", Group, "name")
    fields = ["name", "sentence", "rights"]
    readonly_fields = ["sentence", "rights"]

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("user_set")

    @admin.display(description=_("what the role may do"))
    def sentence(self, group: Group) -> str:
        return str(roles.SENTENCES.get(group.name, "–"))

    @admin.display(description=_("people"))
    def people(self, group: Group) -> str:
        return ", ".join(user.get_username() for user in group.user_set.all()) or "–"

    @admin.display(description=_("rights"))
    def rights(self, group: Group) -> str:
        return ", ".join(sorted(permission.name for permission in group.permissions.all()))


@admin.register(TOTPDevice)
class DeviceAdmin(Setting, TOTPDeviceAdmin):  # type: ignore[misc]
    secret_fields = frozenset(
        {"key", "drift", "last_t", "last_used_at", "throttling_failure_timestamp", "throttling_failure_count"}
    )
    list_display = ["user", "name", "created_at", "last_used_at", "confirmed"]
    list_filter = ["confirmed"]
    listing = Listing("devices", TOTPDevice, "user__username", "name", "created_at", "last_used_at", "confirmed")
    list_select_related = ["user"]
    raw_id_fields = ()
    autocomplete_fields = ["user"]

    def get_list_display(self, request: HttpRequest) -> Any:
        return self.list_display


@admin.register(AccessAttempt)
class AttemptAdmin(Log):
    """Failed sign-ins; a lock ends by itself after an hour."""

    list_display = ["attempt_time", "username", "ip_address", "failures_since_start"]
    fields = ["attempt_time", "username", "ip_address", "failures_since_start", "user_agent"]
    ordering = ["-attempt_time"]
    listing = Listing(
        "sign-in attempts",
        AccessAttempt,
        "attempt_time",
        "username",
        "ip_address",
        "failures_since_start",
        "user_agent",
    )
    search_fields = ["=username", "=ip_address"]


@admin.register(models.Event)
class EventAdmin(Log):
    list_display = ["at", "who", "verb", "noun", "object_id", order_link, "words"]
    list_filter = [during("at", _("when"))]
    list_select_related = ["by", "acting_for", "order"]
    ordering = ["-id"]
    sortable_by = ()
    search_fields = ["=object_id", "=order__number", "=by__username"]
    search_help_text = _("A record's id, an order's number, or a person's name.")
    fields = ["at", "by", "acting_for", "verb", "noun", "object_id", "order", "words", "body", "place"]
    readonly_fields = ["place"]

    @admin.display(description=_("who"))
    def who(self, event: models.Event) -> str:
        name = str(event.by or "ordersync")
        return f"{name} ({event.acting_for})" if event.acting_for else name

    @admin.display(description=_("place in the chain"))
    def place(self, event: models.Event) -> SafeString | str:
        seal = getattr(event, "seal", None)
        return format_html('{} <span class="code faint">{}</span>', seal.n, seal.hash) if seal else "–"
