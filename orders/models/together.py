"""Several querysets in one statement: a page that shows twenty kinds of rows asks once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import psycopg
from django.core.exceptions import EmptyResultSet
from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import Model, Prefetch, QuerySet
from psycopg import pq
from psycopg.abc import Buffer
from psycopg.adapt import Loader


class _JsonAsText(Loader):
    """A jsonb as Django's JSONField expects it: the text behind the byte that counts versions."""

    format = pq.Format.BINARY

    def load(self, data: Buffer) -> str:
        return bytes(data[1:]).decode()


def fetched(*asked: QuerySet[Any, Any]) -> list[list[Any]]:
    """The rows of each queryset, of whatever kind (records with what they select along, values, lists), in its order; none of them may prefetch."""
    compilers = [rows.query.get_compiler(DEFAULT_DB_ALIAS) for rows in asked]
    parts = [_sql(compiler) for compiler in compilers]
    statement = ", ".join(f"ARRAY(SELECT found FROM ({sql}) AS found)" for sql, _values in parts)  # noqa: S608  # the SQL is the ORM's own
    with connection.cursor() as cursor:
        bound = cursor.cursor.mogrify(f"SELECT {statement}", [value for _sql, values in parts for value in values])
    with _typed() as cursor:
        cursor.execute(bound)
        told = cursor.fetchone()
    return [_made(rows, compiler, found) for rows, compiler, found in zip(asked, compilers, told, strict=True)]


def _typed() -> Any:
    """A cursor that is told the types within a row, which text has not; Django's own, that binds in the client, cannot be asked so."""
    typed = psycopg.Cursor(connection.connection)
    typed.format = pq.Format.BINARY
    typed.adapters.register_loader("jsonb", _JsonAsText)
    return connection._prepare_cursor(typed)  # type: ignore[attr-defined]


def _sql(compiler: Any) -> tuple[str, Sequence[Any]]:
    try:
        sql, values = compiler.as_sql()
    except EmptyResultSet:
        return "SELECT 1 WHERE false", ()
    return sql, values


def _made(rows: QuerySet[Any, Any], compiler: Any, found: list[tuple[Any, ...]]) -> list[Any]:
    """The rows as the queryset itself would have made them of its own answer."""
    if not found:
        return []
    compiler.execute_sql = lambda *_args, **_kwargs: [found]
    answered = rows._chain()  # type: ignore[attr-defined]
    answered._query = _Answered(compiler)
    return list(answered._iterable_class(answered))


class _Answered:
    """Stands for a query that was answered already."""

    def __init__(self, compiler: Any) -> None:
        self.compiler = compiler

    def get_compiler(self, *_args: Any, **_kwargs: Any) -> Any:
        return self.compiler

    def __getattr__(self, name: str) -> Any:
        return getattr(self.compiler.query, name)


def beside(
    record: Model, *paths: str | Prefetch[Any, Any, Any], also: Sequence[QuerySet[Any, Any]] = ()
) -> list[list[Any]]:
    """Lay beside the record what hangs on it ("lines", "lines__taxes"), as prefetching would, and fetch `also`: one statement for all.

    What lies there already is left as it is, with all that hangs on it. Returns the rows of `also`.
    """
    there = record.__dict__.get("_prefetched_objects_cache", {})
    named = [path if isinstance(path, Prefetch) else Prefetch(path) for path in paths]
    steps = [_Step(record, path) for path in named if path.prefetch_to.partition("__")[0] not in there]
    answers = fetched(*(step.rows for step in steps), *also) if steps or also else []
    for step, rows in zip(steps, answers, strict=False):
        step.lay(rows)
    return answers[len(steps) :]


class _Step:
    """One path from a record, at most two relations long: the rows at its end, and where they are laid."""

    def __init__(self, record: Model, path: Prefetch[Any, Any, Any]) -> None:
        self.record = record
        self.names = path.prefetch_to.split("__")
        model, back = type(record), ""
        for name in self.names:
            relation: Any = model._meta.get_field(name)
            model, self.field = relation.related_model, relation.field
            back = f"{self.field.name}__{back}" if back else self.field.name
        rows = path.queryset if path.queryset is not None else model._default_manager.all()
        self.rows: QuerySet[Any, Any] = rows.filter(**{back: record})

    def lay(self, rows: list[Any]) -> None:
        parents = [self.record] if len(self.names) == 1 else list(getattr(self.record, self.names[0]).all())
        lay(parents, self.names[-1], rows, self.field)


def lay(parents: Sequence[Model], name: str, rows: Iterable[Any], field: Any = None) -> None:
    """Lay the rows beside those of the parents that they name by `field` (that of the relation, if not given), so that `parent.NAME.all()` asks nothing."""
    if not parents:
        return
    field = field or parents[0]._meta.get_field(name).field  # type: ignore[union-attr]
    by_key = {parent.pk: (parent, list[Any]()) for parent in parents}
    for row in rows:
        parent, mine = by_key[getattr(row, field.attname)]
        field.set_cached_value(row, parent)
        mine.append(row)
    for parent, mine in by_key.values():
        laid = getattr(parent, name).get_queryset()
        laid._result_cache, laid._prefetch_done = mine, True
        parent.__dict__.setdefault("_prefetched_objects_cache", {})[name] = laid
