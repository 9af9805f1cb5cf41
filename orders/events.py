"""Writes the record of what happened; the chain around it is closed by the database when the transaction commits."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING

from django.db import models
from django.utils import timezone

from orders import incoming
from orders.models import Event, Order

if TYPE_CHECKING:
    from django.contrib.auth.models import User


def record(
    about: models.Model,
    verb: str,
    *,
    by: User | None = None,
    acting_for: User | None = None,
    order: Order | None = None,
    before: object = None,
    after: object = None,
    why: str = "",
    words: str = "",
    personal: Mapping[str, object] | None = None,
) -> Event:
    """Write one event about a record. `by` None is the system.

    `words` is one sentence for the timeline without personal values; those (a name, an address, an e-mail before and after) go into `personal`,
    of which the chain holds a salted digest only. `order` defaults to the record itself or its `order`.
    """
    kept = incoming.canonical({"salt": secrets.token_hex(16), **personal}) if personal else ""
    body = {"from": before, "to": after, "why": why} | ({"personal": incoming.digest(kept)} if kept else {})
    return Event.objects.create(
        at=timezone.now(),
        by=by,
        acting_for=acting_for,
        verb=verb,
        noun=about._meta.model_name or "",
        object_id=str(about.pk),
        order=order or (about if isinstance(about, Order) else getattr(about, "order", None)),
        words=words,
        body=incoming.canonical(body),
        personal=kept,
    )
