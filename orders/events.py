"""Writes the record of what happened; the chain around it is closed by the database when the transaction commits."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

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
    told = columns(
        about, verb, by_id=by.pk if by else None, before=before, after=after, why=why, words=words, kept=kept
    )
    on = order or (about if isinstance(about, Order) else getattr(about, "order", None))
    return Event.objects.create(**told, acting_for=acting_for, order=on)


def columns(
    about: models.Model,
    verb: str,
    *,
    by_id: int | None = None,
    before: object = None,
    after: object = None,
    why: str = "",
    words: str = "",
    kept: str = "",
) -> dict[str, Any]:
    """The columns of an event about a record, but for its timeline; for whoever writes many at once. `kept`: the personal values, salted and in canonical form."""
    body = {"from": before, "to": after, "why": why} | ({"personal": incoming.digest(kept)} if kept else {})
    return {
        "at": timezone.now(),
        "by_id": by_id,
        "verb": verb,
        "noun": about._meta.model_name or "",
        "object_id": str(about.pk),
        "words": words,
        "body": incoming.canonical(body),
        "personal": kept,
    }
