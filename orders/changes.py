"""Changes to a store's own data that were approved: handed to the post once, and what became of each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orders import events
from orders.models import (
    Approval,
    CountedBy,
    Customer,
    CustomerChange,
    Progress,
    Shop,
    State,
    StockAdjustment,
    StockLevel,
)

Change = StockAdjustment | CustomerChange
MODELS: Mapping[str, type[Change]] = {"stock": StockAdjustment, "customer": CustomerChange}
SENT = frozenset({Progress.WAITING, Progress.UNKNOWN, Progress.POSTED})  # it is, or may be, in the store
_PROGRESS = {
    "booked": Progress.POSTED,
    "refused": Progress.FAILED,
    "stuck": Progress.FAILED,
    "unknown": Progress.UNKNOWN,
    "waiting": Progress.WAITING,
}
_WORDS = {
    "booked": _("The store has it: %s"),
    "refused": _("The store refused it: %s"),
    "stuck": _("It needs a person: %s"),
    "unknown": _("Whether the store has it is unknown: %s"),
}
FIELDS: Mapping[str, Any] = {
    "name": _("name"),
    "email": _("e-mail"),
    "phone": _("phone"),
    "company": _("company"),
    "vat_id": _("VAT id"),
}
"""What of a customer may be changed, in words; each a column of Customer."""


@dataclass(frozen=True, slots=True)
class Approved:
    """An approved change that nobody has taken yet, and the approval under which it stands."""

    kind: str
    record: Change
    approval_id: int


def approved(shop: Shop, kind: str) -> Iterator[Approved]:
    """What may be told to the store: approved, and not on its way yet."""
    open_ones = {"state": State.APPROVED, "progress": Progress.NONE}
    rows: Iterable[Change] = StockAdjustment.objects.filter(shop=shop, **open_ones).order_by("pk")
    if kind == "customer":
        rows = CustomerChange.objects.filter(customer__shop=shop, **open_ones).select_related("customer").order_by("pk")
    for record in rows:
        standing = _standing(kind, record.pk)
        if standing is not None:
            yield Approved(kind, record, standing)


def take(kind: str, record_id: int, approval_id: int) -> bool:
    """Take it for sending, under its row lock: from now on it cannot be undone. False if the approval no longer stands."""
    with transaction.atomic():
        record = MODELS[kind]._default_manager.select_for_update(no_key=True, of=("self",)).get(pk=record_id)
        if record.state != State.APPROVED or _standing(kind, record_id) != approval_id:
            return False
        _move(record, Progress.WAITING)
        return True


def report(kind: str, record_id: int, outcome: str, words: str = "") -> None:
    """What became of it: booked, refused, stuck, unknown or waiting. May come twice; once the store has it, nothing takes that back."""
    with transaction.atomic():
        record = MODELS[kind]._default_manager.select_for_update(no_key=True, of=("self",)).get(pk=record_id)
        progress = _PROGRESS[outcome]
        if record.progress in (progress, Progress.POSTED):
            return
        _move(record, progress)
        if outcome == "booked":
            _mirror(record)
        if outcome in _WORDS:
            events.record(record, f"store: {outcome}", words=(str(_WORDS[outcome]) % (words or record))[:500])


def _standing(kind: str, record_id: int) -> int | None:
    """The complete approval of the record that has not fallen."""
    name = "stock_adjustment" if kind == "stock" else "customer_change"
    rows = Approval.objects.filter(**{f"{name}_id": record_id}, fallen_at=None).exclude(
        needs_second=True, second_by=None
    )
    return rows.values_list("pk", flat=True).first()


def _move(record: Change, progress: Progress) -> None:
    record.progress, record.progress_at = progress, timezone.now()
    record.save(update_fields=["progress", "progress_at"])


def _mirror(record: Change) -> None:
    """What the store has now is what we show as the store's."""
    if isinstance(record, StockAdjustment):
        values: dict[str, Any] = {"quantity": record.after, "counted_at": timezone.now()}
        place: dict[str, Any] = {"sku": record.sku, "location": record.location, "counted_by": CountedBy.STORE}
        StockLevel.objects.update_or_create(shop=record.shop, **place, defaults=values)
    elif record.field in FIELDS:
        Customer.objects.filter(pk=record.customer_id).update(**{record.field: record.after})
