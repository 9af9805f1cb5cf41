"""A person's own way in: an authenticator with its recovery codes, made and taken away, and the proof of who one is once more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import django_otp
import qrcode  # type: ignore[import-untyped]
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth import authenticate
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from orders import events
from orders.admin import site, stepup
from orders.admin.base import person
from orders.admin.desk import frame

RECOVERY_CODES = 10
NAME = "authenticator"


@never_cache
def page(request: HttpRequest) -> HttpResponse:
    """What the person comes in with; whoever needs a code and has no device yet sees this page and no other."""
    if not _may_come(request):
        return redirect_to_login(request.get_full_path(), reverse("admin:login"))
    return _page(request)


@never_cache
@require_POST
def act(request: HttpRequest, verb: str) -> HttpResponse:
    """One step: begin, confirm, make new recovery codes, take the authenticator away."""
    if not _may_come(request):
        raise PermissionDenied
    if verb not in VERBS:
        raise Http404
    if verb in _PROVED and not stepup.is_fresh(request):
        return stepup.ask(reverse("admin:access"))
    return VERBS[verb](request) or HttpResponseRedirect(reverse("admin:access"))


@never_cache
@sensitive_post_parameters()
def prove(request: HttpRequest) -> HttpResponse:
    """The password, and a code where the person has a device; then back to where it was asked for."""
    back = request.POST.get("next") or request.GET.get("next") or ""
    if not url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure()):
        back = reverse("admin:index")
    user = person(request)
    if request.method == "POST":
        given = authenticate(request, username=user.get_username(), password=request.POST.get("password", ""))
        if given == user and (not site.has_device(user) or _code_fits(user, request.POST.get("code", ""))):
            stepup.prove(request)
            return HttpResponseRedirect(back)
        messages.error(request, _("That is not right. Nothing was done."))
    return frame.page(
        request, "admin/desk/prove.html", _("It is you?"), next=back, with_code=site.has_device(user),
        minutes=settings.ORDERSYNC_STEP_UP // 60,
    )  # fmt: skip


def _may_come(request: HttpRequest) -> bool:
    user: Any = request.user
    if not user.is_authenticated or not user.is_active or not user.is_staff:
        return False
    return admin.site.has_permission(request) or not site.has_device(user)


def _page(request: HttpRequest, **more: Any) -> HttpResponse:
    user = person(request)
    fresh = TOTPDevice.objects.filter(user=user, confirmed=False, name=NAME).first()
    return frame.page(
        request, "admin/desk/access.html", _("Your sign-in"), device=TOTPDevice.objects.filter(user=user, confirmed=True).first(),
        left=StaticToken.objects.filter(device__user=user).count(), fresh=fresh, secret=_secret(fresh),
        squares=_squares(fresh.config_url) if fresh else None, needed=site.needs_code(user), **more,
    )  # fmt: skip


def _begin(request: HttpRequest) -> None:
    """A device that counts once its first code was given; one begun before gives way."""
    user = person(request)
    if TOTPDevice.objects.filter(user=user, confirmed=True).exists():
        messages.error(request, _("You have an authenticator already: take it away first."))
        return
    with transaction.atomic():
        TOTPDevice.objects.filter(user=user, confirmed=False).delete()
        TOTPDevice.objects.create(user=user, name=NAME, confirmed=False)


def _confirm(request: HttpRequest) -> HttpResponse | None:
    user = person(request)
    device = TOTPDevice.objects.filter(user=user, confirmed=False, name=NAME).first()
    if device is None or not device.verify_token(request.POST.get("code", "").replace(" ", "")):
        messages.error(
            request,
            _("This is not the code of now. Wait for the next one, and see whether the phone's clock is right."),
        )
        return None
    with transaction.atomic():
        device.confirmed = True
        device.save(update_fields=["confirmed"])
        codes = _codes(user)
        events.record(user, "authenticator added", by=user)
    django_otp.login(request, device)
    stepup.prove(request)
    request.session.cycle_key()
    return _page(request, codes=codes)


def _renew(request: HttpRequest) -> HttpResponse:
    user = person(request)
    with transaction.atomic():
        codes = _codes(user)
        events.record(user, "recovery codes made", by=user)
    return _page(request, codes=codes)


def _remove(request: HttpRequest) -> None:
    user = person(request)
    with transaction.atomic():
        TOTPDevice.objects.filter(user=user).delete()
        StaticDevice.objects.filter(user=user).delete()
        events.record(user, "authenticator removed", by=user)
    messages.success(request, _("The authenticator and its recovery codes are gone."))


def _codes(user: Any) -> list[str]:
    """New recovery codes in place of the old ones; shown this once."""
    StaticDevice.objects.filter(user=user).delete()
    device = StaticDevice.objects.create(user=user, name=NAME, confirmed=True)
    made = [StaticToken.random_token() for _n in range(RECOVERY_CODES)]
    StaticToken.objects.bulk_create([StaticToken(device=device, token=code) for code in made])
    return made


def _code_fits(user: Any, code: str) -> bool:
    return django_otp.match_token(user, code.replace(" ", "")) is not None


def _secret(device: TOTPDevice | None) -> str:
    """The secret for typing, in groups of four."""
    if device is None:
        return ""
    text = device.config_url.partition("secret=")[2].partition("&")[0]
    return " ".join(text[at : at + 4] for at in range(0, len(text), 4))


def _squares(text: str) -> dict[str, Any]:
    """The picture to scan: how many squares wide, and the dark ones as one path of SVG."""
    code = qrcode.QRCode(border=4)
    code.add_data(text)
    rows = code.get_matrix()
    dark = "".join(f"M{x} {y}h1v1h-1z" for y, row in enumerate(rows) for x, on in enumerate(row) if on)
    return {"size": len(rows), "path": dark}


VERBS: dict[str, Callable[[HttpRequest], HttpResponse | None]] = {
    "begin": _begin, "confirm": _confirm, "codes": _renew, "remove": _remove,
}  # fmt: skip
_PROVED = {"codes", "remove"}
