"""What was handed out: each numbered batch with its totals and its files, which are always the same bytes."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.http import content_disposition_header
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from orders import events, models
from orders.admin.base import Log, moment, person
from orders.admin.filters import during
from orders.resources.table import TYPES
from orders.templatetags import desk


@admin.register(models.ExportBatch)
class ExportBatchAdmin(Log):
    list_display = ["number", "profile", "scope", "rows", moment("made_at", _("made")), "by", "standing", "downloads"]
    list_filter = ["ledger", "shop", during("made_at", _("made"))]
    list_select_related = ["ledger", "shop", "by"]
    sortable_by = ()
    search_fields = ["=number", "=files__content_hash"]
    search_help_text = _("A batch's number, or a file's SHA-256.")
    fields = [
        "number",
        "scope",
        "profile",
        "version",
        "asked",
        "rows",
        "sums",
        "made",
        "by",
        "standing",
        "hashes",
    ]
    readonly_fields = ["scope", "asked", "sums", "made", "standing", "hashes"]

    def get_queryset(self, request: HttpRequest) -> Any:
        return (
            super()
            .get_queryset(request)
            .prefetch_related(Prefetch("files", models.ExportFile.objects.defer("content")))
        )

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.download)
        return [path("<int:pk>/<str:name>/file", view, name="exportfile"), *super().get_urls()]

    def download(self, request: HttpRequest, pk: int, name: str) -> HttpResponse:
        """The very bytes that were handed out."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        file = get_object_or_404(models.ExportFile.objects.select_related("batch"), batch_id=pk, name=name)
        if file.size and not file.content:
            raise Http404(_("The personal values of this file were erased, and it went with them."))
        words = _("%(name)s downloaded") % {"name": file.name}
        events.record(file.batch, "downloaded", by=person(request), words=words)
        reply = HttpResponse(bytes(file.content), content_type=TYPES.get(name.rpartition(".")[2], "text/plain"))
        reply["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name) or ""
        return reply

    def changeform_view(
        self, request: HttpRequest, object_id: Any = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        found = self.get_object(request, object_id) if object_id else None
        title = _("Handed out: %(batch)s, %(scope)s") % {"batch": found, "scope": self.scope(found)} if found else ""
        named = {"title": title, "subtitle": None, **(extra_context or {})}
        return super().changeform_view(request, object_id, form_url, named)

    @admin.display(description=_("for"))
    def scope(self, batch: models.ExportBatch) -> str:
        return str(batch.ledger or batch.shop)

    @admin.display(description=_("state"))
    def standing(self, batch: models.ExportBatch) -> Any:
        if batch.withdrawn_at:
            return format_html('<span class="chip warn">{}</span> {}', _("withdrawn"), batch.withdrawn_why)
        if batch.acknowledged_at:
            return format_html('<span class="chip good">{}</span>', _("acknowledged"))
        carried = "connection" in batch.parameters  # a statement is for reading: nobody is asked what became of it
        return format_html('<span class="chip">{}</span>', _("waiting for acknowledgement") if carried else _("made"))

    @admin.display(description=_("made"))
    def made(self, batch: models.ExportBatch) -> str:
        return desk.short(batch.made_at)

    @admin.display(description=_("files"))
    def downloads(self, batch: models.ExportBatch) -> SafeString:
        rows = ((address(file), file.name) for file in batch.files.all())
        return format_html_join(" · ", '<a href="{}">{}</a>', rows)

    @admin.display(description=_("files"))
    def hashes(self, batch: models.ExportBatch) -> SafeString:
        rows = ((address(file), file.name, file.size, file.content_hash) for file in batch.files.all())
        line = '<tr><td><a href="{}">{}</a></td><td class="num">{}</td><td><code>{}</code></td></tr>'
        return format_html("<table><tbody>{}</tbody></table>", format_html_join("", line, rows))

    @admin.display(description=_("asked for"))
    def asked(self, batch: models.ExportBatch) -> str:
        """What was asked for, but for the steps of carrying it, which the file's own page tells."""
        asked = sorted((name, value) for name, value in batch.parameters.items() if name != "steps")
        return " · ".join(f"{name}: {value}" for name, value in asked)

    @admin.display(description=_("totals"))
    def sums(self, batch: models.ExportBatch) -> SafeString:
        rows = (
            (currency, name, desk.money(Decimal(value), currency))
            for currency, sums in batch.totals.items()
            for name, value in sums.items()
        )
        line = '<tr><td>{}</td><td>{}</td><td class="num">{}</td></tr>'
        return format_html("<table><tbody>{}</tbody></table>", format_html_join("", line, rows))


def address(file: models.ExportFile) -> str:
    return reverse("admin:exportfile", args=[file.batch_id, file.name])
