"""A ledger of files is killed at every commit of its way: laid, handed out, answered, closed; nothing is lost, and nothing is there twice.

The points are found by watching an honest run, as for the other ledgers.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from integrations import handover, outbox
from integrations.models import Connection, Delivery, DeliveryState, FileEntry
from orders import documents
from orders.models import Booking, Document, ExportBatch, Invoice, Outcome
from tests import outbox_world
from tests.boundaries import Watch, killed, watching
from tests.outbox_world import World

pytestmark = [pytest.mark.outbox, pytest.mark.django_db(transaction=True)]

KIND = "quickbooks-iif"
_CALL = ["commit outbox.claims.claim", "commit booking.attempts._opened"]
_TOLD = ["commit booking.attempts.close", "commit booking.aftermath._alone"]
LAID = ["commit outbox.queue.dispatch", *_CALL, f"{KIND} book", "commit shelf.Shelf.lay", *_TOLD]
ASKED = [*_CALL, f"{KIND} find", *_TOLD]
ANSWERS = {
    "acknowledged": "commit handover.answering.acknowledge_all",
    "withdrawn": "commit handover.answering.withdraw",
}
Answer = Callable[[Document], None]


def way(answer: str) -> list[str]:
    return [*LAID, "commit handover.making.make", *ASKED, ANSWERS[answer], *ASKED]


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = outbox_world.make(tmp_path / "ledger")
    Connection.objects.update(kind=KIND, options={})
    return made


def acknowledged(document: Document) -> None:
    batch = FileEntry.objects.get(document=document).batch
    if batch is not None and handover.unanswered(batch).exists():
        handover.acknowledge_all(batch, None, f"INV-{document.pk}")


def withdrawn(document: Document) -> None:
    batch = FileEntry.objects.get(document=document).batch
    if batch is not None and handover.unanswered(batch).exists():
        handover.withdraw(batch, None, "Not brought in")


def go(world: World, document: Document, answer: Answer) -> None:
    """The whole way, each step if it is still to be done."""
    outbox.tick(10)
    if handover.ready(world.connection).exists():
        handover.make(world.connection, None)
    outbox.tick(10)
    answer(document)
    outbox.tick(10)


def recovered(world: World, document: Document, answer: Answer) -> None:
    """Another process comes once the lease of the dead one has lapsed."""
    for _turn in range(2):
        world.hurry()
        go(world, document, answer)


@pytest.mark.parametrize("answer", [acknowledged, withdrawn])
def test_these_are_all_the_points_of_the_way(answer: Answer, world: World) -> None:
    document = world.sign()
    with watching(Watch(), kinds=[KIND]) as watch:
        go(world, document, answer)
    assert watch.points == way(answer.__name__)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_killed_anywhere_it_is_handed_out_once_and_booked_once(after: bool, world: World) -> None:
    points = way("acknowledged")
    for number, point in enumerate(points):
        if after and not point.startswith(("quickbooks", "commit shelf", "commit handover")):
            continue  # what is there after a commit is what was there before the next point
        document = world.sign(str(number))
        with watching(Watch(number, after=after), kinds=[KIND]) as watch:
            assert killed(watch, lambda document=document: go(world, document, acknowledged))
        assert watch.points[number] == point
        recovered(world, document, acknowledged)
        assert FileEntry.objects.filter(document=document, batch__isnull=False).count() == 1
        assert Booking.objects.get(document=document).outcome == Outcome.BOOKED
        assert Delivery.objects.get(document=document).state == DeliveryState.BOOKED
        assert Invoice.objects.get(document=document).number == f"INV-{document.pk}"
    assert ExportBatch.objects.count() == FileEntry.objects.count() == Document.objects.count()
    assert documents.verify(world.ledger) == []
    assert documents.events_verify() == []


def test_killed_anywhere_on_its_way_back_it_is_refused_once(world: World) -> None:
    points = way("withdrawn")
    for number in range(points.index(ANSWERS["withdrawn"]), len(points)):
        document = world.sign(str(number))
        with watching(Watch(number), kinds=[KIND]) as watch:
            assert killed(watch, lambda document=document: go(world, document, withdrawn))
        recovered(world, document, withdrawn)
        assert FileEntry.objects.get(document=document).returned_why == "Not brought in"
        assert Booking.objects.get(document=document).outcome == Outcome.REFUSED
        assert not Invoice.objects.filter(document=document).exists()
