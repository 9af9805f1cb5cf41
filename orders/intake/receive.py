"""Takes in records one by one, each in a savepoint of its own: a bad one is quarantined in words and never stops the others."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime

from django.db import IntegrityError, InterfaceError, OperationalError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from psycopg import errors

from orders import incoming
from orders.intake import additions, amendments, customers, fit, ledger, masters, orders, payouts, quarantine
from orders.intake.fit import Unfit
from orders.intake.receipt import Line, Receipt
from orders.models import Quarantine, Shop

log = logging.getLogger(__name__)
TRIES = 3  # of two that make the same row at once one loses, and finds it on the next try


def receive(shop: Shop, records: Iterable[incoming.Record], *, source: incoming.Source) -> Receipt:
    """Take in whatever a store hands over. Each record is whole or in quarantine; only a lost database stops the run (OperationalError).

    `source.received_at` (else now) is the moment that orders the versions of a store which states none.
    """
    receipt = Receipt()
    at = source.received_at or timezone.now()
    unresolved = Quarantine.objects.filter(shop=shop, resolved_at=None).exists()
    for record in records:
        try:
            _receive_one(shop, record, source, at, receipt, resolve=unresolved or bool(receipt.refused))
        except (InterfaceError, OperationalError):
            raise
        except Unfit as unfit:
            _refuse(shop, record, unfit, source, at, receipt)
        except Exception as bug:
            log.exception("Intake of %s failed by an error of ours", quarantine.place(record))
            words = _(
                "This is an error of ordersync, not of the record (%(name)s). It is kept, and can be taken in again once that is mended."
            )
            _refuse(shop, record, Unfit(words % {"name": type(bug).__name__}), source, at, receipt)
    told = [line.order_id for line in (*receipt.created, *receipt.updated) if line.order_id is not None]
    transaction.on_commit(lambda: payouts.found(shop, told))
    return receipt


def _receive_one(
    shop: Shop, record: incoming.Record, source: incoming.Source, at: datetime, receipt: Receipt, *, resolve: bool
) -> None:
    if isinstance(record, incoming.Refusal):
        raise Unfit(record.reason, field=record.field, value=record.value)
    fitted = fit.fitted(record)
    if isinstance(fitted, incoming.Amendment):
        _amend(shop, fitted, source, receipt)
        return
    outcome, order_id = _tried(shop, fitted, source, at)
    if resolve and outcome in {"created", "updated"}:
        quarantine.resolve(shop, fitted)
    line = Line(quarantine.place(fitted), quarantine.number(fitted), order_id)
    getattr(receipt, outcome).append(line)


def _amend(shop: Shop, record: incoming.Amendment, source: incoming.Source, receipt: Receipt) -> None:
    """A person's changes of one record, all or none of them."""
    if not (record.cells or record.unclear):  # most rows of a file that comes back: not worth a savepoint
        receipt.same.append(Line(quarantine.place(record), record.number))
        return
    with transaction.atomic():
        amended = amendments.receive(shop, record, source)
    line = Line(quarantine.place(record), record.number, amended.order_id, changes=amended.changes)
    getattr(receipt, amended.outcome).append(line)


def _tried(shop: Shop, record: incoming.Record, source: incoming.Source, at: datetime) -> tuple[str, int | None]:
    """In a savepoint, again where another intake made the same row at the same time or was locked the other way round."""
    for _left in range(TRIES - 1):
        try:
            with transaction.atomic():
                return _taken(shop, record, source, at)
        except IntegrityError as error:
            if not isinstance(error.__cause__, errors.UniqueViolation):
                raise
        except OperationalError as error:
            if not isinstance(error.__cause__, errors.DeadlockDetected):
                raise
    with transaction.atomic():
        return _taken(shop, record, source, at)


def _taken(shop: Shop, record: incoming.Record, source: incoming.Source, at: datetime) -> tuple[str, int | None]:
    match record:
        case incoming.Order():
            fit.check_order(record)
            taken = orders.receive(shop, record, source, at=at)
            return taken.outcome, taken.order.pk
        case incoming.Customer():
            return customers.receive(shop, record), None
        case incoming.Product():
            return masters.receive_product(shop, record), None
        case incoming.StockLevel():
            return masters.receive_stock(shop, record, at=at), None
        case incoming.Payout():
            return payouts.receive(shop, record, at=at), None
        case incoming.Addition():
            return additions.receive(shop, record, source, at=at)
        case incoming.InvoiceState():
            return _state(shop, record), None
    raise TypeError(f"{type(record).__name__} is no record that a store can hand over")


def _state(shop: Shop, record: incoming.InvoiceState) -> str:
    outcome = ledger.receive_state(shop.ledger, record)
    if outcome == "unknown":
        raise Unfit(
            _("No document of ours has the reference %(reference)s.") % {"reference": record.reference},
            field="reference",
        )
    return outcome


def _refuse(
    shop: Shop, record: incoming.Record, unfit: Unfit, source: incoming.Source, at: datetime, receipt: Receipt
) -> None:
    if not isinstance(record, incoming.Amendment):  # what a person changed stands in his file, and lacks nowhere
        with transaction.atomic():
            quarantine.keep(shop, record, unfit, source=source, at=at)
    place, number = quarantine.place(record), quarantine.number(record)
    receipt.refused.append(Line(place, number, None, unfit.reason, unfit.field, unfit.value))
