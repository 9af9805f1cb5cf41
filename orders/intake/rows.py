"""Many rows at once: keys taken from the sequences beforehand, and rows written by COPY."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from django.db import connection, models


def keys(wanted: Mapping[type[models.Model], int]) -> dict[type[models.Model], list[int]]:
    """So many fresh primary keys of each model, rising; one query."""
    named = [(model, count) for model, count in wanted.items() if count]
    one = "ARRAY(SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s))"
    asked = [part for model, count in named for part in (model._meta.db_table, count)]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join([one] * len(named))}", asked)
        found = cursor.fetchone()
    return {model: list[int]() for model in wanted} | {
        model: sorted(ids) for (model, _count), ids in zip(named, found, strict=True)
    }


def copy(model: type[models.Model], rows: Iterable[models.Model], **special: Callable[[Any], object]) -> None:
    """Write the rows; those without a key get one. `special` gives a column that is no plain value of the row."""
    listed = list(rows)
    if not listed:
        return
    omitted = {*special, *(() if listed[0].pk else (model._meta.pk.attname,))}
    names = [field.attname for field in _columns(model) if field.attname not in omitted]
    plain = itemgetter(*names)
    ways = list(special.values())
    write(model, [*names, *special], ((*plain(row.__dict__), *(way(row) for way in ways)) for row in listed))


def write(model: type[models.Model], names: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write rows of bare values, columns by attname; what is left out gets the database's default, as keys do."""
    with connection.cursor() as cursor:
        columns = ", ".join(connection.ops.quote_name(name) for name in names)
        table = connection.ops.quote_name(model._meta.db_table)
        with cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as into:
            for row in rows:
                into.write_row(row)


@functools.cache
def _columns(model: type[models.Model]) -> list[models.Field[Any, Any]]:
    return list(model._meta.concrete_fields)
