"""Attacks on the chain of events: sealed at commit without a gap, whoever writes at once; and no edit goes unnoticed."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction

from orders import documents, events, models
from orders.models import Event, EventChain, EventSeal, Shop
from tests import factories, races, signed

pytestmark = [pytest.mark.django_db, pytest.mark.constraint]


@pytest.fixture
def shop() -> Shop:
    return factories.shop()


@pytest.fixture
def told(shop: Shop) -> list[Event]:
    """Five sealed events, each with a person."""
    made = [record(shop, n) for n in range(5)]
    signed.checked_now()
    assert documents.events_verify() == []
    return made


def record(shop: Shop, n: int = 0) -> Event:
    return events.record(shop, "renamed", words=f"Renamed {n}", before=n, after=n + 1, personal={"name": f"Paula {n}"})


def chain() -> list[int]:
    return list(EventSeal.objects.order_by("n").values_list("n", flat=True))


def test_nothing_recorded_is_a_whole_chain() -> None:
    assert documents.events_verify() == []


@pytest.mark.django_db(transaction=True)
def test_events_are_sealed_when_they_are_committed_in_the_order_they_were_told(shop: Shop) -> None:
    with transaction.atomic():
        made = [record(shop, n) for n in range(3)]
        assert not EventSeal.objects.exists()
    assert list(EventSeal.objects.order_by("n").values_list("event_id", "n")) == [
        (event.pk, n) for n, event in enumerate(made, start=1)
    ]
    assert documents.events_verify() == []


@pytest.mark.django_db(transaction=True)
def test_eight_who_write_at_once_make_one_chain_without_a_gap(shop: Shop) -> None:
    def write(lost: bool) -> None:
        for n in range(5):
            with transaction.atomic():
                record(shop, n)
                record(shop, n)
                transaction.set_rollback(lost and n == 2)

    assert races.race([functools.partial(write, n < 2) for n in range(8)]) == [None] * 8
    assert chain() == list(range(1, 8 * 5 * 2 - 2 * 2 + 1))
    assert documents.events_verify() == []


@pytest.mark.django_db(transaction=True)
def test_what_is_rolled_back_leaves_no_gap(shop: Shop) -> None:
    record(shop)
    with transaction.atomic():
        record(shop)
        transaction.set_rollback(True)
    with transaction.atomic():
        record(shop)
        with transaction.atomic():
            record(shop)
            transaction.set_rollback(True)
    assert chain() == [1, 2]
    assert documents.events_verify() == []


@pytest.mark.django_db(transaction=True)
def test_events_of_others_while_it_looks_are_no_break(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """The chain moves on between the reading of its end and the reading of its links."""
    record(shop)
    links = EventSeal.objects.order_by

    def late(*names: str) -> Any:
        record(shop)
        return links(*names)

    monkeypatch.setattr(EventSeal.objects, "order_by", late)
    assert documents.events_verify() == []


@pytest.mark.django_db(transaction=True)
def test_a_commit_does_not_wait_with_the_chain_in_its_hand_for_a_row_that_another_changes(shop: Shop) -> None:
    """References are checked after sealing: a plain FOR UPDATE of the person would tie a knot here."""
    person = factories.user()

    def tell_and_refer() -> None:
        with transaction.atomic():
            record(shop)
            models.SavedView.objects.create(user=person, screen="queue", name="mine")

    with transaction.atomic():
        type(person).objects.select_for_update(no_key=True).get(pk=person.pk)
        assert races.start(tell_and_refer).result(10) is None
        record(shop)
    assert documents.events_verify() == []


def test_every_lock_on_a_row_lets_references_to_it_through(settings: Any) -> None:
    code = [path for package in ("orders", "integrations") for path in (settings.BASE_DIR / package).rglob("*.py")]
    locks = [(path.name, rest) for path in code for rest in path.read_text().split("select_for_update(")[1:]]
    assert locks
    assert not [
        name for name, rest in locks if "no_key=True" not in rest.partition(")")[0] + rest.partition(")")[2][:30]
    ]


EDITS: dict[str, tuple[str, str]] = {
    "its words": ("words = 'Never mind'", "not what was recorded"),
    "its values": ("body = body || ' '", "not what was recorded"),
    "its hour": ("at = at + interval '1 microsecond'", "not what was recorded"),
    "who did it": ("by_id = acting_for_id, acting_for_id = (SELECT min(id) FROM auth_user)", "not what was recorded"),
    "what it is about": ("object_id = object_id || '1'", "not what was recorded"),
    "the verb": ("verb = 'created'", "not what was recorded"),
    "the persons": ("personal = replace(personal, 'Paula', 'Anna')", "persons are not those"),
}


@pytest.mark.parametrize("edit", EDITS)
def test_an_edited_event_is_noticed(told: list[Event], edit: str) -> None:
    change, words = EDITS[edit]
    with signed.triggers_off() as cursor:
        cursor.execute(f"UPDATE orders_event SET {change} WHERE id = %s", [told[2].pk])
    broken = documents.events_verify()
    assert len(broken) == 1
    assert f"Event {told[2].pk}" in broken[0]
    assert words in broken[0]


def test_values_moved_from_one_column_to_the_next_are_noticed(shop: Shop) -> None:
    told = events.record(shop, "renamed", words="one\x1ftwo")
    signed.checked_now()
    with signed.triggers_off() as cursor:
        cursor.execute("UPDATE orders_event SET words = 'one', body = E'two\\x1f' || body WHERE id = %s", [told.pk])
    assert documents.events_verify() == [f"Event {told.pk}: it is not what was recorded."]


def remove_event(cursor: Any, event: Event) -> None:
    cursor.execute("DELETE FROM orders_event WHERE id = %s", [event.pk])


def remove_event_and_seal(cursor: Any, event: Event) -> None:
    remove_event(cursor, event)
    cursor.execute("DELETE FROM orders_eventseal WHERE event_id = %s", [event.pk])


def remove_and_close_ranks(cursor: Any, event: Event) -> None:
    remove_event_and_seal(cursor, event)
    cursor.execute("UPDATE orders_eventseal SET n = n - 1 WHERE n > 3")


@pytest.mark.parametrize("remove", [remove_event, remove_event_and_seal, remove_and_close_ranks])
def test_a_removed_event_is_noticed(told: list[Event], remove: Callable[[Any, Event], None]) -> None:
    with signed.triggers_off() as cursor:
        remove(cursor, told[2])
    assert documents.events_verify()


def test_a_removed_end_is_noticed(told: list[Event]) -> None:
    with signed.triggers_off() as cursor:
        remove_event_and_seal(cursor, told[3])
        remove_event_and_seal(cursor, told[4])
    assert documents.events_verify() == ["5 events were recorded, the chain ends at 3."]


def test_a_removed_end_is_noticed_though_the_chain_was_taken_back(told: list[Event]) -> None:
    with signed.triggers_off() as cursor:
        remove_event_and_seal(cursor, told[4])
        cursor.execute("UPDATE orders_eventchain SET length = 4")
    assert documents.events_verify() == ["4 events were recorded, the chain ends at 4."]


def test_an_event_that_was_slipped_in_is_noticed(shop: Shop, told: list[Event]) -> None:
    with signed.triggers_off():
        slipped = record(shop)
    assert documents.events_verify() == [f"Event {slipped.pk}: it was never sealed."]


def test_an_event_slipped_in_with_a_seal_of_its_own_is_noticed(shop: Shop, told: list[Event]) -> None:
    with signed.triggers_off():
        slipped, last = record(shop), EventSeal.objects.get(n=5)
        EventSeal.objects.create(event=slipped, n=6, previous=last.hash, hash="0" * 64)
    assert f"Event {slipped.pk}: it is not what was recorded." in documents.events_verify()
    assert "5 events were recorded, the chain ends at 6." in documents.events_verify()


def test_erasing_the_persons_keeps_the_chain(told: list[Event]) -> None:
    Event.objects.update(personal="")
    assert documents.events_verify() == []


@pytest.mark.parametrize(
    "attack", ["UPDATE orders_eventchain SET length = length - 1", "DELETE FROM orders_eventchain"]
)
def test_the_end_of_the_chain_only_moves_forward(told: list[Event], attack: str) -> None:
    with signed.refused("chain of events only grows"):
        signed.execute(attack)


def test_there_is_one_chain(told: list[Event]) -> None:
    with signed.refused("one_chain_of_events"):
        EventChain.objects.create(id=2, length=0, hash="0" * 64)
