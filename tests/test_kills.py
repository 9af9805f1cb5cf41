"""A process is killed at every commit, every call of a ledger or over the network, and every write of a file, in turn, from the store to the ledger and back.

The points are found by watching, not by a list of hopes: an honest run of each stage is watched, and a point that is not in kill_points.py, or one that is there
and does not occur, fails the test. After each kill the same clock rings as always, and the ledger's own log is the judge.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from django.db import connection as database

from integrations import jobs
from integrations.accounting.base import Accounting
from integrations.models import Connection
from integrations.outbox import carrying
from integrations.outbox.lanes import Carry, Here
from tests import crime_ledger, way
from tests.boundaries import Watch, killed, watching
from tests.kill_points import POINTS
from tests.way import Way

pytestmark = [pytest.mark.outbox, pytest.mark.django_db(transaction=True)]


@dataclass(frozen=True)
class Stage:
    """A part of the way: what lies before it, and what is watched and killed. `entry`: how an order that got lost on its way in comes again.
    `since`: the first point worth a kill, where all before it is the same as in another stage. `options`: of the ledger.
    """

    kind: str
    before: Callable[[Way, int], None]
    act: Callable[[Way, int], object]
    entry: str = "letter"
    since: int = 0
    options: Mapping[str, str] = field(default_factory=dict)


class OneByOne(Here):
    """Several lanes in the thread that is watched: what is carried side by side comes in one order, each time the same."""

    def __init__(self, carry: Carry, ledgers: Sequence[Accounting]) -> None:
        super().__init__(carry, ledgers[0])


def nothing(way: Way, number: int) -> None:
    """The order is not here yet, and nothing came from the store for a while."""
    Connection.objects.filter(name="store").update(last_success_at=None)


def kept(way: Way, number: int) -> None:
    way.letter(number)


def received(way: Way, number: int) -> None:
    if way.order(number) is None:
        way.file(number)


def approved(way: Way, number: int) -> None:
    received(way, number)
    way.approve(number)
    way.hurry()


def approved_for(*crimes: str) -> Callable[[Way, int], None]:
    """Approved, and the ledger will do this at the next bookings."""

    def before(way: Way, number: int) -> None:
        approved(way, number)
        crime_ledger.plan(way.folder, "book", *crimes)

    return before


def claimed_with_another(way: Way, number: int) -> None:
    """Two orders are due at once, and the ledger is down."""
    approved(way, number + 500)
    approved_for("is down")(way, number)


def two_at_once(way: Way, number: int) -> None:
    """Two orders are due, and go together."""
    approved(way, number + 500)
    approved(way, number)


def first_of_its_folder(way: Way, number: int) -> None:
    approved(way, number)
    way.move(f"fresh {number}")


def with_half_an_entry(way: Way, number: int) -> None:
    """Another writer died before, and left half an entry and half an account."""
    approved(way, number)
    (way.folder / "removed.txt").unlink(missing_ok=True)
    for path in [*way.folder.glob("2*.beancount"), way.folder / "accounts.beancount"]:
        data = path.read_bytes()
        path.write_bytes(data + data[: data.index(b"\n; ordersync end ") - 20])


def left_behind(way: Way, number: int) -> None:
    """A process died right after the ledger had booked."""
    approved(way, number)
    with watching(watch := Watch(POINTS[f"{way.kind}: sent"].index(f"{way.kind} book"), after=True)):
        assert killed(watch, lambda: jobs.run("outbox"))
    way.hurry()
    way.wait_for_locks()


def posted(way: Way, number: int) -> None:
    approved(way, number)
    way.ticked("outbox")
    way.read_long_ago(number)


def ring(*names: str, times: int = 1) -> Callable[[Way, int], None]:
    """The clock rings these jobs; what has to wait in between need not."""

    def act(way: Way, number: int) -> None:
        for turn in range(times):
            if turn:
                way.hurry()
            for name in names:
                jobs.run(name)

    return act


STAGES = {
    "a file": Stage("crime", nothing, Way.file, entry="file"),
    "a letter": Stage("crime", nothing, Way.letter),
    "inbox": Stage("crime", kept, ring("inbox")),
    "approval": Stage("crime", received, Way.approve),
    "crime: sent": Stage("crime", approved_for(), ring("outbox")),
    "crime: reply lost": Stage(
        "crime", approved_for("loses the reply, though booked"), ring("outbox", times=2), since=4
    ),
    "crime: never arrived": Stage("crime", approved_for("loses the reply"), ring("outbox", times=2), since=4),
    "crime: down": Stage("crime", approved_for("is down"), ring("outbox", times=2), since=4),
    "crime: given back": Stage("crime", claimed_with_another, ring("outbox")),
    "crime: side by side": Stage("crime", two_at_once, ring("outbox"), since=2, options={"at_once": "2"}),
    "crime: in one call": Stage("crime", two_at_once, ring("outbox"), since=2, options={"several": "2"}),
    "crime: left behind": Stage("crime", left_behind, ring("outbox")),
    "crime: read back": Stage("crime", posted, ring("read_back", "settle")),
    "beancount: first": Stage("beancount", first_of_its_folder, ring("outbox")),
    "beancount: sent": Stage("beancount", approved, ring("outbox")),
    "beancount: mended": Stage("beancount", with_half_an_entry, ring("outbox")),
    "beancount: left behind": Stage("beancount", left_behind, ring("outbox")),
    "beancount: read back": Stage("beancount", posted, ring("read_back", "settle")),
}


@pytest.fixture(autouse=True)
def _one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carrying, "Threads", OneByOne)


@pytest.fixture(autouse=True)
def _quick_commits() -> Iterator[None]:
    """Here clients die, never the server: no commit need wait for the disk."""
    name = database.settings_dict["NAME"]
    with database.cursor() as cursor:
        cursor.execute(f'ALTER DATABASE "{name}" SET synchronous_commit = off')
    database.close()
    yield
    with database.cursor() as cursor:
        cursor.execute(f'ALTER DATABASE "{name}" RESET synchronous_commit')


def world(stage: Stage, folder: Path) -> Way:
    """One order has gone all the way before, so that folder and clock are as on any day."""
    made = way.make(folder, stage.kind, options=dict(stage.options))
    made.file(1)
    made.finish(1)
    made.look_back()
    return made


def test_every_stage_has_its_list_and_every_list_its_stage() -> None:
    assert set(STAGES) == set(POINTS)


@pytest.mark.parametrize("name", STAGES)
def test_these_are_all_the_points_at_which_a_process_can_be_killed(name: str, tmp_path: Path) -> None:
    stage = STAGES[name]
    there = world(stage, tmp_path / "ledger")
    stage.before(there, 2)
    with watching(Watch()) as watch:
        stage.act(there, 2)
    assert watch.points == POINTS[name]


@pytest.mark.slow
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("name", STAGES)
def test_killed_anywhere_each_document_is_booked_once(
    name: str, after: bool, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    stage = STAGES[name]
    there = world(stage, tmp_path / "ledger")
    points = {at + 2: point for at, point in enumerate(POINTS[name]) if at >= stage.since}
    if stage.before not in (nothing, kept):
        there.file(*points)
    for number, point in points.items():
        at = number - 2
        stage.before(there, number)
        with watching(watch := Watch(at, after=after)):
            assert killed(watch, lambda number=number: stage.act(there, number)), f"nothing was killed at {point}"
        assert watch.points[at] == point
        crime_ledger.plan(there.folder, "book")
        there.finish(number, stage.entry)
        if name.endswith("read back"):
            there.look_back()
        there.judged(number)
    there.look_back()
    there.once(points)
    there.verified()
    record_property("kills", len(points))
