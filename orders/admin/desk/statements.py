"""Takes a statement out of the books: its control totals first, then the file as a numbered batch."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from orders import roles
from orders.admin.base import person
from orders.admin.desk import frame
from orders.models import ExportBatch, Ledger
from orders.resources import statements, xlsx_file
from orders.resources.statements import STATEMENTS, Asked, Statement

LATEST = 20


def page(request: HttpRequest) -> HttpResponse:
    """Choose a statement, a ledger and days; see its totals; make the file."""
    frame.must(request, "orders.view_exportbatch")
    if request.method == "POST":
        return _made(request)
    statement, ledger = _statement(request.GET), _ledger(request.GET)
    first, last = _days(request, request.GET)
    asked = Asked(ledger, first, last) if ledger else None
    shown = statements.preview(statement, asked) if asked and "statement" in request.GET else None
    return frame.page(
        request,
        "admin/desk/statements.html",
        _("Take out"),
        statements=STATEMENTS.values(),
        statement=statement,
        ledgers=list(Ledger.objects.values_list("code", "name")),
        ledger=ledger,
        first=first,
        last=last,
        rows=shown[0] if shown else None,
        sums=_lines(shown[1]) if shown else [],
        may_make=roles.may(request.user, "orders.add_exportbatch"),
        latest=_latest(ledger),
    )


def _made(request: HttpRequest) -> HttpResponse:
    if not roles.may(request.user, "orders.add_exportbatch"):
        raise PermissionDenied
    statement, ledger = _statement(request.POST), _ledger(request.POST)
    first, last = _days(request, request.POST)
    here = f"{reverse('admin:statements')}?{_asked(request.POST)}"
    if ledger is None:
        return HttpResponseRedirect(here)
    try:
        made = statements.make(statement, Asked(ledger, first, last), person(request))
    except (statements.Nothing, statements.Differs, xlsx_file.TooLong) as refused:
        messages.error(request, str(refused))
        return HttpResponseRedirect(here)
    words = (
        _("Number %d is made: here are its files.")
        if made.new
        else _("Nothing has changed since number %d: here it is.")
    )
    messages.success(request, words % made.batch.number)
    return HttpResponseRedirect(reverse("admin:orders_exportbatch_change", args=[made.batch.pk]))


def _asked(data: QueryDict) -> str:
    kept = QueryDict(mutable=True)
    kept.update({name: data.get(name, "") for name in ("statement", "ledger", "from", "to")})
    return kept.urlencode()


def _statement(data: QueryDict) -> Statement:
    return STATEMENTS.get(data.get("statement", "")) or next(iter(STATEMENTS.values()))


def _ledger(data: QueryDict) -> Ledger | None:
    found = Ledger.objects.filter(code=data["ledger"]) if data.get("ledger") else Ledger.objects.all()
    return found.first()


def _days(request: HttpRequest, data: QueryDict) -> tuple[date, date]:
    """The days asked for; last month without any, and the last not before the first."""
    end = timezone.localdate().replace(day=1) - timedelta(days=1)
    first = _day(request, data.get("from", "")) or end.replace(day=1)
    last = _day(request, data.get("to", "")) or end
    if last < first and not _statement(data).as_of:
        words = _("The last day, %(last)s, lies before the first, %(first)s: only that day is shown.")
        messages.warning(request, words % {"first": first, "last": last})
        return last, last
    return first, last


def _day(request: HttpRequest, text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        messages.error(request, _("“%s” is not a day; write it as in 2026-12-31.") % text)
        return None


def _lines(sums: statements.Sums) -> list[tuple[str, list[tuple[str, Decimal]]]]:
    return [(currency, [(what, Decimal(sum)) for what, sum in found.items()]) for currency, found in sums.items()]


def _latest(ledger: Ledger | None) -> list[dict[str, Any]]:
    """The statements of this ledger that were handed out last, with their totals in one line."""
    rows = ExportBatch.objects.filter(ledger=ledger, profile__in=STATEMENTS).select_related("by")[:LATEST]
    return [
        {
            "batch": batch,
            "title": STATEMENTS[batch.profile].title,
            "days": " – ".join(batch.parameters.values()),
            "sums": _lines(batch.totals),
        }
        for batch in rows
    ]
