"""Problems by cause: one fix for every record that waits for it, who looks after it, and what the fix releases."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from orders import findings, ownership, queue, review, roles
from orders.admin.base import person
from orders.admin.desk import facts, fixes, frame, owned
from orders.models import AssignedCause, Ledger, Shop
from orders.review import causes

SHOWN = 200
_MAY_GIVE = ("orders.change_order", "orders.change_itemmapping")


def page(request: HttpRequest) -> HttpResponse:
    """Every problem of every shop, one's own and the most frequent first, ledger by ledger: a mapping belongs to one."""
    frame.must(request, "orders.view_order")
    charges = ownership.charges()
    shops: dict[Ledger, list[Shop]] = {}
    for charge in sorted(charges, key=lambda charge: (charge.shop.ledger.code, charge.shop.code)):
        shops.setdefault(charge.shop.ledger, []).append(charge.shop)
    given = causes.given(shops)
    listed = [_books(request, ledger, shops_of, given) for ledger, shops_of in shops.items()]
    return frame.page(
        request,
        "admin/desk/problems.html",
        _("Problems"),
        books=[books for books in listed if books["groups"]],
        owned=owned.words(person(request), charges),
    )


def _books(
    request: HttpRequest, ledger: Ledger, shops: list[Shop], given: dict[tuple[int, str], AssignedCause]
) -> dict[str, Any]:
    here = reverse("admin:problems")
    rows = [
        {
            "group": group,
            "title": fixes.title(group.code),
            "fix": fixes.of(request.user, ledger, group.cause, back=here),
            "helper": fixes.helper(group.code),
            "tone": "bad" if group.severity == "blocking" else "warn",
            "href": _at(ledger, group.cause or group.code),
            "given": given.get((ledger.pk, group.cause or group.code)),
        }
        for group in findings.groups(shops)
    ]
    return {"ledger": ledger, "shops": shops, "groups": sorted(rows, key=lambda row: _rank(request, row))}


def _rank(request: HttpRequest, row: dict[str, Any]) -> tuple[Any, ...]:
    """One's own first, then what blocks, then the most frequent."""
    given, group = row["given"], row["group"]
    mine = given is not None and given.to_id == request.user.pk
    return (not mine, group.severity != "blocking", -group.records, group.oldest)


def _at(ledger: Ledger, cause: str) -> str:
    return f"{reverse('admin:cause', args=[ledger.pk])}?{urlencode({'cause': cause})}"


def cause(request: HttpRequest, ledger: int) -> HttpResponse:
    """One cause: the records that wait for it, which of them the fix makes ready, and whose it is."""
    frame.must(request, "orders.view_order")
    books = Ledger.objects.filter(pk=ledger).first()
    if books is None:
        raise Http404
    name = request.POST.get("cause") or request.GET.get("cause", "")
    group = _group(books, name)
    if request.method == "POST":
        return _settle(request, books, name, group) if "settle" in request.POST else _give(request, books, name)
    if group is None:
        messages.info(request, _("Nothing waits for this any more."))
        return HttpResponseRedirect(reverse("admin:problems"))
    waiting = findings.waiting(books, name, most=SHOWN)
    return frame.page(
        request,
        "admin/desk/cause.html",
        fixes.title(group.code),
        ledger=books,
        owned=owned.words(person(request), [one for one in ownership.charges() if one.shop.ledger_id == books.pk]),
        cause=name,
        group=group,
        fix=fixes.of(request.user, books, group.cause, back=_at(books, name)),
        helper=fixes.helper(group.code),
        rows=[_row(wait, name) for wait in waiting],
        way=_way(request, group),
        rejects=group.code in review.settling.REASONS,
        released=findings.released(books, name),
        shown=SHOWN,
        queue_href=frame.queue_at(_where(group)),
        given=causes.given([books]).get((books.pk, name)),
        colleagues=facts.colleagues(),
        may_give=any(roles.may(request.user, right) for right in _MAY_GIVE),
    )


def _group(ledger: Ledger, cause: str) -> findings.Group | None:
    shops = list(Shop.objects.filter(ledger=ledger))
    return next((group for group in findings.groups(shops) if cause == (group.cause or group.code)), None)


def _way(request: HttpRequest, group: findings.Group) -> Any:
    """The one way out that fits all of the cause, for whoever may decide on orders; else nothing."""
    return review.settling.WAYS.get(group.code) if roles.may(request.user, "orders.change_order") else None


def _settle(request: HttpRequest, ledger: Ledger, cause: str, group: findings.Group | None) -> HttpResponse:
    """Decide together what was shown; what was left out is said with its reason."""
    if not roles.may(request.user, "orders.change_order"):
        raise PermissionDenied
    seen = [re.fullmatch(r"(order|payout):(\d+):(\d+)", text) for text in request.POST.getlist("seen")]
    versions = {(one[1], int(one[2])): int(one[3]) for one in seen if one}
    try:
        code = group.code if group else ""
        done, left = review.settling.settle(ledger, cause, code, versions, by=person(request))
    except review.Refused as refused:
        messages.error(request, f"{refused.words} {refused.fix}")
        return HttpResponseRedirect(_at(ledger, cause))
    for record, why in left[:10]:
        messages.error(request, f"{review.bulk.name(record)}: {why}")
    if done or not left:
        messages.success(request, ngettext("%(n)d decided.", "%(n)d decided.", done) % {"n": done})
    return HttpResponseRedirect(_at(ledger, cause))


def _row(wait: findings.Wait, cause: str) -> dict[str, Any]:
    order = wait.record.order if wait.kind == "refund" else wait.record
    return {
        "href": frame.record_at(queue.View(kind=wait.kind, tab=queue.tab_of(wait.record), cause=cause), wait.record.pk),
        "seen": f"{wait.kind}:{wait.record.pk}:{wait.record.version}",
        "number": review.bulk.name(wait.record),
        "who": getattr(order, "customer_name", "") or getattr(order, "gateway", ""),
        "amount": queue.amount(wait.record),
        "record": wait.record,
        "others": wait.others,
    }


def _give(request: HttpRequest, ledger: Ledger, cause: str) -> HttpResponse:
    if not any(roles.may(request.user, right) for right in _MAY_GIVE):
        raise PermissionDenied
    name = request.POST.get("to", "")
    to = User.objects.filter(username=name).first()
    try:
        if name and to is None:
            raise review.Refused(_("Nobody is called “%s”.") % name)
        causes.give(ledger, cause, to, by=person(request))
    except review.Refused as refused:
        messages.error(request, f"{refused.words} {refused.fix}".strip())
    else:
        messages.success(request, (_("Given to %s.") % to) if to else _("Given back."))
    return HttpResponseRedirect(_at(ledger, cause))


def _where(group: findings.Group) -> queue.View:
    """The queue's tab in which most of the group's records lie."""
    tab = "review" if group.severity == "blocking" else "ready"
    kind = "payout" if group.code.startswith("payout_") else "order"
    return queue.View(kind=kind, tab=tab, cause=group.cause or group.code)
