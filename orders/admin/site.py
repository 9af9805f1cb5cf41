"""The desk's own admin site: who comes in, what the frame around every page shows, and that an auditor sends nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.admin import AdminSite
from django.contrib.admin.forms import AdminAuthenticationForm
from django.core.exceptions import PermissionDenied
from django.forms import CharField, Select, TextInput
from django.http import HttpRequest, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, reverse
from django.utils.translation import gettext_lazy as _
from django_otp.forms import OTPAuthenticationFormMixin
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from orders import queue, roles
from orders.admin import navigation, stepup

# Pages that others bring along, as makers of their addresses: the post appends its own.
pages: list[Callable[[], URLPattern]] = []

# What an auditor may send all the same: his own password and authenticator, and the way out.
_OWN_BUSINESS = {"login", "logout", "password_change", "access", "access_act", "prove"}
_NEEDS_CODE = ("orders.change_order", "integrations.change_connection")


def _waiting(request: HttpRequest) -> int:
    """How many orders need a person; 0 for whoever may not see them. A page that counted them already has laid the number by."""
    if not request.user.has_perm("orders.view_order"):
        return 0
    known: int | None = getattr(request, "_waiting", None)
    return queue.waiting() if known is None else known


def needs_code(user: Any) -> bool:
    """Whether this person comes in with a one-time code only: whoever has a device, and where the setting asks for it whoever approves or connects.

    Asked of the database once per loaded user.
    """
    if not hasattr(user, "_needs_code"):
        user._needs_code = has_device(user) or _asked_for(user)
    return bool(user._needs_code)


def has_device(user: Any) -> bool:
    """Whether the person has a confirmed device or recovery codes; a session's person came with the answer."""
    if hasattr(user, "_has_device"):
        return bool(user._has_device)
    kinds = (TOTPDevice, StaticDevice)
    first, second = (kind.objects.filter(user=user, confirmed=True).order_by().values("pk") for kind in kinds)
    return bool(first.union(second)[:1])


def _asked_for(user: Any) -> bool:
    return bool(settings.ORDERSYNC_REQUIRE_OTP) and any(roles.may(user, name) for name in _NEEDS_CODE)


class SignIn(OTPAuthenticationFormMixin, AdminAuthenticationForm):  # type: ignore[misc]
    """Name and password, and a one-time code for those who need one."""

    otp_device = CharField(required=False, widget=Select, label=_("Device"))
    otp_token = CharField(
        required=False, label=_("One-time code"), widget=TextInput(attrs={"autocomplete": "one-time-code"})
    )
    otp_challenge = CharField(required=False)

    def clean(self) -> dict[str, Any]:
        self.cleaned_data = super().clean()
        user = self.get_user()
        if user is None or not needs_code(user):
            return self.cleaned_data
        if not has_device(user):  # comes as far as the page on which one is made
            return self.cleaned_data
        self.asks_for_code = True
        self.clean_otp(user)
        return self.cleaned_data


class DeskSite(AdminSite):
    """The only admin site."""

    site_header = "ordersync"
    site_title = "ordersync"
    index_title = _("Today")
    site_url = None
    enable_nav_sidebar = False
    login_form = SignIn
    login_template = "admin/login.html"

    def has_permission(self, request: HttpRequest) -> bool:
        if not super().has_permission(request):
            return False
        verified: Callable[[], bool] | None = getattr(request.user, "is_verified", None)
        return bool(verified and verified()) or not needs_code(request.user)

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            match = request.resolver_match
            own = match is not None and match.url_name in _OWN_BUSINESS
            if request.method not in ("GET", "HEAD") and not own and roles.is_auditor(request.user):
                raise PermissionDenied(_("An auditor reads everything and changes nothing."))
            if match is not None and stepup.is_due(request, match.url_name or ""):
                return stepup.ask(request.get_full_path())
            return view(request, *args, **kwargs)

        guarded.__dict__.update(getattr(view, "__dict__", {}))
        return super().admin_view(guarded, cacheable)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """The way in; who is in by password alone and needs a device is led to where one is made."""
        user: Any = request.user
        inside = user.is_authenticated and user.is_active and user.is_staff
        if request.method == "GET" and inside and not self.has_permission(request) and not has_device(user):
            return HttpResponseRedirect(reverse("admin:access"))
        return super().login(request, extra_context)

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        context = super().each_context(request)
        if context["has_permission"]:
            groups = navigation.groups(request)
            sections = [section for group in groups for section in group["sections"]]
            context["navigation"] = groups
            context["tabs"] = next((section["tabs"] for section in sections if section["current"]), [])
            context["waiting"] = _waiting(request)
            context["questions"] = getattr(request.user, "asked", 0)
        return context

    def autocomplete_view(self, request: HttpRequest) -> Any:
        from orders.admin.picker import Picker

        return Picker.as_view(admin_site=self)(request)

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        from orders.admin.desk import today

        return today.page(request)

    def get_urls(self) -> list[URLPattern | URLResolver]:
        from orders.admin.desk import addresses

        return [*addresses(self), *(page() for page in pages), *super().get_urls()]
