"""What other systems said that no adapter has put into words yet: each text once, whole, so that it can be reported and learnt."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.contrib import admin
from django.db.models import Count, F, Func, Max, Min, TextField, Value
from django.db.models.fields.json import KT
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils.translation import gettext as _

from integrations.models import Attempt
from orders.admin.desk import frame
from orders.admin.site import pages

MOST = 200


@dataclass(frozen=True, slots=True)
class Wording:
    """One text, alike but for its numbers: who said it, when first and last, how often, and the last attempt that met it."""

    kind: str
    text: str
    count: int
    first_at: datetime
    last_at: datetime
    example: Attempt


def collected() -> list[Wording]:
    """The texts that nobody has put into words, the latest first; those that differ in digits alone are one."""
    alike = Func(
        KT("reply__untranslated"), Value("[0-9]+"), Value("#"), Value("g"),
        function="regexp_replace", output_field=TextField(),
    )  # fmt: skip
    rows = (
        Attempt.objects.filter(reply__has_key="untranslated")
        .order_by()
        .annotate(kind=F("delivery__connection__kind"), alike=alike)
        .values("kind", "alike")
        .annotate(count=Count("pk"), first_at=Min("started_at"), last_at=Max("started_at"), last=Max("pk"))
        .order_by("-last_at")[:MOST]
    )
    found = list(rows)
    attempts = Attempt.objects.select_related("delivery__document", "delivery__errand", "delivery__connection")
    examples = attempts.in_bulk([row["last"] for row in found])
    return [
        Wording(
            kind=row["kind"],
            text=examples[row["last"]].reply["untranslated"],
            count=row["count"],
            first_at=row["first_at"],
            last_at=row["last_at"],
            example=examples[row["last"]],
        )
        for row in found
    ]


def page(request: HttpRequest) -> HttpResponse:
    """The page of texts, for whoever reads attempts."""
    frame.must(request, "integrations.view_attempt")
    return frame.page(request, "admin/post/wording.html", _("Unknown words"), texts=collected(), most=MOST)


pages.append(lambda: path("unknown-words/", admin.site.admin_view(page), name="wording"))
