"""`manage.py proof`: store = approved = booked, per shop, currency and day; ends with 1 if anything differs."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from orders import reconciliation
from orders.management import lookup
from orders.models import Shop
from orders.reconciliation import paper


class Command(BaseCommand):
    help = "Prove that what the stores said, what was approved and what the ledgers hold are the same to the cent; name every difference."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--shop", metavar="CODE", help="one shop only")
        parser.add_argument(
            "--from", metavar="YYYY-MM-DD", default="", dest="from_on", help="from this day of the shop on"
        )
        parser.add_argument("--to", metavar="YYYY-MM-DD", default="", dest="to_on", help="until this day, included")
        parser.add_argument("--json", action="store_true", help="as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        shop = lookup.named(Shop, "shop", options["shop"]) if options["shop"] else None
        from_on, to_on = _day(options["from_on"]), _day(options["to_on"])
        if from_on and to_on and to_on < from_on:
            raise CommandError(f"The last day, {to_on}, lies before the first, {from_on}.")
        found = reconciliation.proof(shop, from_on, to_on)
        if options["json"]:
            self.stdout.write(json.dumps(paper.data(found), indent=1, ensure_ascii=False))
        else:
            self.stdout.writelines(f"{line}\n" for line in paper.text(found))
        if not found.holds:
            raise CommandError(f"{len(found.differences)} differences between store, approval and books.", returncode=1)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise CommandError(f"“{text}” is not a day: write it as 2026-10-31.") from error
