"""The page “Bring in a file”: which file, for which shop. What it is and what it would do is shown on the import's own page."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.files.uploadhandler import FileUploadHandler, StopUpload
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations import inbox
from orders import roles
from orders.admin import templates
from orders.admin.base import person
from orders.admin.desk import frame
from orders.admin.site import pages
from orders.models import ImportState, Shop
from orders.templatetags.desk import megabytes


class Bounded(FileUploadHandler):
    """Stops an upload at ORDERSYNC_FILE_LIMIT bytes instead of writing all of it down first."""

    def __init__(self, request: HttpRequest | None = None) -> None:
        super().__init__(request)
        self.received = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        self.received += len(raw_data)
        if self.received > settings.ORDERSYNC_FILE_LIMIT:
            self.request.too_large = True  # type: ignore[union-attr]
            raise StopUpload(connection_reset=False)
        return raw_data

    def file_complete(self, file_size: int) -> None:
        return None


class ShopField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """Shops by the names that every page calls them by, and the codes that a shell does."""

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.name} ({obj.code})"


class FileForm(forms.Form):
    """Which file, for which shop."""

    file = forms.FileField(
        label=gettext_lazy("File"),
        allow_empty_file=True,
        help_text=gettext_lazy("CSV, XLSX or JSON, as the store or your spreadsheet program wrote it."),
    )
    shop = ShopField(
        Shop.objects.filter(active=True), label=gettext_lazy("Shop"), empty_label=gettext_lazy("Choose the shop")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """A shop is chosen, never guessed; where there is only one, it is chosen already."""
        super().__init__(*args, **kwargs)
        shops = list(self.fields["shop"].queryset[:2])  # type: ignore[attr-defined]
        if len(shops) == 1:
            self.initial["shop"] = shops[0].pk


def page(request: HttpRequest) -> HttpResponse:
    """The form, and the upload itself."""
    if not roles.may(request.user, "orders.add_importjob"):
        raise PermissionDenied
    form = FileForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and getattr(request, "too_large", False):
        words = _(
            "The file is larger than %(most)s, so nothing of it was kept. Divide it into several files, or raise ORDERSYNC_FILE_LIMIT."
        )
        messages.error(request, words % {"most": megabytes(settings.ORDERSYNC_FILE_LIMIT)})
    elif request.method == "POST" and form.is_valid():
        return _received(request, form)
    links = templates.links()
    return frame.page(request, "admin/post/upload.html", _("Bring in a file"), form=form, templates=links)


def _received(request: HttpRequest, form: FileForm) -> HttpResponse:
    upload: Any = form.cleaned_data["file"]
    job = inbox.upload(form.cleaned_data["shop"], upload, name=upload.name, by=person(request))
    if job.state == ImportState.FAILED:
        messages.error(request, job.words)
    return HttpResponseRedirect(reverse("admin:import", args=[job.pk]))


pages.append(lambda: path("imports/bring/", admin.site.admin_view(page), name="upload"))
