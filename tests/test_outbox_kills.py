"""The outbox is killed at every commit and around every call, in turn; afterwards each document is in the judge's log once and nothing is stuck.

The points are found by watching, not by a list of hopes: an honest run is watched first, and a commit or call that is not on the list below fails the test.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import crime_ledger
import outbox_world
import pytest
from django.db import connection as database
from django.db.backends.base.base import BaseDatabaseWrapper
from outbox_world import World

from integrations import outbox
from integrations.models import Delivery, DeliveryState
from orders import documents
from orders.models import Booking, Document, Invoice, Outcome

pytestmark = [pytest.mark.outbox, pytest.mark.django_db(transaction=True)]

# One document's way, booked at the first try, or with its reply lost: each commit (and each statement that commits by itself) and each call.
HONEST = ["dispatch", "claim", "attempt", "call book", "attempt closed", "write back"]
REPLY_LOST = [*HONEST, "claim", "attempt", "call find", "attempt closed", "write back"]
ABSENT = [*REPLY_LOST, "claim", "attempt", "call book", "attempt closed", "write back"]
RECOVERED = ["recover", "claim", "attempt", "call find", "attempt closed", "write back"]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return outbox_world.make(tmp_path / "ledger")


class Killed(BaseException):
    """The process is gone: nothing of ours catches this."""


class Watch:
    """Sees every point at which the world may have changed, names it, and kills before or after the chosen one."""

    def __init__(self, kill_at: int | None = None, after: bool = False) -> None:
        self.points: list[str] = []
        self.kill_at, self.after = kill_at, after
        self.written: list[str] = []
        self.dead = False

    def pass_through(self, name: str, act: Any) -> Any:
        if self.dead:
            return act()
        number = len(self.points)
        self.points.append(name)
        if number == self.kill_at and not self.after:
            self._die()
        try:
            return act()
        finally:
            if number == self.kill_at:
                self._die()

    def _die(self) -> None:
        self.dead = True
        database.connection.close()  # the server rolls back what was open, as with any process that ends
        database.closed_in_transaction = True  # or Django would go on using it on the way out
        raise Killed


@contextmanager
def watching(monkeypatch: pytest.MonkeyPatch, watch: Watch) -> Iterator[Watch]:
    """Every commit goes through `_commit`; a statement outside of a transaction that writes is a commit too; and the ledger's two calls."""
    commit, find, book = BaseDatabaseWrapper._commit, crime_ledger.CrimeLedger.find, crime_ledger.CrimeLedger.book

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        name = _name(sql)
        if not name or watch.dead:
            return execute(sql, params, many, context)
        if database.in_atomic_block:
            watch.written.append(name)
            return execute(sql, params, many, context)
        return watch.pass_through(name, lambda: execute(sql, params, many, context))

    def watched_commit(self: BaseDatabaseWrapper) -> Any:
        names, watch.written = watch.written, []
        return watch.pass_through(_transaction(names), lambda: commit(self)) if names else commit(self)

    with monkeypatch.context() as patch, database.execute_wrapper(note):
        patch.setattr(BaseDatabaseWrapper, "_commit", watched_commit)
        patch.setattr(
            crime_ledger.CrimeLedger,
            "find",
            lambda self, document: watch.pass_through("call find", lambda: find(self, document)),
        )
        patch.setattr(
            crime_ledger.CrimeLedger,
            "book",
            lambda self, document: watch.pass_through("call book", lambda: book(self, document)),
        )
        yield watch


def _name(sql: str) -> str:
    """What a writing statement is about; "" for one that only reads."""
    text = " ".join(sql.split())
    if "FOR UPDATE SKIP LOCKED" in text and "lapsed" in text:
        return "recover"
    if "FOR UPDATE OF d SKIP LOCKED" in text:
        return "claim"
    if text.startswith("INSERT INTO integrations_delivery"):
        return "dispatch"
    if text.startswith('INSERT INTO "integrations_attempt"'):
        return "attempt"
    if text.startswith('UPDATE "integrations_attempt"'):
        return "attempt closed"
    if text.startswith('UPDATE "integrations_delivery"') and "CASE WHEN" in text:
        return "release"
    if text.startswith(("INSERT", "UPDATE", "DELETE", "WITH")):
        return "write"
    return ""


def _transaction(names: list[str]) -> str:
    return next((name for name in names if name != "write"), "write back")


# What the ledger does to the first document, and the points that come of it; a second document of the same claim is given back when the first one halts.
SCENES = {"honest": HONEST, "loses the reply, though booked": REPLY_LOST, "loses the reply": ABSENT}


@pytest.mark.parametrize("crime", SCENES)
def test_these_are_all_the_points_where_the_outbox_can_be_killed(
    crime: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.plan("book", crime)
    world.sign()
    assert _watched(world, monkeypatch) == SCENES[crime]


def test_what_was_claimed_with_it_is_given_back_in_one_more(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.plan("book", "is down")
    world.sign_many(2)
    points = _watched(world, monkeypatch)
    assert points[: len(HONEST) + 1] == [*HONEST, "release"]
    assert set(points) == {*HONEST, "call find", "release"}


def test_these_are_all_the_points_where_a_recovery_can_be_killed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.sign()
    _kill(world, monkeypatch, HONEST.index("call book"), after=True)
    world.hurry()
    assert _watched(world, monkeypatch) == RECOVERED


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("crime", SCENES)
def test_killed_anywhere_the_document_is_booked_once(
    crime: str, after: bool, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, point in enumerate(SCENES[crime]):
        document = world.sign(str(number))
        world.plan("book", crime)
        assert _kill(world, monkeypatch, number, after=after)[-1] == point
        world.plan("book")
        _recovers(world, document)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_killed_anywhere_in_the_recovery_the_document_is_booked_once(
    after: bool, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, point in enumerate(RECOVERED):
        document = world.sign(str(number))
        _kill(world, monkeypatch, HONEST.index("call book"), after=True)
        world.hurry()
        assert _kill(world, monkeypatch, number, after=after)[-1] == point
        _recovers(world, document)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_killed_while_giving_back_both_documents_are_booked_once(
    after: bool, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    documents = world.sign_many(2)
    world.plan("book", "is down")
    assert _kill(world, monkeypatch, len(HONEST), after=after)[-1] == "release"
    for document in documents:
        _recovers(world, document)


def _watched(world: World, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    with watching(monkeypatch, Watch()) as watch:
        _run(world, watch)
    return watch.points


def _kill(world: World, monkeypatch: pytest.MonkeyPatch, number: int, *, after: bool) -> list[str]:
    with watching(monkeypatch, Watch(number, after)) as watch, pytest.raises(Killed):
        _run(world, watch)
    database.connection = None  # the next one is another process
    return watch.points


def _run(world: World, watch: Watch) -> None:
    """Tick to the end; what the test itself writes to move time on is not a point of the outbox."""
    for _ in range(4):
        outbox.tick(10)
        watch.dead = True
        world.hurry()
        watch.dead = False


def _recovers(world: World, document: Document) -> None:
    """Another process comes; the judge decides."""
    world.hurry()
    world.settle(4)
    assert world.times_booked()[document.reference] == 1
    assert Delivery.objects.get(document=document).state == DeliveryState.BOOKED
    assert Booking.objects.get(document=document).outcome == Outcome.BOOKED
    assert Invoice.objects.filter(document=document).count() == 1
    assert documents.verify(world.ledger) == []
    assert documents.events_verify() == []
