"""Looks at a connection from a shell."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from integrations import connections
from integrations.management import words
from integrations.models import Connection
from orders.management import lookup


class Command(BaseCommand):
    help = "Looks whether everything is in place to send there; writes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        connection = lookup.named(Connection, "connection", options["name"], by="name")
        checks = connections.check(connection)
        data = [{"name": item.name, "ok": item.ok, "words": item.words, "fix": item.fix} for item in checks]
        sentence = "\n".join(
            f"{'ok  ' if item.ok else 'NOT '} {item.name}: {item.words} {item.fix}".rstrip() for item in checks
        )
        words.say(self, data, sentence, as_json=options["json"])
        if any(not item.ok for item in checks):
            raise CommandError(f"{connection.name} is not in order: see above.")
