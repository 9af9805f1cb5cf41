"""Files for ledgers without a line: what lies ready, the batch that was handed out, and the accountant's word of what became of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from integrations import connections, handover, jobs
from integrations.accounting.files import answers, cells
from integrations.errors import Trouble
from integrations.models import Connection, DeliveryState, FileEntry
from orders import roles
from orders.admin import desk
from orders.admin.base import person
from orders.admin.desk import frame
from orders.admin.exports import address
from orders.admin.paginator import QuickPaginator
from orders.admin.site import pages
from orders.models import ExportBatch, ExportFile

PER_PAGE, SHOWN = 30, 500
OPEN = Q(file_entries__acknowledged_at=None, file_entries__returned_at=None)


def overview(request: HttpRequest) -> HttpResponse:
    """What lies ready for each ledger, and the batches, those that wait for a word first."""
    frame.must(request, "orders.view_exportbatch")
    batches = (
        ExportBatch.objects.filter(file_entries__isnull=False)
        .select_related("ledger", "by")
        .annotate(
            documents=Count("file_entries"),
            open=Count("file_entries", filter=OPEN),
            late=Count("file_entries", filter=OPEN & Q(file_entries__late_at__isnull=False)),
        )
        .order_by("-id")
    )
    return frame.page(
        request,
        "admin/post/files.html",
        _("Files for ledgers"),
        places=[_place(there) for there in _places()],
        sheet=QuickPaginator(batches, PER_PAGE).get_page(request.GET.get("p")),
        may_make=roles.may(request.user, "orders.add_exportbatch"),
    )


def batch(request: HttpRequest, pk: int) -> HttpResponse:
    """One batch: its totals, its files with what must be clicked, and its documents one by one."""
    frame.must(request, "orders.view_exportbatch")
    found = get_object_or_404(
        ExportBatch.objects.select_related("ledger", "by", "acknowledged_by", "withdrawn_by"), pk=pk
    )
    entries = FileEntry.objects.filter(batch=found).order_by("document__n")
    counted = entries.aggregate(
        all=Count("pk"),
        open=Count("pk", filter=Q(acknowledged_at=None, returned_at=None)),
        there=Count("pk", filter=Q(acknowledged_at__isnull=False)),
        back=Count("pk", filter=Q(returned_at__isnull=False)),
        late=Count("pk", filter=Q(late_at__isnull=False, acknowledged_at=None, returned_at=None)),
    )
    if not counted["all"]:
        raise Http404
    steps = found.parameters.get("steps", {})
    files = ExportFile.objects.filter(batch=found).defer("content")
    rows = entries.select_related("document__order", "document__booking", "document__delivery", "connection")[:SHOWN]
    return frame.page(
        request,
        "admin/post/batch.html",
        _("File %s") % found,
        batch=found,
        counted=counted,
        totals=sorted(found.totals.items()),
        files=[{"file": file, "href": address(file), "steps": steps.get(file.name, "")} for file in files],
        rows=[_row(entry) for entry in rows],
        hidden=max(counted["all"] - SHOWN, 0),
        may_answer=roles.may(request.user, "orders.change_exportbatch"),
        sees_orders=request.user.has_perm("orders.view_order"),
        columns=", ".join(answers.TITLES),
    )


def form(request: HttpRequest, pk: int) -> HttpResponse:
    """An acknowledgement to fill in: every open document of the batch with its kind and total."""
    frame.must(request, "orders.view_exportbatch")
    found = get_object_or_404(ExportBatch, pk=pk)
    entries = handover.unanswered(found).select_related("document").order_by("document__n")
    rows = [
        [row.document.reference, row.document.kind, "", "", cells.amount(row.document.gross, row.document.currency)]
        for row in entries
    ]
    reply = HttpResponse(cells.table(answers.TITLES, rows, "utf-8-sig"), content_type="text/csv; charset=utf-8")
    reply["Content-Disposition"] = content_disposition_header(True, f"{found.ledger}-{found.number}-answer.csv") or ""
    return reply


@require_POST
def make(request: HttpRequest, pk: int) -> HttpResponse:
    """Make the file of all that lies ready."""
    if not roles.may(request.user, "orders.add_exportbatch"):
        raise PermissionDenied
    there = get_object_or_404(Connection, pk=pk, active=True)
    try:
        made = handover.make(there, person(request))
    except (handover.NotDone, Trouble) as refused:
        messages.error(request, f"{refused.words} {refused.fix}".strip())
        return HttpResponseRedirect(reverse("admin:files"))
    jobs.ring("outbox")
    messages.success(request, _("%s is made: download it, bring it in, and say here what became of it.") % made)
    return HttpResponseRedirect(reverse("admin:filebatch", args=[made.pk]))


@require_POST
def act(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """Take in the accountant's word: a file, all of it at a click, or a withdrawal."""
    if not roles.may(request.user, "orders.change_exportbatch"):
        raise PermissionDenied
    if verb not in VERBS:
        raise Http404
    found = get_object_or_404(ExportBatch, pk=pk)
    try:
        told = VERBS[verb](found, request)
    except (handover.NotDone, Trouble) as refused:
        messages.error(request, f"{refused.words} {refused.fix}".strip())
    else:
        jobs.ring("outbox")
        _say(request, told)
    return HttpResponseRedirect(reverse("admin:filebatch", args=[pk]))


def _file(found: ExportBatch, request: HttpRequest) -> handover.Told:
    upload = request.FILES.get("file")
    if upload is None:
        raise handover.NotDone(_("No file was chosen."), _("Choose the acknowledgement."))
    if (upload.size or 0) > answers.MOST_BYTES:
        raise handover.NotDone(_("The file is larger than 5 MB."), _("Bring it in parts."))
    return handover.acknowledge(found, upload.read(), person(request))


def _all(found: ExportBatch, request: HttpRequest) -> handover.Told:
    return handover.acknowledge_all(found, person(request), request.POST.get("first", ""))


def _withdraw(found: ExportBatch, request: HttpRequest) -> handover.Told:
    return handover.withdraw(found, person(request), request.POST.get("why", ""))


VERBS: dict[str, Callable[[ExportBatch, HttpRequest], handover.Told]] = {
    "file": _file,
    "all": _all,
    "withdraw": _withdraw,
}


def _say(request: HttpRequest, told: handover.Told) -> None:
    words = _("%(there)d acknowledged, %(back)d came back, %(same)d said nothing new.")
    figures = {"there": told.acknowledged, "back": told.returned, "same": told.same}
    (messages.warning if told.refused else messages.success)(request, words % figures)
    for sentence in told.refused[:20]:
        messages.error(request, sentence)
    if len(told.refused) > 20:
        messages.error(request, _("And %(n)d rows more.") % {"n": len(told.refused) - 20})


def _places() -> list[Connection]:
    active = Connection.objects.filter(active=True).exclude(ledger=None).select_related("ledger").order_by("name")
    return [there for there in active if connections.hands_out(there)]


def _place(there: Connection) -> dict[str, Any]:
    return {"connection": there, **handover.counted(there)}


def _row(entry: FileEntry) -> dict[str, Any]:
    booking = entry.document.booking
    if booking.booked_at:
        tone, words = "good", _("booked as %(number)s") % {"number": entry.number or entry.document.reference}
    elif entry.returned_at:
        tone, words = "warn", _("came back: %(why)s") % {"why": entry.returned_why}
    elif entry.document.delivery.state == DeliveryState.PARKED:
        tone, words = "bad", booking.words
    elif entry.acknowledged_at:
        tone, words = "", _("acknowledged, being booked")
    elif entry.late_at:
        tone, words = "bad", _("not acknowledged in time")
    else:
        tone, words = "", _("waiting for acknowledgement")
    return {"entry": entry, "document": entry.document, "tone": tone, "words": words}


def health(request: HttpRequest) -> list[dict[str, Any]]:
    """Batches that nobody acknowledged in time, and how much waits for a word, to those who may see files."""
    if not request.user.has_perm("orders.view_exportbatch"):
        return []
    late = handover.late()[:5]
    rows = [
        {
            "words": _("%(batch)s was handed out %(day)s, and nobody said what became of it.")
            % {"batch": found, "day": found.made_at.date()},
            "tone": "bad",
            "href": reverse("admin:filebatch", args=[found.pk]),
        }
        for found in late
    ]
    waiting = handover.counted()
    for name, words in (
        ("ready", ngettext("%(n)d document lies ready for a file.", "%(n)d documents lie ready for a file.", waiting["ready"])),
        ("open", ngettext("%(n)d document in files waits for acknowledgement.", "%(n)d documents in files wait for acknowledgement.", waiting["open"])),
    ):  # fmt: skip
        if waiting[name]:
            rows.append({"words": words % {"n": waiting[name]}, "tone": "", "href": reverse("admin:files")})
    return rows


desk.health_providers.append(health)
pages.append(lambda: path("files/", admin.site.admin_view(overview), name="files"))
pages.append(lambda: path("files/<int:pk>/", admin.site.admin_view(batch), name="filebatch"))
pages.append(lambda: path("files/<int:pk>/answer.csv", admin.site.admin_view(form), name="fileform"))
pages.append(lambda: path("files/<int:pk>/make/", admin.site.admin_view(make), name="filemake"))
pages.append(lambda: path("files/<int:pk>/act/<slug:verb>/", admin.site.admin_view(act), name="fileact"))
