"""A shop whose books lie at a ledger of the lab: documents signed as the office signs them, and real orders approved by their owner."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from integrations import outbox, tokens
from integrations.models import Connection, Delivery, DeliveryState
from orders import documents, review
from orders.models import Document, Outcome, Shop
from tests import desk, factories, outbox_world
from tests.lab import crimes
from tests.lab.ledger import TOKEN, Ledger


@dataclass(frozen=True)
class LabWorld(outbox_world.World):
    server: Ledger

    def plan(self, call: str, *planned: str, reference: str = crimes.ANY) -> None:
        self.server.plan(call, *planned, key=reference)

    def times_booked(self) -> dict[str, int]:
        return dict(self.server.times_booked())

    def calls(self) -> list[str]:
        return self.server.calls()

    def drain(self, rounds: int = 30) -> int:
        """Tick without waiting for the clock until nothing moves any more; how many rounds it took. Fails if it never comes to rest."""
        for n in range(rounds):
            if not open_deliveries().exists() and not any(outbox.glance()):
                return n
            outbox.tick(20)
            self.hurry()
        raise AssertionError(f"still open after {rounds} rounds: {list(open_deliveries().values('state', 'words'))}")


def make(server: Ledger, *, port: int = 0, **connection: Any) -> LabWorld:
    """A shop, its books at that ledger, called at another port where a proxy stands between."""
    made = outbox_world.make(server.judge.folder, **at(server, port=port), **connection)
    return LabWorld(**{name: getattr(made, name) for name in made.__dataclass_fields__}, server=server)


def at(server: Ledger, *, port: int = 0) -> dict[str, Any]:
    """The fields of a Connection to that ledger."""
    url = f"http://127.0.0.1:{port or server.port}"
    return {"name": "lab", "kind": "lab", "options": {"url": url}, "secrets": tokens.seal({"token": TOKEN})}


def with_orders(server: Ledger, count: int, *, seed: int, port: int = 0, **connection: Any) -> LabWorld:
    """The same with orders over amounts from a seed, each paid and approved by its owner, who has no time to undo it."""
    shop = desk.shop("lab", ledger_undo_seconds=0)
    there = Connection.objects.create(**{"ledger": shop.ledger, **at(server, port=port), **connection})
    dice = random.Random(seed)  # noqa: S311
    for n in range(1, count + 1):
        _approved(shop, str(n), Decimal(dice.randrange(100, 99_999)) / 100)
    return LabWorld(
        folder=server.judge.folder,
        user=desk.owner(shop),
        ledger=shop.ledger,
        shop=shop,
        connection=there,
        server=server,
    )


def _approved(shop: Shop, number: str, amount: Decimal) -> None:
    tax = (amount * 19 / 119).quantize(Decimal("0.01"))
    line = factories.line(str(amount), tax=str(tax))
    order = desk.told(shop, number, email=f"p{number}@example.org", lines=(line,))
    review.approve(order, by=desk.owner(shop))


def open_deliveries() -> Any:
    """What is neither at its end nor waiting for a person."""
    closed = [DeliveryState.BOOKED, DeliveryState.PARKED, DeliveryState.UNDONE]
    return Delivery.objects.exclude(state__in=closed)


def judged(server: Ledger) -> Verdict:
    """What the judge says of every document that was signed and not voided, against what we say of it ourselves."""
    times = server.times()
    rows = list(Document.objects.filter(booking__voided_at=None).select_related("booking"))
    booked = [row for row in rows if row.booking.outcome == Outcome.BOOKED]
    return Verdict(
        documents=len(rows),
        booked=len(booked),
        parked=Delivery.objects.filter(state=DeliveryState.PARKED, document__in=rows).count(),
        twice=sorted(f"{key}/{revision}" for (key, revision), count in times.items() if count > 1),
        never=sorted(row.reference for row in booked if times[row.key, row.revision] == 0),
        in_secret=sorted(row.reference for row in rows if times[row.key, row.revision] and row.booking.outcome != Outcome.BOOKED),
        signed=_sums(booked),
        there=server.sums(),
        broken=[*documents.events_verify(), *(problem for ledger in _ledgers(rows) for problem in documents.verify(ledger))],
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """`in_secret`: it stands over there and we do not say so. `signed` are the sums of what we call booked, `there` those of the judge."""

    documents: int
    booked: int
    parked: int
    twice: list[str]
    never: list[str]
    in_secret: list[str]
    signed: Mapping[tuple[str, str], tuple[Decimal, Decimal, Decimal]]
    there: Mapping[tuple[str, str], tuple[Decimal, Decimal, Decimal]]
    broken: list[Any]

    @property
    def clean(self) -> bool:
        """Everything signed is booked, once, to the cent, and the chains hold."""
        faults = self.twice or self.never or self.in_secret or self.broken
        return self.booked == self.documents and self.signed == self.there and not faults

    def __str__(self) -> str:
        return (
            f"{self.documents} documents: {self.booked} booked, {self.parked} parked, twice {self.twice}, never {self.never}, in secret {self.in_secret}; "
            f"signed {_words(self.signed)}, there {_words(self.there)}; chain {'broken' if self.broken else 'verified'}"
        )


def _sums(rows: list[Document]) -> dict[tuple[str, str], tuple[Decimal, Decimal, Decimal]]:
    found: dict[tuple[str, str], tuple[Decimal, Decimal, Decimal]] = {}
    for row in rows:
        net, tax, gross = found.get((row.kind, row.currency), (Decimal(0),) * 3)
        found[row.kind, row.currency] = (net + row.net, tax + row.tax, gross + row.gross)
    return found


def _ledgers(rows: list[Document]) -> list[Any]:
    return list({row.ledger_id: row.ledger for row in rows}.values())


def _words(sums: Mapping[tuple[str, str], tuple[Decimal, Decimal, Decimal]]) -> str:
    return (
        ", ".join(f"{kind} {amounts[2]} {currency}" for (kind, currency), amounts in sorted(sums.items())) or "nothing"
    )
