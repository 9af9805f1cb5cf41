"""A shop whose store is a store of the lab and wishes to be told: changes of stock approved, tracking numbers typed, orders booked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils import timezone

from integrations import connections, writeback
from integrations.models import Connection, Delivery
from orders import incoming, intake, review
from orders import models as m
from tests import desk, factories
from tests.lab import store as lab

ALL = {"tell_stock": "yes", "tell_number": "yes", "tell_tracking": "yes", "tell_customer": "yes", "tell_tag": "posted"}


@dataclass
class World:
    kind: str
    store: lab.Store
    shop: m.Shop
    there: Connection

    @property
    def owner(self) -> Any:
        return desk.owner(self.shop)

    def stock(self, sku: str, before: int, after: int) -> m.StockAdjustment:
        """A change of a count, approved by the owner."""
        made = m.StockAdjustment.objects.create(shop=self.shop, sku=sku, before=before, after=after, reason="counted")
        review.approve(made, by=self.owner)
        return made

    def settle(self, rounds: int = 12) -> None:
        """Tick until all is at rest, without waiting for the clock."""
        for _ in range(rounds):
            tally = writeback.tick(10)
            if not tally.made and not Delivery.objects.filter(state__in=["waiting", "leased", "unknown"]).exclude(
                errand=None
            ):
                return
            past = timezone.now() - timedelta(seconds=1)
            Delivery.objects.update(not_before=past)
            Delivery.objects.filter(state="leased").update(leased_until=past)
            Connection.objects.update(not_before=None)

    def effects(self, n: int) -> list[str]:
        """What took effect at the product or order of that number, in the words of the judge."""
        found = [
            (verb, line["about"].split()) for verb in ("changed", "added") for line in self.store.judge.lines(verb)
        ]
        return [f"{verb} {noun} {id}" for verb, (noun, id, *_more) in found if id == str(n)]

    def states(self) -> list[str]:
        return list(Delivery.objects.exclude(errand=None).order_by("pk").values_list("state", flat=True))


def connect(kind: str, store: lab.Store, shop: m.Shop, *, port: int = 0, **wishes: str) -> Connection:
    url = f"http://127.0.0.1:{port or store.port}"
    options = {"networks": "127.0.0.1/32", **wishes}
    if kind == "shopify":
        return connections.connect(
            kind, "store", options={"shop": url, **options}, secrets={"token": lab.TOKEN}, shop=shop
        )
    keys = {"consumer_key": lab.KEY, "consumer_secret": lab.SECRET}
    return connections.connect(kind, "store", options={"url": url, **options}, secrets=keys, shop=shop)


def booked(world: World, number: str = "1001") -> m.Order:
    """An order that was approved and booked, with its delivery as the outbox leaves it."""
    order = desk.approved(world.shop, number)
    ledger, _made = Connection.objects.get_or_create(
        ledger=world.shop.ledger, defaults={"name": "books", "kind": "crime"}
    )
    rows = desk.open_documents(order)
    desk.book_all(order)
    for row in rows:
        now = timezone.now()
        Delivery.objects.create(
            connection=ledger, document=row, state="booked", not_before=now, made_at=now, ended_at=now
        )
        m.Invoice.objects.update_or_create(
            document=row,
            defaults={"ledger": row.ledger, "order": order, "kind": row.kind, "number": f"INV-{row.n}", "their_id": str(row.pk), "state": "open",
                      "currency": "EUR", "net": row.net, "tax": row.tax, "total": row.gross, "read_at": now},
        )  # fmt: skip
    return order


def typed(world: World, number: str, *, order: str = "1001") -> m.Order:
    """The store's order, to which somebody adds a tracking number."""
    desk.told(world.shop, order, email=f"{order}@example.org")
    parcel = incoming.Shipment(id="P1", carrier="DHL", tracking_number=number, tracking_url="https://example.org/t")
    record = factories.order(order, shipments=(parcel,), updated_at=factories.NOON + timedelta(days=1))
    source = incoming.Source(name="typed", fidelity=incoming.TYPED, received_at=timezone.now())
    receipt = intake.receive(world.shop, [record], source=source)
    assert not receipt.refused, receipt.refused
    return m.Order.objects.get(store_id=order)
