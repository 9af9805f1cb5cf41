"""Real processes under attack: two clusters, a `run_jobs` and a web server on a PostgreSQL of their own; whatever runs is killed at random.

`python -m tests.chaos --orders 60 --kills 25 --seed 1`. Orders come as signed deliveries through the web server, a person approves them, and the ledger loses
every fifth reply. The clocks of two processes are wrong by ten minutes, and now and then one jumps by ten minutes or an hour, forwards or back, the database's
among them. Between the kills PostgreSQL is restarted in the hard way. After the attack all must be drained within ten minutes, each document must stand in the
ledger's own log once, and the sums and the chains must be right. Prints seed, counts and verdict; ends with 1 if a promise was broken.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from ordersync_site import embedded_postgres  # noqa: E402
from ordersync_site.embedded_postgres import processes  # noqa: E402
from tests.lab import jumps  # noqa: E402

BOUND_SECONDS = 600
JUMPS = 0.4  # of a clock, at each kill
LIMIT = "20"  # seconds without a sign of life; a start under load takes some of them
STANDS_SECONDS = (
    180  # until one of a role must be alive again: what the silence limit, a start and a recovery take together
)
SKEWS = {"first cluster": 600.0, "second cluster": 0.0, "run_jobs": -600.0, "web": 0.0}
ROLES = ("worker", "pusher", "monitor", "sentinel", "main process", "run_jobs", "web")


@dataclass
class Fleet:
    """The processes, and how to start each again, as systemd would."""

    environment: dict[str, str]
    port: int
    clocks: jumps.Clocks
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self) -> None:
        for name, command in self.commands().items():
            if name not in self.running or self.running[name].poll() is not None:
                more = {**self.environment, "ORDERSYNC_CLOCK": str(self.clocks.path(name))}
                log = self.log(name).open("ab")
                self.running[name] = subprocess.Popen(
                    command, cwd=ROOT, env=more, start_new_session=True, stdout=log, stderr=log
                )

    def commands(self) -> dict[str, list[str]]:
        manage = [sys.executable, str(ROOT / "tests" / "chaos_manage.py")]
        web = [sys.executable, "-m", "gunicorn", "-b", f"127.0.0.1:{self.port}", "-w", "1", "chaos_manage"]
        return {
            "first cluster": [*manage, "supervise"],
            "second cluster": [*manage, "supervise"],
            "run_jobs": [*manage, "run_jobs", "--loop"],
            "web": web,
        }

    def victims(self, role: str) -> list[psutil.Process]:
        """The processes of that role that are alive and know it: django-q2 names its workers, pusher and monitor in their titles."""
        if role == "run_jobs":
            return _family(self.running[role])[:1]
        if role == "web":
            return _family(self.running[role])[1:]
        mains = [one for name in ("first cluster", "second cluster") for one in _children(self.running[name].pid)]
        mains = [one for one in mains if _title(one).startswith("qcluster ")]
        if role == "main process":
            return mains
        sentinels = [one for main in mains for one in _children(main.pid)]
        if role == "sentinel":
            return sentinels
        return [one for sentinel in sentinels for one in _children(sentinel.pid) if _role(one) == role]

    def end(self) -> None:
        """Kill all that ever came of it, orphans in groups and sessions of their own too, until nobody is left."""
        while left := self.everybody():
            for one in left:
                with contextlib.suppress(psutil.Error):
                    one.kill()
            psutil.wait_procs(left, timeout=5)
        for process in self.running.values():
            process.wait()

    def everybody(self) -> list[psutil.Process]:
        """Whoever writes into one of our logs: a title takes the place of an environment, and an orphan has another parent."""
        logs = {str(self.log(name)) for name in self.commands()}
        return [one for one in psutil.process_iter() if _output(one) in logs]

    def log(self, name: str) -> Path:
        return (Path(self.environment["ORDERSYNC_FOLDER"]) / f"{name}.log").resolve()

    def memory(self) -> dict[str, float]:
        """MiB of each cluster (PSS), the supervisor not counted."""
        sums = {}
        for name in ("first cluster", "second cluster"):
            family = _family(self.running[name])[1:]
            with contextlib.suppress(psutil.Error):
                sums[name] = sum(one.memory_full_info().pss for one in family) / 2**20
        return sums


def _output(process: psutil.Process) -> str:
    """Where it writes to; nowhere when it is dead."""
    try:
        return os.readlink(f"/proc/{process.pid}/fd/1")
    except OSError:
        return ""


def _children(pid: int) -> list[psutil.Process]:
    try:
        return sorted(psutil.Process(pid).children(), key=lambda one: one.pid)
    except psutil.Error:
        return []


def _title(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline()).strip()
    except psutil.Error:
        return ""


def _role(process: psutil.Process) -> str:
    """Of a sentinel's child; empty until it has taken its title, "qcluster NAME ROLE"."""
    words = _title(process).split()
    if len(words) < 3 or words[0] != "qcluster":
        return ""
    return {"idle": "worker", "processing": "worker", "pusher": "pusher", "monitor": "monitor"}.get(words[2], "")


def _family(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    try:
        head = psutil.Process(process.pid)
        return [head, *head.children(recursive=True)]
    except psutil.Error:
        return []


@dataclass
class Campaign:
    """One run: what is done to the fleet, and the judge at its end."""

    folder: Path
    orders: int
    kills: int
    chance: random.Random
    counts: Counter[str] = field(default_factory=Counter)
    kept: int = 0

    def run(self) -> None:
        self.database = self.folder / "postgres"
        self._serve()
        self._furnish()
        self.clocks = jumps.Clocks(self.folder, SKEWS)
        fleet = Fleet(self._environment(), _free_port(), self.clocks)
        try:
            fleet.start()
            self._attack(fleet)
            fleet.start()
            self._drain(fleet)
            self.memory = fleet.memory()
        finally:
            fleet.end()
        self._judge()

    # The database

    def _serve(self) -> None:
        where = embedded_postgres.ensure_running(self.database)
        os.environ["DATABASE_URL"] = f"postgresql://postgres@/{embedded_postgres.DATABASE}?host={where}"
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ordersync_site.settings")

    def _restart(self) -> None:
        """An immediate shutdown, as a power cut is, and the recovery after it."""
        from django.db import connection

        server = processes.named(self.database)
        if server is not None:
            server.send_signal(signal.SIGQUIT)
            server.wait(60)
        connection.close()
        embedded_postgres.ensure_running(self.database)
        self.counts["PostgreSQL restarts"] += 1

    def _environment(self) -> dict[str, str]:
        more = {"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}", "ORDERSYNC_HEARTBEAT_LIMIT": LIMIT}
        return {**os.environ, **more, "ORDERSYNC_FOLDER": str(self.folder)}

    def _furnish(self) -> None:
        import django

        django.setup()
        from django.core.management import call_command

        from orders.models import Ledger
        from tests import way

        call_command("migrate", verbosity=0)
        jumps.install(embedded_postgres.DATABASE)
        self.way = way.make(self.folder / "ledger", "crime", options={"at_once": "4"})
        Ledger.objects.update(undo_seconds=0)
        from tests import crime_ledger

        lost = [
            self.chance.choice(["loses the reply, though booked", "loses the reply", "", "", "", "", "", "", ""])
            for _ in range(20_000)
        ]
        crime_ledger.plan(self.way.folder, "book", *lost[: self.orders * 3])

    # The attack

    def _attack(self, fleet: Fleet) -> None:
        restarts = {self.kills // 3, 2 * self.kills // 3}
        for number, role in enumerate(self._schedule()):
            self._bring(fleet, self.orders // self.kills + 1)
            self._patiently(self._approve)
            if number in restarts:
                self._restart()
            if self.chance.random() < JUMPS:
                self._patiently(lambda: self.clocks.jump(self.chance, self.counts))
            self._kill(fleet, role)
            fleet.start()
            time.sleep(self.chance.uniform(0.5, 2.5))
        until = time.monotonic() + BOUND_SECONDS
        while self.kept < self.orders and time.monotonic() < until:
            fleet.start()
            self._bring(fleet, self.orders)

    def _kill(self, fleet: Fleet, role: str) -> None:
        """One of that role dies, by chance; where none is alive just now, somebody has still to be brought back, and that is waited for."""
        until = time.monotonic() + STANDS_SECONDS
        while time.monotonic() < until:
            fleet.start()
            if victims := fleet.victims(role):
                with contextlib.suppress(psutil.NoSuchProcess):
                    self.chance.choice(victims).kill()
                    self.counts[f"killed: {role}"] += 1
                    return
            time.sleep(0.2)
        raise AssertionError(f"no {role} came back within {STANDS_SECONDS} seconds")

    def _schedule(self) -> list[str]:
        """Every role once, in an order by chance, and again until it is enough."""
        rounds = -(-self.kills // len(ROLES))
        return [role for _ in range(rounds) for role in self.chance.sample(ROLES, len(ROLES))][: self.kills]

    def _bring(self, fleet: Fleet, count: int) -> None:
        """The store delivers, and remembers what it could not."""
        import requests

        for number in range(self.kept + 1, min(self.kept + count, self.orders) + 1):
            body, headers = self.way.delivery(number)
            try:
                answer = requests.post(
                    f"http://127.0.0.1:{fleet.port}/webhooks/store/",
                    data=body,
                    headers={**headers, "Content-Type": "application/json"},
                    timeout=10,
                )
            except requests.RequestException:
                self.counts["deliveries that got no answer"] += 1
                time.sleep(0.5)
                return
            if answer.status_code != 200:
                self.counts[f"deliveries answered with {answer.status_code}"] += 1
                return
            self.kept = number

    def _approve(self) -> None:
        from orders import review
        from orders.models import Order, State

        for order in Order.objects.filter(state=State.PENDING, blockers=0).order_by("pk")[:200]:
            with contextlib.suppress(review.Refused):
                review.approve(order, by=self.way.owner)

    @staticmethod
    def _patiently(act: Callable[[], Any]) -> None:
        """The person tries again when the page says that the database is away."""
        from django.db import InterfaceError, OperationalError, connection

        for _ in range(60):
            try:
                act()
                return
            except (OperationalError, InterfaceError):
                connection.close()
                time.sleep(1)
        raise AssertionError("the database does not come back")

    # The end

    def _drain(self, fleet: Fleet) -> None:
        begun = time.monotonic()
        while left := self._left():
            if time.monotonic() - begun > BOUND_SECONDS:
                raise AssertionError(f"not drained within {BOUND_SECONDS} seconds: {left[:5]}")
            fleet.start()
            self._patiently(self._approve)
            self._patiently(self._hurry)
            time.sleep(1)
        self.counts["seconds to drain"] = round(time.monotonic() - begun)

    def _hurry(self) -> None:
        """Time passes for whoever is dead: his leases lapse; and what backs off need not."""
        from django.db.models.functions import Now

        from integrations.models import Connection, Delivery, DeliveryState, Message
        from orders.models import Booking

        alive = {str(pid) for pid in psutil.pids()}
        for delivery in Delivery.objects.filter(state=DeliveryState.LEASED):
            if delivery.worker.rsplit(":", 2)[-2:][0] not in alive:
                Delivery.objects.filter(pk=delivery.pk, fence=delivery.fence).update(leased_until="2020-01-01T00:00Z")
        Delivery.objects.filter(state__in=[DeliveryState.WAITING, DeliveryState.UNKNOWN]).update(not_before=Now())
        Message.objects.filter(state="new").update(not_before=None)
        Connection.objects.update(not_before=None)
        Booking.objects.filter(taken_at=None, not_before__gt=Now()).update(
            not_before=Now()
        )  # signed by a clock that was ahead

    def _left(self) -> list[str]:
        from integrations.models import Delivery, DeliveryState, Message, MessageState
        from orders.models import Booking, Order

        found: list[str] = []

        def look() -> None:
            found[:] = [str(one) for one in Message.objects.exclude(state=MessageState.DONE)[:5]]
            found.extend(str(one) for one in Delivery.objects.exclude(state=DeliveryState.BOOKED)[:5])
            found.extend(str(one.document) for one in Booking.objects.filter(booked_at=None)[:5])
            if Order.objects.count() < self.orders:
                found.append(f"{Order.objects.count()} of {self.orders} orders")

        self._patiently(look)
        return found

    def _judge(self) -> None:
        """Once, to the cent, unbroken."""
        from orders.models import Document, Order, Progress
        from tests import crime_ledger

        missed = [role for role in ROLES if self.counts[f"killed: {role}"] < self.kills // len(ROLES)]
        assert not missed, f"not killed in every round: {', '.join(missed)}"
        self.way.verified()
        documents = Document.objects.count()
        assert Order.objects.filter(progress=Progress.POSTED).count() == self.orders
        assert documents == 2 * self.orders, f"{documents} documents of {self.orders} orders"
        lines = crime_ledger.read(self.way.folder, "booked")
        invoiced = sum((Decimal(line["sums"][2]) for line in lines if line["kind"] == "invoice"), Decimal(0))
        assert invoiced == Decimal("11.90") * self.orders, invoiced
        self.counts["booked"] = len(lines)
        self.counts["calls of the ledger"] = len(crime_ledger.calls(self.way.folder))


def _free_port() -> int:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        port: int = door.getsockname()[1]
        return port


def main() -> int:
    wanted = argparse.ArgumentParser(description=__doc__)
    wanted.add_argument("--orders", type=int, default=60)
    wanted.add_argument("--kills", type=int, default=25)
    wanted.add_argument("--seed", type=int, default=1)
    given = wanted.parse_args()
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder:
        os.chmod(folder, 0o755)  # noqa: S103 - PostgreSQL does not run as root, and its user must be able to enter
        run = Campaign(Path(folder), given.orders, given.kills, random.Random(given.seed))  # noqa: S311
        verdict = "each document once, sums equal, chains unbroken"
        try:
            run.run()
        except AssertionError as broken:
            verdict = f"BROKEN: {broken}"
            _show_logs(Path(folder))
        finally:
            embedded_postgres.stop(Path(folder) / "postgres")
    print(f"chaos: seed {given.seed}, {given.orders} orders, {given.kills} kills: {dict(run.counts)}")
    print(f"chaos: {verdict}")
    return 1 if verdict.startswith("BROKEN") else 0


def _show_logs(folder: Path) -> None:
    for path in folder.glob("*.log"):
        print(f"--- {path.name}", *path.read_text(errors="replace").splitlines()[-40:], sep="\n")


if __name__ == "__main__":
    raise SystemExit(main())
