"""Shows from a shell how an order leaves the books again, and runs it with --run."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser

from integrations.booking import traces
from integrations.management import words
from orders import documents, review
from orders.management import lookup
from orders.models import Order, Shop


class Command(BaseCommand):
    help = "Shows what an order made in the books, what is in the way and the way back; --run signs it, as a person who may. Never deletes."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("number", help="the order's number")
        parser.add_argument("--shop", required=True, metavar="CODE")
        parser.add_argument("--run", action="store_true", help="sign it; needs --by and --why")
        parser.add_argument("--by", metavar="USER", help="who decides: the shop's owner or a deputy")
        parser.add_argument("--why", default="", help="the reason, for the history")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **given: Any) -> None:
        shop = lookup.named(Shop, "shop", given["shop"])
        found = list(Order.objects.filter(shop=shop, number=given["number"])[:2])
        if len(found) != 1:
            what = "no order" if not found else "several orders"
            raise CommandError(f"Shop {shop} has {what} with the number {given['number']}.")
        plan = review.undo_plan(found[0])
        words.say(self, _data(plan), _text(plan), as_json=given["json"])
        if given["run"]:
            _run(found[0], given)
            self.stderr.write(f"Order {found[0].number} is taken back and on hold.")


def _run(order: Order, given: dict[str, Any]) -> None:
    if not given["by"]:
        raise CommandError("Say who decides with --by USER.")
    try:
        review.undo(order, by=lookup.named(User, "person", given["by"], by="username"), why=given["why"])
    except review.Refused as refused:
        raise CommandError(f"{refused.words} {refused.fix}".strip()) from refused


def _data(plan: documents.Undo) -> dict[str, Any]:
    left = traces.traces([step.document for step in plan.steps])
    return {
        "possible": plan.possible,
        "steps": [_step(step) for step in plan.steps],
        "in the way": [{"words": item.words, "fix": item.fix} for item in plan.blocks],
        "left": [{"noun": row.noun, "ours": row.ours, "theirs": row.theirs} for row in left],
    }


def _step(step: documents.Step) -> dict[str, Any]:
    draft = step.draft.document if step.draft else None
    return {
        "kind": step.document.kind,
        "reference": step.document.reference,
        "number": step.invoice.number if step.invoice else "",
        "gross": step.document.gross,
        "currency": step.document.currency,
        "way": step.way.value,
        "by": draft.reference if draft else "",
        "posting_on": draft.posting_on if draft else None,
    }


def _text(plan: documents.Undo) -> str:
    data = _data(plan)
    rows = [
        f"{row['kind']} {row['reference']} {row['number']}: {row['gross']} {row['currency']}, {step.way.label}"
        + (f" {row['by']} on {row['posting_on']}" if row["by"] else "")
        for row, step in zip(data["steps"], plan.steps, strict=True)
    ]
    rows += [f"in the way: {item['words']} {item['fix']}".rstrip() for item in data["in the way"]]
    rows += [f"stays there: {row['noun']} {row['ours']} = {row['theirs']}" for row in data["left"]]
    return "\n".join(rows or ["Nothing of it stands in the books."])
