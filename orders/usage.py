"""What rests on a mapping: how many waiting orders draft by it, and which documents were signed by it and are not sent yet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Count, F, Q, QuerySet, Value

from orders.models import (
    ANY_TITLE,
    AccountMapping,
    Document,
    DocumentLine,
    ItemMapping,
    LineTax,
    Order,
    OrderLine,
    Payment,
    Purpose,
    State,
    TaxMapping,
    together,
)
from orders.models.line import ITEM_KEY

Mapping = ItemMapping | AccountMapping | TaxMapping
OPEN = (State.PENDING, State.HELD)
NAMED = 5


def waiting(rows: Sequence[Mapping]) -> dict[int, int]:
    """By mapping, how many pending and held orders of its shops have what it stands for; of accounts in two statements, else in one."""
    return {row.pk: 0 for row in rows} | {row.pk: n for row, n in _counted(rows)}


def _counted(rows: Sequence[Mapping]) -> list[tuple[Mapping, int]]:
    items = [row for row in rows if isinstance(row, ItemMapping)]
    accounts = [row for row in rows if isinstance(row, AccountMapping)]
    by_key = _by(_open(OrderLine).filter(removed=False).annotate(key=ITEM_KEY), "key", [row.key for row in items])
    by_purpose = {
        Purpose.LINE: _by(_open(OrderLine).filter(removed=False), "kind", _values(accounts, Purpose.LINE)),
        Purpose.PAYMENT: _by(_open(Payment), "method", _values(accounts, Purpose.PAYMENT)),
    }
    found: list[tuple[Mapping, int]] = [(row, _sum(row, by_key.get(row.key, {}))) for row in items]
    found += [
        (row, _sum(row, by_purpose.get(Purpose(row.purpose), {}).get(row.value.partition(":")[0], {})))
        for row in accounts
    ]
    taxes = [row for row in rows if isinstance(row, TaxMapping)]
    told = together.fetched(*map(_taxed, taxes)) if taxes else []
    return found + [(row, sum(counts)) for row, counts in zip(taxes, told, strict=True)]


def _open(model: type[Any]) -> QuerySet[Any]:
    """The rows of pending and held orders."""
    rows: QuerySet[Any] = model._default_manager.filter(order__state__in=OPEN)
    return rows.order_by()


def _values(rows: Sequence[AccountMapping], purpose: Purpose) -> list[str]:
    return [row.value.partition(":")[0] for row in rows if row.purpose == purpose]


def _by(rows: QuerySet[Any], name: str, values: Sequence[str]) -> dict[str, dict[tuple[int, int], int]]:
    """By value, and by ledger and shop, how many orders have it."""
    found: dict[str, dict[tuple[int, int], int]] = {}
    if values:
        told = rows.filter(**{f"{name}__in": values}).annotate(books=F("order__shop__ledger"), of=F("order__shop"))
        for row in told.values(name, "books", "of").annotate(orders=Count("order", distinct=True)):
            found.setdefault(row[name], {})[row["books"], row["of"]] = row["orders"]
    return found


def _sum(row: ItemMapping | AccountMapping, counted: dict[tuple[int, int], int]) -> int:
    return sum(n for (ledger, shop), n in counted.items() if ledger == row.ledger_id and row.shop_id in (None, shop))


def _taxed(row: TaxMapping) -> QuerySet[Any]:
    """How many orders have a tax, or a line without, that the row fits; one of which another row fits better is counted at both."""
    mine = Order.objects.filter(state__in=OPEN, shop__ledger=row.ledger_id, tax_treatment=row.treatment)
    if not row.title:
        return _orders(OrderLine.objects.filter(order__in=mine, removed=False, taxes=None), "order")
    named = LineTax.objects.filter(line__order__in=mine, line__removed=False)
    named = named if row.title == ANY_TITLE else named.filter(title=row.title)
    named = named if row.rate is None else named.filter(rate=row.rate)
    place = Q(country=row.country) | Q(country="", line__order__tax_country=row.country) if row.country else Q()
    return _orders(named.filter(place), "line__order")


def _orders(rows: QuerySet[Any], order: str) -> QuerySet[Any]:
    """How many orders these rows are of; no row for none."""
    counted: QuerySet[Any, Any] = rows.order_by().values(all=Value(1)).annotate(n=Count(order, distinct=True))
    return counted.values_list("n", flat=True)


def signed(row: Mapping) -> tuple[int, list[str]]:
    """How many documents were signed with what the mapping says and are not sent yet, and the first of them: a change leaves them as they are."""
    lines = DocumentLine.objects.filter(
        document__ledger=row.ledger_id, document__booking__taken_at=None, document__booking__voided_at=None
    )
    if isinstance(row, TaxMapping):
        lines = lines.filter(tax_code=row.tax_code.code)
    elif isinstance(row, ItemMapping):
        lines = lines.filter(order_line__sku=row.key) if not row.key.startswith("id:") else lines.none()
    elif row.purpose == Purpose.LINE:
        lines = lines.filter(kind=row.value, account=row.account.code)
    else:
        lines = lines.filter(Q(account=row.account.code) | Q(document__contra_account=row.account.code))
    documents = Document.objects.filter(pk__in=lines.order_by().values("document")).order_by("n")
    return documents.count(), list(documents.values_list("reference", flat=True)[:NAMED])
