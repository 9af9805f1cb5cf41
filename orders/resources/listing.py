"""A list of the desk as a table: plain columns of the database, read as a stream; for what is looked at and not brought back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.db.models import Model, QuerySet
from django.db.models.constants import LOOKUP_SEP
from django.db.models.expressions import BaseExpression
from django.utils import timezone

from orders.resources.table import AMOUNT, DAY, INSTANT, NUMBER, TEXT, Table

AT_ONCE = 2000
Row = Sequence[Any]


@dataclass(frozen=True, slots=True)
class Column:
    """One column: `source` is where its value stands ("order__number") or an expression; title and kind follow from it unless they are said."""

    source: str | BaseExpression
    title: str = ""
    kind: str = ""


class Listing:
    """The columns of one list. `amounts` are money, in the currency of the column `currency`."""

    def __init__(
        self,
        name: str,
        model: type[Model],
        *columns: str | Column,
        amounts: Sequence[str] = (),
        currency: str = "currency",
    ) -> None:
        self.name, self.model, self.amounts, self._currency = name, model, amounts, currency
        self.columns = [Column(item) if isinstance(item, str) else item for item in columns]

    @property
    def table(self) -> Table:
        """What a writer needs."""
        sources = [column.source for column in self.columns]
        return Table(
            name=self.name,
            titles=tuple(_title(column) for column in self.columns),
            kinds=tuple(self._kind(column) for column in self.columns),
            currency=sources.index(self._currency) if self.amounts else None,
        )

    def rows(self, queryset: QuerySet[Any]) -> Iterator[Row]:
        """Every record of the queryset in its order, as Python values; fetched some thousands at a time and never as objects."""
        sources = {f"taken_{at}": column.source for at, column in enumerate(self.columns)}
        worked_out = {name: source for name, source in sources.items() if not isinstance(source, str)}
        paths = [name if name in worked_out else source for name, source in sources.items()]
        found = queryset.annotate(**worked_out).values_list(*paths)
        turned = [(at, turn) for at, column in enumerate(self.columns) if (turn := self._turn(column))]
        for raw in found.iterator(chunk_size=AT_ONCE):
            row = list(raw)
            for at, turn in turned:
                if row[at] is not None:
                    row[at] = turn(row[at])
            yield row

    def _kind(self, column: Column) -> str:
        if column.source in self.amounts:
            return AMOUNT
        return column.kind or next((kind for types, kind in _KINDS if isinstance(self._field(column), types)), TEXT)

    def _field(self, column: Column) -> Any:
        if not isinstance(column.source, str):
            return column.source.output_field
        return field_at(self.model, column.source)

    def _turn(self, column: Column) -> Callable[[Any], Any] | None:
        field = self._field(column)
        if isinstance(field, models.DateTimeField):
            zone = timezone.get_current_timezone()
            return lambda moment: moment.astimezone(zone)
        if isinstance(field, models.BooleanField):
            return lambda flag: "yes" if flag else "no"
        return None if self._kind(column) != TEXT or isinstance(field, models.CharField | models.TextField) else _text


_KINDS: list[tuple[Any, str]] = [
    (models.DateTimeField, INSTANT),
    (models.DateField, DAY),
    ((models.DecimalField, models.IntegerField, models.FloatField), NUMBER),
]


def field_at(model: type[Model], path: str) -> Any:
    """The field at the end of a path over relations."""
    *relations, last = path.split(LOOKUP_SEP)
    at: Any = model
    for name in relations:
        field = at._meta.get_field(name)
        at = field.related_model or at
    return field if relations and not field.is_relation else at._meta.get_field(last)


def _title(column: Column) -> str:
    if column.title or not isinstance(column.source, str):
        return column.title
    return column.source.replace("__code", "").replace("__username", "").replace("__", " ").replace("_", " ")


def _text(value: Any) -> str:
    """JSON and lists as one line, the same whoever writes them."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
