"""`manage.py demo`: a company that does not exist, its orders on their way from the stores' files to the books, the proof, and then the desk."""

from __future__ import annotations

import logging
import os
import signal
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from orders import reconciliation
from orders.reconciliation import paper
from ordersync_site.demo import company, ground, serving, tryton, walk


class Command(BaseCommand):
    help = "Fill a demo company, take its orders to the books, print the proof, and serve the desk until Ctrl-C."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--no-serve", action="store_true", help="end after the proof: 0 if it holds, 1 if not")
        parser.add_argument("--tryton", action="store_true", help="add a company in a real Tryton (make tryton)")
        parser.add_argument("--fresh", action="store_true", help="clear the demo's database and begin anew")

    def handle(self, *args: Any, **options: Any) -> None:
        began, port = time.monotonic(), _port()
        if not options["no_serve"] and not serving.port_is_free(port):
            raise CommandError(
                f"Port {port} is in use: choose another with PORT=8001 make demo, or end what listens there."
            )
        self._fill(fresh=options["fresh"])
        with self._beside(add=options["tryton"]):
            self._prove()
            self.stdout.write(f"It took {time.monotonic() - began:.0f} seconds.")
            if not options["no_serve"]:
                self._serve(port)

    def _fill(self, *, fresh: bool) -> None:
        if not os.environ.get("ORDERSYNC_LOG_LEVEL"):  # the steps are told; a thousand lines of the log would hide them
            logging.getLogger().setLevel(logging.WARNING)
        try:
            if ground.prepare(fresh=fresh):
                walk.walk(timezone.localdate(), ground.books(), self._say)
            else:
                self._say("The demo company is there already; manage.py demo --fresh begins anew.")
        except (ground.Refused, walk.DemoFailed) as refusal:
            raise CommandError(str(refusal)) from refusal
        except KeyboardInterrupt as interrupted:
            raise CommandError("Interrupted halfway: the next demo begins anew.") from interrupted

    @contextmanager
    def _beside(self, *, add: bool) -> Iterator[None]:
        """Tryton runs beside the desk where the demo has a company in it, or gets one now."""
        there = tryton.is_there()
        if not (there or add):
            yield
            return
        try:
            with tryton.running(self._say) as server:
                if not there:
                    tryton.add(server, self._say)
                yield
        except walk.DemoFailed as failed:
            raise CommandError(str(failed)) from failed

    def _prove(self) -> None:
        found = reconciliation.proof()
        self.stdout.writelines(f"{line}\n" for line in ("", *paper.text(found)))
        if not found.holds:
            raise CommandError(f"{len(found.differences)} differences between store, approval and books.")

    def _serve(self, port: int) -> None:
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        walk.settle()
        self._say(f"\nThe desk: http://127.0.0.1:{port}/  (Ctrl-C ends it)")
        self._say(
            f"Password of each: {company.PASSWORD}   An approval can be undone for {company.UNDO_SECONDS} seconds; then the jobs book it."
        )
        for name, (_first, _last, groups) in company.PEOPLE.items():
            self._say(f"  {name:13} {', '.join(groups)}")
        if serving.serve(port):
            raise CommandError("The web server or the job cluster ended by itself: see its words above.")

    def _say(self, words: str) -> None:
        self.stdout.write(words)
        self.stdout.flush()


def _port() -> int:
    text = os.environ.get("PORT", "") or "8000"
    if not text.isdigit() or not 0 < int(text) < 65536:
        raise CommandError(f"PORT is {text!r}: write a number from 1 to 65535.")
    return int(text)
