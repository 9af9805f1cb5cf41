"""Several documents in one call, and several answers written down together: one that goes wrong takes no other with it, and each is booked once."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from integrations import outbox
from integrations.models import Attempt, AttemptOutcome, Connection, Delivery, DeliveryState
from orders.models import Booking, Document, Outcome, Progress
from tests import crime_ledger, outbox_world
from tests.outbox_world import World, booking, delivery, progress

pytestmark = [pytest.mark.outbox, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A ledger that takes five in one call."""
    made = outbox_world.make(tmp_path / "ledger")
    bears(made, several=5)
    return made


def bears(world: World, **options: int) -> None:
    told = {name: str(count) for name, count in options.items()}
    Connection.objects.update(options={"folder": str(world.folder), **told})


def sizes(world: World) -> list[int]:
    return sorted(len(references) for references in crime_ledger.together(world.folder))


def states(documents: list[Document]) -> list[str]:
    return [str(delivery(document).state) for document in documents]


# In one call


@pytest.mark.parametrize("lanes", [1, 4])
def test_documents_that_wait_for_none_share_a_call_and_each_has_its_attempt(
    lanes: int, world: World, settings: Any
) -> None:
    settings.ORDERSYNC_LANES = lanes
    documents = world.sign_many(7)
    assert outbox.tick(20).booked == 7
    assert sizes(world) == [2, 5]
    assert set(world.times_booked().values()) == {1}
    assert {progress(document) for document in documents} == {Progress.POSTED}
    assert sorted(Attempt.objects.values_list("call", "outcome", "delivery__document__reference")) == [
        ("book", "booked", f"WEB{n}") for n in range(1, 8)
    ]


def test_an_invoice_and_its_payment_never_share_a_call(world: World) -> None:
    for number in ("1", "2"):
        world.sign(number, kind="payment", after=(world.sign(number),))
    outbox.tick(20)
    assert len(world.times_booked()) == 2
    assert [sorted(call) for call in crime_ledger.together(world.folder)] == [["WEB1", "WEB2"]] * 2
    kinds = [line["kind"] for line in crime_ledger.read(world.folder, "booked")]
    assert kinds == ["invoice", "invoice", "payment", "payment"]


def test_a_bad_document_in_a_call_is_parked_and_the_good_ones_are_booked(world: World) -> None:
    documents = world.sign_many(4)
    world.plan("book", "refuses", reference="WEB2")
    tally = outbox.tick(20)
    assert (tally.booked, tally.failed) == (3, 1)
    assert delivery(documents[1]).words == "Account 1200 is closed."
    assert booking(documents[1]).refused_at
    assert world.times_booked() == {"WEB1": 1, "WEB3": 1, "WEB4": 1}


@pytest.mark.parametrize(
    "crime", ["loses the reply, though booked", "loses the reply", "has a bug, though booked", "forgets one"]
)
def test_where_the_answer_of_a_call_is_lost_each_is_looked_up_and_sent_by_itself(crime: str, world: World) -> None:
    documents = world.sign_many(4)
    world.plan("book_many", crime)
    outbox.tick(20)
    assert set(states(documents)) == {DeliveryState.UNKNOWN}
    assert {progress(document) for document in documents} == {Progress.UNKNOWN}
    assert Connection.objects.get().failures == 1, "it was one call that failed, not four"
    world.settle()
    assert set(states(documents)) == {DeliveryState.BOOKED}
    assert set(world.times_booked().values()) == {1}
    assert sizes(world)[:-1] == [1] * (len(sizes(world)) - 1), "none of them shared a call again"


def test_a_ledger_that_is_down_gets_the_whole_call_again_one_by_one(world: World) -> None:
    documents = world.sign_many(3)
    world.plan("book_many", "is down")
    outbox.tick(20)
    assert set(states(documents)) == {DeliveryState.WAITING}
    world.settle()
    assert set(world.times_booked().values()) == {1}


def test_a_document_that_is_not_what_was_signed_is_left_out_of_its_call(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    documents = world.sign_many(3)
    outbox.dispatch()
    Booking.objects.update(taken_at=timezone.now())  # the office agreed long ago, and looks at them no more
    calls = importlib.import_module("integrations.booking.calls")
    honest = calls.documents.outgoing_of

    def tampered(row: Document) -> Any:
        if row.pk == documents[1].pk:
            raise calls.documents.Tampered(row.reference)
        return honest(row)

    monkeypatch.setattr(calls.documents, "outgoing_of", tampered)
    outbox.tick(20)
    assert states(documents) == [DeliveryState.BOOKED, DeliveryState.PARKED, DeliveryState.BOOKED]
    assert crime_ledger.together(world.folder) == [["WEB1", "WEB3"]]


# Written down together


def test_one_answer_that_cannot_be_written_down_keeps_no_other_back(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = importlib.import_module("orders.documents.report")
    documents = world.sign_many(4)
    honest = report._invoice

    def faulty(document: Document, booked: Any) -> Any:
        return 1 / 0 if document.pk == documents[2].pk else honest(document, booked)

    with monkeypatch.context() as broken:
        broken.setattr(report, "_invoice", faulty)
        outbox.tick(20)
    assert states(documents) == [DeliveryState.BOOKED, DeliveryState.BOOKED, DeliveryState.PARKED, DeliveryState.BOOKED]
    assert booking(documents[2]).outcome == Outcome.STUCK
    assert set(Attempt.objects.values_list("outcome", flat=True)) == {AttemptOutcome.BOOKED}
    outbox.unpark(delivery(documents[2]), world.user, "mended")
    world.settle(2)
    assert world.times_booked() == {"WEB1": 1, "WEB2": 1, "WEB3": 1, "WEB4": 1}


def test_two_answers_of_one_call_that_name_the_same_are_told_apart(world: World) -> None:
    documents = world.sign_many(3)
    world.plan("book", "names another", reference="WEB3")
    outbox.tick(20)
    assert states(documents) == [DeliveryState.BOOKED, DeliveryState.BOOKED, DeliveryState.PARKED]
    assert "stands for invoice:WEB1" in delivery(documents[2]).words


def test_an_answer_whose_lease_was_lost_is_not_written_down_with_the_others(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    documents = world.sign_many(3)
    honest = crime_ledger.CrimeLedger.book_many

    def late(self: Any, load: Any) -> Any:
        told = honest(self, load)
        Delivery.objects.filter(document=documents[1]).update(fence=7)
        return told

    monkeypatch.setattr(crime_ledger.CrimeLedger, "book_many", late)
    outbox.tick(20)
    assert states(documents) == [DeliveryState.BOOKED, DeliveryState.LEASED, DeliveryState.BOOKED]
    assert booking(documents[1]).booked_at is None
    monkeypatch.undo()
    world.settle(3)
    assert set(states(documents)) == {DeliveryState.BOOKED}
    assert set(world.times_booked().values()) == {1}


def test_what_was_made_ready_and_not_sent_goes_back_as_it_was(world: World) -> None:
    bears(world, at_once=3)
    documents = world.sign_many(30)
    world.plan("book", *["is busy"] * 30)
    outbox.tick(20)
    unsent = Attempt.objects.filter(outcome=AttemptOutcome.UNSENT)
    assert unsent.exists()
    assert not Attempt.objects.filter(ended_at=None).exists()
    called = len(world.calls())
    assert Delivery.objects.filter(state=DeliveryState.WAITING, tries=0, sent=False).count() == 30 - called
    assert set(states(documents)) == {DeliveryState.WAITING}


def test_a_document_costs_few_statements_where_many_are_due(world: World, django_assert_max_num_queries: Any) -> None:
    bears(world, several=20)
    world.sign_many(20)
    outbox.dispatch()
    with django_assert_max_num_queries(40):
        assert outbox.tick(20).booked == 20
