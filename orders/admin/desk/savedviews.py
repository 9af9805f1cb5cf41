"""The queue's saved views: the row above the list, and what keeps and forgets them."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from orders import queue, roles, savedviews
from orders.admin.base import person
from orders.admin.desk import frame

SCREEN = "review"


def row(request: HttpRequest, view: queue.View) -> dict[str, Any]:
    """The views that the person may open, with the one that is open; the first nine have a key."""
    open_now = urlencode(frame.parts(view))
    listed = savedviews.listed(person(request), SCREEN)
    views = [
        {
            "view": saved,
            "own": saved.user_id == request.user.pk,
            "href": f"{reverse('admin:review')}?{saved.query}",
            "current": saved.query == open_now,
            "key": n if n < 10 else "",
        }
        for n, saved in enumerate(listed, start=1)
    ]
    may_keep = not roles.is_auditor(request.user)  # who changes nothing keeps nothing
    return {
        "saved": views,
        "may_keep": may_keep,
        "open_view": next((item for item in views if item["current"] and item["own"]), None),
    }


@require_POST
def keep(request: HttpRequest) -> HttpResponse:
    """Keep the view that is open under a name."""
    frame.must(request, "orders.view_order")
    view = frame.view_of(request.POST)
    query = urlencode(frame.parts(view))
    try:
        made = savedviews.keep(
            person(request), SCREEN, request.POST.get("name", ""), query, shared="shared" in request.POST
        )
    except savedviews.Refused as refused:
        messages.error(request, refused.words)
    else:
        messages.success(request, _("The view “%s” is kept.") % made.name)
    return HttpResponseRedirect(frame.queue_at(view))


@require_POST
def forget(request: HttpRequest, pk: int) -> HttpResponse:
    """Forget one of the person's own views."""
    frame.must(request, "orders.view_order")
    try:
        name = savedviews.forget(person(request), pk)
    except savedviews.Refused as refused:
        messages.error(request, refused.words)
    else:
        messages.success(request, _("The view “%s” is forgotten.") % name)
    return HttpResponseRedirect(frame.queue_at(frame.view_of(request.POST)))
