"""Ends a session a fixed time after it began, however busy it is; Django itself only ends idle ones."""

from __future__ import annotations

import time
from collections.abc import Callable

from django.conf import settings
from django.contrib import auth
from django.http import HttpRequest, HttpResponse

BEGAN_AT = "ordersync_began_at"


class AbsoluteSessionMiddleware:
    """Signs a person out ORDERSYNC_SESSION_ABSOLUTE seconds after the first page seen signed in."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.session.get(auth.SESSION_KEY) is not None:
            began_at = request.session.setdefault(BEGAN_AT, int(time.time()))
            if time.time() - began_at > settings.ORDERSYNC_SESSION_ABSOLUTE:
                auth.logout(request)
        return self.get_response(request)
