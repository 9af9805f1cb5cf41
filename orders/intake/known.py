"""What is known of many orders, asked for all of them together: which are meant, and what was told of each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q
from django.utils.translation import gettext as _

from orders import incoming
from orders.intake.fit import Unfit
from orders.intake.versions import Standing
from orders.models import ExternalRef, Noun, Order, OrderVersion, Shop

ID, NUMBER = "id", "number"


@dataclass(frozen=True, slots=True)
class Known:
    """The orders of one shop that a batch of records may mean. `versions`: what was told of each in one fidelity, oldest first."""

    by_id: dict[str, int]
    by_number: dict[str, int]  # came without an id, and has none yet
    bearers: dict[str, list[int]]  # by number, for records without an id
    standing: dict[int, Standing]

    def pk(self, record: incoming.Order) -> int | None:
        """Our key of the order that is meant, None for a new one. Raises Unfit where the number alone does not say which is meant."""
        if record.id:
            return self.by_id.get(record.id) or self.by_number.get(record.number)
        bearers = self.bearers.get(record.number, [])
        if len(bearers) > 1:
            raise ambiguous(record.number)
        return bearers[0] if bearers else None


def known(shop: Shop, records: Sequence[incoming.Order], fidelity: int) -> Known:
    """What is known of these orders; at most five queries, and none is locked."""
    ids = {record.id for record in records if record.id}
    numbers = {record.number for record in records if record.id}
    nameless = {record.number for record in records if not record.id}
    by_id, by_number = _referred(shop, ids, numbers)
    bearers = _bearers(shop, nameless) if nameless else {}
    pks = {*by_id.values(), *by_number.values(), *(pk for found in bearers.values() for pk in found)}
    return Known(by_id, by_number, bearers, _standing(pks, fidelity) if pks else {})


def ambiguous(number: str) -> Unfit:
    """Several orders bear the number of a record that comes without an id."""
    words = _(
        "Several orders have the number %(number)s, and this one comes without the store's id. Import a file that has ids."
    )
    return Unfit(words % {"number": number}, field="id", value=number)


def _referred(shop: Shop, ids: Collection[str], numbers: Collection[str]) -> tuple[dict[str, int], dict[str, int]]:
    """By the store's id; and by number, of those that came without an id and have none yet."""
    if not ids:
        return {}, {}
    refs = ExternalRef.objects.filter(shop=shop, noun=Noun.ORDER)
    named = refs.filter(Q(scheme=ID, value__in=ids) | Q(scheme=NUMBER, value__in=numbers))
    found: dict[str, dict[str, int]] = {ID: {}, NUMBER: {}}
    for scheme, value, pk in named.values_list("scheme", "value", "object_id"):
        found[scheme][value] = pk
    named_since = set(
        refs.filter(scheme=ID, object_id__in=found[NUMBER].values()).values_list("object_id", flat=True)
        if found[NUMBER]
        else ()
    )
    return found[ID], {value: pk for value, pk in found[NUMBER].items() if pk not in named_since}


def _bearers(shop: Shop, numbers: Collection[str]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = defaultdict(list)
    for pk, number in Order.objects.filter(shop=shop, number__in=numbers).values_list("pk", "number"):
        found[number].append(pk)
    return found


def _standing(pks: Collection[int], fidelity: int) -> dict[int, Standing]:
    told: dict[int, list[tuple[str, datetime]]] = defaultdict(list)
    versions = OrderVersion.objects.filter(order__in=pks, fidelity=fidelity).order_by("as_of", "n")
    for pk, hash, as_of in versions.values_list("order", "hash", "as_of"):
        told[pk].append((hash, as_of))
    rows = Order.objects.filter(pk__in=pks).values_list("pk", "fidelity", "as_of")
    return {pk: Standing(richest, as_of, told[pk]) for pk, richest, as_of in rows}
