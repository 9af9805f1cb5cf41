"""What runs by itself, in words: what each job does, when it last succeeded, and what is late."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from integrations import jobs
from integrations.models import Connection, Delivery, DeliveryState, Message, MessageState, Run
from orders import roles
from orders.admin import desk
from orders.admin.base import person
from orders.admin.desk import frame
from orders.admin.site import pages
from orders.templatetags.desk import age, short


@dataclass(frozen=True, slots=True)
class Standing:
    """One job: its last run, its last success, and whether it is late."""

    name: str
    words: Any
    minutes: int
    last: Run | None
    succeeded_at: datetime | None

    @property
    def late(self) -> bool:
        """Whether it has not ended for three turns of its clock, and five minutes at least."""
        if self.last is None:
            return True
        return timezone.now() - (self.last.ended_at or self.last.started_at) > max(
            timedelta(minutes=5), timedelta(minutes=3 * self.minutes)
        )

    @property
    def running(self) -> bool:
        return self.last is not None and self.last.ended_at is None and not self.late


def standings() -> list[Standing]:
    """Every job as it stands."""
    found = []
    for name, job in jobs.JOBS.items():
        runs = Run.objects.filter(job=name).order_by("-started_at")
        succeeded = runs.filter(ended_at__isnull=False, failed=0).values_list("ended_at", flat=True).first()
        found.append(Standing(name, job.words, job.minutes, runs.first(), succeeded))
    return found


FEW = 3  # late jobs that are told one by one


def page(request: HttpRequest) -> HttpResponse:
    """The page of jobs."""
    frame.must(request, "integrations.view_run")
    return frame.page(
        request,
        "admin/post/jobs.html",
        _("Jobs"),
        jobs=standings(),
        waiting=Delivery.objects.filter(state__in=[DeliveryState.WAITING, DeliveryState.LEASED], errand=None).count(),
        telling=Delivery.objects.filter(state__in=[DeliveryState.WAITING, DeliveryState.LEASED], document=None).count(),
        unknown=Delivery.objects.filter(state=DeliveryState.UNKNOWN).count(),
        parked=Delivery.objects.filter(state=DeliveryState.PARKED).count(),
        unread=Message.objects.filter(state=MessageState.NEW).count(),
        given_up=Message.objects.filter(state=MessageState.FAILED).count(),
        may_ring=roles.may(request.user, "integrations.change_connection"),
    )


@require_POST
def ring(request: HttpRequest, name: str) -> HttpResponse:
    """Wake a job now instead of waiting for the clock."""
    if not roles.may(request.user, "integrations.change_connection"):
        raise PermissionDenied
    if name not in jobs.JOBS:
        raise Http404
    jobs.ring(name)
    messages.success(
        request,
        _("%(name)s runs within seconds, if the cluster is up. Rung by %(who)s.")
        % {"name": name, "who": person(request)},
    )
    return HttpResponseRedirect(reverse("admin:jobs"))


def health(request: HttpRequest) -> list[dict[str, Any]]:
    """What is late or paused, in words; one good sentence where nothing is."""
    if not request.user.has_perm("integrations.view_run"):
        return []
    late = [job for job in standings() if job.late]
    rows = [{"words": words, "tone": "bad", "href": reverse("admin:jobs")} for words in _lateness(late)]
    for there in Connection.objects.filter(active=True).exclude(paused_at=None):
        words = _("%(name)s is paused: %(why)s %(fix)s") % {
            "name": there.name,
            "why": there.paused_why,
            "fix": there.paused_fix,
        }
        rows.append({"words": words, "tone": "bad", "href": _look(request, there)})
    if rows:
        return rows
    seen = Connection.objects.filter(active=True).exclude(last_success_at=None).order_by("-last_success_at").first()
    words = _("All jobs ran in time.")
    return [{"words": f"{words} {_heard(seen)}" if seen else words, "tone": "", "href": ""}]


def _lateness(late: list[Standing]) -> list[str]:
    """Each late job in a sentence; many at once are one trouble: nobody runs them."""
    if len(late) <= FEW:
        return [_late(job) for job in late]
    words = _("%(n)d jobs are late: the job cluster does not run. Start it with manage.py supervise.")
    return [words % {"n": len(late)}]


def _late(job: Standing) -> str:
    if job.last is None:
        return _("The job %(name)s has never run: %(words)s") % {"name": job.name, "words": job.words}
    return _("The job %(name)s is late; it last ran %(age)s ago.") % {"name": job.name, "age": age(job.last.started_at)}


def _heard(there: Connection) -> str:
    return _("%(name)s answered last, %(moment)s.") % {"name": there.name, "moment": short(there.last_success_at)}


def _look(request: HttpRequest, there: Connection) -> str:
    allowed = request.user.has_perm("integrations.view_connection")
    return reverse("admin:integrations_connection_change", args=[there.pk]) if allowed else ""


def tasks(request: HttpRequest) -> list[dict[str, Any]]:
    """What waits for whoever runs the machinery: deliveries that need a person, letters that were given up."""
    if not request.user.has_perm("integrations.view_delivery"):
        return []
    parked = Delivery.objects.filter(state=DeliveryState.PARKED).count()
    given_up = Message.objects.filter(state=MessageState.FAILED).count()
    there = reverse("admin:integrations_delivery_changelist") + "?state__exact=parked"
    rows = [{"words": _("Deliveries that need a person"), "count": parked, "tone": "bad", "href": there}]
    if request.user.has_perm("integrations.view_message"):
        there = reverse("admin:integrations_message_changelist") + "?state__exact=failed"
        rows.append({"words": _("Letters that were given up"), "count": given_up, "tone": "bad", "href": there})
    return [row for row in rows if row["count"]]


def syncs(request: HttpRequest) -> list[dict[str, Any]]:
    """Every active connection, when it last answered or delivered, and whether it is paused."""
    if not request.user.has_perm("integrations.view_run"):
        return []
    active = Connection.objects.filter(active=True).select_related("shop", "ledger").order_by("name")
    return [_sync(request, there) for there in active]


def _sync(request: HttpRequest, there: Connection) -> dict[str, Any]:
    words, tone = (
        (_("paused"), "bad")
        if there.paused_at
        else (_("trouble"), "warn")
        if there.failures
        else (_("running"), "good")
    )
    end = there.shop or there.ledger
    return {
        "name": there.name,
        "end": getattr(end, "name", ""),
        "at": there.last_success_at,
        "words": words,
        "tone": tone,
        "href": _look(request, there),
    }


desk.health_providers.append(health)
desk.task_providers.append(tasks)
desk.sync_providers.append(syncs)
pages.append(lambda: path("jobs/", admin.site.admin_view(page), name="jobs"))
desk.bells.append(jobs.ring)
pages.append(lambda: path("jobs/<slug:name>/ring/", admin.site.admin_view(ring), name="ring"))
