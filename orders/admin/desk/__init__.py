"""The desk's own pages: Today, the queue, a record, problems by cause, and the proof."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.urls import URLPattern, path

if TYPE_CHECKING:
    from django.contrib.admin import AdminSite

    from orders.models import Order, Refund

# What went out for a record and what came back, as rows of the template; whoever sends documents appends his own.
attempts_providers: list[Callable[[Order | Refund], list[dict[str, Any]]]] = []


def addresses(site: AdminSite) -> list[URLPattern]:
    return []
