"""The tabs of the queue: which records lie in which."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import (
    Case,
    Q,
    Value,
    When,
)
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from orders.models import Progress, State
from orders.queue.kinds import Decided

UNKNOWN_FOR = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Tab:
    """One tab: `holds` says which records lie in it at a moment; `counted` exactly, or up to a cap."""

    name: str
    title: str | Promise
    holds: Callable[[datetime], Q]
    counted: bool = True


def _lost(now: datetime) -> Q:
    """Failed, or nobody knows for too long."""
    return Q(progress=Progress.FAILED) | Q(progress=Progress.UNKNOWN, progress_at__lt=now - UNKNOWN_FOR)


def _under_way(now: datetime) -> Q:
    """Neither posted nor lost; said by what it is, since an index finds no "not"."""
    known = Q(progress__in=[Progress.NONE, Progress.WAITING])
    return known | Q(progress=Progress.UNKNOWN) & (Q(progress_at=None) | Q(progress_at__gte=now - UNKNOWN_FOR))


TABS = {
    tab.name: tab
    for tab in (
        Tab("review", _("Needs review"), lambda now: Q(state=State.PENDING, blockers__gt=0)),
        Tab("ready", _("Ready"), lambda now: Q(state=State.PENDING, blockers=0)),
        Tab("held", _("On hold"), lambda now: Q(state=State.HELD)),
        Tab("approved", _("Approved"), lambda now: Q(state=State.APPROVED) & _under_way(now)),
        Tab("failed", _("Failed"), lambda now: Q(state=State.APPROVED) & _lost(now)),
        Tab("posted", _("Posted"), lambda now: Q(state=State.APPROVED, progress=Progress.POSTED), counted=False),
        Tab("rejected", _("Rejected"), lambda now: Q(state=State.REJECTED), counted=False),
    )
}


def in_tab() -> Case:
    """As a column of a record: the name of the tab in which it lies now."""
    now = timezone.now()
    return Case(*(When(tab.holds(now), then=Value(tab.name)) for tab in TABS.values()), default=Value("review"))


def tab_of(record: Decided) -> str:
    """The tab in which the record lies now."""
    return str(type(record)._default_manager.filter(pk=record.pk).values_list(in_tab(), flat=True).get())
