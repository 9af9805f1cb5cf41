"""The attacks of every commit alone, as `make test` runs them: `make attack`. Prints seeds, counts, verdicts, and the time beside the five minutes it should take.

All kill points of Beancount and of the lying ledger, 200 seeds of the simulation, 25 kills of real processes, 100 lost replies. Ends with 1 if a promise was
broken; the time decides nothing.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MINUTES = 5
# The longest first: two processes share them, file by file.
FILES = (
    "test_chaos.py",
    "test_kills.py",
    "test_simulation.py",
    "test_simulation_other_half.py",
    "test_lost_replies.py",
)
ASKED = "stage or points or killed or seed or hundred_lost"  # of these files: the four, and nothing else


def main() -> int:
    begun = time.monotonic()
    asked = ["-q", "-n", "2", "--dist", "loadfile", "--no-loadscope-reorder", "-k", ASKED]
    files = [f"tests/{name}" for name in FILES]
    ended = subprocess.run([sys.executable, "-m", "pytest", *asked, *files], cwd=ROOT, check=False)
    seconds = time.monotonic() - begun
    print(
        f"attack: {'every promise was kept' if ended.returncode == 0 else 'BROKEN'}; {seconds:.0f} s of {MINUTES * 60}"
    )
    return ended.returncode


if __name__ == "__main__":
    raise SystemExit(main())
