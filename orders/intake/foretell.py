"""What `receive` would make of records, for a preview: nothing is written, and orders are weighed many at a time by their hashes."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import TypeVar

from django.db import transaction
from django.utils import timezone

from orders import incoming
from orders.intake import fit, quarantine, versions
from orders.intake.batches import Record, receive
from orders.intake.fit import Unfit
from orders.intake.known import Known, Named, known
from orders.intake.receipt import Line, Receipt
from orders.intake.versions import News, Standing, Version
from orders.models import Shop

BATCH = 500
_OUTCOMES = {News.NEWER: "updated", News.POORER: "updated", News.OLDER: "older", News.SAME: "same"}
_Name = tuple[bool, str]


def foretell(shop: Shop, records: Iterable[Record], *, source: incoming.Source) -> Receipt:
    """The receipt that `receive` would give now, without anything being written; at most five queries for 500 orders.

    An order that is told twice counts as new once; told once with its id and once without, it is foretold as two.
    """
    receipt, at = Receipt(), source.received_at or timezone.now()
    earlier: dict[_Name, Standing] = {}
    left = iter(records)
    while batch := list(itertools.islice(left, BATCH)):
        fitting = list(_fitting(batch, receipt))
        orders = [record for record in fitting if isinstance(record, incoming.Order | incoming.Written)]
        found = known(shop, orders, source.fidelity)
        for record in orders:
            _weigh(record, found, source, at, earlier, receipt)
        if others := [one for one in fitting if not isinstance(one, incoming.Order | incoming.Written)]:
            _others(shop, others, source, receipt)
    return receipt


def _fitting(batch: Iterable[Record], receipt: Receipt) -> Iterator[Record]:
    """The records that can be kept, and those that are still in writing; the others are refused as `receive` would refuse them."""
    for record in batch:
        if isinstance(record, incoming.Written):
            yield record
        else:
            yield from _fitted(record, receipt)


R = TypeVar("R", bound=incoming.Record)


def _fitted(record: R, receipt: Receipt) -> Iterator[R]:
    try:
        if isinstance(record, incoming.Refusal):
            raise Unfit(record.reason, field=record.field, value=record.value)
        fitted = fit.fitted(record)
        if isinstance(fitted, incoming.Order):
            fit.check_order(fitted)
    except Unfit as unfit:
        receipt.refused.append(_refused(record, unfit))
    else:
        yield fitted


def _weigh(
    record: Named,
    found: Known,
    source: incoming.Source,
    at: datetime,
    earlier: dict[_Name, Standing],
    receipt: Receipt,
) -> None:
    try:
        pk = found.pk(record)
    except Unfit as unfit:
        receipt.refused.append(_refused(record, unfit))
        return
    name = (True, record.id) if record.id else (False, record.number)
    standing = earlier.get(name) or (found.standing[pk] if pk else None)
    for told in _versions(record, standing, source, at, receipt):
        news = versions.weigh(standing, told) if standing else News.NEWER
        outcome = _OUTCOMES[news] if standing else "created"
        getattr(receipt, outcome).append(Line(quarantine.place(record), quarantine.number(record), pk))
        if news != News.SAME or standing is None:
            earlier[name] = _after(standing, told, news)


def _versions(
    record: Named, standing: Standing | None, source: incoming.Source, at: datetime, receipt: Receipt
) -> Iterator[Version]:
    """What the order tells, or nothing if it cannot be kept; one in writing is looked at only if it says something new."""
    if isinstance(record, incoming.Order):
        yield versions.told(record, source, at)
        return
    version = versions.version(record, source, at)
    if standing and versions.weigh(standing, version) == News.SAME:
        yield version
        return
    whole = record.order()
    for fitted in _fitted(whole, receipt):
        yield version if fitted is whole else versions.told(fitted, source, at)


def _after(standing: Standing | None, told: Version, news: News) -> Standing:
    """Where the order would stand then."""
    if standing is None:
        return Standing(told.fidelity, told.as_of, [(told.hash, told.as_of)])
    versions = sorted([*standing.versions, (told.hash, told.as_of)], key=lambda version: version[1])
    if news == News.NEWER:
        return Standing(told.fidelity, told.as_of, versions)
    return Standing(standing.fidelity, standing.as_of, versions)


def _others(shop: Shop, records: Sequence[incoming.Record], source: incoming.Source, receipt: Receipt) -> None:
    """Customers, products, stock and payouts are few: taken in for the answer, and taken back."""
    with transaction.atomic():
        told = receive(shop, records, source=source)
        transaction.set_rollback(True)
    for name in Receipt.__slots__:
        getattr(receipt, name).extend(getattr(told, name))


def _refused(record: Record, unfit: Unfit) -> Line:
    return Line(quarantine.place(record), quarantine.number(record), None, unfit.reason, unfit.field, unfit.value)
