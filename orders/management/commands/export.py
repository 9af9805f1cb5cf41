"""`manage.py export`: a statement out of the books as a numbered batch, its files written to a folder; the same as *Take out* on the desk."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import date
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError

from orders import roles
from orders.management import lookup
from orders.models import Ledger
from orders.resources import statements, xlsx_file
from orders.resources.statements import STATEMENTS, Asked


class Command(BaseCommand):
    help = "hand out a statement of a ledger (journal, open-items, tax, sales) as CSV and XLSX under one number"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("statement", choices=list(STATEMENTS))
        parser.add_argument("--ledger", required=True, metavar="CODE")
        parser.add_argument("--from", metavar="YYYY-MM-DD", default="", dest="from_on", help="not for open items")
        parser.add_argument("--to", metavar="YYYY-MM-DD", required=True, dest="to_on", help="the last day, included")
        parser.add_argument("--by", required=True, metavar="USER", help="who takes it out: a person with that right")
        parser.add_argument("--into", metavar="FOLDER", default=".", help="where the files go (here if left out)")

    def handle(self, *args: Any, **given: Any) -> None:
        statement = STATEMENTS[given["statement"]]
        by = lookup.named(User, "person", given["by"], by="username")
        if not roles.may(by, "orders.add_exportbatch"):
            raise CommandError(f"{by} may not hand out files: that needs the role {roles.ACCOUNTANT.name}.")
        asked = Asked(lookup.named(Ledger, "ledger", given["ledger"]), *_days(given, needs_first=not statement.as_of))
        try:
            made = statements.make(statement, asked, by)
        except (statements.Nothing, statements.Differs, xlsx_file.TooLong) as refused:
            raise CommandError(str(refused)) from refused
        folder = Path(given["into"])
        folder.mkdir(parents=True, exist_ok=True)
        for file in made.batch.files.all():
            (folder / file.name).write_bytes(bytes(file.content))
            self.stdout.write(f"{folder / file.name}  {file.content_hash}")
        state = "made" if made.new else "nothing has changed since it was made"
        self.stdout.write(f"Number {made.batch.number}, {made.batch.rows} rows, {_sums(made.batch.totals)}: {state}.")


def _sums(totals: dict[str, dict[str, str]]) -> str:
    """Each sum as a person reads it: debit 10.00 EUR, credit 10.00 EUR."""
    return ", ".join(f"{what} {sum_} {currency}" for currency, found in totals.items() for what, sum_ in found.items())


def _days(given: dict[str, Any], *, needs_first: bool) -> tuple[date, date]:
    last = _day(given["to_on"])
    if needs_first and not given["from_on"]:
        raise CommandError("Say from which day on: --from 2026-10-01.")
    first = _day(given["from_on"]) if given["from_on"] else last
    if last < first:
        raise CommandError(f"The last day, {last}, lies before the first, {first}.")
    return first, last


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise CommandError(f"“{text}” is not a day: write it as 2026-10-31.") from error
