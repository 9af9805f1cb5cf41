"""Brings a store's file in from a shell."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from integrations import inbox
from integrations.management import words
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
        parser.add_argument("--dry-run", action="store_true", help="count what would happen and keep nothing")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        shop = lookup.named(Shop, "shop", options["shop"])
        path: Path = options["path"]
        if options["dry_run"]:
            job, refusals = inbox.try_file(shop, path, name=path.name, layout=options["layout"])
        else:
            job = inbox.receive_file(shop, path, name=path.name, layout=options["layout"])
            refusals = list(job.errors.all())
        if job.state == ImportState.FAILED:
            raise CommandError(f"{path.name} was not imported. {job.words}")
        words.say(self, _plain(job, refusals), _sentence(job, refusals), as_json=options["json"])
        if job.refused:
            raise CommandError(f"{job.refused} refused: follow the reasons, then import {path.name} again.")


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
