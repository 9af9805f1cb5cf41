"""The attacks in full: `make campaign` takes a night, `make campaign HOURS=1` a share of it and says which. Ends with 1 if any promise was broken.

`python -m tests.campaign WORD…` runs the parts alone whose names have one of the words. Each part is a process of its own and prints its seeds, its counts and
the judge's verdict. A part that a seed broke prints the command that replays it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NIGHT = 8.0  # hours
SEEDS, KILLS, ORDERS, LOST, EXAMPLES = 20_000, 500, 2_000, 1_000, 2_000
DELIVERIES, OPERATIONS, RACES = 10_000, 5_000, 50
SIMULATION = ("tests/test_simulation.py", "tests/test_simulation_other_half.py")
AT_ONCE = 250  # seeds of one process: their worlds stay in its database


def parts(share: float) -> Iterator[tuple[str, list[str], dict[str, str]]]:
    """Name, command and environment of each part."""
    first = int(os.environ.get("ORDERSYNC_FIRST_SEED", "1"))
    yield "mutants", [sys.executable, "-m", "tests.mutants"], {}
    kills = _pytest("tests/test_kills.py", "tests/test_handover_kills.py", "tests/test_writeback_kills.py")
    yield "kill points", kills, {}
    sizes = ["--orders", str(_of(ORDERS, share)), "--kills", str(_of(KILLS, share)), "--seed", str(first)]
    chaos = [sys.executable, "-m", "tests.chaos", *sizes]
    yield "processes killed at random", chaos, {}
    yield "a deaf cluster brought back", [sys.executable, "-m", "tests.hang"], {}
    yield "full disk and restored backup", _pytest("tests/test_chaos.py", "-k", "disk or restored"), {}
    lost = {
        "ORDERSYNC_LOST_REPLIES": str(_of(LOST, share)),
        "ORDERSYNC_LOST_SHARE": "0.2",
        "ORDERSYNC_SEED": str(first),
    }
    yield "lost replies", _pytest("tests/test_lost_replies.py"), lost
    letters = {"ORDERSYNC_DELIVERIES": str(max(1_000, _of(DELIVERIES, share) // 100 * 100))}
    yield "deliveries, shuffled and repeated", _pytest("tests/test_webhooks.py", "-k", "shuffled"), letters
    people = {"ORDERSYNC_RACE_OPERATIONS": str(max(500, _of(OPERATIONS, share))), "ORDERSYNC_SEED": str(first)}
    yield "people at the same orders", _pytest("tests/test_races.py"), people
    yield "tokens", _pytest("tests/test_tokens.py"), {"ORDERSYNC_TOKEN_RACES": str(max(10, _of(RACES, share)))}
    yield "what stores are told", _pytest("tests/test_writeback.py"), {}
    examples = {"ORDERSYNC_EXAMPLES": str(_of(EXAMPLES, share))}
    yield "histories of an order", _pytest("tests/test_state_machine.py"), examples
    last = first + _of(SEEDS, share)
    for begin in range(first, last, AT_ONCE):
        count = min(AT_ONCE, last - begin)
        more = {"ORDERSYNC_FIRST_SEED": str(begin), "ORDERSYNC_SEEDS": str(count)}
        yield f"seeds {begin} to {begin + count - 1}", _pytest(*SIMULATION, "-k", "seed_breaks"), more


def _of(whole: int, share: float) -> int:
    return max(1, round(whole * share))


def _pytest(*wanted: str) -> list[str]:
    return [sys.executable, "-m", "pytest", "-q", "-s", "-n", "0", "--no-header", "--show-capture=no", *wanted]


def main(words: Sequence[str]) -> int:
    share = min(1.0, float(os.environ.get("HOURS", NIGHT)) / NIGHT)
    chosen = [part for part in parts(share) if not words or any(word in part[0] for word in words)]
    print(
        f"campaign: {share:.1%} of a night at {_commit()}: {'; '.join(name for name, _command, _more in chosen)}",
        flush=True,
    )
    broken = [name for name, command, more in chosen if not _ran(name, command, more)]
    print(f"campaign: BROKEN in {', '.join(broken)}" if broken else "campaign: every promise was kept")
    return 1 if broken else 0


def _commit() -> str:
    """What is attacked."""
    told = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return told.stdout.strip() or "an unknown commit"


def _ran(name: str, command: list[str], more: dict[str, str]) -> bool:
    begun = time.monotonic()
    environment = {"ORDERSYNC_LOG_LEVEL": "ERROR", **os.environ, **more}
    print(f"\n== {name}", *(f"{key}={value}" for key, value in more.items()), flush=True)
    ended = subprocess.run(command, cwd=ROOT, env=environment, check=False)
    verdict = "held" if ended.returncode == 0 else f"BROKEN ({ended.returncode})"
    print(f"== {name}: {verdict}, {time.monotonic() - begun:.0f} s", flush=True)
    return ended.returncode == 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
