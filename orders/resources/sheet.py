"""A sheet of ours: its columns, and its rows read out of the database as a stream, with a query per thousand rows at most."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from operator import itemgetter
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from django.db.models import F, FilteredRelation, Max, Model, Q, QuerySet
from django.utils.functional import Promise
from import_export.resources import Resource

from orders.models import Event
from orders.resources import control
from orders.resources.column import AMOUNT as MONEY
from orders.resources.column import Column
from orders.resources.table import AMOUNT, Table

CHUNK = 1000
ID, VERSION, REASON, CHECK, NUMBER, DAY = "id", "version", "reason", "check", "control_number", "control_day"
_UNCHECKED = {ID, VERSION, REASON, CHECK, NUMBER, DAY}
Row = list[Any]
Chunk = Sequence[tuple[Any, ...]]


class Sheet(Resource):  # type: ignore[misc]
    """One noun as a table. `titles`, `columns` and `rows(queryset)` are all that a writer needs.

    A subclass declares its columns in order and names its model. `many` is the relation whose records make a row each ("lines"), `kept` which of them.
    """

    noun: ClassVar[str]
    words: ClassVar[str | Promise]
    model: ClassVar[type[Model]]
    zone: ClassVar[str] = ""
    many: ClassVar[str] = ""
    kept: ClassVar[Q] = Q()

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        for name, column in self.fields.items():
            column.name = name
            if column.column_name == name:
                column.column_name = name.replace("_", " ")
            column.title = column.column_name
            column.field = column.field or name
            if column.path is None:
                column.path = name
        self.columns: list[Column] = list(self.fields.values())
        self.places = {column.name: at for at, column in enumerate(self.columns)}
        self.checked = [at for at, column in enumerate(self.columns) if column.name not in _UNCHECKED]
        self._paths = self._fetched()
        self._zone_at = self._paths.index(self.zone) if self.zone else 0
        self._writes = [(at, column.widget.written) for at, column in enumerate(self.columns) if column.widget.rewrites]
        self._cells = itemgetter(*self.checked)
        self._once = [at for at, column in enumerate(self.columns) if column.once and self.many]
        self._writes_again = [(at, write) for at, write in self._writes if at not in self._once]

    @property
    def titles(self) -> list[str]:
        return [column.title for column in self.columns]

    @property
    def table(self) -> Table:
        """What a writer needs. The lines of totals that close its CSV are passed over when it comes back."""
        sums = [column.instead is MONEY and not column.name.endswith("_price") for column in self.columns]
        kinds = (
            AMOUNT if summed and column.kind == "number" else column.kind
            for summed, column in zip(sums, self.columns, strict=True)
        )
        return Table(
            name=self.noun,
            titles=tuple(self.titles),
            kinds=tuple(kinds),
            currency=self.places.get("currency"),
            carried=bool(self.many),
        )

    @property
    def versioned(self) -> bool:
        return VERSION in self.places

    def column(self, name: str) -> Column:
        return self.columns[self.places[name]]

    def key(self, row: Sequence[Any]) -> list[Any]:
        """What a row's check belongs to: the record, its version, and which of its rows."""
        names = [ID, VERSION, f"{self.many.removesuffix('s')}_id" if self.many else ""]
        return [row[self.places[name]] for name in names if name in self.places]

    def rows(self, queryset: QuerySet[Any]) -> Iterator[Row]:
        """Every record's rows in the queryset's order, as Python values by column: text, Decimal, int, date, naive datetime on the shop's clock, or None."""
        mark = Event.objects.aggregate(last=Max("pk"))["last"] or 0
        paths = self._paths
        pick = itemgetter(*(paths.index(column.path) if column.path else len(paths) for column in self.columns))
        before = None
        for chunk in _chunked(self._found(queryset).iterator(chunk_size=CHUNK)):
            worked_out = {self.places[name]: found for name, found in self.worked_out(chunk).items()}
            for raw in chunk:
                row = list(pick((*raw, None)))
                for at, found in worked_out.items():
                    row[at] = found.get(raw[-1])
                yield self._finished(row, raw, first=raw[0] != before, mark=mark)
                before = raw[0]

    def worked_out(self, chunk: Chunk) -> dict[str, dict[Any, Any]]:
        """What stands in no column of the database, for many rows at a time: by column and the id of the row's own part (the last of each)."""
        return {}

    def iter_queryset(self, queryset: QuerySet[Any]) -> Iterator[Row]:
        yield from self.rows(queryset)

    def export_resource(self, instance: Row, selected_fields: Any = None, **kwargs: Any) -> list[str]:
        return [column.widget.render(value) for column, value in zip(self.columns, instance, strict=True)]

    def get_queryset(self) -> QuerySet[Any]:
        return self.model._default_manager.all()

    def _fetched(self) -> list[str]:
        """What is fetched: the record's id first, then each column, the shop's clock, and last the id of the row's own part."""
        wanted = [column.path for column in self.columns if column.path]
        return [*dict.fromkeys(["pk", *wanted, self.zone or "pk"]), "part__pk" if self.many else "id"]

    def _found(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        ordering = [*(queryset.query.order_by or queryset.model._meta.ordering), "pk"]
        if not self.many:
            return queryset.order_by(*ordering).values_list(*self._paths)
        inner = Q(**{f"{self.many}__{name}": value for name, value in self.kept.children}) if self.kept else Q()  # type: ignore[misc]
        found: QuerySet[Any] = queryset.annotate(part=FilteredRelation(self.many, condition=inner))
        return found.order_by(*ordering, F("part__position").asc()).values_list(*self._paths)

    def _finished(self, row: Row, raw: tuple[Any, ...], *, first: bool, mark: int) -> Row:
        """The row with its cells as they are written, what stands once left out of further rows, its control and its check."""
        zone = ZoneInfo(raw[self._zone_at]) if self.zone else None
        if not first:
            for at in self._once:
                row[at] = None
        for at, write in self._writes if first else self._writes_again:
            if row[at] is not None:
                row[at] = write(row[at], zone)
        row[self.places[NUMBER]], row[self.places[DAY]] = control.NUMBER, control.DAY
        row[self.places[CHECK]] = control.check(mark, self.key(row), self._cells(row))
        return row


def _chunked(rows: Iterable[tuple[Any, ...]]) -> Iterator[list[tuple[Any, ...]]]:
    left = iter(rows)
    while chunk := list(islice(left, CHUNK)):
        yield chunk
