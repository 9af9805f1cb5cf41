"""The embedded server is one server, alive, and nobody's leftover; what it cannot do it says in words."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from ordersync_site import embedded_postgres, settings
from ordersync_site.embedded_postgres import (
    CREATED,
    DATABASE,
    EmbeddedPostgresError,
    ensure_running,
    processes,
    stop,
)


def open_folder() -> Path:
    """A folder that root's server may enter, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp(prefix="ordersync-")).resolve()
    folder.chmod(0o755)
    return folder


@pytest.fixture(scope="module")
def data() -> Iterator[Path]:
    """The data folder of a server that the tests of this file start, kill and stop as they like."""
    folder = open_folder()
    yield folder / "postgres"
    stop(folder / "postgres")
    shutil.rmtree(folder)


@pytest.fixture
def empty() -> Iterator[Path]:
    """A data folder that does not exist yet."""
    folder = open_folder()
    yield folder / "postgres"
    stop(folder / "postgres")
    shutil.rmtree(folder)


def ask(data: Path, question: str) -> object:
    with psycopg.connect(host=str(ensure_running(data)), user="postgres", dbname=DATABASE) as connection:
        row = connection.execute(question).fetchone()  # type: ignore[arg-type]
        return row and row[0]


def server_pid(data: Path) -> int:
    return int((data / "postmaster.pid").read_text().splitlines()[0])


def wait_until_dead(data: Path) -> None:
    """A killed process takes a moment to die, and until then it still answers."""
    deadline = time.monotonic() + 10
    while processes.named(data):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def python(*arguments: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *arguments],
        cwd=settings.BASE_DIR,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=os.environ | environment,
    )


def test_several_first_starts_at_once_give_one_server(empty: Path) -> None:
    start = (
        "import sys, pathlib; from ordersync_site.embedded_postgres import ensure_running;"
        "print(ensure_running(pathlib.Path(sys.argv[1])))"
    )
    starters = [python("-c", start, str(empty), LC_ALL="POSIX") for _ in range(4)]
    answers = {starter.communicate(timeout=60)[0] for starter in starters}
    assert answers == {f"{empty}\n"}
    found = {process.pid: process for process in processes.working_in(empty)}
    assert [pid for pid, process in found.items() if process.ppid() not in found] == [server_pid(empty)]
    assert ask(empty, "SELECT upper('é')") == "É"


def test_the_server_is_joined_not_started_again(data: Path) -> None:
    ensure_running(data)
    before = server_pid(data)
    ensure_running(data)
    assert server_pid(data) == before


def test_a_killed_server_is_started_again_with_what_was_committed(data: Path) -> None:
    ensure_running(data)
    with psycopg.connect(host=str(data), user="postgres", dbname=DATABASE) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS n")
    killed = server_pid(data)
    os.kill(killed, signal.SIGKILL)
    wait_until_dead(data)
    assert ask(data, "SELECT n FROM kept") == 1
    assert server_pid(data) != killed


@pytest.mark.parametrize("leftover", ["", "1", "garbage\n", "{pid}\n{data}\n1\n5432\n{data}\n\n1 1\nready\n"])
def test_a_pid_file_that_names_no_server_of_ours_is_not_believed(data: Path, leftover: str) -> None:
    ensure_running(data)
    stop(data)
    (data / "postmaster.pid").write_text(leftover.format(pid=os.getpid(), data=data))
    (data / ".handle_pids.json").write_text("[12")
    assert ask(data, "SELECT 1") == 1


def test_no_server_is_started_beside_processes_of_a_dead_one(
    data: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ensure_running(data)
    stop(data)
    monkeypatch.setattr(embedded_postgres, "SECONDS_FOR_OTHERS", 0.1)
    program = shutil.copy(str(shutil.which("sleep")), tmp_path / "postgres")
    backend = subprocess.Popen([program, "60"], cwd=data)
    try:
        with pytest.raises(EmbeddedPostgresError, match=f"kill {backend.pid}"):
            ensure_running(data)
    finally:
        backend.kill()
        backend.wait()
    assert ask(data, "SELECT 1") == 1


def test_a_folder_that_is_half_made_is_left_alone(data: Path) -> None:
    ensure_running(data)
    stop(data)
    (data / CREATED).unlink()
    with pytest.raises(EmbeddedPostgresError, match=f"{data} was left half made, or is not ordersync's"):
        ensure_running(data)
    (data / CREATED).touch()
    assert ask(data, "SELECT 1") == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can meet a folder that it may enter but does not own")
def test_a_folder_of_another_user_stays_that_users(empty: Path) -> None:
    empty.mkdir()
    (empty / "PG_VERSION").write_text("18\n")
    (empty / CREATED).touch()
    with pytest.raises(EmbeddedPostgresError, match=f"{empty} belongs to another user"):
        ensure_running(empty)
    assert empty.stat().st_uid == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's server runs as another user")
def test_as_root_a_closed_folder_is_named_and_stays_closed(empty: Path) -> None:
    empty.parent.chmod(0o700)
    with pytest.raises(EmbeddedPostgresError, match=rf"may not enter {empty.parent}: open it"):
        ensure_running(empty)
    assert empty.parent.stat().st_mode & 0o777 == 0o700


def test_the_server_outlives_who_started_it_and_is_stopped_by_name(empty: Path) -> None:
    def say(verb: str) -> str:
        return python("-m", "ordersync_site.embedded_postgres", verb, ORDERSYNC_POSTGRES_FOLDER=str(empty)).communicate(
            timeout=60
        )[0]

    assert say("stop") == "No embedded PostgreSQL was running.\n"
    assert say("start").startswith("The embedded PostgreSQL runs: psql -h ")
    assert say("status").startswith("The embedded PostgreSQL runs: psql -h ")
    assert say("stop") == "The embedded PostgreSQL was stopped.\n"
    assert say("status") == "The embedded PostgreSQL does not run.\n"


def test_what_needs_no_database_starts_no_server(empty: Path) -> None:
    check = python(
        "manage.py", "check", DATABASE_URL="", ORDERSYNC_ENV="development", ORDERSYNC_POSTGRES_FOLDER=str(empty)
    )
    assert "no issues" in check.communicate(timeout=60)[0]
    assert not empty.exists()
