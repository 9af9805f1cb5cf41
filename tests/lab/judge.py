"""The judge: an append-only log of what took effect over there. It is read to decide whether a test holds, and by nobody else."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any


class Judge:
    """One JSON line for each thing that took effect, in order; what is in the file when it begins is remembered."""

    def __init__(self, path: Path) -> None:
        self.folder = path.parent
        self.folder.mkdir(parents=True, exist_ok=True)
        self._path, self._lock = path, threading.Lock()
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        whole, _newline, _torn = text.rpartition("\n")  # whoever was killed while writing did not do it
        self._lines: list[dict[str, Any]] = [json.loads(line) for line in whole.splitlines()]
        path.write_text("".join(json.dumps(line) + "\n" for line in self._lines), encoding="utf-8")
        self._stream = path.open("a", encoding="utf-8")

    def note(self, verb: str, **facts: Any) -> dict[str, Any]:
        """Write it down for ever; the line, with its number."""
        with self._lock:
            line = {"n": len(self._lines) + 1, "verb": verb, **facts}
            self._stream.write(json.dumps(line) + "\n")
            self._stream.flush()
            self._lines.append(line)
        return line

    def lines(self, verb: str = "") -> list[dict[str, Any]]:
        """What took effect so far, of one verb or all."""
        with self._lock:
            return [line for line in self._lines if verb in ("", line["verb"])]

    def close(self) -> None:
        self._stream.close()


def read(path: Path) -> list[dict[str, Any]]:
    """The lines of a judge that lives in another process."""
    whole, _newline, _torn = path.read_text(encoding="utf-8").rpartition("\n") if path.exists() else ("", "", "")
    return [json.loads(line) for line in whole.splitlines()]
