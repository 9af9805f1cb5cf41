"""What a source said of an order, kept for ever; and whether it is news."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from orders import incoming
from orders.models import Order, OrderVersion

PERSONS = ("customer", "billing", "shipping", "email", "company", "vat_id")


class News(Enum):
    """What a version is to the order: NEWER is applied, POORER fills gaps, OLDER is kept only, SAME is not even kept."""

    NEWER = "newer"
    POORER = "poorer"
    OLDER = "older"
    SAME = "same"


@dataclass(frozen=True, slots=True)
class Told:
    """One order as one source told it at one moment."""

    record: incoming.Order
    source: incoming.Source
    received_at: datetime
    as_of: datetime
    data: dict[str, Any]
    hash: str


def told(record: incoming.Order, source: incoming.Source, received_at: datetime) -> Told:
    """The record with its canonical data and hash; `as_of` is the store's time of change, else the time of receipt."""
    data = incoming.plain(record)
    return Told(record, source, received_at, record.updated_at or received_at, data, incoming.digest(data))


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an order stands: the richest source's fidelity and moment, and the versions (hash, as of) of the fidelity that is asked about, oldest first."""

    fidelity: int
    as_of: datetime | None
    versions: list[tuple[str, datetime]]


def judge(order: Order, told: Told) -> News:
    """Weigh the version against those that are known. The order is locked; one query."""
    rows = OrderVersion.objects.filter(order=order, fidelity=int(told.source.fidelity)).order_by("as_of", "n")
    return weigh(Standing(order.fidelity, order.as_of, list(rows.values_list("hash", "as_of"))), told)


def weigh(standing: Standing, told: Told) -> News:
    """The richest source counts, and of equals the newest."""
    fidelity = int(told.source.fidelity)
    if standing.versions and standing.versions[-1][0] == told.hash:
        return News.SAME
    if any(hash == told.hash and as_of >= told.as_of for hash, as_of in standing.versions):
        return News.SAME
    if fidelity < standing.fidelity:
        return News.POORER
    if fidelity == standing.fidelity and standing.as_of and told.as_of < standing.as_of:
        return News.OLDER
    return News.NEWER


def keep(order: Order, told: Told, *, applied: bool, first: bool = False) -> OrderVersion:
    """Write the version down; persons stand apart, where erasure reaches them, and an erased order's are not kept again."""
    n = 1 if first else OrderVersion.objects.filter(order=order).count() + 1
    personal = "" if order.erased_at else _personal(told.data)
    return OrderVersion.objects.create(
        order=order,
        n=n,
        source=told.source.name[:200],
        fidelity=told.source.fidelity,
        as_of=told.as_of,
        received_at=told.received_at,
        by_id=told.source.by_id,
        applied=applied,
        hash=told.hash,
        body=incoming.canonical(_impersonal(told.data)),
        personal=personal,
        personal_digest=incoming.digest(personal) if personal else "",
    )


def _personal(data: dict[str, Any]) -> str:
    return incoming.canonical({"salt": secrets.token_hex(16), **{name: data[name] for name in PERSONS}})


def _impersonal(data: dict[str, Any]) -> dict[str, Any]:
    """The order without its persons; countries and the customer's id stay, since taxes and links rest on them."""
    kept = {name: value for name, value in data.items() if name not in PERSONS}
    for place in ("billing", "shipping"):
        kept[place] = {"country": data[place]["country"]} if data[place] else None
    kept["customer"] = {"id": data["customer"]["id"]} if data["customer"] else None
    return kept
