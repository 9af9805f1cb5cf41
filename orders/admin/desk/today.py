"""Today: what needs this person now, how the month goes, and whether everything runs."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from orders import overview, ownership, queue, roles
from orders.admin import desk
from orders.admin.base import person
from orders.admin.desk import frame, owned
from orders.models import AssignedCause, ImportJob, ImportState, Quarantine

_KINDS = {
    "refund": _lazy("Refunds to decide"),
    "payout": _lazy("Payouts to decide"),
    "stockadjustment": _lazy("Stock to decide"),
    "customerchange": _lazy("Customers to decide"),
}
HEIGHT, WIDTH = 104, 15
_STATIONS = {
    "received": _lazy("received"),
    "approved": _lazy("approved"),
    "posted": _lazy("posted"),
    "shipped": _lazy("shipped"),
    "invoiced": _lazy("invoiced"),
}
_HOLDERS = {
    "store": _lazy("the store, until it was here"),
    "desk": _lazy("the desk, until it was approved"),
    "ledger": _lazy("the ledger, until it was posted"),
}


def page(request: HttpRequest) -> TemplateResponse:
    """The first page after signing in."""
    sees = request.user.has_perm("orders.view_order")
    return frame.page(
        request,
        "admin/desk/today.html",
        _("Today"),
        greeting=_greeting(request),
        owned=owned.words(person(request), ownership.charges()) if sees else "",
        sees_orders=sees,
        may_decide=roles.may(request.user, "orders.change_order"),
        tasks=[*_tasks(request), *(row for provider in desk.task_providers for row in provider(request))],
        syncs=[row for provider in desk.sync_providers for row in provider(request)],
        health=[row for provider in desk.health_providers for row in provider(request)],
        **(_orders() if sees else {}),
    )


def _greeting(request: HttpRequest) -> str:
    name = getattr(request.user, "first_name", "") or request.user.get_username()
    hour = timezone.localtime().hour
    words = _("Good morning, %s") if hour < 12 else _("Good afternoon, %s") if hour < 18 else _("Good evening, %s")
    return words % name


def _tasks(request: HttpRequest) -> list[dict[str, Any]]:
    """What waits for this person beside orders: money to decide, imports to confirm, records that were refused; only what there is."""
    may = request.user.has_perm
    pending = queue.pending() if may("orders.view_order") else {}
    rows = [
        {"words": words, "count": pending.get(kind, 0), "href": frame.queue_at(queue.View(kind=kind, tab="review" if kind in ("refund", "payout") else "ready"))}
        for kind, words in _KINDS.items() if may(f"orders.view_{kind}")
    ]  # fmt: skip
    rows += _given(request) if may("orders.view_order") else []
    if roles.may(request.user, "orders.add_importjob"):
        ready = ImportJob.objects.filter(state=ImportState.READY).count()
        rows.append({"words": _("Imports to confirm"), "count": ready, "href": reverse("admin:orders_importjob_changelist") + "?state__exact=ready"})  # fmt: skip
    if may("orders.view_quarantine"):
        refused = Quarantine.objects.filter(resolved_at=None).count()
        rows.append({"words": _("Refused records"), "count": refused, "href": reverse("admin:orders_quarantine_changelist")})  # fmt: skip
    return [row for row in rows if row["count"]]


def _given(request: HttpRequest) -> list[dict[str, Any]]:
    """What colleagues gave this person: questions to answer, causes of problems to look after."""
    user = person(request)
    questions = [
        {"words": _("Questions for you"), "count": count, "href": frame.queue_at(queue.View(kind=kind, tab="held", who=user.get_username()))}
        for kind, count in queue.asked(user).items()
    ]  # fmt: skip
    causes = AssignedCause.objects.filter(to=user).count()
    return [*questions, {"words": _("Problems given to you"), "count": causes, "href": reverse("admin:problems")}]


def _orders() -> dict[str, Any]:
    ready, review = queue.View(tab="ready"), queue.View(tab="review")
    counts, sums, _pending = queue.tally(ready)
    undoable, until = queue.undo_window()
    return {
        "counts": counts,
        "ready_sums": sums,
        "undoable": undoable,
        "undo_until": until,
        "failed_since": queue.oldest(queue.View(tab="failed")) if counts["failed"] else None,
        "oldest": queue.oldest(review),
        "review_href": frame.queue_at(review),
        "ready_href": frame.queue_at(ready),
        "approved_href": frame.queue_at(queue.View(tab="approved")),
        "failed_href": frame.queue_at(queue.View(tab="failed")),
        "held_href": frame.queue_at(queue.View(tab="held")),
        "clock": (clock := overview.clock()),
        "stations": [(_STATIONS[station.name], station) for station in clock.stations],
        "holders": [(_HOLDERS[holder.name], holder) for holder in clock.holders],
        "bars": _bars(overview.days()),
    }


def _bars(days: list[overview.Day]) -> list[dict[str, Any]]:
    """The days as bars of a drawing HEIGHT high: what is in the books below, the rest above."""
    most = max((day.posted + day.others for day in days), default=0) or 1
    bars = []
    for n, day in enumerate(days):
        posted, others = (round(value * HEIGHT / most) for value in (day.posted, day.others))
        bars.append(
            {
                "day": day,
                "x": 4 + n * (WIDTH + 1),
                "posted": posted,
                "y": 110 - posted,
                "others": others,
                "top": 110 - posted - others,
            }
        )
    return bars
