"""What was brought in: files, record by record, and what was refused of them."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orders import models
from orders.admin.base import Log, Setting, moment, person
from orders.admin.filters import during


@admin.register(models.ImportJob)
class ImportJobAdmin(Log):
    list_display = ["file_name", "shop", "state", moment("at", _("brought in")), "by", "created", "updated", "refused"]
    list_filter = ["shop", "state", during("at", _("brought in"))]
    list_select_related = ["shop", "by"]
    sortable_by = ()
    search_fields = ["=file_name"]

    def change_view(self, request: HttpRequest, object_id: str, *_more: Any, **_named: Any) -> HttpResponseRedirect:
        """Each import has a page of its own."""
        if not object_id.isdigit():
            raise Http404
        return HttpResponseRedirect(reverse("admin:import", args=[object_id]))


REFUSED = ["shop", "source", "place", "number", "field", "value", "reason", "received_at"]
SETTLED = ["resolved_at", "resolved_by"]


@admin.register(models.Quarantine)
class QuarantineAdmin(Setting):
    list_display = ["place", "shop", "number", "reason", "source", "received_at", "resolution"]
    list_filter = [("resolved_at", admin.EmptyFieldListFilter), "shop"]
    list_select_related = ["shop"]
    sortable_by = ()
    fields = [*REFUSED, "resolution", *SETTLED]
    readonly_fields = [*REFUSED, *SETTLED]
    search_fields = ["=number"]

    def get_list_display(self, request: HttpRequest) -> Any:
        return _seen(request, super().get_list_display(request))

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return _seen(request, super().get_fields(request, obj))

    def store(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        obj.resolved_at, obj.resolved_by = (timezone.now(), person(request)) if obj.resolution else (None, None)
        super().store(request, obj, form, change)


def _seen(request: HttpRequest, names: Any) -> list[Any]:
    """Without what quotes a record's values, for whoever may not see customers; the number is the way to the record."""
    if request.user.has_perm("orders.view_customer"):
        return list(names)
    return ["number" if name == "place" else name for name in names if name not in {"number", "value", "reason"}]
