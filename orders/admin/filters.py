"""Filters that cost nothing: fixed choices, never a look through the whole table for what there is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


def _month(day: date) -> date:
    return day.replace(day=1)


RANGES: dict[str, tuple[str | Promise, Callable[[date], tuple[date, date]]]] = {
    "today": (_("today"), lambda day: (day, day)),
    "week": (_("the last 7 days"), lambda day: (day - timedelta(days=6), day)),
    "month": (_("this month"), lambda day: (_month(day), day)),
    "last_month": (
        _("last month"),
        lambda day: (_month(_month(day) - timedelta(days=1)), _month(day) - timedelta(days=1)),
    ),
    "year": (_("this year"), lambda day: (day.replace(month=1, day=1), day)),
}


def during(field: str, words: str | Promise, *, days: bool = False) -> type[admin.SimpleListFilter]:
    """A filter by fixed ranges of a moment, or of a date (`days`)."""

    class During(admin.SimpleListFilter):
        title = words  # type: ignore[assignment]
        parameter_name = f"{field}_during"

        def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
            return [(name, title) for name, (title, _range) in RANGES.items()]

        def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
            if self.value() not in RANGES:
                return queryset
            first, last = RANGES[str(self.value())][1](timezone.localdate())
            if days:
                return queryset.filter(**{f"{field}__range": (first, last)})
            start = timezone.make_aware(datetime.combine(first, time()))
            return queryset.filter(
                **{f"{field}__gte": start, f"{field}__lt": start + (last - first) + timedelta(days=1)}
            )

    return During
