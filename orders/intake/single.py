"""Takes in one record in a savepoint of its own: whole, or into quarantine with the reason in words."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, InterfaceError, OperationalError, transaction
from django.utils.translation import gettext as _
from psycopg import errors

from orders import incoming
from orders.intake import additions, amendments, customers, fit, ledger, masters, orders, payouts, quarantine
from orders.intake.fit import Unfit
from orders.intake.receipt import Line, Receipt
from orders.models import Shop

log = logging.getLogger(__name__)
TRIES = 3  # of two that make the same row at once one loses, and finds it on the next try


@dataclass(slots=True)
class Door:
    """Whose records come from where and when, and what became of them so far. `unresolved`: something of the shop lies in quarantine."""

    shop: Shop
    source: incoming.Source
    at: datetime
    receipt: Receipt
    unresolved: bool

    def take(self, record: incoming.Record) -> None:
        """Take in the record, whatever it is. Only a lost database raises (OperationalError)."""
        try:
            self._take(record)
        except (InterfaceError, OperationalError):
            raise
        except Unfit as unfit:
            self.refuse(record, unfit)
        except Exception as bug:
            log.exception("Intake of %s failed by an error of ours", quarantine.place(record))
            words = _(
                "This is an error of ordersync, not of the record (%(name)s). It is kept, and can be taken in again once that is mended."
            )
            self.refuse(record, Unfit(words % {"name": type(bug).__name__}))

    def refuse(self, record: incoming.Record, unfit: Unfit) -> None:
        """Put the record into quarantine."""
        if not isinstance(record, incoming.Amendment):  # what a person changed stands in his file, and lacks nowhere
            with transaction.atomic():
                quarantine.keep(self.shop, record, unfit, source=self.source, at=self.at)
        place, number = quarantine.place(record), quarantine.number(record)
        self.receipt.refused.append(Line(place, number, None, unfit.reason, unfit.field, unfit.value))

    @property
    def resolves(self) -> bool:
        """True if a good version may settle something in quarantine."""
        return self.unresolved or bool(self.receipt.refused)

    def _take(self, record: incoming.Record) -> None:
        if isinstance(record, incoming.Refusal):
            raise Unfit(record.reason, field=record.field, value=record.value)
        fitted = fit.fitted(record)
        if isinstance(fitted, incoming.Amendment):
            _amend(self.shop, fitted, self.source, self.receipt)
            return
        outcome, order_id = _tried(self.shop, fitted, self.source, self.at)
        if self.resolves and outcome in {"created", "updated"}:
            quarantine.resolve(self.shop, [fitted])
        getattr(self.receipt, outcome).append(line(fitted, order_id))


def line(record: incoming.Record | incoming.Written, order_id: int | None) -> Line:
    """What the receipt says of a record that was not refused."""
    return Line(quarantine.place(record), quarantine.number(record), order_id)


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
