"""The proof on a page: store, adjustments, approved, booked, and every difference with its reason."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from orders import ownership, reconciliation
from orders.admin.base import person
from orders.admin.desk import frame, owned
from orders.models import Shop
from orders.reconciliation import paper


def page(request: HttpRequest) -> HttpResponse:
    """The proof of a shop (or all) over a range of days; this month unless the person asks for another."""
    frame.must(request, "orders.view_document")
    first, last = (
        _day(request, "from") or timezone.localdate().replace(day=1),
        _day(request, "to") or timezone.localdate(),
    )
    shop = Shop.objects.filter(code=request.GET.get("shop", "")).first()
    found, shops = reconciliation.proof(shop, first, last), dict(Shop.objects.values_list("code", "name"))
    return frame.page(
        request,
        "admin/desk/proof.html",
        _("Proof"),
        proof=found,
        owned=owned.words(person(request), ownership.charges(), shop.code if shop else ""),
        unbooked=_unbooked(found, shops),
        parts=[(_("Sales"), found.sales), (_("Money"), found.money), (_("Payouts"), found.payouts)],
        shop=shop,
        first=first,
        last=last,
        shops=shops.items(),
        names=shops,
    )


def _unbooked(found: reconciliation.Proof, shops: dict[str, str]) -> list[tuple[Any, str, str]]:
    """What is not in the books: the row, its shop by name, and why; money follows its order, so it is not listed again."""
    rows = [one for one in found.waiting if not one.money]
    return [(one, shops[one.shop], why) for one, why in zip(rows, paper.reasons(rows), strict=True)]


def _day(request: HttpRequest, name: str) -> date | None:
    text = request.GET.get(name, "")
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        messages.error(request, _("“%s” is not a day; write it as in 2026-12-31.") % text)
        return None
