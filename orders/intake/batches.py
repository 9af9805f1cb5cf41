"""Takes in whatever a store hands over: new orders many at a time, what is known unchanged by its hash, everything else one by one."""

from __future__ import annotations

import gc
import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from django.db import InterfaceError, OperationalError, transaction
from django.utils import timezone
from psycopg import errors

from orders import incoming
from orders.intake import bulk, fit, known, payouts, quarantine, versions
from orders.intake.fit import Unfit
from orders.intake.receipt import Receipt
from orders.intake.single import Door, line
from orders.intake.versions import News, Told
from orders.models import Quarantine, Shop

log = logging.getLogger(__name__)
BATCH = 500
Record = incoming.Record | incoming.Written
MANY = 5  # new orders in a row from which on it pays to take them in together


def receive(shop: Shop, records: Iterable[Record], *, source: incoming.Source) -> Receipt:
    """Take in whatever a store hands over. Each record is whole or in quarantine; only a lost database stops the run (OperationalError).

    An order may come as it was written: what says nothing new is then never made a record again.
    `source.received_at` (else now) is the moment that orders the versions of a store which states none. What was taken in is committed batch by batch,
    unless the caller has a transaction.
    """
    unresolved = Quarantine.objects.filter(shop=shop, resolved_at=None).exists()
    door = Door(shop, source, source.received_at or timezone.now(), Receipt(), unresolved)
    for batch in _batches(records):
        with _undisturbed():
            _Batch(door).take(batch)
    told = [line.order_id for line in (*door.receipt.created, *door.receipt.updated) if line.order_id is not None]
    transaction.on_commit(lambda: payouts.found(shop, told))
    return door.receipt


def _batches(records: Iterable[Record]) -> Iterator[list[Record]]:
    """Up to BATCH records at a time; those before a reader's failure are handed over before it is."""
    batch: list[Record] = []
    try:
        for record in records:
            batch.append(record)
            if len(batch) == BATCH:
                yield batch
                batch = []
    except Exception:
        if batch:
            yield batch
        raise
    if batch:
        yield batch


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Without the search for unreachable cycles: nearly all that a batch makes lives until its end, and is found right after it."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@dataclass(slots=True)
class _Batch:
    """Records in their order: new orders are gathered in `waiting` until something comes that must not overtake them."""

    door: Door
    waiting: list[Told] = field(default_factory=list)
    seen: set[tuple[str, str]] = field(default_factory=set)

    def take(self, records: list[Record]) -> None:
        if len(records) < MANY:
            self._one_by_one(map(_whole, records))
            return
        sorted_out = [record if isinstance(record, incoming.Written) else self._read(record) for record in records]
        orders = [
            one.record if isinstance(one, Told) else one
            for one in sorted_out
            if isinstance(one, Told | incoming.Written)
        ]
        held = known.known(self.door.shop, orders, self.door.source.fidelity)
        for record, one in zip(records, sorted_out, strict=True):
            if not isinstance(one, incoming.Written):
                self._take(_whole(record), one, held)
            elif not self._unchanged(one, held):
                whole = one.order()
                self._take(whole, self._read(whole, one), held)
        self._flush()

    def _unchanged(self, record: incoming.Written, held: known.Known) -> bool:
        """True if it says what was said last, and nothing before it in the batch may have changed that: then it is done with."""
        pk = None if self._met(record) else held.sole(record)
        standing = held.standing.get(pk) if pk else None
        if standing is None:
            return False
        if versions.weigh(standing, versions.version(record, self.door.source, self.door.at)) != News.SAME:
            return False
        self._note(record)
        self.door.receipt.same.append(line(record, pk))
        return True

    def _take(self, record: incoming.Record, one: Told | Unfit | None, held: known.Known) -> None:
        if isinstance(one, Told):
            self._order(one, held)
        elif isinstance(one, Unfit):
            self._refuse(record, one)
        else:
            self._one_by_one([record])

    def _read(self, record: incoming.Record, written: incoming.Written | None = None) -> Told | Unfit | None:
        """The order as told, or why it cannot be kept; None for what is taken in by itself."""
        try:
            if isinstance(record, incoming.Refusal):
                return Unfit(record.reason, field=record.field, value=record.value)
            if not isinstance(record, incoming.Order):
                return None
            fitted = fit.fitted(record)
            fit.check_order(fitted)
            return versions.told(fitted, self.door.source, self.door.at, written if fitted is record else None)
        except Unfit as unfit:
            return unfit
        except Exception:  # by itself it fails again, and is kept with the words
            return None

    def _order(self, told: Told, held: known.Known) -> None:
        record = told.record
        again = self._met(record)
        self._note(record)
        try:
            pk = held.pk(record)
        except Unfit:
            again = True
        if again:
            self._one_by_one([record])
        elif pk is None:
            self.waiting.append(told)
        elif (standing := held.standing.get(pk)) and versions.weigh(standing, told) == News.SAME:
            self.door.receipt.same.append(line(record, pk))
        else:
            self._one_by_one([record])

    def _met(self, record: known.Named) -> bool:
        """True if an order before it in the batch may be the same one."""
        own = {("id", record.id), ("nameless", record.number)} if record.id else {("number", record.number)}
        return not own.isdisjoint(self.seen)

    def _note(self, record: known.Named) -> None:
        """Note its names for those that come after it."""
        self.seen |= {("number", record.number), ("id", record.id) if record.id else ("nameless", record.number)}

    def _refuse(self, record: incoming.Record, unfit: Unfit) -> None:
        """A good version before it must not settle what comes after it."""
        number, place = quarantine.number(record), quarantine.place(record)
        if any(
            quarantine.number(told.record) == number or quarantine.place(told.record) == place for told in self.waiting
        ):
            self._flush()
        self.door.refuse(record, unfit)

    def _one_by_one(self, records: Iterable[incoming.Record]) -> None:
        self._flush()
        for record in records:
            self.door.take(record)

    def _flush(self) -> None:
        """Take in what waits: together, or one by one where they are few or something collides."""
        waiting, self.waiting = self.waiting, []
        if len(waiting) < MANY or not self._together(waiting):
            for told in waiting:
                self.door.take(told.record)

    def _together(self, told: list[Told]) -> bool:
        """False if nothing was done: then each for itself tells what is the matter."""
        records = [one.record for one in told]
        try:
            with transaction.atomic():
                made = bulk.create(self.door.shop, told)
                if self.door.resolves:
                    quarantine.resolve(self.door.shop, records)
        except bulk.Collided:
            return False
        except (InterfaceError, OperationalError) as error:
            if not isinstance(error.__cause__, errors.DeadlockDetected):
                raise
            return False
        except Exception as error:
            if not isinstance(error.__cause__, errors.UniqueViolation):
                log.warning("%d new orders could not be taken in together: %s", len(told), error.__class__.__name__)
            return False
        self.door.receipt.created += [line(record, order.pk) for record, order in zip(records, made, strict=True)]
        return True


def _whole(record: Record) -> incoming.Record:
    return record.order() if isinstance(record, incoming.Written) else record
