"""How fast signed documents reach a ledger that needs its time: `python -m tests.benchmarks.outbox [DOCUMENTS]`.

At 20 (five times as many documents, so that it lasts) and 150 ms and four at once, against what latency and concurrency allow; at 0 ms and one at a time, against
a bare loop of as many statements and commits;
two clusters on a ledger of 150 ms against one; what an idle tick asks; and what a cluster with two workers holds.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import Any

import psutil

from tests.benchmarks import instruments
from tests.benchmarks.instruments import Bar

MODULE = "tests.benchmarks.outbox"
ROOT = Path(__file__).resolve().parent.parent.parent
AT_ONCE = 4
STARTS_SECONDS, SETTLES_SECONDS = 90, 10
sys.path.insert(0, str(ROOT / "tests"))


def main(count: int) -> None:
    with instruments.database("outbox"):
        measured(count)


def measured(count: int) -> None:
    from django.conf import settings

    from tests import outbox_world
    from tests.benchmarks import slow_ledger  # noqa: F401

    settings.DEBUG = False  # else every statement is kept for a page that nobody looks at
    world = outbox_world.make(ROOT / "tests", kind="slow", options={})
    numbers = iter(range(1, 1_000_000))
    rows: list[tuple[str, float, float, float]] = []
    for latency, times in ((0.02, 5), (0.15, 1)):
        rate, allowed = one_cluster(world, numbers, count * times, latency), AT_ONCE / latency
        rows.append((f"{latency * 1000:.0f} ms, four at once, against what that allows", rate, allowed, rate / allowed))
    statements, commits = statements_of(world, numbers, count)
    quick, bare = one_cluster(world, numbers, count, 0, at_once=1), bare_loop(count, statements, commits)
    rows.append(("0 ms, one at a time, against a bare loop", quick, bare, quick / bare))
    alone, both = (clusters(world, numbers, count * number, number) for number in (1, 2))
    rows.append(("150 ms, two clusters, against one", both, alone, both / alone))
    instruments.table(("ledger", "documents/s", "yardstick/s", "ratio"), rows)
    idle, held = idle_statements(), cluster_memory()
    figures: dict[str, object] = {"documents": count, "statements of a document": round(statements / count, 1)}
    figures |= {"statements of an idle tick": idle, "MiB of a cluster": round(held)}
    print(*(f"{name}: {value}" for name, value in figures.items()), sep="\n")
    instruments.tell("outbox", figures, {row[0]: round(row[3], 3) for row in rows}, _bars(rows, idle, held))


def _bars(rows: list[tuple[str, float, float, float]], idle: int, held: float) -> list[Bar]:
    return [
        Bar("1 - share of what 20 ms and 4 at once allow", 1 - rows[0][3], 0.15),
        Bar("1 - share of what 150 ms and 4 at once allow", 1 - rows[1][3], 0.15),
        Bar("1.7 / gain by a second cluster", 1.7 / rows[3][3], 1),
        Bar("statements of an idle tick", idle, 5),
        Bar("MiB (PSS) of a cluster with two workers", held, 350),
    ]


def _due(world: Any, numbers: Iterator[int], count: int, latency: float, at_once: int) -> None:
    from django.db import transaction

    from integrations import outbox
    from integrations.models import Connection

    Connection.objects.update(options={"latency": str(latency), "at_once": str(at_once)})
    with transaction.atomic():  # one commit: what is measured comes after it
        for _ in range(count):
            world.sign(str(next(numbers)))
    while outbox.dispatch():
        pass


def one_cluster(world: Any, numbers: Iterator[int], count: int, latency: float, at_once: int = AT_ONCE) -> float:
    """Documents a second."""
    _due(world, numbers, count, latency, at_once)
    begun = perf_counter()
    _carried(count)
    return count / (perf_counter() - begun)


def _carried(count: int) -> None:
    from integrations import outbox

    booked = 0
    while booked < count:
        tally = outbox.tick(60)
        assert tally.booked, f"{count - booked} documents are not booked: {tally.words[:3]}"
        booked += tally.booked


def statements_of(world: Any, numbers: Iterator[int], count: int) -> tuple[int, int]:
    """How many statements and commits the documents cost, one at a time."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    _due(world, numbers, count, 0, 1)
    with CaptureQueriesContext(connection) as asked:
        _carried(count)
    told = [query["sql"] for query in asked.captured_queries]
    alone = sum("INSERT INTO integrations_attempt" in sql or "UPDATE integrations_attempt" in sql for sql in told)
    return len(told), told.count("COMMIT") + alone


def idle_statements() -> int:
    """What a tick asks when there is nothing to do."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from integrations import outbox

    with CaptureQueriesContext(connection) as asked:
        outbox.tick(60)
    return len(asked)


def clusters(world: Any, numbers: Iterator[int], count: int, number: int) -> float:
    """Documents a second of so many processes, each with four lanes, at a ledger that bears them all. They start together, and that is not counted."""
    from django.db import connection

    from integrations.models import Attempt, Connection

    _due(world, numbers, count, 0.15, AT_ONCE * number)
    Connection.objects.update(active=False)
    before = Attempt.objects.latest("pk").pk
    command = [sys.executable, "-m", MODULE, "cluster", str(connection.settings_dict["NAME"])]
    running = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) for _ in range(number)]
    for one in running:
        assert one.stdout is not None
        assert one.stdout.readline() == b"ready\n"
    Connection.objects.update(active=True)
    assert not any(one.wait(120) for one in running)
    mine = Attempt.objects.filter(pk__gt=before)
    first, last = mine.earliest("started_at").started_at, mine.latest("ended_at").ended_at
    assert last is not None
    return count / (last - first).total_seconds()


def cluster() -> None:
    """One process: it carries until nothing is left."""
    from django.conf import settings

    from integrations import outbox
    from integrations.models import Delivery
    from tests.benchmarks import slow_ledger  # noqa: F401

    settings.DEBUG = False
    print("ready", flush=True)
    while Delivery.objects.exclude(state="booked").exists():
        if not outbox.tick(60).booked:
            time.sleep(0.05)


def bare_loop(count: int, statements: int, commits: int) -> float:
    """Documents a second of a loop that runs as many statements and as many commits as these documents need, each the cheapest of its kind."""
    from django.db import connection, transaction

    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE bare (id int PRIMARY KEY, state text, body text)")
        cursor.execute("INSERT INTO bare SELECT n, 'waiting', repeat('x', 500) FROM generate_series(1, %s) n", [count])
        begun = perf_counter()
        for turn in range(commits):
            with transaction.atomic():
                cursor.execute("UPDATE bare SET state = %s WHERE id = %s", [str(turn), turn % count + 1])
                for _ in range(statements // commits - 1):
                    cursor.execute("SELECT * FROM bare WHERE id = %s", [turn % count + 1])
        spent = perf_counter() - begun
        cursor.execute("DROP TABLE bare")
    return count / spent


def cluster_memory() -> float:
    """MiB (PSS) of a `qcluster` with its two workers, some seconds after all of it stands."""
    from django.db import connection

    there = connection.settings_dict
    url = f"postgresql://{there['USER']}@/{there['NAME']}?host={there['HOST']}"
    running = subprocess.Popen(
        [sys.executable, "manage.py", "qcluster"],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": url, "ORDERSYNC_LOG_LEVEL": "ERROR"},
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        head, until = psutil.Process(running.pid), perf_counter() + STARTS_SECONDS
        while len(head.children(recursive=True)) < 5:  # the sentinel, two workers, pusher, monitor
            assert running.poll() is None, "the cluster ended"
            assert perf_counter() < until, "the cluster does not start"
            time.sleep(0.2)
        time.sleep(SETTLES_SECONDS)
        family = [head, *head.children(recursive=True)]
        assert len(family) == 6, family
        return sum(one.memory_full_info().pss for one in family) / instruments.MIB
    finally:
        os.killpg(running.pid, signal.SIGKILL)
        running.wait()


if __name__ == "__main__":
    if sys.argv[1:2] == ["cluster"]:
        instruments.joined(sys.argv[2])
        cluster()
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
