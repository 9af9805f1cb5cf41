"""Bulk approval: a page that freezes the set and says what it is worth, and the same page as it is worked off."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Min, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from orders import ownership, queue, review, roles
from orders.admin import desk
from orders.admin.base import person
from orders.admin.desk import frame, owned
from orders.models import Bulk, BulkState, Ledger

AT_ONCE_SECONDS = 1.5
SHOWN = 200


@require_POST
def choose(request: HttpRequest) -> HttpResponse:
    """Freeze what is selected, or the whole tab, and show it."""
    view = frame.view_of(request.POST)
    _must(request, view.kind)
    if "all" in request.POST:
        ids = list(queue.rows(view).values_list("pk", flat=True)[: review.bulk.MOST])
    else:
        ids = [int(pk) for pk in request.POST.getlist("id") if pk.isdecimal()]
    made = freeze(request, view, ids)
    if not made.records:
        messages.warning(request, _("None of the selected records can be approved now."))
        return HttpResponseRedirect(frame.queue_at(view))
    return HttpResponseRedirect(reverse("admin:bulk", args=[made.pk]))


def freeze(request: HttpRequest, view: queue.View, ids: list[int]) -> Bulk:
    """The set of these records as it stands now."""
    query = frame.queue_at(view).partition("?")[2]
    return review.bulk.freeze(view.kind, ids, by=person(request), query=query)


def page(request: HttpRequest, pk: int) -> HttpResponse:
    """The set: before it is confirmed, while it is worked off, and what became of it."""
    bulk = Bulk.objects.select_related("by").filter(pk=pk).first()
    if bulk is None:
        raise Http404
    frame.must(request, f"orders.view_{bulk.kind}")
    if request.method == "POST":
        return _decided(request, bulk)
    view = frame.view_of(QueryDict(bulk.query))
    return frame.page(
        request,
        "admin/desk/approve.html",
        _("Approve"),
        bulk=bulk,
        view=view,
        owned=owned.words(person(request), ownership.charges(), view.shop),
        count=len(bulk.records),
        sums={currency: Decimal(total) for currency, total in bulk.sums.items()},
        left_out=[
            {"href": frame.record_at(view, key), "number": number, "why": why}
            for key, number, why in bulk.left_out[:SHOWN]
        ],
        left=len(bulk.left_out),
        shown=SHOWN,
        undo=timedelta(seconds=Ledger.objects.aggregate(least=Min("undo_seconds"))["least"] or 0),
        queue_href=frame.queue_at(view),
        approved_href=frame.queue_at(queue.View(kind=bulk.kind, tab="approved")),
        sample=_sample(bulk),
        may_decide=bulk.by_id == request.user.pk and roles.may(request.user, f"orders.change_{bulk.kind}"),
    )


def _sample(bulk: Bulk) -> list[str]:
    first = [key for key, _version in bulk.records[:10]]
    rows: QuerySet[Any] = queue.KINDS[bulk.kind]._default_manager.filter(pk__in=first)
    related = rows.select_related("order") if bulk.kind == "refund" else rows
    return [review.bulk.name(record) for record in related.order_by("pk")]


def _decided(request: HttpRequest, bulk: Bulk) -> HttpResponse:
    """Confirm it, and begin at once: a small set is done when the page comes back, a large one goes on in the background."""
    _must(request, bulk.kind)
    here = reverse("admin:bulk", args=[bulk.pk])
    try:
        if "stop" in request.POST:
            review.bulk.stop(bulk, by=person(request))
            return HttpResponseRedirect(here)
        review.bulk.confirm(bulk, by=person(request))
    except review.Refused as refused:
        messages.error(request, f"{refused.words} {refused.fix}".strip())
        return HttpResponseRedirect(here)
    review.bulk.work(AT_ONCE_SECONDS, only=bulk.pk)
    bulk.refresh_from_db()
    if not bulk.ended:
        for ring in desk.bells:
            ring("bulk")
    else:
        words = ngettext("%(n)d approved.", "%(n)d approved.", bulk.approved) % {"n": bulk.approved}
        messages.success(request, words)
    return HttpResponseRedirect(here)


def _must(request: HttpRequest, kind: str) -> None:
    if not roles.may(request.user, f"orders.change_{kind}"):
        raise PermissionDenied


def release(request: HttpRequest, orders: tuple[int, ...]) -> str:
    """The address at which the orders that a fix made ready can be approved together; "" for whoever may approve none of them."""
    if not orders or not roles.may(request.user, "orders.change_order"):
        return ""
    made = freeze(request, queue.View(tab="ready"), list(orders))
    return reverse("admin:bulk", args=[made.pk]) if made.records else ""


def running(request: HttpRequest) -> Any:
    """The person's sets that are under way."""
    return Bulk.objects.filter(by=person(request), state=BulkState.RUNNING).order_by("pk")
