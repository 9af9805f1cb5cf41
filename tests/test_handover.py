"""Files as ledgers: laid ready once, handed out in numbered batches, and closed by what a person says of them."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from integrations import connections, handover, jobs, outbox
from integrations.errors import Misconfigured
from integrations.models import Attempt, Connection, Delivery, DeliveryState, FileEntry
from integrations.shelf import Shelf
from orders import documents, queue, reconciliation
from orders.models import Document, Event, ExportBatch, Finding, Invoice, Order, Outcome, Progress
from orders.outgoing import DocumentKind
from tests import outbox_world
from tests.outbox_world import World, booking, delivery, progress

pytestmark = [pytest.mark.outbox, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = outbox_world.make(tmp_path / "ledger")
    Connection.objects.update(kind="quickbooks-iif", options={"answer_within": "3"})
    return made


@pytest.fixture
def anna() -> User:
    return User.objects.create_user("anna")


def batch_of(world: World, *signed: Document, by: User | None = None) -> ExportBatch:
    """The batch that these documents make, and the orders told of it."""
    world.settle(1)
    batch = handover.make(world.connection, by)
    world.settle(1)
    return batch


def entry(document: Document) -> FileEntry:
    return FileEntry.objects.get(document=document)


def table(*rows: dict[str, str]) -> bytes:
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue().encode()


# On the shelf


def test_a_document_for_a_file_is_laid_ready_once_and_waits_in_plain_sight(world: World) -> None:
    document = world.sign()
    for _turn in range(3):
        world.settle(2)
    assert delivery(document).state == DeliveryState.HANDED_OUT
    assert booking(document).outcome == Outcome.HANDED_OUT
    assert "lies ready for QuickBooks Desktop" in booking(document).words
    assert (booking(document).booked_at, booking(document).refused_at, progress(document)) == (
        None,
        None,
        Progress.WAITING,
    )
    assert [attempt.call for attempt in Attempt.objects.all()] == ["book"]
    assert not Invoice.objects.exists()
    order = Order.objects.get(pk=document.order_id)
    assert queue.tab_of(order) == "approved"
    assert [item.words for item in queue.troubles([order], "order")[order.pk]] == [booking(document).words]


def test_the_database_keeps_a_document_in_one_batch(world: World) -> None:
    first, second = batch_of(world, world.sign("1")), batch_of(world, world.sign("2"))
    held = FileEntry.objects.get(batch=first)
    with pytest.raises(IntegrityError), transaction.atomic():
        FileEntry.objects.filter(pk=held.pk).update(batch=second)
    with pytest.raises(IntegrityError), transaction.atomic():
        FileEntry.objects.create(connection=world.connection, document=held.document, laid_at=timezone.now())
    with pytest.raises(IntegrityError), transaction.atomic():
        FileEntry.objects.filter(pk=held.pk).delete()


def test_what_a_file_cannot_carry_goes_to_the_owner_as_refused(world: World) -> None:
    document = world.sign("123456789012")
    world.settle(1)
    assert delivery(document).state == DeliveryState.PARKED
    assert booking(document).outcome == Outcome.REFUSED
    assert "WEB123456789012" in booking(document).words
    assert "at most 11" in booking(document).words
    assert not FileEntry.objects.exists()


# The batch


def test_a_batch_is_numbered_summed_and_always_the_same_bytes(world: World, anna: User) -> None:
    signed = world.sign_many(3)
    batch = batch_of(world, *signed, by=anna)
    (file,) = batch.files.all()
    assert (batch.number, batch.profile, batch.version, batch.by) == (1, "quickbooks-iif", 1, anna)
    assert batch.totals == {"EUR": {"net": "312.60", "tax": "59.40", "gross": "372.00", "money": "0.00"}}
    assert batch.parameters["documents"] == 3
    assert "Import" in batch.parameters["steps"][file.name]
    content = bytes(file.content)
    assert content.count(b"ENDTRNS\r\n") == 1 + 3
    assert content == bytes(batch.files.get().content)
    assert {entry(document).batch for document in signed} == {batch}
    assert Event.objects.get(noun="exportbatch", verb="made").by == anna
    assert "quickbooks-iif 1" in booking(signed[0]).words


def test_what_lies_in_a_batch_lies_in_no_other(world: World) -> None:
    first = batch_of(world, world.sign("1"))
    second = batch_of(world, world.sign("2"))
    assert [batch.number for batch in (first, second)] == [1, 2]
    assert [item.document.reference for item in FileEntry.objects.filter(batch=second)] == ["WEB2"]
    with pytest.raises(handover.NotDone, match="Nothing lies ready"):
        handover.make(world.connection, None)


def test_what_no_longer_fits_when_the_file_is_made_comes_back_and_the_rest_goes(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    fitting, other = world.sign("1"), world.sign("2")
    world.settle(1)
    from integrations.accounting.quickbooks_iif import QuickBooksIif
    from integrations.errors import Refused

    honest = QuickBooksIif.limits

    def stricter(self: Any, document: Any) -> None:
        if document.reference == "WEB2":
            raise Refused("WEB2: its account is closed.", fix="Map another.")
        honest(self, document)

    monkeypatch.setattr(QuickBooksIif, "limits", stricter)
    batch = handover.make(world.connection, None)
    world.settle(2)
    assert [item.document for item in FileEntry.objects.filter(batch=batch)] == [fitting]
    assert booking(other).outcome == Outcome.REFUSED
    assert "its account is closed" in booking(other).words


# Acknowledged


def test_a_click_acknowledges_the_whole_batch_with_rising_numbers(world: World, anna: User) -> None:
    signed = world.sign_many(3)
    batch = batch_of(world, *signed)
    told = handover.acknowledge_all(batch, anna, "INV-0099")
    assert told.acknowledged == 3
    world.settle(2)
    assert [Invoice.objects.get(document=document).number for document in signed] == [
        "INV-0099",
        "INV-0100",
        "INV-0101",
    ]
    assert {delivery(document).state for document in signed} == {DeliveryState.BOOKED}
    assert {progress(document) for document in signed} == {Progress.POSTED}
    batch.refresh_from_db()
    assert (batch.acknowledged_by, batch.withdrawn_at) == (anna, None)
    assert Event.objects.get(noun="exportbatch", verb="acknowledged").by == anna
    assert documents.verify(world.ledger) == []


def test_without_numbers_our_reference_stands_for_theirs(world: World) -> None:
    document = world.sign()
    handover.acknowledge_all(batch_of(world, document), None)
    world.settle(1)
    assert Invoice.objects.get().number == "WEB1"


def test_a_number_that_cannot_be_counted_on_from_is_refused(world: World) -> None:
    batch = batch_of(world, world.sign())
    with pytest.raises(handover.NotDone, match="ends with a number to count from"):
        handover.acknowledge_all(batch, None, "first")


def test_a_file_acknowledges_row_by_row_and_a_bad_row_stops_no_other(world: World) -> None:
    signed = world.sign_many(4)
    batch = batch_of(world, *signed)
    content = table(
        {"Reference": "WEB1", "Number": "0017", "State": "", "Total": "124.00"},
        {"Reference": "WEB2", "Number": "18", "State": "rejected", "Total": ""},
        {"Reference": "WEB3", "Number": "19", "State": "perhaps", "Total": ""},
        {"Reference": "WEB4", "Number": "20", "State": "paid", "Total": "1,234"},
        {"Reference": "WEB1", "Number": "99", "State": "", "Total": ""},
        {"Reference": "WEB77", "Number": "21", "State": "", "Total": ""},
    )
    told = handover.acknowledge(batch, content, None)
    assert (told.acknowledged, told.returned) == (1, 1)
    assert [words.partition(":")[0] for words in told.refused] == [
        "Row 4, state",
        "Row 5, total",
        "Row 6",
        "1 rows name documents that are not in this batch.",
    ]
    world.settle(2)
    assert Invoice.objects.get().number == "0017"
    assert [booking(document).outcome for document in signed] == ["booked", "refused", "handed_out", "handed_out"]
    batch.refresh_from_db()
    assert batch.acknowledged_at is None
    handover.acknowledge_all(batch, None)
    world.settle(1)
    assert [booking(document).outcome for document in signed] == ["booked", "refused", "booked", "booked"]


def test_another_total_is_a_conflict_that_a_right_acknowledgement_ends(world: World) -> None:
    document = world.sign()
    batch = batch_of(world, document)
    handover.acknowledge(batch, table({"reference": "WEB1", "number": "7", "total": "125.00"}), None)
    world.settle(2)
    assert delivery(document).state == DeliveryState.PARKED
    assert "acknowledged with a total of 125.00 EUR; signed were 124.00" in booking(document).words
    assert Finding.objects.get(code="posting_failed").order_id == document.order_id
    assert progress(document) == Progress.FAILED
    handover.acknowledge(batch, table({"reference": "WEB1", "number": "7", "total": "124.00"}), None)
    world.settle(2)
    assert (booking(document).outcome, Invoice.objects.get().number) == (Outcome.BOOKED, "7")
    assert not Finding.objects.filter(code="posting_failed").exists()


def test_a_later_acknowledgement_brings_the_state_and_never_another_number(world: World) -> None:
    batch = batch_of(world, world.sign())
    handover.acknowledge_all(batch, None, "7")
    world.settle(1)
    told = handover.acknowledge(
        batch, table({"reference": "WEB1", "number": "8", "state": "paid", "balance": "0"}), None
    )
    assert "booked as 7" in told.refused[0]
    handover.acknowledge(batch, table({"reference": "WEB1", "number": "7", "state": "paid", "balance": "0"}), None)
    Invoice.objects.update(read_at=timezone.now() - timedelta(days=2))
    jobs.run("read_back", 5)
    assert (Invoice.objects.get().number, Invoice.objects.get().state, Invoice.objects.get().balance) == (
        "7",
        "paid",
        0,
    )


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no table"),
        (b"%PDF-1.4\x00\x01", "no table"),
        (b"number,total\r\n1,2\r\n", "no column"),
        (b"x" * 6_000_000, "5"),
    ],
    ids=["empty", "pdf", "no reference", "too large"],
)
def test_a_file_that_is_no_acknowledgement_is_refused_in_words(world: World, content: bytes, words: str) -> None:
    batch = batch_of(world, world.sign())
    with pytest.raises(handover.NotDone, match=words):
        handover.acknowledge(batch, content, None)
    assert handover.unanswered(batch).count() == 1


def test_kinds_that_share_a_reference_are_told_apart_by_their_kind(world: World) -> None:
    invoice, paid = world.sign(), world.sign(kind="payment")
    batch = batch_of(world, invoice, paid)
    told = handover.acknowledge(batch, table({"reference": "WEB1", "number": "7"}), None)
    assert "Name the kind" in told.refused[0]
    handover.acknowledge(batch, table({"reference": "WEB1", "number": "7", "kind": "Invoice"}), None)
    world.settle(1)
    assert (booking(invoice).outcome, booking(paid).outcome) == (Outcome.BOOKED, Outcome.HANDED_OUT)


# Withdrawn


def test_a_withdrawal_is_a_definite_refusal_with_its_reason_and_person(world: World, anna: User) -> None:
    signed = world.sign_many(2)
    batch = batch_of(world, *signed)
    handover.withdraw(batch, anna, "The wrong month")
    world.settle(2)
    batch.refresh_from_db()
    assert (batch.withdrawn_by, batch.withdrawn_why, batch.acknowledged_at) == (anna, "The wrong month", None)
    for document in signed:
        assert booking(document).refused_at is not None
        assert "The wrong month" in booking(document).words
        assert delivery(document).state == DeliveryState.PARKED
    event = Event.objects.get(noun="exportbatch", verb="withdrawn")
    assert (event.by, event.why if hasattr(event, "why") else "The wrong month" in event.body) == (anna, True)


def test_a_withdrawal_needs_a_reason_and_comes_never_after_an_acknowledgement(world: World) -> None:
    batch = batch_of(world, *world.sign_many(2))
    with pytest.raises(handover.NotDone, match="reason"):
        handover.withdraw(batch, None, "  ")
    handover.acknowledge(batch, table({"reference": "WEB1", "number": "7"}), None)
    with pytest.raises(handover.NotDone, match="acknowledged"):
        handover.withdraw(batch, None, "Too late")
    assert handover.unanswered(batch).count() == 1


def test_what_was_withdrawn_is_never_acknowledged(world: World) -> None:
    batch = batch_of(world, world.sign())
    handover.withdraw(batch, None, "Never imported")
    told = handover.acknowledge(batch, table({"reference": "WEB1", "number": "7"}), None)
    assert "came back before" in told.refused[0]
    with pytest.raises(handover.NotDone):
        handover.acknowledge_all(batch, None)
    world.settle(2)
    assert not Invoice.objects.exists()


# Connected


@pytest.mark.parametrize(
    ("kind", "options", "missing"),
    [
        ("quickbooks-iif", {}, set()),
        ("sage50-audit-trail", {}, {"journal"}),
        ("xero-invoices", {"receivable": "610", "tax_account": "820"}, {"receipt", "journal"}),
        ("quickbooks-online-invoices", {}, {"receipt", "credit_note"}),
        ("odoo-import", {"receivable": "121000"}, {"receipt"}),
        ("erpnext-import", {"company": "Example", "receivable": "Debtors - E"}, {"receipt"}),
    ],
)
def test_what_a_file_cannot_carry_is_known_to_the_office_once_it_is_connected(
    world: World, kind: str, options: dict[str, str], missing: set[str]
) -> None:
    Connection.objects.update(active=False)
    there = connections.connect(kind, kind, options=options, ledger=world.ledger)
    world.ledger.refresh_from_db()
    assert {item.value for item in DocumentKind} - set(world.ledger.kinds) == missing
    assert [check.words for check in connections.check(there) if not check.ok] == []
    with pytest.raises(Misconfigured):
        connections.connect(kind, kind, options={**options, "daily_at": "24"}, ledger=world.ledger)


# By the clock


def test_what_nobody_acknowledges_in_time_needs_a_person(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    document = world.sign()
    batch = batch_of(world, document)
    assert handover.tick(5) == (0, 0)
    now = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: now + timedelta(days=3, minutes=1))
    assert handover.tick(5) == (0, 1)
    assert handover.tick(5) == (0, 0)
    monkeypatch.undo()
    world.settle(2)
    assert (booking(document).outcome, progress(document)) == (Outcome.STUCK, Progress.FAILED)
    assert "nobody said for 3 days" in booking(document).words
    assert "withdraw it with a reason" in Finding.objects.get(code="posting_failed").fix
    assert delivery(document).state == DeliveryState.HANDED_OUT
    assert [item.pk for item in handover.late(now + timedelta(days=4))] == [batch.pk]
    handover.acknowledge_all(batch, None, "7")
    world.settle(2)
    assert (booking(document).outcome, progress(document)) == (Outcome.BOOKED, Progress.POSTED)
    assert not Finding.objects.filter(code="posting_failed").exists()


def test_a_file_is_made_by_itself_once_a_day_from_its_hour_on(world: World) -> None:
    hour = timezone.localtime().hour
    Connection.objects.update(options={"daily_at": str(hour)})
    world.sign("1")
    world.settle(1)
    assert jobs.run("files", 5) == jobs.Result(done=1)
    world.sign("2")
    world.settle(1)
    assert jobs.run("files", 5) == jobs.Result(done=0)
    assert ExportBatch.objects.get().by is None
    if hour < 23:
        Connection.objects.update(options={"daily_at": str(hour + 1)})
        assert jobs.run("files", 5) == jobs.Result(done=0)


# The proof


def test_the_proof_counts_it_as_on_its_way_until_it_is_acknowledged(world: World) -> None:
    document = world.sign()
    batch = batch_of(world, document)
    found = reconciliation.proof()
    assert [row.why for row in found.waiting if row.amount == Decimal(124)] == [
        "handed out in a file, waiting for acknowledgement"
    ]
    handover.acknowledge_all(batch, None)
    world.settle(1)
    assert not [row for row in reconciliation.proof().waiting if row.amount == Decimal(124)]


def test_an_acknowledgement_of_many_takes_a_fixed_number_of_queries(
    world: World, django_assert_max_num_queries: Any
) -> None:
    batch = batch_of(world, *world.sign_many(12))
    rows = [{"reference": f"WEB{n}", "number": str(n)} for n in range(1, 13)]
    with django_assert_max_num_queries(16):
        handover.acknowledge(batch, table(*rows), None)


def test_two_who_make_the_file_at_once_make_one(world: World) -> None:
    import threading

    world.sign_many(3)
    world.settle(1)
    made: list[str] = []

    def make() -> None:
        try:
            made.append(str(handover.make(Connection.objects.get(), None)))
        except handover.NotDone as nothing:
            made.append(nothing.words)
        finally:
            connection.close()

    threads = [threading.Thread(target=make) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(made)[-1] == "quickbooks-iif 1"
    assert sum(words.startswith("Nothing") for words in made) == 3
    assert FileEntry.objects.filter(batch=None).count() == 0
    assert Delivery.objects.exclude(state__in=["handed_out", "waiting"]).count() == 0
    outbox.tick(5)


@pytest.mark.parametrize("second", ["another number", "refused"])
def test_what_is_said_between_the_look_and_its_write_down_is_what_stands(
    world: World, monkeypatch: pytest.MonkeyPatch, second: str
) -> None:
    batch = batch_of(world, world.sign())
    row = {"number": "8", "state": "open"} if second == "another number" else {"number": "", "state": "refused"}
    handover.acknowledge(batch, table({"reference": "WEB1", "number": "7", "state": "open"}), None)
    looks = iter([lambda: handover.acknowledge(batch, table({"reference": "WEB1", **row}), None)])
    found = Shelf.find

    def find(self: Shelf, document: Any) -> Any:
        seen = found(self, document)
        next(looks, lambda: None)()
        return seen

    monkeypatch.setattr(Shelf, "find", find)
    world.settle(4)
    assert next(looks, None) is None, "nobody looked"
    document = Document.objects.get()
    if second == "another number":
        assert (Invoice.objects.get().number, entry(document).number) == ("8", "8")
    else:
        assert not Invoice.objects.exists()
        assert (booking(document).booked_at, booking(document).refused_at is None) == (None, False)
        assert entry(document).returned_at is not None
