"""Where the demo may stand: never in production, never among real orders; and how it is cleared away."""

from __future__ import annotations

import shutil
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import OperationalError, connection, transaction

from orders.models import Ledger, Shop
from ordersync_site.demo import company, tryton


class Refused(Exception):
    """The demo may not be made here: the words say why, and what to do instead."""


def books() -> Path:
    """The folder of the demo's ledgers."""
    return Path(settings.ORDERSYNC_FOLDER) / "ledger" / "demo"


def prepare(*, fresh: bool) -> bool:
    """Make the database ready; True if the company is still to be made, False if it is there already.

    A company that was made halfway, or `fresh`, clears the demo's database. Raises Refused.
    """
    if settings.PRODUCTION:
        raise Refused(
            "The demo's people have public passwords, so it is never made in production (ORDERSYNC_ENV is production)."
        )
    if fresh:
        _clear()
    call_command("migrate", verbosity=0)
    shops = set(Shop.objects.values_list("code", flat=True))
    if shops - {store.code for store in (*company.STORES, tryton.STORE)}:
        raise Refused(
            f"The database {_name()} holds shops that are not the demo's ({', '.join(sorted(shops))}). "
            "Name an empty database in DATABASE_URL, or one whose name ends with _demo."
        )
    if shops and Ledger.objects.filter(undo_seconds=0).exists():
        _clear()
        call_command("migrate", verbosity=0)
        shops = set()
    if not shops:
        shutil.rmtree(books(), ignore_errors=True)
    return not shops


def _name() -> str:
    return str(connection.settings_dict["NAME"])


def _clear() -> None:
    if settings.DATABASE_URL and not _name().endswith("_demo"):
        raise Refused(
            f"The database {_name()} is not cleared: that is done only where its name ends with _demo, or to the embedded server's."
        )
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '10s'")
            cursor.execute("DROP SCHEMA public CASCADE")
            cursor.execute("CREATE SCHEMA public")
    except OperationalError as error:
        raise Refused(
            f"The database {_name()} is in use, so it cannot be cleared: end the demo that still runs. ({error})"
        ) from error
