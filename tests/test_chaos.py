"""Real processes killed at random, a disk that is full, and a backup restored: nothing is lost and nothing is posted twice."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import chaos
from tests.lab import jumps

ROOT = Path(__file__).resolve().parent.parent
ORDERS = os.environ.get("ORDERSYNC_CHAOS_ORDERS", "50")
KILLS = os.environ.get("ORDERSYNC_CHAOS_KILLS", "25")  # three of every role, and four of some
SEED = os.environ.get("ORDERSYNC_CHAOS_SEED", "1")

Verdict = Callable[[str], None]
pytestmark = [pytest.mark.slow, pytest.mark.outbox]


def run(*command: str, verdict: Verdict) -> None:
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=_without_database())
    for line in ended.stdout.splitlines():
        if line.startswith(("chaos:", "restore:")):
            verdict(line)
    assert ended.returncode == 0, ended.stdout[-6000:] + ended.stderr[-3000:]


def _without_database() -> dict[str, str]:
    """The run has a server of its own."""
    return {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}


def test_killed_at_random_everything_is_booked_once(verdict: Verdict) -> None:
    given = ["--orders", ORDERS, "--kills", KILLS, "--seed", SEED]
    run(sys.executable, "-m", "tests.chaos", *given, verdict=verdict)


def test_a_restored_backup_posts_nothing_twice(verdict: Verdict) -> None:
    run(sys.executable, "-m", "tests.restore", verdict=verdict)


ORPHANS = """
import os, subprocess, sys, time
for session in (False, True):
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=session)
print("ready", flush=True)
if len(sys.argv) > 1:
    time.sleep(600)
"""


def test_a_fleet_at_its_end_leaves_nobody_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither children of who is dead, nor who made a session of its own."""
    commands = {"gone": [sys.executable, "-c", ORPHANS], "there": [sys.executable, "-c", ORPHANS, "stay"]}
    monkeypatch.setattr(chaos.Fleet, "commands", lambda self: commands)
    marked = {**os.environ, "ORDERSYNC_FOLDER": str(tmp_path)}
    fleet = chaos.Fleet(marked, 0, jumps.Clocks(tmp_path, dict.fromkeys(commands, 0.0)))
    fleet.start()
    try:
        fleet.running["gone"].wait(30)
        for name in commands:
            until = time.monotonic() + 30
            while "ready" not in (tmp_path / f"{name}.log").read_text() and time.monotonic() < until:
                time.sleep(0.05)
        assert len(fleet.everybody()) == 5
    finally:
        fleet.end()
    assert fleet.everybody() == []


FULL = """
import sys
from pathlib import Path
sys.path[:0] = [sys.argv[2], sys.argv[2] + "/tests"]
import os, django
os.environ["DJANGO_SETTINGS_MODULE"] = "ordersync_site.settings"
django.setup()
from tests import way
from tests.contracts import documents
from integrations.accounting.beancount import Beancount
from integrations.errors import Unavailable
folder = Path(sys.argv[1])
ledger = Beancount(Beancount.Options(folder=folder))
ledger.book(documents.invoice("0"))
filler, full, wanted = folder / "filler", 0, range(1, 25)
for number in wanted:
    room = os.statvfs(folder)
    filler.write_bytes(b"x" * (room.f_bavail * room.f_frsize))
    try:
        ledger.book(documents.invoice(str(number)))
    except Unavailable as trouble:
        assert "is full" in trouble.words, trouble.words
        full += 1
    filler.unlink()
    assert ledger.find(documents.invoice(str(number))) is not None or full
    ledger.book(documents.invoice(str(number)))
there = way.judge("beancount", folder)
assert set(there.values()) == {1} and len(there) == 25, there
assert full >= 4, full  # a document needs a new page every few times
print("chaos: the disk was full", full, "times; 25 documents, each once")
"""


def test_a_full_disk_is_waited_for_and_leaves_each_document_once(tmp_path: Path, verdict: Verdict) -> None:
    mount = f'mount -t tmpfs -o size=128k,mode=755 tmpfs "{tmp_path}" && exec "$0" -c "$1" "{tmp_path}" "{ROOT}"'
    if subprocess.run(["unshare", "-rm", "true"], capture_output=True).returncode:
        pytest.skip("no small disk can be mounted here: unshare -rm is not allowed")
    run("unshare", "-rm", "sh", "-c", mount, sys.executable, FULL, verdict=verdict)
