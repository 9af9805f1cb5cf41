"""A ledger of files is killed at every commit of its way, before and after: laid, handed out, answered, closed; nothing is lost, and nothing is there twice.

The points are found by watching an honest run, as for the other ledgers.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import outbox_world
import pytest
from django.db import connection as database
from outbox_world import World
from test_outbox_kills import Killed, Watch, watching

from integrations import handover, outbox
from integrations.models import Connection, Delivery, DeliveryState, FileEntry
from orders import documents
from orders.models import Booking, Document, ExportBatch, Invoice, Outcome

pytestmark = [pytest.mark.outbox, pytest.mark.django_db(transaction=True)]

LAID = ["dispatch", "claim", "attempt", "write back", "attempt closed", "write back"]
TOLD = ["claim", "attempt", "attempt closed", "write back"]
WAY = [*LAID, "write back", *TOLD, "write back", *TOLD]


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = outbox_world.make(tmp_path / "ledger")
    Connection.objects.update(kind="quickbooks-iif", options={})
    return made


def acknowledged(document: Document) -> None:
    batch = FileEntry.objects.get(document=document).batch
    if batch is not None and handover.unanswered(batch).exists():
        handover.acknowledge_all(batch, None, f"INV-{document.pk}")


def withdrawn(document: Document) -> None:
    batch = FileEntry.objects.get(document=document).batch
    if batch is not None and handover.unanswered(batch).exists():
        handover.withdraw(batch, None, "Not brought in")


def go(world: World, document: Document, answer: Callable[[Document], None], watch: Watch | None = None) -> None:
    """The whole way, each step if it is still to be done."""
    _tick(world, watch)
    if handover.ready(world.connection).exists():
        handover.make(world.connection, None)
    _tick(world, watch)
    answer(document)
    _tick(world, watch)


def _tick(world: World, watch: Watch | None) -> None:
    """Tick twice; what the test itself writes to move time on is not a point of the way."""
    for _turn in range(2):
        outbox.tick(10)
        if watch:
            watch.dead = True
        world.hurry()
        if watch:
            watch.dead = False


def killed(
    world: World,
    document: Document,
    answer: Callable[[Document], None],
    at: int,
    *,
    after: bool,
    patch: pytest.MonkeyPatch,
) -> str:
    with watching(patch, Watch(at, after)) as watch, pytest.raises(Killed):
        go(world, document, answer, watch)
    database.connection = None  # the next one is another process
    return watch.points[-1]


@pytest.mark.parametrize("answer", [acknowledged, withdrawn])
def test_these_are_all_the_points_of_the_way(
    answer: Callable[[Document], None], world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = world.sign()
    with watching(monkeypatch, Watch()) as watch:
        go(world, document, answer, watch)
    assert watch.points == WAY


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_killed_anywhere_it_is_handed_out_once_and_booked_once(
    after: bool, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, point in enumerate(WAY):
        document = world.sign(str(number))
        assert killed(world, document, acknowledged, number, after=after, patch=monkeypatch) == point
        world.hurry()
        go(world, document, acknowledged)
        assert FileEntry.objects.filter(document=document, batch__isnull=False).count() == 1
        assert Booking.objects.get(document=document).outcome == Outcome.BOOKED
        assert Delivery.objects.get(document=document).state == DeliveryState.BOOKED
        assert Invoice.objects.get(document=document).number == f"INV-{document.pk}"
    assert ExportBatch.objects.count() == len(WAY)
    assert documents.verify(world.ledger) == []
    assert documents.events_verify() == []


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_killed_anywhere_on_its_way_back_it_is_refused_once(
    after: bool, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(len(WAY) - len(TOLD) - 1, len(WAY)):
        document = world.sign(str(number))
        killed(world, document, withdrawn, number, after=after, patch=monkeypatch)
        world.hurry()
        go(world, document, withdrawn)
        assert FileEntry.objects.get(document=document).returned_why == "Not brought in"
        assert Booking.objects.get(document=document).outcome == Outcome.REFUSED
        assert not Invoice.objects.filter(document=document).exists()
