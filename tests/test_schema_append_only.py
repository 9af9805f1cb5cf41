"""Attacks on what may never change: append-only tables with their one exception, bookings that go one way, attempts that close once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db import models as fields
from django.db.models import ProtectedError
from django.utils import timezone

from integrations.models import Attempt, Connection, Delivery
from orders import events, models
from orders.models import Booking, Document, Event, OrderVersion
from tests import factories, rows, signed

pytestmark = [pytest.mark.django_db, pytest.mark.constraint]


@pytest.fixture
def shop() -> models.Shop:
    return factories.shop()


@pytest.fixture
def document(shop: models.Shop) -> Document:
    made = signed.document(shop)
    models.DocumentSource.objects.create(document=made, of=made)
    models.DocumentAfter.objects.create(document=made, after=signed.document(shop))
    return made


@pytest.fixture
def event(shop: models.Shop) -> Event:
    made = events.record(shop, "renamed", personal={"name": "Paula"})
    signed.checked_now()
    return made


@pytest.fixture
def version(shop: models.Shop) -> OrderVersion:
    now = timezone.now()
    return OrderVersion.objects.create(
        order=rows.order(shop), n=1, source="API", fidelity=30, as_of=now, received_at=now, applied=True, hash="", body="{}",
        personal="Paula", personal_digest=signed.hashed("Paula"),
    )  # fmt: skip


@pytest.fixture
def attempt(document: Document) -> Attempt:
    now = timezone.now()
    connection = Connection.objects.create(name="books", kind="beancount", ledger=document.ledger)
    delivery = Delivery.objects.create(connection=connection, document=document, not_before=now, made_at=now)
    return Attempt.objects.create(
        delivery=delivery, fence=1, call="book", request_hash="x", started_at=now, personal="Paula"
    )


PERSONAL = ["document", "event", "version", "attempt"]
HANDED_OUT = ["orders_exportbatch", "orders_exportfile"]
FROZEN: dict[str, Callable[[Any, Any], fields.Model]] = {
    "orders_documentline": lambda document, event: document.lines.get(),
    "orders_documentsource": lambda document, event: document.sources.get(),
    "orders_documentafter": lambda document, event: document.waits_for.get(),
    "orders_eventseal": lambda document, event: event.seal,
}


def table_of(record: fields.Model) -> str:
    return record._meta.db_table


@pytest.mark.parametrize("name", PERSONAL)
def test_a_row_with_persons_is_neither_changed_nor_deleted(name: str, request: pytest.FixtureRequest) -> None:
    record = request.getfixturevalue(name)
    changed = {"document": "net", "event": "words", "version": "body", "attempt": "words"}[name]
    for attack in (
        f"UPDATE {table_of(record)} SET {changed} = {changed}",
        f"UPDATE {table_of(record)} SET personal = 'Anna'",
        f"UPDATE {table_of(record)} SET personal = personal",
        f"DELETE FROM {table_of(record)}",
    ):
        with signed.refused("append-only"):
            signed.execute(attack)
    with signed.refused("append-only"):
        record.save()


@pytest.mark.parametrize("name", PERSONAL)
def test_the_persons_are_emptied_once_alone_and_for_good(name: str, request: pytest.FixtureRequest) -> None:
    record = request.getfixturevalue(name)
    other = {"document": "rate_source", "event": "words", "version": "source", "attempt": "words"}[name]
    pick, table = f"WHERE id = {record.pk}", table_of(record)
    with signed.refused("append-only"):
        signed.execute(f"UPDATE {table} SET personal = '', {other} = 'else' {pick}")
    assert signed.execute(f"UPDATE {table} SET personal = '' {pick}") == 1
    for attack in ("''", "'Paula'"):
        with signed.refused("append-only"):
            signed.execute(f"UPDATE {table} SET personal = {attack} {pick}")
    with signed.refused("append-only"):
        signed.execute(f"DELETE FROM {table} {pick}")


@pytest.mark.parametrize("table", FROZEN)
def test_a_frozen_row_is_neither_changed_nor_deleted(table: str, document: Document, event: Event) -> None:
    record = FROZEN[table](document, event)
    key = record._meta.pk.column
    for attack in (f"UPDATE {table} SET {key} = {key}", f"DELETE FROM {table}"):
        with signed.refused("append-only"):
            signed.execute(attack)
    with signed.refused("append-only"):
        record.delete()


def test_an_upsert_is_an_update_too(event: Event) -> None:
    with signed.refused("append-only"):
        signed.execute(
            "INSERT INTO orders_event SELECT * FROM orders_event WHERE id = %s ON CONFLICT (id) DO UPDATE SET words = 'else'",
            event.pk,
        )


def test_nothing_signed_goes_with_what_it_hangs_on(document: Document, version: OrderVersion) -> None:
    for parent in (document.ledger, document.shop, version.order, document):
        with pytest.raises(ProtectedError):
            parent.delete()


def test_every_table_that_may_never_be_emptied_refuses_truncate() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'no_truncate' AND tgenabled = 'O'"
        )
        guarded = {table for (table,) in cursor.fetchall()}
        cursor.execute(
            "SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'append_only' AND tgenabled = 'O'"
        )
        append_only = {table for (table,) in cursor.fetchall()}
    assert append_only == {
        *FROZEN,
        *HANDED_OUT,
        "orders_document",
        "orders_event",
        "orders_orderversion",
        "integrations_attempt",
    }
    assert guarded == append_only | {
        "orders_booking",
        "orders_appointment",
        "orders_eventchain",
        "integrations_fileentry",
    }


@pytest.mark.parametrize("once", ["taken_at", "voided_at", "refused_at"])
def test_what_ended_a_document_ends_it_for_good(document: Document, once: str) -> None:
    booking, now = Booking.objects.filter(document=document), timezone.now()
    booking.update(**{once: now})
    for back in (None, now + timedelta(seconds=1)):
        with signed.refused("goes one way"):
            booking.update(**{once: back})
    booking.update(words="said again")


def test_a_number_and_a_posting_stay(document: Document, shop: models.Shop) -> None:
    booking, now = Booking.objects.filter(document=document), timezone.now()
    booking.update(taken_at=now, number="R-1", booked_at=now)
    for change in ({"number": ""}, {"number": "R-2"}, {"booked_at": None}, {"document": signed.head(shop)}):
        with signed.refused("goes one way"):
            booking.update(**change)
    with signed.refused("goes one way"):
        booking.delete()


def test_a_document_is_not_both_taken_and_undone_nor_both_booked_and_refused(document: Document) -> None:
    booking, now = Booking.objects.filter(document=document), timezone.now()
    for name, both in (
        ("taken_is_never_voided", {"taken_at": now, "voided_at": now}),
        ("booked_was_taken", {"booked_at": now}),
        ("booked_is_not_refused", {"taken_at": now, "booked_at": now, "refused_at": now}),
    ):
        with signed.refused(name):
            booking.update(**both)


def test_an_attempt_closes_once_and_is_then_frozen(attempt: Attempt) -> None:
    mine, now = Attempt.objects.filter(pk=attempt.pk), timezone.now()
    with signed.refused("append-only"):
        mine.update(outcome="booked")
    mine.update(ended_at=now, outcome="booked", words="done", reply={"id": 1}, personal="Paula and her reply")
    for change in ({"outcome": "refused"}, {"ended_at": None}, {"ended_at": now + timedelta(seconds=1)}, {"reply": {}}):
        with signed.refused("append-only"):
            mine.update(**change)
    mine.update(personal="")


@pytest.mark.parametrize(
    "change", [{"fence": 2}, {"call": "find"}, {"request_hash": "y"}, {"started_at": factories.NOON}]
)
def test_what_was_sent_is_not_rewritten_by_closing(attempt: Attempt, change: dict[str, Any]) -> None:
    with signed.refused("append-only"):
        Attempt.objects.filter(pk=attempt.pk).update(ended_at=timezone.now(), outcome="booked", **change)
