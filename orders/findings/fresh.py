"""Finds about orders that were just made, with all their rows held, what `check` would find; nothing is asked of the database but for possible duplicates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from orders import documents
from orders.findings import duplicates, records, registry
from orders.findings.checks import found, in_office_language, joined
from orders.models import Finding, Order, Refund, Reviewed, held


def check_new(orders: Sequence[Order], books: documents.Books) -> list[Finding]:
    """The findings of these orders of one shop and of their refunds, not yet saved; the records' blockers and warnings are counted."""
    duplicates.look(orders)
    with in_office_language():
        return [finding for order in orders for finding in _of(order, books)]


def _of(order: Order, books: documents.Books) -> Iterator[Finding]:
    problems = joined(found(registry.ORDER, order), documents.obstacles(order, books))
    yield from _counted(order, records.fresh(order, problems))
    for refund in held(order, "refunds"):
        yield from _of_refund(refund, books)


def _of_refund(refund: Refund, books: documents.Books) -> list[Finding]:
    problems = joined(found(registry.REFUND, refund), documents.obstacles_of_refund(refund, books))
    return _counted(refund, records.fresh(refund, problems))


def _counted(record: Reviewed, rows: list[Finding]) -> list[Finding]:
    records.count(record, rows)
    return rows
