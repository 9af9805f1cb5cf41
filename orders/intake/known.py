"""What is known of many orders, asked for all of them together: which are meant, and what was told of each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from django.db import connection
from django.utils.translation import gettext as _

from orders import incoming
from orders.intake.fit import Unfit
from orders.intake.versions import Standing
from orders.models import Order, Shop

ID, NUMBER = "id", "number"
Named = incoming.Order | incoming.Written
_REFERRED = """
SELECT scheme, value, object_id FROM orders_externalref WHERE shop_id = %(shop)s AND noun = 'order' AND scheme = 'id' AND value = ANY(%(ids)s)
UNION ALL
SELECT scheme, value, object_id FROM orders_externalref ref WHERE shop_id = %(shop)s AND noun = 'order' AND scheme = 'number' AND value = ANY(%(numbers)s)
   AND NOT EXISTS (SELECT 1 FROM orders_externalref named WHERE named.noun = 'order' AND named.object_id = ref.object_id AND named.scheme = 'id')"""
_STANDING = """
SELECT kept.id, kept.fidelity, kept.as_of, version.hash, version.as_of
  FROM orders_order kept LEFT JOIN orders_orderversion version ON version.order_id = kept.id AND version.fidelity = %(fidelity)s
 WHERE kept.id = ANY(%(pks)s) ORDER BY version.as_of, version.n"""


@dataclass(frozen=True, slots=True)
class Known:
    """The orders of one shop that a batch of records may mean. `versions`: what was told of each in one fidelity, oldest first."""

    by_id: dict[str, int]
    by_number: dict[str, int]  # came without an id, and has none yet
    bearers: dict[str, list[int]]  # by number, for records without an id
    standing: dict[int, Standing]

    def pk(self, record: Named) -> int | None:
        """Our key of the order that is meant, None for a new one. Raises Unfit where the number alone does not say which is meant."""
        if record.id:
            return self.by_id.get(record.id) or self.by_number.get(record.number)
        bearers = self.bearers.get(record.number, [])
        if len(bearers) > 1:
            raise ambiguous(record.number)
        return bearers[0] if bearers else None

    def sole(self, record: Named) -> int | None:
        """The same; None also where the number does not say which is meant."""
        try:
            return self.pk(record)
        except Unfit:
            return None


def known(shop: Shop, records: Sequence[Named], fidelity: int) -> Known:
    """What is known of these orders; at most three queries, and none is locked."""
    ids = {record.id for record in records if record.id}
    numbers = {record.number for record in records if record.id}
    nameless = {record.number for record in records if not record.id}
    by_id, by_number = _referred(shop, ids, numbers)
    bearers = _bearers(shop, nameless) if nameless else {}
    pks = {*by_id.values(), *by_number.values(), *(pk for found in bearers.values() for pk in found)}
    return Known(by_id, by_number, bearers, _standing(pks, fidelity) if pks else {})


def any_known(shop: Shop, records: Sequence[incoming.Order]) -> bool:
    """True if one of these orders, thought to be new, is there by now; at most two queries."""
    ids, numbers = [one.id for one in records if one.id], [one.number for one in records if one.id]
    nameless = [one.number for one in records if not one.id]
    by_id, by_number = _referred(shop, ids, numbers)
    return bool(by_id or by_number or (nameless and _bearers(shop, nameless)))


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
    found: dict[str, dict[str, int]] = {ID: {}, NUMBER: {}}
    with connection.cursor() as cursor:
        cursor.execute(_REFERRED, {"shop": shop.pk, "ids": list(ids), "numbers": list(numbers)})
        for scheme, value, pk in cursor.fetchall():
            found[scheme][value] = pk
    return found[ID], found[NUMBER]


def _bearers(shop: Shop, numbers: Collection[str]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = defaultdict(list)
    for pk, number in Order.objects.filter(shop=shop, number__in=numbers).values_list("pk", "number"):
        found[number].append(pk)
    return found


def _standing(pks: Collection[int], fidelity: int) -> dict[int, Standing]:
    found: dict[int, Standing] = {}
    with connection.cursor() as cursor:
        cursor.execute(_STANDING, {"pks": list(pks), "fidelity": int(fidelity)})
        for pk, richest, richest_as_of, hash, as_of in cursor.fetchall():
            standing = found.setdefault(pk, Standing(richest, richest_as_of, []))
            if hash is not None:
                standing.versions.append((hash, as_of))
    return found
