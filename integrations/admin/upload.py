"""Brings in a store's file by hand: the file goes to the inbox, what became of each record is shown on the import's page."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations import inbox, registry
from orders import roles
from orders.admin.base import person
from orders.admin.desk import frame
from orders.admin.site import pages
from orders.models import ImportState, Shop


class FileForm(forms.Form):
    """Which file, for which shop."""

    shop = forms.ModelChoiceField(Shop.objects.filter(active=True), label=gettext_lazy("Shop"), empty_label=None)
    file = forms.FileField(
        label=gettext_lazy("File"),
        help_text=gettext_lazy("An export of the store: CSV or JSON, as the store wrote it."),
    )
    layout = forms.ChoiceField(
        label=gettext_lazy("Layout"),
        required=False,
        help_text=gettext_lazy("Leave it to ordersync unless it guesses wrong."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["layout"].choices = [("", _("recognise it")), *((name, name) for name in registry.layouts())]  # type: ignore[attr-defined]


def page(request: HttpRequest) -> HttpResponse:
    """The form, and the upload itself."""
    if not roles.may(request.user, "orders.add_importjob"):
        raise PermissionDenied
    form = FileForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        return _received(request, form)
    return frame.page(request, "admin/post/upload.html", _("Bring in a file"), form=form)


def _received(request: HttpRequest, form: FileForm) -> HttpResponse:
    upload = form.cleaned_data["file"]
    layout = form.cleaned_data["layout"] or None
    job = inbox.receive_file(form.cleaned_data["shop"], upload, name=upload.name, by=person(request), layout=layout)
    if job.state == ImportState.FAILED:
        messages.error(request, job.words)
    else:
        told = {"new": job.created, "changed": job.updated, "same": job.same, "refused": job.refused}
        words = _("%(new)d new, %(changed)d changed, %(same)d the same, %(refused)d refused.") % told
        (messages.warning if job.refused else messages.success)(request, f"{words} {job.words}".strip())
    return HttpResponseRedirect(reverse("admin:orders_importjob_change", args=[job.pk]))


pages.append(lambda: path("imports/bring/", admin.site.admin_view(page), name="upload"))
