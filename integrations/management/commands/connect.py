"""Connects a store or a ledger from a shell."""

from __future__ import annotations

import os
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from integrations import connections
from integrations.errors import Trouble
from integrations.management import words
from orders.management import lookup
from orders.models import Ledger, Shop


class Command(BaseCommand):
    help = "Connects a store or a ledger, or connects it again with other options and secrets."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("kind", help="the adapter: beancount, …")
        parser.add_argument("name", help="a name of your own for this connection")
        end = parser.add_mutually_exclusive_group(required=True)
        end.add_argument("--shop", metavar="CODE")
        end.add_argument("--ledger", metavar="CODE")
        parser.add_argument("--set", metavar="OPTION=VALUE", action="append", default=[], dest="options")
        parser.add_argument(
            "--secret-env",
            metavar="OPTION=VARIABLE",
            action="append",
            default=[],
            dest="secrets",
            help="a secret, read from that environment variable",
        )
        parser.add_argument(
            "--on", action="store_true", help="switch a ledger on at once, without a look at its first document"
        )
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        secrets = {name: _variable(variable) for name, variable in map(_pair, options["secrets"])}
        values = dict(map(_pair, options["options"]))
        end = _end(options["shop"], options["ledger"])
        try:
            made = connections.connect(
                options["kind"], options["name"], options=values, secrets=secrets, on=options["on"], **end
            )
        except Trouble as error:
            raise words.refused(error) from error
        data = {"name": made.name, "kind": made.kind, "shop": options["shop"], "ledger": options["ledger"]}
        data |= {"on": made.on_since is not None}
        look = (
            ""
            if made.on_since
            else f" Look at its first document, then switch it on: manage.py preview {made.name} --on"
        )
        words.say(self, data, f"{made.name} is connected ({made.kind}).{look}", as_json=options["json"])


def _pair(text: str) -> tuple[str, str]:
    name, mark, value = text.partition("=")
    if not mark or not name:
        raise CommandError(f"“{text}” is not of the form option=value.")
    return name, value


def _variable(name: str) -> str:
    if not (value := os.environ.get(name, "")):
        raise CommandError(f"The environment variable {name} is missing or empty: set it to the secret.")
    return value


def _end(shop: str | None, ledger: str | None) -> dict[str, Any]:
    if shop:
        return {"shop": lookup.named(Shop, "shop", shop)}
    return {"ledger": lookup.named(Ledger, "ledger", ledger or "")}
