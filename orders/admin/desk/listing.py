"""The approval queue: tabs with counts, the reasons on each row, and the selection."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _

from orders import changes, ownership, queue, resources, review, roles, search
from orders.admin import takeout
from orders.admin.base import person
from orders.admin.desk import frame, owned, savedviews
from orders.admin.paginator import QuickPaginator
from orders.models import CustomerChange, Document, Finding, Order, Payout, Progress, StockAdjustment
from orders.templatetags import desk

PER_PAGE = 50
MICRO = Decimal(1_000_000)


def page(request: HttpRequest) -> HttpResponse:
    """One tab of the queue; a number typed that one record alone has opens that record."""
    frame.must(request, "orders.view_order")
    view = frame.view_of(request.GET)
    frame.must(request, f"orders.view_{view.kind}")
    if "go" in request.GET and (hit := queue.exact(view.kind, view.text)):
        return HttpResponseRedirect(reverse("admin:record", args=[view.kind, hit]))
    charges = ownership.charges()
    found = _found(request, view)
    frame.remember_waiting(request, view, found.counts)
    return frame.page(
        request,
        "admin/desk/queue.html",
        _("Review"),
        view=view,
        parts=frame.parts(view),
        kinds=_kinds(request, view, found.pending),
        tabs_counted=[_tab(view, tab, found.counts[tab.name]) for tab in queue.TABS.values()],
        rows=found.rows,
        sheet=found.sheet,
        older=frame.queue_at(view, p=str(found.sheet.number + 1)) if found.sheet.has_next() else "",
        newer=frame.queue_at(view, p=str(found.sheet.number - 1)) if found.sheet.has_previous() else "",
        sums=found.sums,
        too_wide=found.too_wide,
        count=found.counts[view.tab],
        most=review.bulk.MOST,
        cause=_cause(view.cause),
        shops=[(charge.shop.code, charge.shop.name) for charge in charges],
        owned=owned.words(person(request), charges, view.shop),
        me=person(request).get_username(),
        **savedviews.row(request, view),
        may_decide=roles.may(request.user, f"orders.change_{view.kind}"),
        changes=queue.CHANGES,
        body_view=f"{view.kind}:{view.tab}",
        takeout=takeout.links(request, "review_takeout")
        if found.counts[view.tab] and view.kind not in queue.CHANGES
        else [],
    )


def _cause(cause: str) -> str:
    """The cause in the words of one of its findings."""
    found = Finding.objects.filter(cause=cause).values_list("words", flat=True).first() if cause else None
    return found or cause


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a page of the queue shows; `too_wide`: so much answers the search that nothing of it is shown."""

    counts: dict[str, int]
    sheet: Any
    rows: list[dict[str, Any]]
    sums: dict[str, Decimal]
    pending: dict[str, int]
    too_wide: bool = False


def _found(request: HttpRequest, view: queue.View) -> Found:
    if not view.text:
        return _asked(request, view)
    try:
        with search.patience():
            return _asked(request, view)
    except search.TooWide:
        nothing = QuickPaginator([], PER_PAGE, known=0).get_page(1)
        return Found(
            counts=dict.fromkeys(queue.TABS, 0), sheet=nothing, rows=[], sums={}, pending=queue.pending(), too_wide=True
        )


def _asked(request: HttpRequest, view: queue.View) -> Found:
    found, (counts, sums, pending) = queue.rows(view), queue.tally(view)
    pages = QuickPaginator(found.select_related(*_related(view.kind)), PER_PAGE, known=counts[view.tab])
    sheet = pages.get_page(request.GET.get("p"))
    return Found(counts=counts, sheet=sheet, rows=_rows(view, list(sheet.object_list)), sums=sums, pending=pending)


def _kinds(request: HttpRequest, view: queue.View, pending: dict[str, int]) -> list[dict[str, Any]]:
    """The kinds of record that the person may see, each with the tab in which its first undecided ones lie and how many wait."""
    return [
        {
            "name": kind,
            "words": words,
            "count": pending.get(kind, 0),
            "href": frame.queue_at(view, kind=kind, tab="ready" if kind in queue.CHANGES else "review", q="", cause=""),
        }
        for kind, words in (
            ("order", _("Orders")),
            ("refund", _("Refunds")),
            ("payout", _("Payouts")),
            ("stockadjustment", _("Stock")),
            ("customerchange", _("Customers")),
        )
        if request.user.has_perm(f"orders.view_{kind}")
    ]


def take_out(request: HttpRequest, form: str) -> HttpResponseBase:
    """The tab as a file: every record of it under the filter, not only those on the page."""
    frame.must(request, "orders.view_order")
    view = frame.view_of(request.GET)
    if view.kind in queue.CHANGES:
        raise Http404
    return takeout.reply(request, resources.sheet(f"{view.kind}s"), queue.rows(view), form, back=frame.queue_at(view))


def _related(kind: str) -> tuple[str, ...]:
    shop = {"refund": "order__shop", "customerchange": "customer__shop"}.get(kind, "shop")
    return shop, "assignee"


def _tab(view: queue.View, tab: queue.Tab, count: int) -> dict[str, Any]:
    return {
        "name": tab.name,
        "title": tab.title,
        "href": frame.queue_at(view, tab=tab.name),
        "current": tab.name == view.tab,
        "count": f"{queue.COUNTED_UP_TO:,}+" if count > queue.COUNTED_UP_TO else f"{count:,}" if count else "",
        "bad": tab.name == "failed" and count,
        "shown": count or tab.name in ("review", "ready", view.tab),
    }


def _named(record: queue.Decided) -> dict[str, Any]:
    """What the row begins with: the number, whose it is, the shop, and since when it stands."""
    if isinstance(record, Payout):
        morning = datetime.combine(record.paid_on, time(), ZoneInfo(record.shop.time_zone))
        return {"number": record.store_id, "who": record.gateway, "shop": record.shop, "moment": morning}
    if isinstance(record, StockAdjustment):
        return {"number": record.sku, "who": record.location, "shop": record.shop, "moment": None, **_change(record)}
    if isinstance(record, CustomerChange):
        who, shop = str(record.customer), record.customer.shop
        return {
            "number": changes.FIELDS.get(record.field, record.field),
            "who": who,
            "shop": shop,
            "moment": None,
            **_change(record),
        }
    order = record if isinstance(record, Order) else record.order
    moment = record.placed_at if isinstance(record, Order) else record.refunded_at
    who = order.customer_name or order.company or _("guest")
    return {"number": order.number, "who": who, "shop": order.shop, "moment": moment}


def _change(record: StockAdjustment | CustomerChange) -> dict[str, str]:
    before, after = (
        desk.plain(value) if isinstance(value, Decimal) else value or "–" for value in (record.before, record.after)
    )
    return {"change": f"{before} → {after}", "why": getattr(record, "reason", "")}


def _early(records: list[Any]) -> dict[int, str]:
    """Approved orders of which nothing is due yet, by id: what they wait for."""
    words = {"paid": _("posted once it is paid"), "fulfilled": _("posted once it is fulfilled")}
    waiting = [one for one in records if isinstance(one, Order) and one.progress == Progress.WAITING and one.shop.recognise_on in words]  # fmt: skip
    due = Document.objects.filter(
        order__in=waiting, booking__booked_at=None, booking__voided_at=None, booking__refused_at=None
    )
    sent = set(due.values_list("order_id", flat=True)) if waiting else set()
    return {one.pk: words[one.shop.recognise_on] for one in waiting if one.pk not in sent}


def _rows(view: queue.View, records: list[Any]) -> list[dict[str, Any]]:
    findings = queue.findings(records, view.kind)
    until = queue.undo_until(records, view.kind) if view.tab == "approved" else {}
    troubles = queue.troubles(records, view.kind) if view.tab in ("failed", "approved") else {}
    early = _early(records) if view.tab == "approved" else {}
    questions = queue.questions(records, view.kind) if view.tab in ("review", "ready", "held") else {}
    # One address, with each record's number put in: fifty look-ups less on the busiest page.
    head, tail = frame.record_at(view, 0).split("/0/", 1)
    return [
        {
            "record": record,
            "question": questions.get(record.pk),
            **_named(record),
            "amount": queue.amount(record),
            "micro": int(queue.amount(record) * MICRO),
            "href": f"{head}/{record.pk}/{tail}",
            "findings": findings.get(record.pk, []),
            "until": until.get(record.pk),
            "early": early.get(record.pk),
            "troubles": troubles.get(record.pk, []),
        }
        for record in records
    ]
