"""How an order leaves the books again: what it made there, what is in the way, and the way; a person who may decide runs it."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _

from orders import documents, ownership, review, roles
from orders.admin import desk
from orders.admin.base import person
from orders.admin.desk import frame
from orders.models import Document, Event, Order


def page(request: HttpRequest, pk: int) -> HttpResponse:
    """The plan, and the button for whoever may run it; reading changes nothing."""
    frame.must(request, "orders.view_order")
    order = get_object_or_404(Order.objects.select_related("shop__ledger"), pk=pk)
    plan = review.undo_plan(order)
    return frame.page(
        request,
        "admin/desk/undo.html",
        _("Take order %s back out of the books") % order.number,
        record=order,
        kind="order",
        parts={"tab": "posted"},
        plan=plan,
        steps=[_shown(step) for step in plan.steps],
        traces=[row for provider in desk.traces_providers for row in provider(_documents(plan))],
        refusal=_refusal(request, order, plan),
        may_decide=roles.may(request.user, "orders.change_order"),
        events=[{"event": Event.objects.filter(order=order).order_by("-pk").first()}],
    )


def _documents(plan: documents.Undo) -> list[Document]:
    return [step.document for step in plan.steps]


def _shown(step: documents.Step) -> dict[str, Any]:
    draft = step.draft.document if step.draft else None
    return {
        "document": step.document,
        "invoice": step.invoice,
        "way": step.way.label,
        "draft": draft,
        "moved": draft is not None and draft.posting_on != step.document.posting_on,
        "blocks": step.blocks,
    }


def _refusal(request: HttpRequest, order: Order, plan: documents.Undo) -> str:
    """Why this person cannot run it now, "" if nothing is in the way."""
    try:
        ownership.authority(person(request), order.shop, amount=plan.plan.amount)
    except ownership.NotAllowed as refused:
        return refused.words
    if not plan.steps:
        return _("Nothing of it stands in the books.")
    return _("Something is in the way; see above.") if plan.blocks else ""
