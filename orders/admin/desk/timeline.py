"""What happened to a record, newest first, in the words of its events."""

from __future__ import annotations

import json
from typing import Any

from django.db.models import CharField, Q, QuerySet
from django.db.models.functions import Cast
from django.http import HttpRequest

from orders import queue
from orders.admin.desk import difference
from orders.models import CustomerChange, Event, Order, Payout, StockAdjustment

SHOWN = 100


def of(request: HttpRequest, events: list[Event]) -> list[dict[str, Any]]:
    """The rows of the timeline, as this person may see them."""
    return [_event(request, event) for event in events]


def asked(record: queue.Decided) -> QuerySet[Event]:
    """The last events of the record, newest first, each with who did it and for whom."""
    return Event.objects.filter(events_of(record)).select_related("by", "acting_for").order_by("-id")[:SHOWN]


def events_of(record: queue.Decided) -> Q:
    """Of an order everything about it; of a payout what befell itself, its named lines and its documents."""
    if isinstance(record, (StockAdjustment, CustomerChange)):
        return Q(noun=record._meta.model_name, object_id=str(record.pk))
    if not isinstance(record, Payout):
        return Q(order=record if isinstance(record, Order) else record.order)
    named = record.adjustments.order_by().values(key=Cast("pk", CharField()))
    signed = record.document_sources.order_by().values(key=Cast("document_id", CharField()))
    return (
        Q(noun="payout", object_id=str(record.pk))
        | Q(noun="adjustment", object_id__in=named)
        | Q(noun="document", object_id__in=signed)
    )


def _event(request: HttpRequest, event: Event) -> dict[str, Any]:
    body = json.loads(event.body)
    personal = json.loads(event.personal) if event.personal and request.user.has_perm("orders.view_customer") else {}
    return {
        "event": event,
        "why": body.get("why") or "",
        "before": difference.shown(body.get("from")),
        "after": difference.shown(body.get("to")),
        "personal": {name: value for name, value in personal.items() if name != "salt"},
        "you": event.by_id == request.user.pk,
    }
