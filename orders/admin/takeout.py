"""Takes a list out as a file: the rows of the screen as CSV, streamed, or as XLSX, and an event that says who took what."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import FileResponse, Http404, HttpRequest, HttpResponseRedirect, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _

from orders import events, roles
from orders.resources import Listing, Sheet, csv_file, xlsx_file
from orders.resources.table import TYPES, Totals

Source = Sheet | Listing
_OF_THE_SCREEN = {"p", "o", "all", "_facets"}  # what says where one is in the list, not what is in it


@dataclass(frozen=True, slots=True)
class Asked:
    """Who takes what list out in which form, and what it was narrowed down to; what was searched for may be a person."""

    by: User
    name: str
    form: str
    filters: dict[str, str]
    text: str

    def record(self, verb: str, rows: int, words: str) -> None:
        events.record(
            self.by,
            verb,
            by=self.by,
            after={"list": self.name, "form": self.form, "filters": self.filters, "rows": rows},
            words=words,
            personal={"searched": self.text} if self.text else None,
        )


def links(request: HttpRequest, address: str) -> list[tuple[str, str]]:
    """The words and the address of each form in which this person may take this list out."""
    if not roles.takes_out(request.user):
        return []
    asked = f"?{request.GET.urlencode()}" if request.GET else ""
    return [(_("Export %s") % form.upper(), f"{reverse(f'admin:{address}', args=[form])}{asked}") for form in TYPES]


def reply(request: HttpRequest, source: Source, rows: QuerySet[Any], form: str, *, back: str) -> HttpResponseBase:
    """The records as a file. The caller has made sure that the person may see them; `back` is the list's own address."""
    if form not in TYPES:
        raise Http404
    if not isinstance(request.user, User) or not roles.takes_out(request.user):
        raise PermissionDenied
    filters = {name: str(value) for name, value in request.GET.items() if name not in _OF_THE_SCREEN | {"q"}}
    asked = Asked(request.user, source.table.name, form, filters, request.GET.get("q", ""))
    if form == "csv":
        return _streamed(asked, source, rows)
    try:
        return _workbook(asked, source, rows)
    except xlsx_file.TooLong as too_long:
        messages.error(request, str(too_long))
        return HttpResponseRedirect(back)


def _streamed(asked: Asked, source: Source, rows: QuerySet[Any]) -> StreamingHttpResponse:
    """The event stands before the first byte leaves."""
    count = rows.order_by().count()
    asked.record("took out", count, _("%(list)s taken out as CSV: %(n)d records") % {"list": asked.name, "n": count})
    sent = StreamingHttpResponse(_watched(asked, source, rows), content_type=TYPES["csv"])
    sent["Content-Disposition"] = _named(asked)
    return sent


def _watched(asked: Asked, source: Source, rows: QuerySet[Any]) -> Iterator[bytes]:
    """The file's pieces; one that breaks off says how far it came."""
    totals, whole = Totals(source.table), False
    try:
        yield from csv_file.chunks(source.table, source.rows(rows), totals)
        whole = True
    finally:
        if not whole:
            words = _("%(list)s: the file broke off after %(n)d rows") % {"list": asked.name, "n": totals.rows}
            asked.record("broke off", totals.rows, words)


def _workbook(asked: Asked, source: Source, rows: QuerySet[Any]) -> FileResponse:
    file = tempfile.TemporaryFile()  # noqa: SIM115 (the reply closes it)
    try:
        totals = xlsx_file.write(source.table, source.rows(rows), file)
    except BaseException:
        file.close()
        raise
    asked.record(
        "took out", totals.rows, _("%(list)s taken out as XLSX: %(n)d rows") % {"list": asked.name, "n": totals.rows}
    )
    file.seek(0)
    sent = FileResponse(file, content_type=TYPES["xlsx"])
    sent["Content-Disposition"] = _named(asked)
    return sent


def _named(asked: Asked) -> str:
    name = f"{asked.name.replace(' ', '-')}-{timezone.localdate()}.{asked.form}"
    return content_disposition_header(as_attachment=True, filename=name) or ""
