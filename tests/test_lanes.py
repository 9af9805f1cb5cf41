"""Several documents at once: as many as the ledger bears and the process may, each claimed by its own lane, and no call begun where one got no answer."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection as database

from integrations import jobs, outbox
from integrations.models import Attempt, Connection, Delivery, DeliveryState, Run
from tests import crime_ledger, outbox_world
from tests.outbox_world import World

pytestmark = [pytest.mark.outbox, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = outbox_world.make(tmp_path / "ledger")
    bears(made, 3)
    return made


def bears(world: World, count: int) -> None:
    Connection.objects.update(options={"folder": str(world.folder), "at_once": str(count)})


class Crowd:
    """Stands in the ledger's door and counts who is inside."""

    def __init__(self, book: Callable[..., Any]) -> None:
        self.book, self.inside, self.most = book, 0, 0
        self.lock = threading.Lock()

    def __call__(self, ledger: Any, document: Any) -> Any:
        with self.lock:
            self.inside += 1
            self.most = max(self.most, self.inside)
        try:
            return self.book(ledger, document)
        finally:
            with self.lock:
                self.inside -= 1


def test_as_many_documents_are_under_way_at_once_as_the_ledger_bears(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    meet, book = threading.Barrier(3), crime_ledger.CrimeLedger.book

    def together(self: Any, document: Any) -> Any:
        meet.wait(20)  # three lanes are in the ledger at the same time, or this breaks
        return book(self, document)

    monkeypatch.setattr(crime_ledger.CrimeLedger, "book", together)
    world.sign_many(6)
    assert outbox.tick(30).booked == 6
    assert set(world.times_booked().values()) == {1}


@pytest.mark.parametrize(("bearable", "lanes"), [(1, 4), (4, 1), (2, 4)])
def test_never_more_than_the_ledger_bears_or_the_process_may(
    bearable: int, lanes: int, world: World, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.ORDERSYNC_LANES = lanes
    bears(world, bearable)
    crowd = Crowd(crime_ledger.CrimeLedger.book)
    monkeypatch.setattr(crime_ledger.CrimeLedger, "book", lambda self, document: crowd(self, document))
    world.sign_many(12)
    assert outbox.tick(30).booked == 12
    assert crowd.most <= min(bearable, lanes)
    assert set(world.times_booked().values()) == {1}


def test_where_one_lane_got_no_answer_no_other_begins_a_call(world: World) -> None:
    world.sign_many(30)
    world.plan("book", *["is busy"] * 30)
    outbox.tick(30)
    assert len(world.calls()) <= 3
    assert not Delivery.objects.filter(state=DeliveryState.LEASED).exists(), "what was not begun was given back"
    world.settle(40)
    assert set(world.times_booked().values()) == {1}
    assert len(world.times_booked()) == 30


def test_lanes_leave_no_session_behind(world: World) -> None:
    world.sign_many(6)
    before = _sessions()
    outbox.tick(30)
    _others_end(before)
    assert Attempt.objects.filter(ended_at=None).count() == 0


def test_a_bug_in_one_lane_parks_one_document_and_the_others_go_on(world: World) -> None:
    world.sign_many(9)
    world.plan("book", "has a bug", reference="WEB4")
    tally = outbox.tick(30)
    assert (tally.booked, tally.failed) == (8, 1)
    assert Delivery.objects.get(state=DeliveryState.PARKED).document.reference == "WEB4"  # type: ignore[union-attr]


def test_every_cluster_may_be_at_the_outbox_and_each_is_at_it_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.sign()
    inside, go_on, book = threading.Event(), threading.Event(), crime_ledger.CrimeLedger.book

    def slow(self: Any, document: Any) -> Any:
        inside.set()
        go_on.wait(20)
        return book(self, document)

    monkeypatch.setattr(crime_ledger.CrimeLedger, "book", slow)

    def first() -> None:
        jobs.run("outbox")
        database.close()

    thread = threading.Thread(target=first)
    thread.start()
    try:
        assert inside.wait(20)
        assert jobs.run("outbox") is None, "this cluster is at it already"
        monkeypatch.setattr(jobs, "group", lambda number: "another host:1:")
        assert jobs.run("outbox") == jobs.Result(), "another cluster looks, and leaves what is leased alone"
    finally:
        go_on.set()
        thread.join()
    assert world.times_booked() == {"WEB1": 1}
    assert Run.objects.filter(job="outbox").count() == 2


def _sessions() -> set[int]:
    """The server's sessions at this database, ours left out."""
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND backend_type = 'client backend'"
        )
        return {pid for (pid,) in cursor.fetchall()}


def _others_end(before: set[int]) -> None:
    """Every session that was not there before is closed; the server needs a moment for it."""
    for _ in range(500):
        if _sessions() <= before:
            return
        time.sleep(0.01)
    raise AssertionError("a lane's session is still open")
