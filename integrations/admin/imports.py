"""One import's page: what the file is, what is asked, what it would do, how far it is, what became of it; and what people decide about it."""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from integrations import jobs, registry
from integrations.inbox import answers, decisions, handback
from integrations.inbox.setting import QUESTIONS
from integrations.stores.base import Unreadable
from integrations.stores.files import titled
from orders import money, roles
from orders.admin.base import person
from orders.admin.desk import frame
from orders.admin.site import pages
from orders.models import ImportJob, ImportState
from orders.resources.table import TYPES
from orders.templatetags.desk import named

SHOWN = 100  # refused records and previewed ones on the page


@require_GET
def page(request: HttpRequest, pk: int) -> HttpResponse:
    """The import as it stands. Values of the file are for those who may see customers."""
    frame.must(request, "orders.view_importjob")
    job = _job(pk)
    sums = {currency: Decimal(text) for currency, text in job.totals.get("sums", {}).items()}
    may, personal = roles.may(request.user, "orders.add_importjob"), request.user.has_perm("orders.view_customer")
    return frame.page(
        request,
        "admin/post/import.html",
        job.file_name,
        job=job,
        may=may,
        personal=personal,
        working=job.state in (ImportState.READING, ImportState.RUNNING),
        stuck=job.state == ImportState.READY and bool(job.refused) and not job.large,
        layout=titled(job.layout),
        left=_left(job),
        asked=answers.questions(job) if job.state == ImportState.UPLOADED else [],
        stated=answers.stated(job.profile),
        zones=sorted(zoneinfo.available_timezones()) if "zone" in job.asks else [],
        fine=[named(amount, currency) for currency, amount in sums.items() if not money.is_exact(amount, currency)],
        own=job.layout.startswith("ordersync-"),
        layouts=_layouts() if job.state == ImportState.UPLOADED else [],
        sums=sums,
        words=job.words if personal or job.state != ImportState.FAILED else _("It cannot be read."),
        refusals=list(job.errors.order_by("pk")[:SHOWN]),
        records=list(job.records.exclude(outcome__in=["", "same", "older", "refused"]).order_by("n")[:SHOWN])
        if personal and not job.large
        else [],
        shown=SHOWN,
    )


@require_POST
def act(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """One decision about the import."""
    if not roles.may(request.user, "orders.add_importjob"):
        raise PermissionDenied
    if verb not in VERBS:
        raise Http404
    job = _job(pk)
    try:
        VERBS[verb](request, job)
    except (decisions.NotPossible, Unreadable) as refused:
        messages.error(request, str(refused))
    return HttpResponseRedirect(reverse("admin:import", args=[pk]))


@require_GET
def refused(request: HttpRequest, pk: int) -> HttpResponse | StreamingHttpResponse:
    """The refused rows with their reasons, as a file of the same layout."""
    if not roles.may(request.user, "orders.add_importjob"):
        raise PermissionDenied
    try:
        name, content = handback.file(_job(pk))
    except Unreadable as error:
        messages.error(request, str(error))
        return HttpResponseRedirect(reverse("admin:import", args=[pk]))
    return StreamingHttpResponse(
        content,
        content_type=TYPES.get(name.rpartition(".")[2], "application/json"),
        headers={"Content-Disposition": f'attachment; filename="{_plain(name)}"', "X-Content-Type-Options": "nosniff"},
    )


def _read(request: HttpRequest, job: ImportJob) -> None:
    """Read the file with the layout and the answers that the person gave."""
    decisions.choose(job, request.POST.get("layout") or job.layout)
    if "reason" in request.POST:
        decisions.explain(job, request.POST["reason"])
    if open_ones := answers.answer(job, _given(request), by=person(request)) if job.asks else []:
        raise decisions.NotPossible(_("Please answer: %(questions)s") % {"questions": " ".join(open_ones)})
    decisions.read(job)
    if job.state == ImportState.FAILED:
        messages.error(request, job.words)
    elif job.state == ImportState.READING:
        jobs.ring("imports")


def _given(request: HttpRequest) -> dict[str, str]:
    """The answers of the form; a zone that is none of those offered stands in a field of its own."""
    given = {name: request.POST.get(name, "") for name in QUESTIONS}
    return given | (
        {"zone": other} if given["zone"] == "other" and (other := request.POST.get("other_zone", "").strip()) else {}
    )


def _confirm(request: HttpRequest, job: ImportJob) -> None:
    decisions.confirm(job, by=person(request))
    if job.state == ImportState.RUNNING:
        jobs.ring("imports")


def _cancel(request: HttpRequest, job: ImportJob) -> None:
    decisions.cancel(job, by=person(request))
    messages.success(request, job.words)


def _again(request: HttpRequest, job: ImportJob) -> None:
    decisions.ask_again(job)


VERBS: dict[str, Callable[[HttpRequest, ImportJob], None]] = {
    "read": _read,
    "confirm": _confirm,
    "cancel": _cancel,
    "again": _again,
}


def _job(pk: int) -> ImportJob:
    found = ImportJob.objects.select_related("shop__ledger", "by", "confirmed_by").filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def _left(job: ImportJob) -> timedelta | None:
    """How long the phase at hand will still take, by how long it took so far."""
    if job.state != ImportState.RUNNING or not job.done:
        return None
    return (timezone.now() - job.work_began_at) / job.done * (job.staged - job.done)


def _layouts() -> list[tuple[str, str]]:
    return [(name, titled(name)) for name in registry.layouts()]


def _plain(name: str) -> str:
    """The name in letters that every browser takes in a header."""
    return "".join(letter if letter.isascii() and (letter.isalnum() or letter in " .-_") else "_" for letter in name)


pages.append(lambda: path("imports/<int:pk>/", admin.site.admin_view(page), name="import"))
pages.append(lambda: path("imports/<int:pk>/refused/", admin.site.admin_view(refused), name="import_refused"))
pages.append(lambda: path("imports/<int:pk>/<slug:verb>/", admin.site.admin_view(act), name="import_act"))
