"""Where a record stands in a view, and which stand beside it."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.db.models import (
    F,
    Q,
)

from orders.queue.kinds import MOMENT, Decided
from orders.queue.scalars import counted, first, scalars
from orders.queue.views import View, moment, rows


class Place(NamedTuple):
    """Where a record stands in a view: the ids beside it, its number counted from 1 (None where the record is not in the view), and how many there are."""

    previous: int | None
    next: int | None
    position: int | None
    among: int


def place(view: View, record: Decided) -> Place:
    """The record's place in the view and its neighbours, also where it has just left the view; one statement."""
    found = rows(view)
    before, after = (found.filter(side) for side in _sides(view.kind, record))
    nearest = before.order_by(moment(view).asc(), F("id").asc())
    inside, ahead, among = found.filter(pk=record.pk), before, found
    figures = (counted(records.order_by()) for records in (inside, ahead, among))
    previous, following, is_inside, count_ahead, count = scalars(first(nearest), first(after), *figures)
    return Place(previous, following, count_ahead + 1 if is_inside else None, count)


def _sides(kind: str, record: Any) -> tuple[Q, Q]:
    """What stands before and after the record when the newest comes first; a record without a moment counts as newest."""
    name = MOMENT[kind]
    moment = getattr(record, name)
    if moment is None:
        nameless = Q(**{f"{name}__isnull": True})
        return nameless & Q(pk__gt=record.pk), nameless & Q(pk__lt=record.pk) | ~nameless
    same = Q(**{name: moment})
    before = Q(**{f"{name}__gt": moment}) | Q(**{f"{name}__isnull": True}) | same & Q(pk__gt=record.pk)
    return before, Q(**{f"{name}__lt": moment}) | same & Q(pk__lt=record.pk)
