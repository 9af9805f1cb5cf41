"""Runs the benchmarks, each in a process of its own: `python -m tests.benchmarks [NAME [SIZE]]`; `make bench BENCH=NAME SIZE=N`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent


def names() -> list[str]:
    """Every module of this folder that can be run by itself."""
    return sorted(path.stem for path in FOLDER.glob("[a-z]*.py") if "\ndef main(" in path.read_text(encoding="utf-8"))


def run(name: str, *arguments: str) -> bool:
    """True if it ran to its end and met its bar."""
    print(f"\n== {name}\n", flush=True)
    command = [sys.executable, "-m", f"tests.benchmarks.{name}", *arguments]
    return subprocess.run(command, cwd=FOLDER.parent.parent, check=False).returncode == 0


def chosen(arguments: list[str]) -> int:
    """The exit status: 0 if all of them ran and met their bars."""
    if arguments and arguments[0] not in names():
        print(f"There is no benchmark {arguments[0]}. There are: {', '.join(names())}.", file=sys.stderr)
        return 2
    wanted = [arguments] if arguments else [[name] for name in names()]
    failed = [words[0] for words in wanted if not run(*words)]
    print(f"\nNot met: {', '.join(failed)}." if failed else "\nAll bars are met.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(chosen(sys.argv[1:]))
