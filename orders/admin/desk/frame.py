"""What every page of the desk needs: who may see it, what is looked at, and the frame around it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, QueryDict
from django.template.response import TemplateResponse
from django.urls import reverse

from orders import queue

_ORDERS = ("shop__ledger__adjustment_account", "customer", "billing", "shipping")
_RELATED = {
    "order": (*_ORDERS, "assignee"),
    "refund": (*(f"order__{part}" for part in _ORDERS), "assignee"),
    "payout": ("shop__ledger__adjustment_account", "assignee"),
    "stockadjustment": ("shop__ledger", "assignee"),
    "customerchange": ("customer__shop__ledger", "assignee"),
}


def must(request: HttpRequest, permission: str) -> None:
    """Raises PermissionDenied unless the person has this right."""
    if not request.user.has_perm(permission):
        raise PermissionDenied


def view_of(data: QueryDict) -> queue.View:
    """What a query string or a form names: kind, tab and filter; what is unknown falls back."""
    kind, tab = data.get("kind", "order"), data.get("tab", "review")
    return queue.View(
        kind=kind if kind in queue.KINDS else "order",
        tab=tab if tab in queue.TABS else "review",
        shop=data.get("shop", ""),
        text=data.get("q", "").strip(),
        cause=data.get("cause", ""),
        who=data.get("with", ""),
    )


def parts(view: queue.View, **changes: str) -> dict[str, str]:
    """The view as the values of a query string or of hidden fields, without what is empty."""
    named = {
        "kind": view.kind,
        "tab": view.tab,
        "shop": view.shop,
        "with": view.who,
        "q": view.text,
        "cause": view.cause,
    } | changes
    return {name: value for name, value in named.items() if value and (name, value) != ("kind", "order")}


def remember_waiting(request: HttpRequest, view: queue.View, counts: dict[str, int]) -> None:
    """Where all orders were counted for the page already, the frame need not count them again."""
    if view == queue.View(tab=view.tab):
        request._waiting = counts["review"]  # type: ignore[attr-defined]


def queue_at(view: queue.View, **changes: str) -> str:
    """The address of the queue."""
    return f"{reverse('admin:review')}?{urlencode(parts(view, **changes))}"


def record_at(view: queue.View, pk: int) -> str:
    """The address of a record's page, reached from a view."""
    return f"{reverse('admin:record', args=[view.kind, pk])}?{urlencode(parts(view))}"


def record_of(kind: str, pk: int) -> queue.Decided:
    """The record with whatever it belongs to, and as `tab` where it lies now; or 404."""
    model = queue.KINDS.get(kind)
    if model is None:
        raise Http404
    rows = model._default_manager.select_related(*_RELATED[kind]).annotate(tab=queue.in_tab())
    found: queue.Decided | None = rows.filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def page(request: HttpRequest, template: str, title: Any, **context: Any) -> TemplateResponse:
    """A page in the desk's frame."""
    return TemplateResponse(request, template, {**admin.site.each_context(request), "title": title, **context})
