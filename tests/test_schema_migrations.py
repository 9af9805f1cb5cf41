"""The migrations, backwards and forwards, in a database of their own; there append-only tables refuse to be emptied."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError, connection

FUNCTIONS = "SELECT count(*) FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
TABLES = "SELECT count(*) FROM pg_tables WHERE tablename LIKE 'orders\\_%' OR tablename LIKE 'integrations\\_%'"


@pytest.fixture
def scratch(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """A copy of the tests' database, whose name is not one of a test's, in place of it."""
    name, ours = f"scratch_{settings.TEST_DATABASE}_{os.getpid()}", connection.settings_dict["NAME"]
    with django_db_blocker.unblock():
        try:
            connect_to("postgres")
            run(
                f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{ours}'"
            )  # a web server's, of an earlier test
            run(f'CREATE DATABASE "{name}" TEMPLATE "{ours}"')
            connect_to(name)
            yield
        finally:
            connect_to("postgres")
            run(f'DROP DATABASE IF EXISTS "{name}"')
            connect_to(ours)


def connect_to(name: str) -> None:
    connection.close()
    connection.settings_dict["NAME"] = name


def run(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


def count(sql: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return int(cursor.fetchone()[0])


@pytest.mark.slow
def test_every_migration_runs_backwards_and_forwards_again(scratch: None) -> None:
    tables, functions = count(TABLES), count(FUNCTIONS)
    assert tables > 50
    call_command("migrate", "orders", "zero", verbosity=0)
    assert (count(TABLES), count(FUNCTIONS)) == (0, 0)
    assert count("SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal") == 0
    call_command("migrate", verbosity=0)
    assert (count(TABLES), count(FUNCTIONS)) == (tables, functions)


@pytest.mark.schema
@pytest.mark.constraint
def test_outside_of_tests_no_table_is_emptied_unless_somebody_says_that_he_means_it(scratch: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'no_truncate'")
        tables = [table for (table,) in cursor.fetchall()]
    assert len(tables) == 14
    for table in tables:
        with pytest.raises(DatabaseError, match="never emptied"):
            run(f"TRUNCATE {table} CASCADE")
    run("SET ordersync.may_truncate = 'yes'")
    run(f"TRUNCATE {tables[0]} CASCADE")


@pytest.mark.django_db
def test_no_migration_is_missing() -> None:
    call_command("makemigrations", check=True, dry_run=True, stdout=io.StringIO())
