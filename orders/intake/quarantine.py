"""Where refused records wait, each once, until a good version of the same record comes or a person settles it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from orders import incoming
from orders.intake.fit import Unfit, storable
from orders.models import Quarantine, Shop

_LONGEST = {"place": 200, "number": 100, "field": 100, "value": 500, "source": 200}


def keep(shop: Shop, record: incoming.Record, unfit: Unfit, *, source: incoming.Source, at: datetime) -> None:
    """Put the record into quarantine; the same one lying there already is left as it is."""
    raw = record.raw if isinstance(record, incoming.Refusal) else _written(record)
    texts = {
        "place": place(record),
        "number": number(record),
        "field": unfit.field,
        "value": unfit.value,
        "source": source.name,
    }
    row = Quarantine(
        shop=shop,
        **{name: storable(text)[: _LONGEST[name]] for name, text in texts.items()},
        reason=storable(unfit.reason),
        raw=storable(raw),
        digest=hashlib.sha256(_written(record).encode(errors="replace")).hexdigest(),
        received_at=at,
    )
    Quarantine.objects.bulk_create([row], ignore_conflicts=True)


def resolve(shop: Shop, records: Iterable[incoming.Record]) -> None:
    """Good versions came: what was refused of the same records is settled."""
    places, numbers = zip(*((place(record), number(record)) for record in records), strict=True)
    same = Q(place__in=places) | Q(number__in=set(numbers) - {""})
    now = timezone.now()
    words = _("A good version came later.")
    Quarantine.objects.filter(same, shop=shop, resolved_at=None).update(resolved_at=now, resolution=words)


def place(record: incoming.Record | incoming.Written) -> str:
    """Where a person finds the record: "order 1001", "row 17"."""
    if isinstance(record, incoming.Order | incoming.Written):
        return f"order {record.number or record.id}".strip()
    if isinstance(record, incoming.Refusal | incoming.Amendment | incoming.Addition):
        return record.where
    if isinstance(record, incoming.InvoiceState):
        return f"invoice {record.reference}"
    if isinstance(record, incoming.StockLevel):
        return f"stock {record.sku} {record.location}".strip()
    return f"{type(record).__name__.lower()} {getattr(record, 'id', '')}".strip()


def number(record: incoming.Record | incoming.Written) -> str:
    """The order's number, else its id; "" for everything that is no order."""
    if isinstance(record, incoming.Refusal | incoming.Amendment):
        return record.number
    return record.number or record.id if isinstance(record, incoming.Order | incoming.Written) else ""


def _written(record: incoming.Record) -> str:
    """The record as text, also when one of its values has no canonical form (a signalling NaN)."""
    try:
        return incoming.canonical(record)
    except (ArithmeticError, TypeError, ValueError):
        return repr(record)
