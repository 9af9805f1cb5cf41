"""A real Tryton for tests and demo: its own Python (`make tryton`), its databases on our PostgreSQL, its server on loopback, ended with whoever started it."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode
from urllib.request import Request, urlopen

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from ordersync_site import embedded_postgres

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".tryton"
PYTHON = FOLDER / "venv" / "bin" / "python"
REQUIREMENTS = ROOT / "requirements-tryton.txt"
COMPANY = Path(__file__).with_name("company.py")
SECONDS_TO_START = 60
_LOCK = 0x7472_7974  # "tryt": one process at a time makes or copies a template


class TrytonError(Exception):
    """The server cannot be had; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Running:
    """A server that answers: where, and with which database."""

    url: str
    database: str
    pid: int


def missing() -> str:
    """Why there is no Tryton to start on this machine, "" if there is one."""
    if not (FOLDER / "settled").exists() or not PYTHON.exists():
        return "There is no Tryton on this machine: make tryton installs one into .tryton."
    return ""


def template(told: dict[str, Any]) -> str:
    """The database that holds what is told (see company.py), made unless it is there; it is cloned and never used itself."""
    body = json.dumps(told, sort_keys=True)
    seed = b"".join(path.read_bytes() for path in (COMPANY, REQUIREMENTS)) + body.encode()
    name = f"tryton_template_{hashlib.sha256(seed).hexdigest()[:12]}"
    with _server() as server:
        _lock(server, name)
        if not _exists(server, name):
            half = f"{name}_half"
            _drop(server, half)
            server.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'").format(sql.Identifier(half))
            )
            _fill(half, body)
            names = sql.Identifier(half), sql.Identifier(name)
            server.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(*names))
    return name


def clone(source: str, name: str) -> None:
    """A fresh copy of a template under that name, in place of whatever stood there."""
    with _server() as server:
        _lock(server, source)
        _drop(server, name)
        server.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(source)))


def drop(name: str) -> None:
    """Remove a database, whoever still uses it."""
    with _server() as server:
        _drop(server, name)


def exists(name: str) -> bool:
    """Whether there is a database of that name."""
    with _server() as server:
        return _exists(server, name)


def address(name: str) -> str:
    """The libpq address of a database on the server that ordersync itself uses."""
    there = _parameters()
    host = there.pop("host", "localhost")
    who = ":".join(quote(there[key], safe="") for key in ("user", "password") if there.get(key))
    where = "" if host.startswith("/") else f"{host}:{there.get('port', '5432')}"
    extra = {key: value for key, value in there.items() if key not in ("user", "password", "port", "dbname")}
    extra |= {"host": host} if host.startswith("/") else {}
    return f"postgresql://{who}@{where}/{name}" + (f"?{urlencode(extra)}" if extra else "")


@contextmanager
def serving(database: str, log: Path, *, port: int = 0) -> Iterator[Running]:
    """A server for that database while it lasts; what it says goes to the log."""
    process, running = start(database, log, port=port)
    try:
        yield running
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def start(database: str, log: Path, *, port: int = 0) -> tuple[subprocess.Popen[bytes], Running]:
    """The process of a server, once it answers. Whoever starts it ends it. Raises TrytonError."""
    if why := missing():
        raise TrytonError(why)
    port = port or _free_port()
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as out:
        process = subprocess.Popen(  # noqa: S603
            [str(PYTHON.with_name("trytond")), "-d", database],
            env=_environment(port),
            stdout=out,
            stderr=out,
            cwd=FOLDER,
        )
    running = Running(url=f"http://127.0.0.1:{port}", database=database, pid=process.pid)
    try:
        _wait(process, running, log)
    except BaseException:
        process.kill()
        process.wait()
        raise
    return process, running


def _wait(process: subprocess.Popen[bytes], running: Running, log: Path) -> None:
    until = time.monotonic() + SECONDS_TO_START
    while not _answers(running.url):
        if process.poll() is not None or time.monotonic() > until:
            last = "\n".join(log.read_text(errors="replace").splitlines()[-5:])
            raise TrytonError(f"Tryton does not start; the end of {log}:\n{last}")
        time.sleep(0.05)


def _answers(url: str) -> bool:
    body = json.dumps({"id": 0, "method": "common.server.version", "params": []}).encode()
    request = Request(f"{url}/rpc/", body, {"Content-Type": "application/json"})  # noqa: S310  our own address
    try:
        with urlopen(request, timeout=5) as reply:  # noqa: S310
            return "result" in json.load(reply)
    except OSError:
        return False


def _environment(port: int) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TZ")}
    return {
        **kept,
        "TRYTOND_DATABASE_URI": address("").rstrip("/") if "?" not in address("") else address(""),
        "TRYTOND_DATABASE__LIST": "False",
        "TRYTOND_WEB__LISTEN": f"127.0.0.1:{port}",
        "TRYTOND_SESSION__MAX_ATTEMPT": "1000",
        "TRYTOND_SESSION__MAX_ATTEMPT_IP_NETWORK": "100000",
        "PYTHONUNBUFFERED": "1",
    }


def _fill(name: str, body: str) -> None:
    if why := missing():
        raise TrytonError(why)
    told = subprocess.run(  # noqa: S603
        [str(PYTHON), str(COMPANY), name],
        input=body.encode(),
        env=_environment(1),
        capture_output=True,
        cwd=FOLDER,
        check=False,
    )
    if told.returncode:
        raise TrytonError(f"The company could not be made:\n{told.stderr.decode(errors='replace')[-4000:]}")


@contextmanager
def _server() -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(address("postgres"), autocommit=True) as connection:
        yield connection


def _lock(server: psycopg.Connection[Any], template: str) -> None:
    """Until the connection ends: nobody copies a template while another copies or makes it."""
    server.execute("SELECT pg_advisory_lock(%s, hashtext(%s))", [_LOCK, template])


def _exists(server: psycopg.Connection[Any], name: str) -> bool:
    return server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is not None


def _drop(server: psycopg.Connection[Any], name: str) -> None:
    server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _parameters() -> dict[str, str]:
    from django.conf import settings

    if settings.DATABASE_URL:
        return {key: str(value) for key, value in conninfo_to_dict(settings.DATABASE_URL).items() if value is not None}
    return {"host": str(embedded_postgres.ensure_running(settings.ORDERSYNC_POSTGRES_FOLDER)), "user": "postgres"}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def password() -> str:
    """A password for a user of a company that is made."""
    return secrets.token_urlsafe(18)


def remove() -> None:
    """Take away the environment (`make clean`)."""
    shutil.rmtree(FOLDER, ignore_errors=True)
