"""Decides on orders from a shell, by the same services as the desk: approve, hold, reject, reopen, and undo what is in the books."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError

from orders import queue, review, roles
from orders.management import lookup
from orders.models import Order, RejectReason, Shop

Verb = Callable[[Order, User, dict[str, Any]], object]
VERBS: dict[str, tuple[str, Verb]] = {
    "approve": (
        "approved",
        lambda order, by, given: review.approve(order, by=by, version=order.version, note=given["note"]),
    ),
    "hold": ("held", lambda order, by, given: review.hold(order, by=by, version=order.version, question=given["note"])),
    "reject": (
        "rejected",
        lambda order, by, given: review.reject(
            order, by=by, version=order.version, reason=given["reason"], note=given["note"]
        ),
    ),
    "reopen": (
        "reopened",
        lambda order, by, given: review.reopen(order, by=by, version=order.version, why=given["note"]),
    ),
    "undo": (
        "taken back",
        lambda order, by, given: review.undo(order, by=by, version=order.version, why=given["note"]),
    ),
}


class Command(BaseCommand):
    help = "approve, hold, reject, reopen or undo orders of a shop, as a person who may"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("verb", choices=list(VERBS))
        parser.add_argument("numbers", nargs="*", metavar="NUMBER", help="order numbers of the shop")
        parser.add_argument(
            "--ready", action="store_true", help="every order that is ready (pending, nothing blocks it)"
        )
        parser.add_argument("--shop", required=True, metavar="CODE")
        parser.add_argument("--by", required=True, metavar="USER", help="who decides: the shop's owner or a deputy")
        parser.add_argument(
            "--reason", choices=RejectReason.values, default=RejectReason.OTHER.value, help="why rejected"
        )
        parser.add_argument("--note", default="", help="a sentence for the timeline")
        parser.add_argument("--json", action="store_true", help="print the outcome as JSON")

    def handle(self, *args: Any, **given: Any) -> None:
        shop = lookup.named(Shop, "shop", given["shop"])
        by = lookup.named(User, "person", given["by"], by="username")
        if given["ready"] == bool(given["numbers"]):
            raise CommandError("Name order numbers, or --ready for all that are ready; one of the two.")
        done, refused = [], []
        for order in _chosen(shop, given):
            why = _decide(order, by, given)
            if why:
                refused.append({"number": order.number, "why": why})
            else:
                done.append(order.number)
        self._tell(given, done, refused)

    def _tell(self, given: dict[str, Any], done: list[str], refused: list[dict[str, str]]) -> None:
        word = VERBS[given["verb"]][0]
        if given["json"]:
            self.stdout.write(json.dumps({word: done, "refused": refused}, ensure_ascii=False))
        else:
            self.stdout.write(f"{len(done)} {word}, {len(refused)} refused.")
        if refused:
            raise CommandError("\n".join(f"{one['number']}: {one['why']}" for one in refused))


def _chosen(shop: Shop, given: dict[str, Any]) -> list[Order]:
    """The orders named; each number must name exactly one order of the shop."""
    if given["ready"]:
        return list(queue.rows(queue.View(tab="ready", shop=shop.code)))
    found: list[Order] = []
    for number in given["numbers"]:
        orders = list(Order.objects.filter(shop=shop, number=number)[:2])
        if len(orders) != 1:
            what = "has no order" if not orders else "has several orders"
            raise CommandError(f"Shop {shop} {what} with the number {number}.")
        found += orders
    return found


def _decide(order: Order, by: User, given: dict[str, Any]) -> str:
    """Do the verb; "" or why it was refused."""
    if roles.is_auditor(by):
        return f"{by} is an auditor, who reads everything and decides nothing."
    try:
        VERBS[given["verb"]][1](order, by, given)
    except review.Refused as refused:
        return f"{refused.words} {refused.fix}".strip()
    return ""
