"""The way of one order whose books a real Tryton keeps, and where on it a process may die: at every commit and every call of Tryton."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from django.db import connection as database

from integrations import tokens
from integrations.accounting.tryton import rpc
from integrations.models import Connection
from orders.models import Shop, TaxCode
from tests import boundaries, factories, way
from tests.boundaries import Watch
from tests.tryton_company import PASSWORD, Ground


@dataclass
class TrytonWay(way.Way):
    """As any other way; the judge asks Tryton's own tables."""

    ground: Ground | None = None

    def times_booked(self) -> Counter[str]:
        assert self.ground
        invoices = self.ground.sql(
            "SELECT 'invoice ' || reference FROM account_invoice WHERE state IN ('posted', 'paid')"
        )
        moves = self.ground.sql(
            "SELECT replace(split_part(description, ' ', 1), '-', '_') || ' ' || split_part(description, ' ', 2)"
            "  FROM account_move WHERE state = 'posted' AND coalesce(origin, '') NOT LIKE 'account.invoice,%'"
        )
        return Counter(name for (name,) in (*invoices, *moves))

    def left_over(self) -> list[Any]:
        """Drafts that nobody takes up, which no document may leave behind."""
        assert self.ground
        return self.ground.sql("SELECT reference FROM account_invoice WHERE state = 'draft'") + self.ground.sql(
            "SELECT description FROM account_move WHERE state = 'draft'"
        )


def make(ground: Ground, folder: Path) -> TrytonWay:
    """Mapped books in a real Tryton, a shop, and the person who approves."""
    made = way.make(folder, "crime")
    told = {
        "name": "tryton",
        "kind": "tryton",
        "options": ground.options,
        "secrets": tokens.seal({"password": PASSWORD}),
    }
    Connection.objects.filter(pk=made.connection.pk).update(**told)
    # Tryton's day is UTC's: where the shop's has begun already, an invoice is of tomorrow, and Tryton warns of it first.
    Shop.objects.filter(pk=made.shop.pk).update(time_zone="UTC")
    made.shop.refresh_from_db()
    TaxCode.objects.filter(code="DE19").update(account=factories.account(made.ledger, "Liabilities:VAT:DE19"))
    made.connection.refresh_from_db()
    return TrytonWay(**{**vars(made), "kind": "tryton", "ground": ground})


@contextmanager
def watching(watch: Watch) -> Iterator[Watch]:
    """Every commit of this thread and every call of Tryton, named by its method, goes by the watch."""
    with ExitStack() as stack:
        stack.enter_context(database.execute_wrapper(boundaries.statement(watch)))
        stack.enter_context(boundaries.commits(watch))
        stack.enter_context(mock.patch.object(rpc.Client, "_post", _post(watch)))
        yield watch


def _post(watch: Watch) -> Callable[..., Any]:
    post = rpc.Client._post

    def wrapped(self: rpc.Client, place: str, body: Any) -> Any:
        return watch.pass_through(f"tryton {body['method']}", lambda: post(self, place, body))

    return wrapped
