"""Runs the jobs without django-q2: once each, or in a loop until it is told to stop."""

from __future__ import annotations

import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from integrations import jobs
from integrations.management import words

PAUSE_SECONDS = 5.0


class Command(BaseCommand):
    help = "Runs every job once, as the cluster does by the clock; with --loop again and again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--loop", action="store_true", help="go on until SIGTERM or Ctrl-C")
        parser.add_argument("--only", metavar="NAME", choices=sorted(jobs.JOBS), help=f"one of {', '.join(jobs.JOBS)}")
        parser.add_argument("--json", action="store_true", help="one line of JSON per round")

    def handle(self, *args: Any, **options: Any) -> None:
        names = [options["only"]] if options["only"] else list(jobs.JOBS)
        over = threading.Event()
        if options["loop"]:
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda *_: over.set())
        results = self._round(names, as_json=options["json"])
        while options["loop"] and not over.wait(PAUSE_SECONDS):
            results = self._round(names, as_json=options["json"])
        if not options["loop"] and (
            broken := [f"{name}: {result.words}" for name, result in results.items() if result and result.fault]
        ):
            raise CommandError(" ".join(broken))

    def _round(self, names: list[str], *, as_json: bool) -> dict[str, jobs.Result | None]:
        results = {name: jobs.run(name) for name in names}
        data = [{"job": name, **_plain(result)} for name, result in results.items()]
        words.say(self, data, "\n".join(_sentence(name, result) for name, result in results.items()), as_json=as_json)
        return results


def _plain(result: jobs.Result | None) -> dict[str, Any]:
    if result is None:
        return {"ran": False}
    return {"ran": True, "done": result.done, "failed": result.failed, "words": result.words, "fault": result.fault}


def _sentence(name: str, result: jobs.Result | None) -> str:
    if result is None:
        return f"{name}: another process is at it."
    return f"{name}: {result.done} done, {result.failed} failed. {result.words}".rstrip()
