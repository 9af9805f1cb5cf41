"""The outbox against a ledger that lies: each document is in its log once, whatever it says, and nobody waits in silence."""

from __future__ import annotations

import contextlib
import importlib
import threading
import time
import uuid
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import OperationalError, transaction
from django.db import connection as database
from django.db.models.functions import Now
from django.utils import timezone

from integrations import booking, connections, outbox
from integrations.booking import attempts
from integrations.errors import Uncertain
from integrations.models import Attempt, AttemptOutcome, Binding, Connection, Delivery, DeliveryState
from orders.models import Booking, Document, Event, Invoice, Order, Outcome, Progress
from tests import crime_ledger, outbox_world
from tests.lab import jumps
from tests.outbox_world import World, delivery, progress

pytestmark = [pytest.mark.outbox, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return outbox_world.make(tmp_path / "ledger")


def test_a_signed_document_is_booked_once(world: World) -> None:
    document = world.sign()
    tally = outbox.tick(10)
    assert (tally.booked, world.times_booked()) == (1, {"WEB1": 1})
    assert delivery(document).state == DeliveryState.BOOKED
    assert outbox_world.booking(document).outcome == Outcome.BOOKED
    assert Invoice.objects.get(document=document).their_id == "C1"
    assert progress(document) == Progress.POSTED
    assert Binding.objects.get().theirs == "invoice:C1"
    assert Connection.objects.get().last_success_at
    outbox.tick(10)
    assert world.calls() == ["book WEB1"]


def test_every_call_leaves_an_attempt_that_was_closed(world: World) -> None:
    document = world.sign()
    world.plan("book", "loses the reply, though booked")
    world.settle()
    attempts = Attempt.objects.filter(delivery__document=document).order_by("id")
    assert [(item.call, item.outcome) for item in attempts] == [("book", "unknown"), ("find", "found")]
    assert all(item.ended_at and item.request_hash == document.hash for item in attempts)


def test_the_attempt_is_committed_before_the_call_and_no_transaction_is_open(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[bool, int, bool]] = []
    honest = crime_ledger.CrimeLedger.book

    def book(self, document):
        def look() -> None:
            row = Delivery.objects.get()
            seen.append((row.sent, Attempt.objects.filter(ended_at=None).count(), row.state == DeliveryState.LEASED))
            database.close()

        assert not database.in_atomic_block
        other = threading.Thread(target=look)
        other.start()
        other.join()
        return honest(self, document)

    monkeypatch.setattr(crime_ledger.CrimeLedger, "book", book)
    world.sign()
    outbox.tick(10)
    assert seen == [(True, 1, True)]


def test_a_document_is_not_sent_before_its_time(world: World) -> None:
    document = world.sign(not_before=timezone.now() + timedelta(hours=1))
    outbox.tick(10)
    assert (delivery(document).state, world.calls()) == (DeliveryState.WAITING, [])
    Booking.objects.update(not_before=timezone.now())
    world.settle(1)
    outbox.tick(10)
    assert world.times_booked() == {"WEB1": 1}


def test_a_document_undone_in_time_is_never_sent(world: World) -> None:
    document = world.sign()
    outbox.dispatch()
    Booking.objects.filter(document=document).update(voided_at=timezone.now())
    outbox.tick(10)
    assert (delivery(document).state, world.calls()) == (DeliveryState.UNDONE, [])


def test_documents_undone_in_time_hold_up_none_behind_them(world: World) -> None:
    documents = world.sign_many(23)
    outbox.dispatch()
    Booking.objects.filter(document__in=documents[:21]).update(voided_at=timezone.now())
    assert outbox.tick(10).booked == 2
    assert world.times_booked() == {"WEB22": 1, "WEB23": 1}


def test_a_document_undone_before_it_had_a_delivery_gets_none(world: World) -> None:
    document = world.sign()
    Booking.objects.filter(document=document).update(voided_at=timezone.now())
    assert outbox.dispatch() == 0


def test_a_document_that_the_office_refuses_at_the_last_look_is_parked_in_words(world: World) -> None:
    document = world.sign()
    with database.cursor() as cursor:
        cursor.execute("UPDATE orders_document SET personal = '' WHERE id = %s", [document.pk])
    outbox.tick(10)
    row = delivery(document)
    assert (row.state, world.calls(), progress(document)) == (DeliveryState.PARKED, [], Progress.FAILED)
    assert row.words
    assert row.fix


def test_a_payment_waits_for_its_invoice(world: World) -> None:
    invoice = world.sign()
    world.sign(kind="payment", after=(invoice,))
    world.plan("book", "is down")
    outbox.tick(10)
    assert world.calls() == ["book WEB1"]
    world.settle()
    assert world.calls() == ["book WEB1", "find WEB1", "book WEB1", "book WEB1"]
    assert set(Delivery.objects.values_list("state", flat=True)) == {DeliveryState.BOOKED}


def test_a_payment_is_not_even_claimed_before_its_invoice_is_booked(world: World) -> None:
    invoice = world.sign()
    payment = world.sign(kind="payment", after=(invoice,))
    outbox.dispatch()
    (lease,), _wait = outbox.claim(world.connection, 2)
    assert lease.document_id == invoice.pk
    assert outbox.claim(world.connection, 2) == ([], 0.0)
    booking.post(lease, connections.adapter_of(world.connection))
    (lease,), _wait = outbox.claim(world.connection, 2)
    assert lease.document_id == payment.pk


def test_the_idempotency_key_is_stored_before_the_first_send_and_always_the_same(world: World) -> None:
    document = world.sign()
    outbox.dispatch()
    key = delivery(document).idempotency_key
    assert key == outbox.idempotency_key("books", document.key, 1) == uuid.UUID(str(key))
    assert key.version == 5
    assert key != outbox.idempotency_key("books", document.key, 2)


# What the ledger does to us


@pytest.mark.parametrize(
    "crime",
    [
        "loses the reply, though booked",
        "loses the reply",
        "is down, though booked",
        "is busy, though booked",
        "has a bug, though booked",
    ],
)
def test_whatever_the_ledger_says_after_it_booked_the_document_is_there_once(world: World, crime: str) -> None:
    documents = world.sign_many(3)
    world.plan("book", crime, reference="WEB2")
    world.settle()
    for row in Delivery.objects.filter(state=DeliveryState.PARKED):
        outbox.unpark(row, world.user, "The adapter was mended.")
    world.settle()
    assert world.times_booked() == {"WEB1": 1, "WEB2": 1, "WEB3": 1}
    assert {delivery(document).state for document in documents} == {DeliveryState.BOOKED}
    assert {progress(document) for document in documents} == {Progress.POSTED}


def test_an_unknown_outcome_is_looked_up_at_growing_intervals_and_reported_once(world: World) -> None:
    document = world.sign()
    world.plan("book", "loses the reply, though booked")
    world.plan("find", "loses the reply", "is down", "")
    outbox.tick(10)
    assert (delivery(document).state, progress(document)) == (DeliveryState.UNKNOWN, Progress.UNKNOWN)
    waits = []
    for _ in range(2):
        world.hurry()
        outbox.tick(10)
        row = delivery(document)
        assert row.state == DeliveryState.UNKNOWN
        waits.append(row.not_before - timezone.now())
    assert waits[1] > waits[0] > timedelta(seconds=5)
    assert Event.objects.filter(noun="document", verb="unknown").count() == 1
    world.settle(2)
    assert (delivery(document).state, delivery(document).unknown_since, progress(document)) == (
        DeliveryState.BOOKED,
        None,
        Progress.POSTED,
    )


@pytest.mark.parametrize("crime", ["is down", "loses the reply"])
def test_however_often_it_failed_it_goes_again_within_ten_minutes(crime: str, world: World) -> None:
    document = world.sign()
    outbox.dispatch()
    Delivery.objects.update(tries=30)
    Connection.objects.update(failures=30)
    world.plan("book", crime)
    outbox.tick(10)
    latest = timezone.now() + timedelta(minutes=10)
    assert delivery(document).not_before < latest
    assert Connection.objects.get().not_before < latest  # type: ignore[operator]


def test_a_document_looked_up_as_absent_is_sent_again(world: World) -> None:
    document = world.sign()
    world.plan("book", "loses the reply")
    world.settle()
    assert world.calls() == ["book WEB1", "find WEB1", "book WEB1"]
    assert delivery(document).state == DeliveryState.BOOKED


def test_a_refused_document_is_parked_with_words_and_a_fix_and_the_others_go_on(world: World) -> None:
    documents = world.sign_many(3)
    world.plan("book", "refuses", reference="WEB1")
    outbox.tick(10)
    first = delivery(documents[0])
    assert (first.state, first.words, first.fix) == (
        DeliveryState.PARKED,
        "Account 1200 is closed.",
        "Map it to another account.",
    )
    assert outbox_world.booking(documents[0]).refused_at
    assert world.times_booked() == {"WEB2": 1, "WEB3": 1}
    with pytest.raises(outbox.NotRetried) as caught:
        outbox.unpark(first, world.user, "again")
    assert "WEB1" in caught.value.words


def test_a_ledger_that_is_busy_is_left_alone_for_as_long_as_it_asked(world: World) -> None:
    world.sign_many(3)
    world.plan("book", "is busy")
    outbox.tick(10)
    outbox.tick(10)
    there = Connection.objects.get()
    assert there.not_before is not None
    assert timedelta(seconds=50) < there.not_before - timezone.now() <= timedelta(seconds=60)
    assert world.calls() == ["book WEB1"]
    assert set(Delivery.objects.values_list("state", flat=True)) == {DeliveryState.WAITING}
    assert set(Booking.objects.values_list("outcome", flat=True)) == {Outcome.WAITING}
    world.settle()
    assert set(world.times_booked().values()) == {1}


def test_a_document_that_always_takes_the_ledger_down_does_not_stop_the_others(world: World) -> None:
    world.sign_many(4)
    world.plan("book", *["is down"] * 50, reference="WEB1")
    world.plan("find", *["is down"] * 50, reference="WEB1")
    for _ in range(6):
        outbox.tick(10)
        Connection.objects.update(not_before=None)
    assert world.times_booked() == {"WEB2": 1, "WEB3": 1, "WEB4": 1}


def test_a_wrong_password_pauses_the_connection_and_resuming_sends_everything(world: World) -> None:
    world.sign_many(3)
    world.plan("book", "locks us out")
    outbox.tick(10)
    there = Connection.objects.get()
    assert (there.paused_why, there.paused_fix) == ("The password is wrong.", "Connect again.")
    world.settle(2)
    assert world.calls() == ["book WEB1"]
    connections.resume(there, world.user)
    world.settle()
    assert world.times_booked() == {"WEB1": 1, "WEB2": 1, "WEB3": 1}
    assert list(Event.objects.filter(noun="connection").order_by("id").values_list("verb", flat=True)) == [
        "paused",
        "resumed",
    ]


def test_an_adapter_whose_options_do_not_fit_pauses_its_connection(world: World) -> None:
    world.sign()
    Connection.objects.update(options={"folder": str(world.folder), "colour": "red"})
    outbox.tick(10)
    assert "colour" in Connection.objects.get().paused_why
    assert Delivery.objects.get().state == DeliveryState.WAITING


def test_a_bug_parks_one_document_and_the_queue_goes_on(world: World) -> None:
    documents = world.sign_many(3)
    world.plan("book", "has a bug", reference="WEB2")
    outbox.tick(10)
    row = delivery(documents[1])
    assert row.state == DeliveryState.PARKED
    assert "KeyError" in row.words
    assert outbox_world.booking(documents[1]).outcome == Outcome.STUCK
    assert world.times_booked() == {"WEB1": 1, "WEB3": 1}
    outbox.unpark(row, world.user, "mended")
    assert progress(documents[1]) == Progress.WAITING
    world.settle()
    assert world.calls()[-2:] == ["find WEB2", "book WEB2"]


@pytest.mark.parametrize("crime", ["books another total", "names another"])
def test_a_reply_that_is_not_what_was_signed_is_a_conflict_for_a_person(world: World, crime: str) -> None:
    documents = world.sign_many(2)
    world.plan("book", crime, reference="WEB2")
    world.settle(2)
    row = delivery(documents[1])
    assert (row.state, outbox_world.booking(documents[1]).outcome) == (DeliveryState.PARKED, Outcome.STUCK)
    assert row.words
    assert row.fix
    assert world.times_booked()["WEB2"] == 1


def test_a_document_that_cannot_be_taken_stops_itself_only(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    documents = world.sign_many(3)
    from orders.documents import chain

    intact = chain.intact

    def broken(document):
        if document.reference == "WEB2":
            raise ZeroDivisionError("a bug in the office")
        return intact(document)

    monkeypatch.setattr(chain, "intact", broken)
    outbox.tick(10)
    assert world.times_booked() == {"WEB1": 1, "WEB3": 1}
    assert (delivery(documents[1]).state, progress(documents[1])) == (DeliveryState.PARKED, Progress.FAILED)


def test_what_is_sent_is_what_was_looked_at_when_it_was_taken(world: World) -> None:
    document = world.sign()
    outbox.dispatch()
    (lease,), _wait = outbox.claim(world.connection, 2)
    tamper(document)
    booking.post(lease, connections.adapter_of(world.connection))
    (line,) = crime_ledger.read(world.folder, "booked")
    assert line["hash"] == document.hash
    assert any("T-shirt" in text for text in line["texts"])


@pytest.mark.parametrize("crime", ["is down", "loses the reply"])
def test_a_document_changed_between_two_attempts_is_not_sent(crime: str, world: World) -> None:
    document = world.sign()
    world.plan("book", crime)
    outbox.tick(10)
    tamper(document)
    world.settle()
    row = delivery(document)
    assert (row.state, world.calls()) == (DeliveryState.PARKED, ["book WEB1"])
    assert "not what was signed" in row.words


def tamper(document: Document) -> None:
    with database.cursor() as cursor, transaction.atomic():
        cursor.execute("ALTER TABLE orders_document DISABLE TRIGGER append_only")
        cursor.execute(
            "UPDATE orders_document SET body = replace(body, 'T-shirt', 'Diamond') WHERE id = %s", [document.pk]
        )
        cursor.execute("ALTER TABLE orders_document ENABLE TRIGGER append_only")


# Leases and fences


def test_a_lapsed_lease_is_unknown_and_looked_up(world: World) -> None:
    document = world.sign()
    outbox.dispatch()
    (lease,), _wait = outbox.claim(world.connection, 2)
    world.hurry()
    assert outbox.recover() == 1
    assert (delivery(document).state, progress(document)) == (DeliveryState.UNKNOWN, Progress.UNKNOWN)
    world.settle()
    assert world.calls() == ["find WEB1", "book WEB1"]
    assert delivery(document).fence == lease.fence + 2


def test_whoever_lost_the_lease_sends_nothing(world: World) -> None:
    world.sign()
    outbox.dispatch()
    (lease,), _wait = outbox.claim(world.connection, 2)
    world.settle()
    with pytest.raises(booking.FencedOff):
        booking.post(lease, connections.adapter_of(world.connection))
    assert world.times_booked() == {"WEB1": 1}


def test_whoever_lost_the_lease_to_another_neither_sends_nor_writes_nor_gives_back(world: World) -> None:
    document = world.sign()
    outbox.dispatch()
    (late,), _wait = outbox.claim(world.connection, 2)
    Delivery.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    outbox.recover()
    (now,), _wait = outbox.claim(world.connection, 2)
    with pytest.raises(booking.FencedOff):
        booking.post(late, connections.adapter_of(world.connection))
    outbox.release([late])
    held = delivery(document)
    assert (held.state, held.fence, world.calls()) == (DeliveryState.LEASED, now.fence, [])


def test_an_answer_that_comes_after_the_lease_is_kept_and_changes_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = world.sign()
    outbox.dispatch()
    (lease,), _wait = outbox.claim(world.connection, 2)
    honest = crime_ledger.CrimeLedger.book

    def late(self, document):
        booked = honest(self, document)
        world.settle()
        return booked

    monkeypatch.setattr(crime_ledger.CrimeLedger, "book", late)
    booking.post(lease, connections.adapter_of(world.connection))
    assert world.times_booked() == {"WEB1": 1}
    assert delivery(document).state == DeliveryState.BOOKED
    assert not Attempt.objects.filter(ended_at=None).exists()
    assert Invoice.objects.count() == 1


def test_no_answer_that_comes_after_the_lease_is_written_over_what_another_holds(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = world.sign()
    outbox.dispatch()
    (lease,), _wait = outbox.claim(world.connection, 2)

    def lost(self, document):
        Delivery.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
        outbox.recover()
        outbox.claim(world.connection, 2)
        raise Uncertain("The connection was reset.")

    monkeypatch.setattr(crime_ledger.CrimeLedger, "book", lost)
    booking.post(lease, connections.adapter_of(world.connection))
    held = delivery(document)
    assert (held.state, held.fence) == (DeliveryState.LEASED, lease.fence + 1)
    assert Attempt.objects.get().outcome == AttemptOutcome.UNKNOWN


def test_what_was_claimed_and_not_begun_is_given_back(world: World) -> None:
    world.sign_many(3)
    outbox.dispatch()
    leases, _wait = outbox.claim(world.connection, 2)
    outbox.release(leases)
    assert set(Delivery.objects.values_list("state", "sent")) == {(DeliveryState.WAITING, False)}


@pytest.mark.parametrize("give_back", ["release", "withdraw"])
def test_what_was_taken_and_given_back_goes_at_once_though_the_clock_jumped_back(world: World, give_back: str) -> None:
    """It was due once, and nobody can undo it any more: its time does not come anew."""
    world.sign()
    with jumps.here():
        outbox.dispatch()
        leases, _wait = outbox.claim(world.connection, 2)
        sendings = attempts.begin(leases, connections.adapter_of(world.connection)) if give_back == "withdraw" else []
        jumps.leap(-3600)
        attempts.withdraw(sendings) if sendings else outbox.release(leases)
        assert outbox.glance() == (False, False, {world.connection.pk: 1})
        assert outbox.tick(10).booked == 1
    assert world.times_booked() == {"WEB1": 1}


def test_what_was_looked_up_as_absent_is_sent_though_the_clock_jumped_back(world: World) -> None:
    document = world.sign()
    world.plan("book", "loses the reply")
    with jumps.here():
        outbox.tick(10)
        jumps.leap(-3600)
        Connection.objects.update(not_before=None)
        Delivery.objects.update(not_before=Now())
        outbox.tick(10)
    assert world.calls() == ["book WEB1", "find WEB1", "book WEB1"]
    assert delivery(document).state == DeliveryState.BOOKED


def test_no_more_workers_than_the_ledger_bears_are_at_it(world: World) -> None:
    for n in range(1, 4):
        world.sign(str(n))
    outbox.dispatch()
    claimed: list[int] = []
    together = threading.Barrier(3)  # all alive until the end, each a worker of its own

    def other() -> None:
        claimed.append(len(outbox.claim(world.connection, 2, 1)[0]))
        database.close()
        together.wait()

    threads = [threading.Thread(target=other) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(claimed) == [0, 1, 1]


def test_many_workers_never_claim_the_same_delivery(world: World) -> None:
    world.sign_many(40)
    outbox.dispatch()
    claimed: list[int] = []
    start = threading.Barrier(6)

    def work() -> None:
        try:
            start.wait()
            while leases := outbox.claim(world.connection, 100, 3)[0]:
                claimed.extend(lease.delivery_id for lease in leases)
        finally:
            database.close()

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(claimed) == len(set(claimed)) == 40


def test_several_ticks_at_once_book_everything_once(world: World) -> None:
    world.sign_many(30)
    world.plan("book", *["loses the reply, though booked", "", ""] * 5)

    def work() -> None:
        try:
            outbox.tick(20)
        finally:
            database.close()

    for _ in range(4):
        threads = [threading.Thread(target=work) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        world.hurry()
    world.settle()
    assert set(world.times_booked().values()) == {1}
    assert len(world.times_booked()) == 30
    assert set(Delivery.objects.values_list("state", flat=True)) == {DeliveryState.BOOKED}


def test_the_budget_of_a_connection_is_shared_by_all(world: World) -> None:
    Connection.objects.update(calls_per_minute=12)
    world.connection.refresh_from_db()
    world.sign_many(5)
    outbox.dispatch()
    first, _wait = outbox.claim(world.connection, 9)
    second, wait = outbox.claim(world.connection, 9)
    assert (len(first), len(second)) == (2, 0)
    assert 0 < wait <= 5


def test_an_idle_tick_costs_one_statement(world: World, django_assert_num_queries) -> None:
    world.sign()
    outbox.tick(10)
    with django_assert_num_queries(1):
        outbox.tick(10)


def test_a_call_inside_a_transaction_is_refused(world: World) -> None:
    world.sign()
    outbox.dispatch()
    (lease,), _wait = outbox.claim(world.connection, 2)
    with pytest.raises(RuntimeError, match="never be called inside a transaction"), transaction.atomic():
        booking.post(lease, connections.adapter_of(world.connection))
    assert world.calls() == []


def test_a_connection_switched_off_keeps_its_documents(world: World) -> None:
    world.sign()
    Connection.objects.update(active=False)
    outbox.tick(10)
    assert (Delivery.objects.count(), world.calls()) == (0, [])


def test_a_fault_while_writing_down_parks_the_document_and_a_retry_finds_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = importlib.import_module("orders.documents.report")
    document = world.sign()
    with monkeypatch.context() as broken:
        broken.setattr(report, "_mirror", lambda *_: 1 / 0)
        outbox.tick(10)
    row = delivery(document)
    assert row.state == DeliveryState.PARKED
    assert "booked" in row.words
    assert progress(document) == Progress.FAILED
    assert Attempt.objects.get().outcome == AttemptOutcome.BOOKED
    outbox.unpark(row, world.user, "mended")
    world.settle()
    assert world.times_booked() == {"WEB1": 1}
    assert delivery(document).state == DeliveryState.BOOKED


def test_what_a_connection_switched_off_never_sent_goes_through_its_successor(world: World) -> None:
    document = world.sign()
    outbox.dispatch()
    Connection.objects.update(active=False)
    fresh = connections.connect("crime", "fresh", ledger=world.ledger, options={"folder": str(world.folder)})
    outbox.tick(10)
    assert (delivery(document).connection, delivery(document).state) == (fresh, DeliveryState.BOOKED)


def test_a_person_who_decides_at_the_same_moment_does_not_keep_the_answer_from_being_written_down(world: World) -> None:
    document = world.sign()
    outbox.dispatch()
    (lease,), _wait = outbox.claim(world.connection, 2)
    locked = threading.Event()

    def decide() -> None:
        """Locks the order first and its booking after, as a decision does; the outbox comes from the other end."""
        with contextlib.suppress(OperationalError), transaction.atomic():
            list(Order.objects.select_for_update(no_key=True).filter(pk=document.order_id).values_list("pk"))
            locked.set()
            time.sleep(0.5)
            list(Booking.objects.select_for_update(no_key=True).filter(document=document).values_list("pk"))
        database.close()

    person = threading.Thread(target=decide)
    person.start()
    assert locked.wait(10)
    booking.post(lease, connections.adapter_of(world.connection))
    person.join()
    assert delivery(document).state == DeliveryState.BOOKED
    assert progress(document) == Progress.POSTED
