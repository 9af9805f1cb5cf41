"""What every benchmark measures with: a database of its own, CPU of our process and of PostgreSQL's beside it, memory above idle, and how it tells."""

from __future__ import annotations

import gc
import json
import os
import platform
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, process_time
from typing import Any, TypeVar

import psutil

R = TypeVar("R")
MIB = 1 << 20
SAMPLE_SECONDS = 0.01


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU seconds of our process and of our session's PostgreSQL process (None where it runs elsewhere), seconds by the clock, MiB above the start."""

    own: float
    postgres: float | None
    clock: float
    memory: float


@dataclass(frozen=True, slots=True)
class Bar:
    """What a figure may be at most; `aim` is what we would like."""

    name: str
    found: float
    at_most: float
    aim: float | None = None

    @property
    def met(self) -> bool:
        return self.found <= self.at_most


@contextmanager
def database(name: str) -> Iterator[None]:
    """Django set up, with an empty database of the benchmark's own, which is dropped in the end."""
    _as_in_production()
    os.environ["ORDERSYNC_TEST_DB"] = f"test_bench_{name}_{os.getpid()}"
    import django

    django.setup()
    from django.db import connection

    ours = connection.settings_dict["NAME"]
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        yield
    finally:
        connection.creation.destroy_test_db(ours, verbosity=0)


def _as_in_production() -> None:
    """The settings to measure under: above all without Django's log of statements, which keeps 9,000 of them with their values."""
    for name, value in (
        ("DJANGO_SETTINGS_MODULE", "ordersync_site.settings"), ("ORDERSYNC_DEBUG", "0"), ("ORDERSYNC_LOG_LEVEL", "WARNING"),
    ):  # fmt: skip
        os.environ.setdefault(name, value)


def child(module: str, *arguments: str) -> dict[str, Any]:
    """What `python -m module NAME-OF-OUR-DATABASE arguments` says in its last line, as JSON: a process that did nothing before, for memory."""
    from django.db import connection

    command = [sys.executable, "-m", module, str(connection.settings_dict["NAME"]), *arguments]
    told = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, Any] = json.loads(told.stdout.strip().splitlines()[-1])
    return found


def joined(name: str) -> None:
    """Django set up on a database that is there already: the child's side."""
    _as_in_production()
    import django

    django.setup()
    from django.db import connection

    connection.settings_dict["NAME"] = name
    connection.ensure_connection()


def measured(call: Callable[[], R]) -> tuple[R, Cost]:
    """What the call returns, and what it cost."""
    gc.collect()
    session = _session()
    idle = psutil.Process().memory_info().rss
    before = _cpu(session)
    own, start = process_time(), perf_counter()
    with _peak() as peak:
        result = call()
    used = process_time() - own, perf_counter() - start
    return result, Cost(used[0], _cpu(session) - before if session else None, used[1], (peak[0] - idle) / MIB)


def table(titles: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print the rows: the first column to the left, figures to the right, numbers with three digits."""
    text = [[_said(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(titles, *text, strict=True)]
    for row in [titles, *text]:
        cells = [
            cell.ljust(width) if at == 0 else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        print("  ".join(cells))
    print()


def tell(name: str, figures: dict[str, object], ratios: dict[str, float], bars: Sequence[Bar]) -> None:
    """Print the bars and, last, one line of JSON with everything; ends the process with status 1 if a bar is not met."""
    for bar in bars:
        aim = f", aim {bar.aim:g}" if bar.aim is not None else ""
        print(f"{'met' if bar.met else 'NOT MET':8}{bar.name}: {_said(bar.found)} (at most {bar.at_most:g}{aim})")
    held = {
        bar.name: {"found": round(bar.found, 3), "at_most": bar.at_most, "aim": bar.aim, "met": bar.met} for bar in bars
    }
    told = {
        "benchmark": name,
        "figures": figures,
        "ratios": ratios,
        "bar": held,
        "machine": machine(),
        "commit": commit(),
    }
    print("\n" + json.dumps(told, default=_rounded), flush=True)
    if not all(bar.met for bar in bars):
        sys.exit(1)


def machine() -> str:
    """The processor, Python and PostgreSQL, in one line."""
    from django.db import connection

    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    model = next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.processor()
    )
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        version = cursor.fetchone()[0]
    return f"{os.cpu_count()} × {model}, Python {platform.python_version()}, PostgreSQL {version}"


def commit() -> str:
    """The commit that was measured, marked where files were changed since."""
    told = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False)
    return told.stdout.strip()


def timed(call: Callable[[], object]) -> float:
    """Seconds by the clock."""
    start = perf_counter()
    call()
    return perf_counter() - start


@contextmanager
def _peak() -> Iterator[list[int]]:
    """The highest resident memory while it lasts, in bytes, looked at a hundred times a second."""
    us, over = psutil.Process(), threading.Event()
    highest = [us.memory_info().rss]

    def watch() -> None:
        while not over.wait(SAMPLE_SECONDS):
            highest[0] = max(highest[0], us.memory_info().rss)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield highest
    finally:
        over.set()
        watcher.join()
        highest[0] = max(highest[0], us.memory_info().rss)


def _session() -> psutil.Process | None:
    """The PostgreSQL process that serves our connection, None if it is not on this machine."""
    from django.db import connection

    connection.ensure_connection()
    try:
        process = psutil.Process(connection.connection.info.backend_pid)
        return process if "postgres" in process.name() else None
    except psutil.Error:
        return None


def _cpu(process: psutil.Process | None) -> float:
    if process is None:
        return 0.0
    times = process.cpu_times()
    return times.user + times.system


def _said(cell: object) -> str:
    if isinstance(cell, float):
        return f"{cell:,.0f}" if abs(cell) >= 100 else f"{cell:,.3g}"
    return f"{cell:,}" if isinstance(cell, int) else "–" if cell is None else str(cell)


def _rounded(value: object) -> object:
    return str(value)
