"""What went out for a record and what came back, for the desk's page of that record."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from integrations import models
from integrations.admin.logs import TONES, told_state
from integrations.booking import traces
from orders import documents
from orders.admin import desk
from orders.models import CustomerChange, Document, Order, Payout, Refund, StockAdjustment
from orders.queue import Decided


def attempts_of(record: Decided) -> list[dict[str, Any]]:
    """What went out for a record and what came back, newest first, for its page."""
    if isinstance(record, (StockAdjustment, CustomerChange)):
        return []
    rows = models.Attempt.objects.filter(delivery__document__in=documents.documents_of(record)).order_by("-id")
    return [
        {
            "at": attempt.started_at,
            "call": attempt.call,
            "outcome": attempt.get_outcome_display(),
            "tone": TONES.get(attempt.outcome, ""),
            "words": attempt.words,
            "connection": attempt.delivery.connection.name,
            "sent": _indented(attempt.delivery.document.body) if attempt.delivery.document else "",
            "reply": _indented(attempt.reply) if attempt.reply else "",
        }
        for attempt in rows.select_related("delivery__connection", "delivery__document")[:20]
    ]


def _indented(said: Any) -> str:
    """What was sent or answered, for people; persons are not in it."""
    return json.dumps(json.loads(said) if isinstance(said, str) else said, indent=2, ensure_ascii=False)


def errands_of(record: Decided) -> list[dict[str, Any]]:
    """What the store was or will be told of an order, newest first."""
    if isinstance(record, (Refund, Payout)):
        return []
    rows = models.Delivery.objects.filter(_about(record)).select_related("errand", "connection").order_by("-id")
    return [
        {
            "at": row.ended_at or row.made_at,
            "call": _("tells the store: %s") % _told(row.errand) if row.errand else "",
            "outcome": told_state(row),
            "tone": TONES.get(row.state, ""),
            "words": f"{row.words} {row.fix}".strip(),
            "connection": row.connection.name,
            "sent": _indented(row.errand.body) if row.errand and row.errand.kind != models.ErrandKind.CUSTOMER else "",
        }
        for row in rows[:20]
    ]


def _about(record: Order | StockAdjustment | CustomerChange) -> Q:
    if isinstance(record, Order):
        return Q(errand__order=record)
    kind = "stock" if isinstance(record, StockAdjustment) else "customer"
    return Q(errand__key__startswith=f"{kind}:{record.pk}:")


def _told(errand: models.Errand) -> str:
    what = errand.body.get("number") or errand.body.get("tag") or ""
    return f"{errand.get_kind_display()} {what}".strip()


def traces_of(signed: Sequence[Document]) -> list[dict[str, Any]]:
    """What documents left in a ledger, for the page that says how they leave it again."""
    return [
        {
            "noun": _NOUNS.get(row.noun, row.noun),
            "ours": row.ours,
            "theirs": row.theirs,
            "stays": row.noun != "document",
        }
        for row in traces.traces(signed)
    ]


_NOUNS = {"document": _("document"), "customer": _("customer"), "item": _("item")}
desk.traces_providers.append(traces_of)
desk.attempts_providers.append(attempts_of)
desk.attempts_providers.append(errands_of)
