"""Problems by cause: one fix for every record that waits for it."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from orders import findings, queue
from orders.admin.desk import fixes, frame
from orders.models import Ledger, Shop


def page(request: HttpRequest) -> HttpResponse:
    """Every problem of every shop, the most frequent first, ledger by ledger: a mapping belongs to one."""
    frame.must(request, "orders.view_order")
    shops: dict[Ledger, list[Shop]] = {}
    for shop in Shop.objects.select_related("ledger").order_by("ledger__code", "code"):
        shops.setdefault(shop.ledger, []).append(shop)
    listed = [_books(request, ledger, owned) for ledger, owned in shops.items()]
    return frame.page(
        request, "admin/desk/problems.html", _("Problems"), books=[books for books in listed if books["groups"]]
    )


def _books(request: HttpRequest, ledger: Ledger, shops: list[Shop]) -> dict[str, Any]:
    groups = sorted(
        findings.groups(shops), key=lambda group: (group.severity != "blocking", -group.records, group.oldest)
    )
    here = reverse("admin:problems")
    rows = [
        {
            "group": group,
            "title": fixes.title(group.code),
            "fix": fixes.of(request.user, ledger, group.cause, back=here),
            "helper": fixes.helper(group.code),
            "tone": "bad" if group.severity == "blocking" else "warn",
            "href": frame.queue_at(_where(group)),
        }
        for group in groups
    ]
    return {"ledger": ledger, "shops": shops, "groups": rows}


def _where(group: findings.Group) -> queue.View:
    """The queue's tab in which most of the group's records lie."""
    tab = "review" if group.severity == "blocking" else "ready"
    kind = "payout" if group.code.startswith("payout_") else "order"
    return queue.View(kind=kind, tab=tab, cause=group.cause or group.code)
