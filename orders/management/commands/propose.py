"""Says from a shell what may be mapped to what, and accepts one proposal as a person who may map."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError

from orders import proposals, roles
from orders.management import lookup
from orders.models import Ledger


class Command(BaseCommand):
    help = (
        "Proposes accounts and tax codes for what is not mapped yet; --accept CAUSE CODE maps one, as a person who may."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("ledger", metavar="CODE")
        parser.add_argument(
            "--accept", nargs=2, metavar=("CAUSE", "ACCOUNT"), help="the cause and the code, as printed"
        )
        parser.add_argument("--by", metavar="USER", help="who maps")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **given: Any) -> None:
        ledger = lookup.named(Ledger, "ledger", given["ledger"])
        if given["accept"]:
            return self._accept(ledger, *given["accept"], by=given["by"])
        rows = proposals.proposals(ledger)
        if given["json"]:
            data = [
                {"cause": row.cause, "words": row.words, "records": row.records, "sure": row.sure,
                 "candidates": [{"code": item.code, "name": item.name, "why": item.why} for item in row.candidates]}
                for row in rows
            ]  # fmt: skip
            self.stdout.write(json.dumps(data, ensure_ascii=False))
            return None
        lines = [f"{row.cause}  {item.code} {item.name}: {item.why}" for row in rows for item in row.candidates]
        self.stdout.write("\n".join(lines or ["Nothing to propose."]))
        return None

    def _accept(self, ledger: Ledger, cause: str, code: str, *, by: str | None) -> None:
        if not by:
            raise CommandError("Say who maps with --by USER.")
        user = lookup.named(User, "person", by, by="username")
        right = f"orders.add_{'tax' if cause.startswith('tax:') else 'account'}mapping"
        if not roles.may(user, right):
            raise CommandError(f"{by} may not map that.")
        try:
            moved = proposals.accept(ledger, cause, code, by=user)
        except proposals.NotProposed as refused:
            raise CommandError(refused.words) from refused
        self.stdout.write(f"Mapped; {moved.checked} records checked again, {moved.ready} orders became ready.")
