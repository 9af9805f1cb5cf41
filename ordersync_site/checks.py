"""System checks of the installation: the database's letters, and settings that nobody may change unnoticed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from cryptography.fernet import Fernet
from django.apps.config import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connections

# Why each must be so: a job runs once or is picked up by the next tick, never again by django-q2 itself.
FIXED = {"max_attempts": 1, "ack_failures": True, "catch_up": False, "bulk": 1}


@register(Tags.database)
def letters_fold(*, databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """The database must know letters beyond ASCII, else upper('é') is not 'É' and a search misses it."""
    return [error for alias in databases or () for error in _letters_fold(alias)]


def _letters_fold(alias: str) -> Iterator[CheckMessage]:
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT upper('é') = 'É', datctype FROM pg_database WHERE datname = current_database()")
        folds, ctype = cursor.fetchone()
    if not folds:
        yield Error(
            f"The database's LC_CTYPE is {ctype}, which knows no letters beyond ASCII.",
            id="ordersync.E001",
            hint="Create the database with: CREATE DATABASE … LC_CTYPE 'C.UTF-8' TEMPLATE template0.",
        )


@register()
def jobs_are_a_doorbell(app_configs: Sequence[AppConfig] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """Holds Q_CLUSTER at the values under which django-q2 neither repeats nor replays our jobs."""
    return [
        Error(words, hint="Put Q_CLUSTER in ordersync_site/settings.py back.", id="ordersync.E002")
        for words in _q_cluster_faults(settings.Q_CLUSTER)
    ]


def _q_cluster_faults(cluster: dict[str, Any]) -> Iterator[str]:
    for name, value in FIXED.items():
        if cluster.get(name) != value:
            yield f"Q_CLUSTER[{name!r}] is {cluster.get(name)!r} and must be {value!r}."
    workers, limit, timeout = cluster["workers"], cluster["queue_limit"], cluster["timeout"]
    if limit != workers:
        yield f"Q_CLUSTER['queue_limit'] is {limit} and must be {workers}, the number of workers."
    least = timeout * (limit / workers + 2) + 30
    if cluster["retry"] <= least:
        yield f"Q_CLUSTER['retry'] is {cluster['retry']} and must be more than {least:g} seconds, or jobs run twice."


@register(Tags.security)
def field_keys_are_usable(app_configs: Sequence[AppConfig] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """Each key that encrypts stored tokens must be a Fernet key."""
    return [
        Error(
            f"Key {n} of ORDERSYNC_FIELD_KEYS is not a Fernet key.",
            id="ordersync.E003",
            hint="Make one with: python -c 'from cryptography.fernet import Fernet; "
            "print(Fernet.generate_key().decode())'",
        )
        for n, key in enumerate(settings.ORDERSYNC_FIELD_KEYS, 1)
        if not _is_fernet_key(key)
    ]


def _is_fernet_key(key: str) -> bool:
    try:
        Fernet(key)
    except ValueError:
        return False
    return True
