"""What came in and what went out, read-only; a parked delivery may be sent again."""

from __future__ import annotations

import importlib
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST
from django_q.models import Failure, OrmQ, Schedule, Success

from integrations import models, outbox
from integrations.booking import known
from orders import roles
from orders.admin.base import Log, order_link, person
from orders.admin.desk import fixes
from orders.admin.filters import during
from orders.resources import Listing

ANSWERS = "orders.add_accountmapping"  # whoever maps accounts also says who is who in the ledger
TONES = {
    "booked": "good",
    "found": "good",
    "parked": "bad",
    "refused": "bad",
    "conflict": "bad",
    "bug": "bad",
    "unknown": "warn",
    "unavailable": "warn",
    "misconfigured": "bad",
}


def chip(value: str, words: Any) -> SafeString:
    """A state or outcome in its tone, with its words."""
    return format_html('<span class="chip {}">{}</span>', TONES.get(value, ""), words)


def told_state(delivery: models.Delivery) -> Any:
    """How an errand stands: a store is told, nothing is booked there."""
    return _("told") if delivery.state == models.DeliveryState.BOOKED else delivery.get_state_display()


@admin.register(models.Message)
class MessageAdmin(Log):
    list_display = ["source", "shop", "layout", "state", "received_at", "done_at", "words"]
    list_filter = ["shop", "state", during("received_at", _("received"))]
    list_select_related = ["shop"]
    ordering = ["-id"]
    sortable_by = ()
    exclude = ["body"]
    listing = Listing(
        "letters in", models.Message, "id", "source", "shop__code", "layout", "state", "received_at", "done_at", "attempts", "dedupe_key", "words"
    )  # fmt: skip
    search_fields = ["=dedupe_key"]


@admin.register(models.Delivery)
class DeliveryAdmin(Log):
    list_display = ["what", "standing", "connection", "tries", "not_before", "made_at", "words"]
    list_filter = ["connection", "state"]
    list_select_related = ["connection", "document", "errand"]
    ordering = ["-id"]
    sortable_by = ()
    search_fields = ["=document__reference"]
    search_help_text = _("A document's reference.")
    change_form_template = "admin/post/delivery.html"
    listing = Listing(
        "deliveries", models.Delivery, "connection__name", "document__kind", "document__reference", "errand__key", "state", "tries", "not_before",
        "sent", "made_at", "ended_at", "idempotency_key", "words", "fix",
    )  # fmt: skip

    @admin.display(description=_("what"))
    def what(self, delivery: models.Delivery) -> str:
        return str(delivery.document or delivery.errand)

    @admin.display(description=_("state"))
    def standing(self, delivery: models.Delivery) -> SafeString:
        return chip(delivery.state, delivery.get_state_display())

    def get_urls(self) -> list[URLPattern]:
        again = self.admin_site.admin_view(require_POST(self.again))
        answer = self.admin_site.admin_view(require_POST(self.answer))
        return [
            path("<int:pk>/again/", again, name="integrations_delivery_again"),
            path("<int:pk>/answer/", answer, name="integrations_delivery_answer"),
            *super().get_urls(),
        ]

    def answer(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Say which record of the ledger is the customer or item that a parked delivery asks for, or that a new one is to be made."""
        delivery = get_object_or_404(models.Delivery, pk=pk)
        if not roles.may(request.user, ANSWERS) or "theirs" not in request.POST:
            raise PermissionDenied
        try:
            count = outbox.answer(delivery, request.POST["theirs"], person(request), request.POST.get("why", ""))
        except outbox.NotRetried as refused:
            messages.error(request, f"{refused.words} {refused.fix}")
        else:
            messages.success(request, _("It is kept; documents sent again: %d.") % count)
        return HttpResponseRedirect(reverse("admin:integrations_delivery_change", args=[pk]))

    def again(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Send a parked delivery again; the ledger is asked first."""
        if not roles.may(request.user, "integrations.change_delivery"):
            raise PermissionDenied
        delivery = get_object_or_404(models.Delivery, pk=pk)
        try:
            outbox.unpark(delivery, person(request), request.POST.get("why", ""))
        except outbox.NotRetried as refused:
            messages.error(request, f"{refused.words} {refused.fix}")
        else:
            messages.success(request, _("The ledger is asked for it, and it is sent if it is not there."))
        return HttpResponseRedirect(reverse("admin:integrations_delivery_change", args=[pk]))

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        delivery = context["original"]
        context["may_send_again"] = roles.may(request.user, "integrations.change_delivery")
        if delivery.document_id and delivery.document.booking.booked_at is None:
            cause = delivery.document.booking.cause
            back = request.get_full_path()
            context["fix"] = fixes.of_document(request.user, delivery.document, cause, back=back)
        context["question"] = known.question(delivery) if roles.may(request.user, ANSWERS) else None
        return super().render_change_form(request, context, *args, **kwargs)


@admin.register(models.Attempt)
class AttemptAdmin(Log):
    list_display = ["started_at", "delivery", "call", "result", "ended_at", "words"]
    list_filter = ["outcome", during("started_at", _("started"))]
    list_select_related = ["delivery"]
    ordering = ["-id"]
    sortable_by = ()
    exclude = ["personal"]
    listing = Listing(
        "attempts", models.Attempt, "started_at", "delivery__connection__name", "delivery__document__reference", "call", "outcome", "ended_at", "words",
        "request_hash",
    )  # fmt: skip

    @admin.display(description=_("outcome"))
    def result(self, attempt: models.Attempt) -> SafeString:
        return chip(attempt.outcome, attempt.get_outcome_display())


@admin.register(models.Errand)
class ErrandAdmin(Log):
    list_display = ["kind", "key", "standing", "connection", order_link, "made_at", "words"]
    list_filter = ["connection", "kind", "delivery__state"]
    list_select_related = ["connection", "order", "delivery"]
    listing = Listing("write-backs", models.Errand, "kind", "key", "connection__name", "order__number", "made_at")
    ordering = ["-id"]
    sortable_by = ()

    @admin.display(description=_("state"))
    def standing(self, errand: models.Errand) -> SafeString | str:
        delivery = getattr(errand, "delivery", None)
        if delivery is None:
            return "–"
        href = reverse("admin:integrations_delivery_change", args=[delivery.pk])
        return format_html('<a href="{}">{}</a>', href, chip(delivery.state, told_state(delivery)))

    @admin.display(description=_("words"))
    def words(self, errand: models.Errand) -> str:
        delivery = getattr(errand, "delivery", None)
        return delivery.words if delivery else ""


@admin.register(models.Binding)
class BindingAdmin(Log):
    list_display = ["noun", "ours", "theirs", "connection", "bound_at"]
    list_filter = ["connection"]
    list_select_related = ["connection"]
    ordering = ["-id"]
    sortable_by = ()
    search_fields = ["=ours", "=theirs"]
    listing = Listing("bindings", models.Binding, "noun", "ours", "theirs", "connection__name", "bound_at")


@admin.register(models.Run)
class RunAdmin(Log):
    list_display = ["job", "started_at", "ended_at", "done", "failed", "words", "worker"]
    list_filter = [during("started_at", _("started"))]
    ordering = ["-id"]
    sortable_by = ()
    search_fields = ["=job"]
    listing = Listing("runs", models.Run, "job", "started_at", "ended_at", "done", "failed", "words", "worker")


# django-q2's own tables: to be looked at, never to be touched; the truth of every job is in its runs.
importlib.import_module("django_q.admin")
for _theirs in (Schedule, OrmQ, Success, Failure):
    admin.site.unregister(_theirs)


@admin.register(Schedule)
class ScheduleAdmin(Log):
    list_display = ["name", "func", "minutes", "next_run"]
    listing = Listing("clock", Schedule, "name", "func", "minutes", "next_run")
    fields = ["name", "func", "args", "schedule_type", "minutes", "repeats", "next_run"]
    ordering = ["name", "id"]


@admin.register(OrmQ)
class OrmQAdmin(Log):
    list_display = ["id", "key", "lock"]
    listing = Listing("doorbell", OrmQ, "id", "key", "lock")
    fields = ["key", "lock"]
    ordering = ["-id"]


class _Rung(Log):
    list_display = ["name", "func", "started", "stopped", "success"]
    listing = Listing("rung", Success, "name", "func", "started", "stopped", "success")
    fields = ["name", "func", "started", "stopped", "success"]
    ordering = ["-started"]


admin.site.register(Success, _Rung)
admin.site.register(Failure, _Rung)
