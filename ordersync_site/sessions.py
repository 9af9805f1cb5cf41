"""Ends a session a fixed time after it began, however busy it is, and puts the end of an idle one off once a minute instead of at every page."""

from __future__ import annotations

import time
from collections.abc import Callable

from django.conf import settings
from django.contrib import auth
from django.http import HttpRequest, HttpResponse

BEGAN_AT = "ordersync_began_at"
SEEN_AT = "ordersync_seen_at"
FRESH_SECONDS = 60


class AbsoluteSessionMiddleware:
    """Signs a person out ORDERSYNC_SESSION_ABSOLUTE seconds after the first page seen signed in; each page within a minute of another costs no write."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.session.get(auth.SESSION_KEY) is not None:
            began_at = request.session.setdefault(BEGAN_AT, int(time.time()))
            if time.time() - began_at > settings.ORDERSYNC_SESSION_ABSOLUTE:
                auth.logout(request)
            elif time.time() - request.session.get(SEEN_AT, 0) > FRESH_SECONDS:
                request.session[SEEN_AT] = int(time.time())
        return self.get_response(request)
