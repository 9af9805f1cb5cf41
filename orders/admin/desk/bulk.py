"""Bulk approval: first a page that freezes the set and says what it is worth, then one call for exactly that set."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from orders import ownership, queue, review, roles
from orders.admin.base import person
from orders.admin.desk import frame
from orders.models import Order, Refund, State

AT_ONCE = 500


@require_POST
def approve(request: HttpRequest) -> HttpResponse:
    """Show the frozen set, or approve it once it is confirmed."""
    if not roles.may(request.user, f"orders.change_{frame.view_of(request.POST).kind}"):
        raise PermissionDenied
    return _confirmed(request) if "confirm" in request.POST else _frozen(request)


def _frozen(request: HttpRequest) -> HttpResponse:
    view = frame.view_of(request.POST)
    ids = [int(pk) for pk in request.POST.getlist("id") if pk.isdigit()]
    model = queue.KINDS[view.kind]
    wanted = queue.rows(view) if "all" in request.POST else model._default_manager.filter(pk__in=ids)
    records = list(
        wanted.select_related("order__shop__ledger" if view.kind == "refund" else "shop__ledger")[: AT_ONCE + 1]
    )
    ready, left_out = _sorted(request, records[:AT_ONCE])
    if not ready:
        messages.warning(request, _("None of the selected orders can be approved now."))
        return HttpResponseRedirect(frame.queue_at(view))
    sums = queue.amounts(model._default_manager.filter(pk__in=[record.pk for record in ready]), view.kind)
    return frame.page(
        request,
        "admin/desk/approve.html",
        _("Approve"),
        view=view,
        parts=frame.parts(view),
        ids=",".join(str(record.pk) for record in ready),
        count=len(ready),
        sums=sums,
        frozen=json.dumps({currency: str(total) for currency, total in sums.items()}),
        left_out=left_out,
        more=len(records) > AT_ONCE,
        at_once=AT_ONCE,
        undo=timedelta(seconds=min(ownership.shop_of(record).ledger.undo_seconds for record in ready)),
        queue_href=frame.queue_at(view),
        sample=[_number(record) for record in ready[:10]],
    )


def _number(record: queue.Decided) -> str:
    if isinstance(record, Refund):
        return record.order.number
    return record.number if isinstance(record, Order) else record.store_id


def _sorted(request: HttpRequest, records: list[Any]) -> tuple[list[Any], list[tuple[str, str]]]:
    """Those that can be approved now, and the numbers of those that cannot, each with the reason."""
    ready, left_out = [], []
    for record in records:
        if why := _objection(request, record):
            left_out.append((_number(record), why))
        else:
            ready.append(record)
    return ready, left_out


def _objection(request: HttpRequest, record: queue.Decided) -> str:
    if record.state != State.PENDING:
        return _("It is %s already.") % record.get_state_display()
    if record.blockers:
        return _("It has problems.")
    try:
        ownership.authority(person(request), ownership.shop_of(record), amount=queue.amount(record))
    except ownership.NotAllowed as refused:
        return refused.words
    return ""


def _confirmed(request: HttpRequest) -> HttpResponse:
    view = frame.view_of(request.POST)
    try:
        ids = [int(pk) for pk in request.POST["ids"].split(",")]
        count = int(request.POST["count"])
        sums: dict[str, Any] = {
            currency: Decimal(total) for currency, total in json.loads(request.POST["sums"]).items()
        }
    except (KeyError, ValueError, ArithmeticError):
        messages.error(request, _("The page was incomplete. Nothing was approved; select the orders again."))
        return HttpResponseRedirect(frame.queue_at(view))
    try:
        done = review.approve_many(
            ids[:AT_ONCE], by=person(request), count=count, sums=sums, model=queue.KINDS[view.kind]
        )
    except review.Refused as refused:
        messages.error(request, f"{refused.words} {refused.fix}".strip())
        return HttpResponseRedirect(frame.queue_at(view))
    n = len(done.approved)
    messages.success(request, ngettext("%(n)d approved.", "%(n)d approved.", n) % {"n": n})
    for number, why in done.refused[:20]:
        messages.warning(request, f"{number}: {why}")
    return HttpResponseRedirect(frame.queue_at(view, tab="approved"))
