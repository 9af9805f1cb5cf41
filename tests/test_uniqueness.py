"""Every uniqueness that the models declare is in the database, and were one of them dropped, this would tell."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.apps import apps
from django.db import connection as database
from django.db import models, transaction

pytestmark = [pytest.mark.django_db, pytest.mark.schema, pytest.mark.constraint]

_HELD = """
SELECT i.indrelid::regclass::text, array_agg(a.attname::text ORDER BY a.attname), i.indpred IS NOT NULL, i.indnullsnotdistinct
  FROM pg_index i JOIN LATERAL unnest(i.indkey) AS key (n) ON true JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = key.n
 WHERE i.indisunique AND i.indisvalid GROUP BY i.indexrelid, i.indrelid, i.indpred, i.indnullsnotdistinct"""
_NAMES = """
SELECT i.indrelid::regclass::text, i.indexrelid::regclass::text, c.conname FROM pg_index i LEFT JOIN pg_constraint c ON c.conindid = i.indexrelid
   AND c.contype IN ('u', 'x') WHERE (i.indisunique OR i.indisexclusion) AND NOT i.indisprimary AND i.indrelid::regclass::text = ANY(%s) ORDER BY 2"""

Held = tuple[str, tuple[str, ...], bool, bool]


def declared() -> Iterator[Held]:
    """Table, columns, whether under a condition, whether empty values count as the same."""
    for model in models_of_ours():
        table, options = model._meta.db_table, model._meta
        for field in options.local_concrete_fields:
            if field.unique and not field.primary_key:
                yield table, (str(field.column),), False, False
        for constraint in options.constraints:
            if isinstance(constraint, models.UniqueConstraint):
                columns = tuple(sorted(str(options.get_field(name).column) for name in constraint.fields))  # type: ignore[union-attr]
                yield table, columns, constraint.condition is not None, constraint.nulls_distinct is False


def missing() -> list[Held]:
    """What is declared and not held."""
    with database.cursor() as cursor:
        cursor.execute(_HELD)
        held = {(table, tuple(columns), partial, same) for table, columns, partial, same in cursor.fetchall()}
    return [one for one in declared() if one not in held]


def models_of_ours() -> list[type[models.Model]]:
    return [model for name in ("orders", "integrations") for model in apps.get_app_config(name).get_models()]


def overlapping_refused() -> bool:
    """The one exclusion: periods of a ledger."""
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_constraint WHERE contype = 'x' AND conrelid = 'orders_period'::regclass"
        )
        return bool(cursor.fetchone()[0])


def names() -> list[tuple[str, str, str | None]]:
    """Each uniqueness in the database: table, index, and the constraint that it belongs to."""
    with database.cursor() as cursor:
        cursor.execute(_NAMES, [[model._meta.db_table for model in models_of_ours()]])
        return list(cursor.fetchall())


def noticed_without(table: str, index: str, constraint: str | None) -> bool:
    """Whether it would be noticed if that one were dropped; it is there again afterwards."""
    with transaction.atomic(), database.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {constraint}" if constraint else f"DROP INDEX {index}")
        noticed = bool(missing()) or not overlapping_refused()
        transaction.set_rollback(True)
    return noticed


def test_what_the_models_declare_the_database_holds() -> None:
    assert missing() == []
    assert overlapping_refused()


def test_dropping_any_of_them_is_noticed() -> None:
    found = names()
    assert len(found) >= len(set(declared()))
    assert [index for table, index, constraint in found if not noticed_without(table, index, constraint)] == []
