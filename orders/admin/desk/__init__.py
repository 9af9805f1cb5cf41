"""The desk's own pages: Today, the queue, a record, problems by cause, and the proof."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from django.urls import URLPattern, path

if TYPE_CHECKING:
    from django.contrib.admin import AdminSite
    from django.http import HttpRequest

    from orders.models import Document
    from orders.queue import Decided

# What went out for a record and what came back: rows with at, call, outcome, tone, words, connection. Whoever sends documents appends his own.
attempts_providers: list[Callable[[Decided], list[dict[str, Any]]]] = []
# What signed documents left in a ledger: rows with noun, ours, theirs, stays.
traces_providers: list[Callable[[Sequence[Document]], list[dict[str, Any]]]] = []
# What waits for this person beside the queue: rows with words, count, tone, href.
task_providers: list[Callable[[HttpRequest], list[dict[str, Any]]]] = []
# When each connection last answered or delivered, for those who may see it: rows with name, end, at, words, tone, href.
sync_providers: list[Callable[[HttpRequest], list[dict[str, Any]]]] = []
# How the machinery stands, for those who may see it: rows with words, tone, href.
health_providers: list[Callable[[HttpRequest], list[dict[str, Any]]]] = []
# What wakes the work behind the desk ("bulk"): whoever runs jobs appends his bell.
bells: list[Callable[[str], None]] = []


def addresses(site: AdminSite) -> list[URLPattern]:
    """The addresses of the desk's pages, before the admin's own."""
    from orders.admin.desk import (
        access,
        away,
        beside,
        bulk,
        explain,
        listing,
        problems,
        proof,
        proposals,
        record,
        savedviews,
        statements,
        suggest,
        undo,
        verbs,
    )

    return [
        path("review/", site.admin_view(listing.page), name="review"),
        path("review/take-out/<slug:form>/", site.admin_view(listing.take_out), name="review_takeout"),
        path("review/approve/", site.admin_view(bulk.choose), name="approve"),
        path("review/approve/<int:pk>/", site.admin_view(bulk.page), name="bulk"),
        path("review/views/", site.admin_view(savedviews.keep), name="keep_view"),
        path("review/views/<int:pk>/", site.admin_view(savedviews.forget), name="forget_view"),
        path("review/order/<int:pk>/way-back/", site.admin_view(undo.page), name="undo"),
        path("review/<slug:kind>/<int:pk>/", site.admin_view(record.page), name="record"),
        path("review/order/<int:pk>/explained/", site.admin_view(explain.page), name="explain"),
        path("review/order/<int:pk>/beside/<int:other>/", site.admin_view(beside.page), name="beside"),
        path("review/<slug:kind>/<int:pk>/<slug:verb>/", site.admin_view(verbs.act), name="act"),
        path("problems/", site.admin_view(problems.page), name="problems"),
        path("problems/<int:ledger>/", site.admin_view(problems.cause), name="cause"),
        path("access/", access.page, name="access"),
        path("access/<slug:verb>/", access.act, name="access_act"),
        path("prove/", site.admin_view(access.prove), name="prove"),
        path("away/", site.admin_view(away.page), name="away"),
        path("away/back/", site.admin_view(away.back), name="back"),
        path("proposals/", site.admin_view(proposals.page), name="proposals"),
        path("proposals/<int:pk>/accept/", site.admin_view(proposals.accept), name="proposal"),
        path("stock/<int:pk>/count/", site.admin_view(suggest.count), name="suggest_count"),
        path("customers/<int:pk>/change/", site.admin_view(suggest.value), name="suggest_value"),
        path("proof/", site.admin_view(proof.page), name="proof"),
        path("statements/", site.admin_view(statements.page), name="statements"),
    ]
