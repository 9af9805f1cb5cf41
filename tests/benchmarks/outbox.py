"""How fast signed documents reach a ledger that needs its time: `python -m tests.benchmarks.outbox [DOCUMENTS]`.

At 20 and 150 ms and four at once, against what latency and concurrency allow; at 0 ms, against a bare loop of the same number of committed statements;
and two clusters on a ledger of 150 ms against one. The ledger is the lying one, honest here, with nothing but its latency.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from time import perf_counter
from typing import Any

from tests.benchmarks import instruments
from tests.benchmarks.instruments import Bar

MODULE = "tests.benchmarks.outbox"
AT_ONCE = 4
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))


def main(count: int) -> None:
    with instruments.database("outbox"), tempfile.TemporaryDirectory() as folder:
        measured(count, Path(folder))


def measured(count: int, folder: Path) -> None:
    import outbox_world

    world = outbox_world.make(folder / "ledger")
    numbers = iter(range(1, 1_000_000))
    rows, ratios = [], {}
    for latency in (0.02, 0.15):
        allowed = AT_ONCE / latency
        rate = one_cluster(world, numbers, count, latency)
        ratios[f"of_allowed_at_{latency * 1000:.0f}_ms"] = rate / allowed
        rows.append((f"{latency * 1000:.0f} ms, one cluster", rate, allowed, rate / allowed))
    bare = bare_loop(count)
    quick = one_cluster(world, numbers, count, 0)
    ratios["to_bare_loop_at_0_ms"] = quick / bare
    rows.append(("0 ms, against a bare loop of the same statements", quick, bare, quick / bare))
    alone = clusters(world, numbers, count, 1)
    both = clusters(world, numbers, count, 2)
    ratios["second_cluster"] = both / alone
    rows.append(("150 ms, two clusters against one", both, alone, both / alone))
    instruments.table(("ledger", "documents/s", "yardstick/s", "ratio"), rows)
    bars = [
        Bar("1 - share of what 20 ms and 4 at once allow", 1 - ratios["of_allowed_at_20_ms"], 0.15),
        Bar("1 - share of what 150 ms and 4 at once allow", 1 - ratios["of_allowed_at_150_ms"], 0.15),
        Bar("1.7 / gain by a second cluster", 1.7 / ratios["second_cluster"], 1),
    ]
    instruments.tell("outbox", {"documents": count}, {name: round(value, 3) for name, value in ratios.items()}, bars)


def _due(world: Any, numbers: Any, count: int, latency: float, at_once: int) -> None:
    from integrations import outbox
    from integrations.models import Connection

    options = {"folder": str(world.folder), "latency": str(latency), "at_once": str(at_once)}
    Connection.objects.update(options=options)
    for _ in range(count):
        world.sign(str(next(numbers)))
    while outbox.dispatch():
        pass


def one_cluster(world: Any, numbers: Any, count: int, latency: float) -> float:
    """Documents a second."""
    from integrations import outbox

    _due(world, numbers, count, latency, AT_ONCE)
    begun = perf_counter()
    booked = 0
    while booked < count:
        booked += outbox.tick(60).booked
    return count / (perf_counter() - begun)


def clusters(world: Any, numbers: Any, count: int, number: int) -> float:
    """Documents a second of so many processes, each with four lanes, at a ledger that bears them all. Their start is not counted."""
    from django.db import connection

    from integrations.models import Attempt, Delivery

    _due(world, numbers, 4 * count, 0.15, AT_ONCE * number)
    before = Attempt.objects.latest("pk").pk
    name = str(connection.settings_dict["NAME"])
    running = [subprocess.Popen([sys.executable, "-m", MODULE, "cluster", name]) for _ in range(number)]
    while Delivery.objects.exclude(state="booked").exists():
        time.sleep(0.05)
    for one in running:
        one.wait()
    mine = Attempt.objects.filter(pk__gt=before)
    first, last = mine.earliest("started_at").started_at, mine.latest("ended_at").ended_at
    assert last is not None
    return 4 * count / (last - first).total_seconds()


def cluster() -> None:
    """One process: it carries until nothing is left."""
    import crime_ledger  # noqa: F401

    from integrations import outbox
    from integrations.models import Delivery

    while Delivery.objects.exclude(state="booked").exists():
        outbox.tick(60)


def bare_loop(count: int) -> float:
    """Documents a second of a loop that only commits what a document needs: a claim's share, the attempt, its answer, the write-back."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE bare (id int PRIMARY KEY, state text, body text)")
        cursor.execute("INSERT INTO bare SELECT n, 'waiting', repeat('x', 500) FROM generate_series(1, %s) n", [count])
        begun = perf_counter()
        for number in range(1, count + 1):
            for state in ("leased", "sent", "answered", "booked"):
                cursor.execute("UPDATE bare SET state = %s WHERE id = %s", [state, number])
        spent = perf_counter() - begun
        cursor.execute("DROP TABLE bare")
    return count / spent


if __name__ == "__main__":
    if sys.argv[1:2] == ["cluster"]:
        instruments.joined(sys.argv[2])
        cluster()
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
