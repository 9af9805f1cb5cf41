"""Says whether a person proved lately who he or she is; what touches secrets, people or a second signature asks for it again."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth.signals import user_logged_in
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from orders import roles

PROVED_AT = "ordersync_proved_at"
# Pages on which secrets are written, or which decide who may come in, with the right to change what is there.
PAGES = {
    f"{app}_{model}_{page}": f"{app}.{'add' if page == 'add' else 'change'}_{model}"
    for app, model in (("integrations", "connection"), ("auth", "user"), ("otp_totp", "totpdevice"))
    for page in ("add", "change")
} | {"auth_user_password_change": "auth.change_user"}


def prove(request: HttpRequest) -> None:
    """Note in the session that the person has just proved it."""
    request.session[PROVED_AT] = int(time.time())


def is_fresh(request: HttpRequest) -> bool:
    """Whether that was no longer than ORDERSYNC_STEP_UP seconds ago."""
    patience: int = settings.ORDERSYNC_STEP_UP
    return not patience or time.time() - request.session.get(PROVED_AT, 0) <= patience


def is_due(request: HttpRequest, page: str) -> bool:
    """Whether the page asks for the proof first; who may only read there is not asked."""
    right = PAGES.get(page)
    return right is not None and roles.may(request.user, right) and not is_fresh(request)


def ask(back: str) -> HttpResponse:
    """The way to the proof, and from there back to an address of ours."""
    return HttpResponseRedirect(f"{reverse('admin:prove')}?{urlencode({'next': back})}")


def _signed_in(request: HttpRequest, **kwargs: Any) -> None:
    prove(request)


user_logged_in.connect(_signed_in, dispatch_uid="ordersync-stepup")
