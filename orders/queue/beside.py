"""What stands beside the rows of the queue: findings, questions, how long an approval can be undone, and what went wrong."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Count, F, Min, QuerySet
from django.utils import timezone

from orders.models import Booking, Finding, Outcome, Question, Severity
from orders.queue.kinds import CHANGES, KINDS, OWNER, Decided, field_of


def findings(records: Sequence[Decided], kind: str) -> dict[int, list[Finding]]:
    """The findings of these records that a person should see, blocking ones first."""
    of = (
        Finding.objects.filter(**{f"{field_of(kind)}__in": records})
        .exclude(severity=Severity.INFO)
        .order_by("severity", "code", "id")
    )
    found: dict[int, list[Finding]] = {}
    for finding in of:
        found.setdefault(getattr(finding, f"{field_of(kind)}_id"), []).append(finding)
    return found


def questions(records: Sequence[Decided], kind: str) -> dict[int, Question]:
    """What was asked last of each record that is undecided, and is open or answered."""
    name = field_of(kind)
    rows = Question.objects.filter(**{f"{name}__in": records}).exclude(answer="", closed_at__isnull=False)
    return {getattr(row, f"{name}_id"): row for row in rows.select_related("of", "answered_by").order_by("pk")}


def undo_window() -> tuple[int, datetime | None]:
    """How many orders' approvals can be taken back now, and until when the first of them; one statement."""
    open_ones = Booking.objects.filter(taken_at=None, voided_at=None, not_before__gt=timezone.now())
    found = open_ones.aggregate(orders=Count("document__order", distinct=True), until=Min("not_before"))
    return found["orders"], found["until"]


def asked(user: User) -> dict[str, int]:
    """How many questions about records of each kind wait for this person's answer; one query."""
    rows = Question.objects.filter(of=user, closed_at=None)
    return rows.aggregate(**{kind: Count(field_of(kind)) for kind in KINDS})


LOST = (Outcome.REFUSED, Outcome.STUCK, Outcome.UNKNOWN, Outcome.HANDED_OUT)


def undo_until(records: Sequence[Decided], kind: str) -> dict[int, datetime]:
    """Until when each approval can be taken back: the first moment at which one of its documents may be sent."""
    if kind in CHANGES:
        return {}
    rows = _bookings(records, kind).filter(taken_at=None, voided_at=None)
    return {pk: moment for pk, moment in rows.values_list(OWNER[kind]).annotate(Min("not_before"))}  # noqa: C416


def troubles(records: Sequence[Decided], kind: str) -> dict[int, list[Booking]]:
    """The bookings of each record that failed, whose outcome nobody knows, or that wait for the word of whoever carries them."""
    if kind in CHANGES:
        return {}
    found: dict[int, list[Booking]] = {}
    for booking in unsettled(records, kind).filter(outcome__in=LOST).annotate(owner=F(OWNER[kind])):
        found.setdefault(booking.owner, []).append(booking)
    return found


def unsettled(records: Sequence[Decided], kind: str) -> QuerySet[Any]:
    """The bookings of these records that are neither at their end nor voided; the longest known first."""
    if kind in CHANGES:
        return Booking.objects.none()
    return _bookings(records, kind).filter(booked_at=None, voided_at=None).order_by("outcome_at", "pk")


def _bookings(records: Sequence[Decided], kind: str) -> QuerySet[Any]:
    return Booking.objects.filter(**{f"{OWNER[kind]}__in": [record.pk for record in records]})
