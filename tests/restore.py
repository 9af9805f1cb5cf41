"""An older backup comes back: what went out since goes through the post again, and the ledger holds each document once. `python -m tests.restore`.

A server of its own; its backup is pg_dump's, its return pg_restore's. Three times: a backup before anything was sent, one in the midst, one right before the last
document. The ledger is the embedded one, which looks by key before it writes, as its contract wants.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from ordersync_site import embedded_postgres  # noqa: E402
from ordersync_site.embedded_postgres import processes  # noqa: E402

ORDERS = 9


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="restore-") as folder:
        os.chmod(folder, 0o755)  # noqa: S103 - PostgreSQL does not run as root, and its user must be able to enter
        server = Path(folder) / "postgres"
        where = embedded_postgres.ensure_running(server)
        os.environ["DATABASE_URL"] = f"postgresql://postgres@/{embedded_postgres.DATABASE}?host={where}"
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ordersync_site.settings")
        try:
            run(Path(folder), where)
        finally:
            embedded_postgres.stop(server)
    return 0


def run(folder: Path, where: Path) -> None:
    import django

    django.setup()
    from django.core.management import call_command

    from tests import way

    call_command("migrate", verbosity=0)
    world = way.make(folder / "ledger", "beancount")
    for number in range(1, ORDERS + 1):
        world.file(number)
        world.approve(number)
    for posted in (0, ORDERS, 2 * ORDERS - 1):
        _carry(world, posted)
        backup = folder / f"{posted}.dump"
        _postgres("pg_dump", where, "-Fc", "-f", str(backup))
        _carry(world, 2 * ORDERS)
        before = world.times_booked()
        _restore(backup, where)
        _carry(world, 2 * ORDERS)
        world.verified()
        if world.times_booked() != before:
            raise SystemExit(f"restore: another ledger than before: {world.times_booked() - before}")
        print(f"restore: a backup after {posted} of {2 * ORDERS} documents: each is there once")
        _restore(folder / "0.dump", where)
        shutil.rmtree(world.folder)
        world.folder.mkdir()


def _carry(world: object, documents: int) -> None:
    """Post until so many documents stand there."""
    from integrations import outbox
    from integrations.models import Connection

    for _ in range(60):
        world.hurry()  # type: ignore[attr-defined]
        there = _booked()
        if there >= documents:
            return
        outbox.dispatch()
        connection = Connection.objects.get(kind="beancount")
        if documents - there >= 4:
            outbox.tick(20)
        else:
            _one(connection)
    raise SystemExit(f"restore: {_booked()} of {documents} documents were booked")


def _one(connection: object) -> None:
    from integrations import booking, connections, outbox

    leases, _wait = outbox.claim(connection, 1, 1)  # type: ignore[arg-type]
    for lease in leases:
        booking.post(lease, connections.adapter_of(connection))  # type: ignore[arg-type]


def _booked() -> int:
    from orders.models import Booking

    return Booking.objects.exclude(booked_at=None).count()


def _restore(backup: Path, where: Path) -> None:
    from django.db import connection

    connection.close()
    _postgres("pg_restore", where, "--clean", "--if-exists", "--single-transaction", str(backup))


def _postgres(program: str, where: Path, *arguments: str) -> None:
    """The program beside the server's own, and so of its version."""
    server = processes.named(where)
    assert server is not None
    login = ["-h", str(where), "-U", "postgres", "-d", embedded_postgres.DATABASE]
    subprocess.run([Path(server.exe()).parent / program, *login, *arguments], check=True)


if __name__ == "__main__":
    raise SystemExit(main())
