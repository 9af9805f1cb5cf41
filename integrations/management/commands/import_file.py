"""Brings a store's file in from a shell."""

from __future__ import annotations

import codecs
import zoneinfo
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from integrations import inbox
from integrations.inbox.setting import QUESTIONS
from integrations.management import words
from integrations.stores.base import ENCODING, ZONE
from orders.management import lookup
from orders.models import ImportJob, ImportRefusal, ImportState, Shop


class Command(BaseCommand):
    help = "Imports a file of orders as the store exported it; refused records are listed with their reasons."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", type=Path)
        parser.add_argument("--shop", metavar="CODE", required=True)
        parser.add_argument(
            "--layout", metavar="NAME", help="how the file is laid out, if it is not recognised by itself"
        )
        parser.add_argument("--decimal", choices=[",", "."], help="the mark before decimals in the file")
        parser.add_argument(
            "--dates", choices=["dmy", "mdy"], help="whether the day or the month comes first in 03/04/2026"
        )
        parser.add_argument("--encoding", metavar="CODEC", help="the file's letters, as in cp1252, mac_roman, cp850")
        parser.add_argument("--zone", metavar="NAME", help="the zone of times without offset, as in Europe/Berlin")
        parser.add_argument("--dry-run", action="store_true", help="count what would happen and keep nothing")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        shop = lookup.named(Shop, "shop", options["shop"])
        path: Path = options["path"]
        said = {name: options[name] for name in QUESTIONS if options[name]}
        _check(said)
        if options["dry_run"]:
            job, refusals = inbox.try_file(shop, path, name=path.name, layout=options["layout"], said=said)
        else:
            job = inbox.receive_file(shop, path, name=path.name, layout=options["layout"], said=said)
            refusals = list(job.errors.all())
        if job.state == ImportState.FAILED:
            raise CommandError(f"{path.name} was not imported. {job.words}")
        words.say(self, _plain(job, refusals), _sentence(job, refusals), as_json=options["json"])
        if job.refused:
            raise CommandError(f"{job.refused} refused: follow the reasons, then import {path.name} again.")


def _check(said: Mapping[str, str]) -> None:
    """Raises CommandError for a codec or a zone that there is not."""
    try:
        codecs.lookup(said.get(ENCODING, "utf-8"))
    except LookupError as error:
        raise CommandError(f"There is no encoding “{said[ENCODING]}”. Try cp1252.") from error
    if said.get(ZONE, "UTC") not in zoneinfo.available_timezones():
        raise CommandError(f"There is no time zone “{said[ZONE]}”. Write it as in Europe/Berlin.")


def _plain(job: ImportJob, refusals: list[ImportRefusal]) -> dict[str, Any]:
    counts = {"created": job.created, "updated": job.updated, "same": job.same, "refused": job.refused}
    places = [
        {"place": item.place, "field": item.field, "value": item.value, "reason": item.reason} for item in refusals
    ]
    return {
        "job": job.pk,
        "file": job.file_name,
        "layout": job.layout,
        **counts,
        "words": job.words,
        "refusals": places,
    }


def _sentence(job: ImportJob, refusals: list[ImportRefusal]) -> str:
    kept = "" if job.pk else "Tried only, nothing was kept: "
    counts = f"{job.created} new, {job.updated} updated, {job.same} unchanged, {job.refused} refused"
    head = f"{kept}{job.file_name} ({job.layout}): {counts}. {job.words}".rstrip()
    return "\n".join([head, *(f"  {item.place}: {item.reason}" for item in refusals)])
