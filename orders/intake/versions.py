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
class Version:
    """What tells one version from another: how rich its source is, the store's time of change or else that of receipt, and the hash of what it says."""

    fidelity: int
    as_of: datetime
    hash: str


@dataclass(frozen=True, slots=True)
class Told(Version):
    """One order as one source told it at one moment; `values` is what it says as plain data."""

    record: incoming.Order
    source: incoming.Source
    received_at: datetime
    values: dict[str, Any]


def told(
    record: incoming.Order, source: incoming.Source, received_at: datetime, written: incoming.Written | None = None
) -> Told:
    """The record with its version; `written` is its canonical text, where it was written out before."""
    written = written or incoming.Written(incoming.canonical(record))
    as_of = record.updated_at or received_at
    return Told(int(source.fidelity), as_of, written.hash, record, source, received_at, written.values)


def version(written: incoming.Written, source: incoming.Source, received_at: datetime) -> Version:
    """Which version the text tells."""
    return Version(int(source.fidelity), written.updated_at or received_at, written.hash)


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


def weigh(standing: Standing, told: Version) -> News:
    """The richest source counts, and of equals the newest."""
    if standing.versions and standing.versions[-1][0] == told.hash:
        return News.SAME
    if any(hash == told.hash and as_of >= told.as_of for hash, as_of in standing.versions):
        return News.SAME
    if told.fidelity < standing.fidelity:
        return News.POORER
    if told.fidelity == standing.fidelity and standing.as_of and told.as_of < standing.as_of:
        return News.OLDER
    return News.NEWER


def keep(order: Order, told: Told, *, applied: bool) -> OrderVersion:
    """Write the version of a known order down; an erased order's persons are not kept again."""
    n = OrderVersion.objects.filter(order=order).count() + 1
    return OrderVersion.objects.create(**columns(order, told, n, applied=applied))


def first(order: Order, told: Told) -> dict[str, Any]:
    """The columns of a new order's first version."""
    return columns(order, told, 1, applied=True)


def columns(order: Order, told: Told, n: int, *, applied: bool) -> dict[str, Any]:
    """The columns of the order's n-th version; persons stand apart, where erasure reaches them."""
    personal = "" if order.erased_at else _personal(told.values)
    return {
        "order_id": order.pk,
        "n": n,
        "source": told.source.name[:200],
        "fidelity": int(told.source.fidelity),
        "as_of": told.as_of,
        "received_at": told.received_at,
        "by_id": told.source.by_id,
        "applied": applied,
        "hash": told.hash,
        "body": incoming.encoded(_impersonal(told.values)),
        "personal": personal,
        "personal_digest": incoming.digest(personal) if personal else "",
    }


def _personal(values: dict[str, Any]) -> str:
    return incoming.encoded({"salt": secrets.token_hex(16), **{name: values[name] for name in PERSONS}})


def _impersonal(values: dict[str, Any]) -> dict[str, Any]:
    """What was said without the persons; countries and the customer's id stay, since taxes and links rest on them."""
    kept = {name: value for name, value in values.items() if name not in PERSONS}
    for name, part in (("billing", "country"), ("shipping", "country"), ("customer", "id")):
        kept[name] = {part: values[name][part]} if values[name] else None
    return kept
