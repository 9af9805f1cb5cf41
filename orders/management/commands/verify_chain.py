"""Proves that no signed document and no event was changed, removed or put in afterwards; exits 1 naming every broken place."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from orders import documents
from orders.management import lookup
from orders.models import EventChain, Ledger


class Command(BaseCommand):
    help = "verify the chains of documents (one a ledger) and of events"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--ledger", metavar="CODE", help="one ledger's documents only, without the events")
        parser.add_argument("--json", action="store_true", help="print the outcome as JSON")

    def handle(self, *args: Any, **given: Any) -> None:
        one = given["ledger"]
        ledgers = [lookup.named(Ledger, "ledger", one)] if one else list(Ledger.objects.all())
        broken = {f"documents of {ledger}": documents.verify(ledger) for ledger in ledgers}
        lengths = {f"documents of {ledger}": ledger.chain_length for ledger in ledgers}
        if not one:
            head = EventChain.objects.first()
            broken["events"], lengths["events"] = documents.events_verify(), head.length if head else 0
        self._tell(given, broken, lengths)

    def _tell(self, given: dict[str, Any], broken: dict[str, list[str]], lengths: dict[str, int]) -> None:
        if given["json"]:
            told = {name: {"length": lengths[name], "broken": places} for name, places in broken.items()}
            self.stdout.write(json.dumps(told, ensure_ascii=False))
        else:
            for name, places in broken.items():
                self.stdout.write(
                    f"{name}: {lengths[name]} links, {'whole' if not places else f'{len(places)} broken'}"
                )
        if places := [f"{name}: {place}" for name, found in broken.items() for place in found]:
            raise CommandError("\n".join(places))
