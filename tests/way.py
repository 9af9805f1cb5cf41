"""The way of one order through the real services, from the store to the ledger and back, and the judge that reads the ledger's own log."""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from beancount import loader
from beancount.core.data import Transaction
from django.contrib.auth.models import User
from django.db import connection as database
from django.test import Client
from django.utils import timezone

from integrations import inbox, jobs, tokens
from integrations.models import Connection, Delivery, DeliveryState, Message
from orders import documents, outgoing, review
from orders.models import Booking, Document, Invoice, Ledger, Order, Progress, Shop, State
from tests import crime_ledger, factories

_LOCKS = """
SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid <> pg_backend_pid()
   AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"""
SECRET = "a-secret-of-the-store"


@dataclass
class Way:
    """A shop whose store writes letters, its books at one ledger, and the person who approves."""

    folder: Path
    kind: str
    owner: User
    ledger: Ledger
    shop: Shop
    connection: Connection
    folders: list[Path] = field(default_factory=list)

    def order(self, number: int) -> Order | None:
        return Order.objects.filter(shop=self.shop, store_id=str(number)).first()

    def file(self, *numbers: int) -> None:
        """A person brings a file of these orders."""
        body = json.dumps({"orders": [told(number) for number in numbers]}).encode()
        inbox.receive_file(self.shop, io.BytesIO(body), name="orders.json")

    def letter(self, number: int) -> None:
        """The store's signed delivery."""
        body, headers = self.delivery(number)
        answer = Client().post("/webhooks/store/", body, content_type="application/json", headers=headers)
        assert answer.status_code == 200

    def delivery(self, number: int) -> tuple[bytes, dict[str, str]]:
        """Body and headers of the store's delivery, signed."""
        body = json.dumps(told(number)).encode()
        digest = base64.b64encode(hmac.new(SECRET.encode(), body, hashlib.sha256).digest()).decode()
        return body, {
            "X-Shopify-Hmac-Sha256": digest,
            "X-Shopify-Shop-Domain": "web.myshopify.com",
            "X-Shopify-Topic": "orders/create",
            "X-Shopify-Event-Id": f"event {number}",
        }

    def approve(self, number: int) -> None:
        order = self.order(number)
        assert order is not None
        if order.state == State.PENDING:
            review.approve(order, by=self.owner)

    def hurry(self) -> None:
        """All that waits for a time may go now, and every lease has lapsed."""
        now = timezone.now()
        Booking.objects.filter(taken_at=None, not_before__gt=now).update(not_before=now)
        Message.objects.update(not_before=None)
        Delivery.objects.update(not_before=now)
        Delivery.objects.filter(state=DeliveryState.LEASED).update(leased_until=now - timedelta(seconds=1))
        Connection.objects.update(not_before=None)

    def read_long_ago(self, number: int) -> None:
        """The ledger was last asked about this order two days ago."""
        mirrored = Invoice.objects.filter(document__order__store_id=str(number))
        mirrored.update(read_at=timezone.now() - timedelta(days=2))

    def finish(self, number: int, entry: str = "letter") -> None:
        """What happens anyway: the sender sends again, the person looks again, and the clock rings."""
        if self.order(number) is None and not Message.objects.filter(dedupe_key__contains=f"event {number}").exists():
            getattr(self, entry)(number)
        self.hurry()
        self.ticked("inbox")
        self.approve(number)
        for _ in range(8):
            self.hurry()
            self.ticked("outbox")
            if not Delivery.objects.exclude(state=DeliveryState.BOOKED).exists():
                break

    def look_back(self) -> None:
        """What happens by the clock when all is booked."""
        for name in ("read_back", "settle"):
            self.ticked(name)

    def move(self, name: str) -> None:
        """From now on the ledger lies in another folder, an empty one."""
        self.folders.append(self.folder)
        self.folder = self.folder.parent / name
        self.folder.mkdir()
        Connection.objects.filter(pk=self.connection.pk).update(options={"folder": str(self.folder)})

    @staticmethod
    def wait_for_locks() -> None:
        """The server needs a moment to see that a client died, and to let go of its locks."""
        for _ in range(500):
            with database.cursor() as cursor:
                cursor.execute(_LOCKS)
                if cursor.fetchone()[0] == 0:
                    return
                cursor.execute("SELECT pg_sleep(0.01)")
        raise AssertionError("a dead process still holds a lock")

    def ticked(self, name: str) -> None:
        """One turn of a job."""
        self.wait_for_locks()
        assert jobs.run(name) is not None

    def times_booked(self) -> Counter[str]:
        """How often each document stands in the ledger, wherever that lay before: its kind and reference."""
        return sum((judge(self.kind, folder) for folder in [*self.folders, self.folder]), Counter())

    def judged(self, number: int) -> None:
        """In a truthful state, each document booked as we say; how often it stands in the ledger is seen by `once`."""
        order = self.order(number)
        assert order is not None
        signed = Document.objects.filter(order=order).values_list(
            "booking__booked_at", "delivery__state", "invoice__pk"
        )
        assert len(signed) == 2, "an invoice and its payment"
        for booked_at, state, invoice in signed:
            assert (booked_at is not None, state, invoice is not None) == (True, DeliveryState.BOOKED, True)
        assert (order.state, order.progress) == (State.APPROVED, Progress.POSTED)
        assert order.versions.count() == 1

    def once(self, points: dict[int, str]) -> None:
        """Each document stands in the ledger once. `points`: where a process was killed, by the number of the order."""
        there = self.times_booked()
        found = Document.objects.values_list("kind", "reference", "order__store_id")
        wrong = {f"{kind} {reference}": order for kind, reference, order in found if there[f"{kind} {reference}"] != 1}
        assert not wrong, "; ".join(
            f"{name} stands there {there[name]} times, killed at {points.get(int(order))}"
            for name, order in wrong.items()
        )

    def verified(self) -> None:
        """No chain is broken, and in the ledger stands what was signed, each once, and nothing else."""
        assert documents.verify(self.ledger) == []
        assert documents.events_verify() == []
        signed = [f"{kind} {reference}" for kind, reference in Document.objects.values_list("kind", "reference")]
        assert self.times_booked() == Counter(signed)


def make(folder: Path, kind: str, *, options: dict[str, str] | None = None) -> Way:
    """Mapped books, a shop, a store that signs, and a ledger of that kind in the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    owner = factories.user("olga")
    ledger = factories.ledger()
    factories.item(ledger, "MUG")
    factories.account(ledger, "Assets:Clearing:Card")
    shop = factories.shop("web", ledger=ledger, owner=owner, prefix="WEB")
    there = Connection.objects.create(
        name=kind, kind=kind, ledger=ledger, options={"folder": str(folder), **(options or {})}
    )
    store = {"dialect": "shopify"}
    sealed = tokens.seal({"secret": SECRET})
    Connection.objects.create(name="store", kind="webhook", shop=shop, options=store, secrets=sealed)
    return Way(folder=folder, kind=kind, owner=owner, ledger=ledger, shop=shop, connection=there)


def judge(kind: str, folder: Path) -> Counter[str]:
    """The ledger's own word, read without our adapter."""
    if kind == "crime":
        return Counter(f"{line['kind']} {line['reference']}" for line in crime_ledger.read(folder, "booked"))
    entries, errors, _options = loader.load_file(str(folder / "main.beancount"))
    assert [error.message for error in errors] == []
    found = [entry for entry in entries if isinstance(entry, Transaction)]
    kinds = set(outgoing.DocumentKind.values)
    return Counter(f"{kind} {entry.meta['reference']}" for entry in found for kind in (entry.tags or set()) & kinds)


def told(number: int, **changed: Any) -> dict[str, Any]:
    """A paid order of one mug, as Shopify tells it."""
    tax = [{"title": "MwSt", "rate": 0.19, "price": "1.90"}]
    line = {
        "id": 10 * number, "title": "Mug", "price": "11.90", "quantity": 1, "sku": "MUG", "discount_allocations": [], "tax_lines": tax,
    }  # fmt: skip
    address = {
        "first_name": "Paula", "last_name": "Beispiel", "address1": "Musterweg 1", "city": "Musterstadt", "zip": "12345", "country_code": "DE",
    }  # fmt: skip
    return {
        "id": number, "name": f"#{1000 + number}", "currency": "EUR", "created_at": "2026-01-02T03:04:05+01:00",
        "updated_at": "2026-01-02T03:04:06+01:00", "processed_at": "2026-01-02T03:04:05+01:00", "financial_status": "paid", "taxes_included": True,
        "total_line_items_price": "11.90", "subtotal_price": "11.90", "total_discounts": "0.00", "total_tax": "1.90", "total_price": "11.90",
        "tax_lines": tax, "line_items": [line], "shipping_lines": [], "payment_gateway_names": ["bogus"], "gateway": "bogus", "refunds": [],
        "fulfillments": [], "customer": None, "email": "paula@example.org", "billing_address": address, "shipping_address": address, **changed,
    }  # fmt: skip
