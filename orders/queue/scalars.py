"""Several figures of the queue in one statement."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import connection
from django.db.models import (
    QuerySet,
)

COUNTED_UP_TO = 10_000
Scalar = tuple[str, Sequence[Any]]  # SQL that finds one value, and what is put into it


def counted(records: QuerySet[Any]) -> Scalar:
    """How many they are, at most COUNTED_UP_TO + 1."""
    sql, values = records.values("id")[: COUNTED_UP_TO + 1].query.sql_with_params()
    return f"SELECT count(*) FROM ({sql}) counted", values  # noqa: S608  # the SQL is the ORM's own


def first(records: QuerySet[Any]) -> Scalar:
    """The id of the first."""
    return records.values("id")[:1].query.sql_with_params()


def scalars(*asked: Scalar) -> tuple[Any, ...]:
    """The one value of each, in one statement."""
    statement = ", ".join(f"({sql})" for sql, _values in asked)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {statement}", [value for _sql, values in asked for value in values])
        found: tuple[Any, ...] = cursor.fetchone()
    return found
