"""Hands out our own sheets empty, to be filled in and brought in."""

from __future__ import annotations

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path, reverse
from django.utils.http import content_disposition_header

from orders import resources, roles
from orders.admin.site import pages
from orders.resources import template
from orders.resources.table import TYPES


def download(request: HttpRequest, noun: str, form: str) -> HttpResponse:
    """The empty sheet, for whoever may bring files in."""
    if not roles.may(request.user, "orders.add_importjob"):
        raise PermissionDenied
    if form not in template.FORMS or noun not in {sheet.noun for sheet in resources.SHEETS}:
        raise Http404
    reply = HttpResponse(template.FORMS[form](resources.sheet(noun)), content_type=TYPES[form])
    reply["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=f"{noun}.{form}") or ""
    return reply


def links() -> list[tuple[str, list[tuple[str, str]]]]:
    """For each sheet its name in words, and the word and address of each form."""
    return [
        (
            str(sheet.words),
            [(form.upper(), reverse("admin:template", args=[sheet.noun, form])) for form in template.FORMS],
        )
        for sheet in resources.SHEETS
    ]


pages.append(lambda: path("imports/templates/<str:noun>.<str:form>", admin.site.admin_view(download), name="template"))
