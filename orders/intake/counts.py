"""What the ledger counts of a shop's goods, beside what the store counts; where they differ, a change of the store's count is proposed for review."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from orders import events, incoming
from orders.models import CountedBy, Event, Progress, RejectReason, Shop, State, StockAdjustment, StockLevel

OPEN = (State.PENDING, State.HELD)
Place = tuple[str, str]  # SKU and the store's location


@dataclass(frozen=True, slots=True)
class Difference:
    """What the store counts, what the ledger counts, and by whose warehouses."""

    before: Decimal
    after: Decimal
    where: str


@transaction.atomic
def receive_counts(shop: Shop, levels: Iterable[incoming.StockLevel], *, at: datetime | None = None) -> int:
    """Keep the ledger's counts of the shop's SKUs, and propose where the store's differ; how many changes wait for review afterwards.

    One proposal a place, and none beside what a person suggested: it follows the counts while nobody has decided, and goes when they agree. One that was
    approved is not proposed again before the store was told; one that was rejected not before a count has changed. Two processes take turns on the shop's
    row; a change that was reopened beside another one of its place stays beside it.
    """
    Shop.objects.select_for_update(no_key=True).get(pk=shop.pk)
    told = list(levels)
    _keep(shop, told, at or timezone.now())
    found = _differences(shop, {level.sku for level in told})
    skus = {level.sku for level in told}
    open_ones = StockAdjustment.objects.select_for_update(no_key=True).filter(shop=shop, sku__in=skus, state__in=OPEN)
    held = set[Place]()
    ours = _proposed(open_ones)
    for row in open_ones.order_by("pk"):
        held.add((row.sku, row.location))
        if row.pk in ours:
            _follow(row, found.get((row.sku, row.location)))
    fresh = {place: item for place, item in found.items() if place not in held}
    decided = _decided(shop, fresh)
    for place, item in fresh.items():
        if not _said_no(decided.get(place), item):
            _propose(shop, place, item)
    return StockAdjustment.objects.filter(shop=shop, state__in=OPEN).count()


def _keep(shop: Shop, levels: list[incoming.StockLevel], at: datetime) -> None:
    rows = {
        (level.sku, level.location): StockLevel(
            shop=shop,
            sku=level.sku[:200],
            location=level.location[:100],
            counted_by=CountedBy.LEDGER,
            quantity=level.quantity,
            counted_at=level.counted_at or at,
        )
        for level in levels
    }
    key = ["shop", "sku", "location", "counted_by"]
    StockLevel.objects.bulk_create(
        rows.values(), update_conflicts=True, unique_fields=key, update_fields=["quantity", "counted_at"]
    )


def _differences(shop: Shop, skus: set[str]) -> dict[Place, Difference]:
    """Place by place where store and ledger name the same one; else all of the ledger's against the only place of the store; else nobody can say."""
    counts: dict[str, dict[str, dict[str, Decimal]]] = defaultdict(lambda: {"store": {}, "ledger": {}})
    for row in StockLevel.objects.filter(shop=shop, sku__in=skus):
        counts[row.sku][row.counted_by][row.location] = row.quantity
    return {
        (sku, location): item
        for sku, by in counts.items()
        for location, item in _compared(by["store"], by["ledger"]).items()
        if item.before != item.after
    }


def _compared(store: Mapping[str, Decimal], ledger: Mapping[str, Decimal]) -> dict[str, Difference]:
    shared = {place: Difference(store[place], ledger[place], place) for place in store if place in ledger}
    if shared or len(store) != 1 or not ledger:
        return shared
    ((place, quantity),) = store.items()
    return {place: Difference(quantity, sum(ledger.values(), Decimal(0)), ", ".join(sorted(ledger)))}


def _proposed(rows: Iterable[StockAdjustment]) -> set[int]:
    """Those that came of a ledger's count; what a person suggested is left as it is."""
    keys = [str(row.pk) for row in rows]
    told = Event.objects.filter(noun="stockadjustment", object_id__in=keys, verb="proposed")
    return {int(key) for key in told.values_list("object_id", flat=True)}


def _follow(row: StockAdjustment, item: Difference | None) -> None:
    """An open proposal goes with the counts; one that a person holds stays held."""
    if item is None:
        row.state, row.reject_reason, row.decided_at = State.REJECTED, RejectReason.OTHER, timezone.now()
        row.reject_note = _("Store and ledger count the same again.")
        row.before = row.after  # so that the same difference, should it come back, is a new one
        row.version += 1
        row.save(update_fields=["state", "reject_reason", "reject_note", "decided_at", "before", "version"])
        events.record(row, "withdrawn", words=row.reject_note)
    elif (row.before, row.after) != (item.before, item.after):
        before = {"before": row.before, "after": row.after}
        row.before, row.after, row.reason = item.before, item.after, _reason(row.shop, item)
        row.version += 1
        row.save(update_fields=["before", "after", "reason", "version"])
        after = {"before": item.before, "after": item.after}
        events.record(row, "counted again", before=before, after=after, words=row.reason)


def _decided(shop: Shop, places: Iterable[Place]) -> dict[Place, StockAdjustment]:
    """The last decision on each place."""
    skus = {sku for sku, _location in places}
    rows = StockAdjustment.objects.filter(shop=shop, sku__in=skus).exclude(state__in=OPEN).order_by("pk")
    return {(row.sku, row.location): row for row in rows}


def _said_no(last: StockAdjustment | None, item: Difference) -> bool:
    """Whether a person has decided this already, or the store is still to be told of what was decided."""
    if last is None:
        return False
    if last.state == State.APPROVED:
        return last.progress != Progress.POSTED
    return (last.before, last.after) == (item.before, item.after)


def _propose(shop: Shop, place: Place, item: Difference) -> None:
    row = StockAdjustment.objects.create(
        shop=shop, sku=place[0], location=place[1], before=item.before, after=item.after, reason=_reason(shop, item)
    )
    after = {"before": item.before, "after": item.after}
    events.record(row, "proposed", after=after, words=row.reason)


def _reason(shop: Shop, item: Difference) -> str:
    words = _("The ledger %(ledger)s counts %(after)s in %(where)s, the store %(before)s.")
    values = {"ledger": shop.ledger.code, "where": item.where, "before": f"{item.before.normalize():f}"}
    return (words % {**values, "after": f"{item.after.normalize():f}"})[:300]
