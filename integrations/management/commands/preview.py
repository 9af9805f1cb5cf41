"""Shows from a shell what would go to a ledger first, as that ledger would have it, and switches its connection on with --on."""

from __future__ import annotations

import dataclasses
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from integrations import connections, rehearsal
from integrations.accounting.base import Preview
from integrations.errors import Trouble
from integrations.management import words
from integrations.models import Connection
from orders.management import lookup


class Command(BaseCommand):
    help = "Shows the first documents for a ledger in its own terms, writes nothing there; --on then switches the connection on."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--on", action="store_true", help="switch the connection on, if nothing is in the way")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        there = lookup.named(Connection, "connection", options["name"], by="name")
        if there.ledger is None:
            raise CommandError(f"{there.name} is a store: only ledgers are shown documents.")
        try:
            seen = rehearsal.rehearse(there)
        except Trouble as error:
            raise words.refused(error) from error
        words.say(self, [_data(item) for item in seen], _text(seen), as_json=options["json"])
        if options["on"]:
            self._switch_on(there, seen)

    def _switch_on(self, there: Connection, seen: Any) -> None:
        if problems := [problem for item in seen for problem in item.problems]:
            raise CommandError(f"{there.name} stays off: {problems[0].words} {problems[0].fix}".strip())
        connections.resume(there, None)
        self.stderr.write(f"{there.name} is switched on.")


def _data(item: Preview) -> dict[str, Any]:
    data = dataclasses.asdict(dataclasses.replace(item, problems=()))
    told = [{"words": problem.words, "fix": problem.fix} for problem in item.problems]
    return {**data, "facts": dict(item.facts), "sums": dict(item.sums), "problems": told}


def _text(seen: Any) -> str:
    return "\n\n".join(map(_written, seen)) or "No order is ready yet, and nothing that is signed waits."


def _written(item: Preview) -> str:
    rows = [f"{name}: {value}" for name, value in item.facts]
    rows += [
        f"{line.debit or '':>12} {line.credit or '':>12}  {line.account}  {line.text} {line.detail}".rstrip()
        for line in item.lines
    ]
    rows += [f"{name}: {amount} {item.currency}" for name, amount in item.sums]
    return "\n".join([*rows, *(f"NOT {problem.words} {problem.fix}".rstrip() for problem in item.problems)])
