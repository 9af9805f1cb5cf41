"""A small world for the outbox: a shop, its books at the lying ledger, and documents signed as the office signs them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from integrations import outbox
from integrations.models import Connection, Delivery
from orders import documents, outgoing
from orders.documents import Draft, Origin, Plan
from orders.models import Appointment, Approval, Booking, Document, Ledger, Order, Progress, Shop, State
from tests import crime_ledger
from tests.contracts import documents as drafts


@dataclass(frozen=True)
class World:
    folder: Path
    user: User
    ledger: Ledger
    shop: Shop
    connection: Connection

    def sign(
        self,
        number: str = "1",
        *,
        after: tuple[Document, ...] = (),
        not_before: datetime | None = None,
        kind: str = "invoice",
    ) -> Document:
        """One document of an approved order, signed by the office."""
        with transaction.atomic():
            order = self._order(number)
            data = drafts.BUILDERS[outgoing.DocumentKind(kind)](number, ledger=self.ledger.code, shop=self.shop.code)
            data = dataclasses.replace(
                data, hash="", lines=tuple(dataclasses.replace(line, credits="") for line in data.lines)
            )
            draft = Draft(
                document=data,
                origins=tuple(Origin() for _ in data.lines),
                sources={"order": order.pk},
                after=tuple((item.key, item.revision) for item in after),
            )
            plan = Plan(drafts=(draft,), problems=(), content={"number": number}, amount=data.gross, currency="EUR")
            (signed,) = documents.sign(
                order, plan, approval=self._approval(order, plan), not_before=not_before or timezone.now()
            )
            documents.update_progress(order)
        return signed

    def sign_many(self, count: int) -> list[Document]:
        return [self.sign(str(n)) for n in range(1, count + 1)]

    def plan(self, call: str, *crimes: str, reference: str = crime_ledger.ANY) -> None:
        crime_ledger.plan(self.folder, call, *crimes, reference=reference)

    def times_booked(self) -> dict[str, int]:
        return dict(crime_ledger.times_booked(self.folder))

    def calls(self) -> list[str]:
        return crime_ledger.calls(self.folder)

    def hurry(self) -> None:
        """All that waits for a time may go now, and every lease has lapsed."""
        past = timezone.now() - timedelta(seconds=1)
        Delivery.objects.update(not_before=past)
        Delivery.objects.filter(state="leased").update(leased_until=past)
        Connection.objects.update(not_before=None)

    def settle(self, rounds: int = 8) -> None:
        """Tick until all is at rest, without waiting for the clock."""
        for _ in range(rounds):
            outbox.tick(10)
            self.hurry()

    def _order(self, number: str) -> Order:
        held = Order.objects.filter(shop=self.shop, number=number).first()
        return held or Order.objects.create(
            shop=self.shop,
            store_id=number,
            number=number,
            currency="EUR",
            total=Decimal(124),
            total_due=Decimal(124),
            by_lines=Decimal(124),
            received_at=timezone.now(),
            state=State.APPROVED,
            progress=Progress.WAITING,
        )

    def _approval(self, order: Order, plan: Plan) -> Approval:
        values: dict[str, Any] = {
            "content_hash": plan.content_hash,
            "content": "{}",
            "amount": plan.amount,
            "currency": "EUR",
            "by": self.user,
            "at": timezone.now(),
        }
        return Approval.objects.get_or_create(order=order, fallen_at=None, defaults=values)[0]


def make(folder: Path, **connection: Any) -> World:
    folder.mkdir(parents=True, exist_ok=True)
    user = User.objects.create_user("olga")
    ledger = Ledger.objects.create(code="books", name="Books", base_currency="EUR")
    with transaction.atomic():
        shop = Shop.objects.create(code="web", name="Web", ledger=ledger, currency="EUR", prefix="WEB")
        Appointment.objects.create(shop=shop, owner=user)
    lying = {"name": "crime", "kind": "crime", "options": {"folder": str(folder)}}
    there = Connection.objects.create(**{**lying, "ledger": ledger, **connection})
    return World(folder=folder, user=user, ledger=ledger, shop=shop, connection=there)


def delivery(document: Document) -> Delivery:
    return Delivery.objects.get(document=document)


def booking(document: Document) -> Booking:
    return Booking.objects.get(document=document)


def progress(document: Document) -> str:
    return Order.objects.get(pk=document.order_id).progress


Make = Callable[..., World]
