"""`manage.py template orders`: an empty sheet of ours, as CSV or as a workbook that explains each column."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from orders import resources
from orders.resources import template


class Command(BaseCommand):
    help = "Write an empty sheet of ours: orders, customers, products, stock, shipments, refunds, payments, payouts or invoices."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", choices=[sheet.noun for sheet in resources.SHEETS], help="which sheet")
        parser.add_argument("--to", type=Path, help="the file to write, .csv or .xlsx; without it the CSV is printed")

    def handle(self, *args: Any, **options: Any) -> None:
        sheet, to = resources.sheet(options["name"]), options["to"]
        if to is None:
            self.stdout.write(template.as_csv(sheet).decode("utf-8-sig"), ending="")
            return
        form = to.suffix.removeprefix(".").lower()
        if form not in template.FORMS:
            raise CommandError(f"{to}: a template is a .csv or an .xlsx file. Name it so.")
        try:
            to.write_bytes(template.FORMS[form](sheet))
        except OSError as error:
            raise CommandError(f"{to} cannot be written: {error.strerror}.") from error
        self.stdout.write(f"{to}: {len(template.columns(sheet))} columns.")
