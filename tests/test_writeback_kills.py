"""A process is killed at every commit and every call of a store while it tells the store something: each thing takes effect there once, and is never lost.

The points are found by watching an honest run, as on the way to a ledger; the stores are those of the lab, whose own log of changes is the judge.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from integrations import jobs
from integrations.models import Connection, Delivery, DeliveryState
from orders import documents
from orders import models as m
from tests import desk
from tests.boundaries import Watch, killed, watching
from tests.lab import crimes
from tests.lab import store as lab
from tests.way import Way
from tests.writeback_world import ALL, World, booked, connect, typed

pytestmark = [pytest.mark.outbox, pytest.mark.django_db(transaction=True)]


_BEGUN, _ENDED = "commit jobs._begun", "commit jobs._ended"
_MAKE, _SEEN = "commit writeback.errands._make", "commit writeback.errands._looked"
_CLAIM, _RECOVER = "commit writeback.claims.claim", "commit writeback.claims.recover"


def _carried(*methods: str) -> list[str]:
    """An errand's own points, with its calls of the store."""
    calls = [f"http {method} http.Session._sent" for method in methods]
    return ["commit writeback._open", *calls, "commit writeback._carry", "commit writeback._settle"]


_COUNT = [_BEGUN, _MAKE, _SEEN, _SEEN, _CLAIM]
_AGAIN = [_BEGUN, _SEEN, _SEEN, _CLAIM]
_PARCEL = [_BEGUN, _SEEN, _SEEN, _MAKE, _CLAIM]
_POSTED = [_BEGUN, _SEEN, _MAKE, _SEEN, _CLAIM]
_LEFT = [_BEGUN, _SEEN, _SEEN, _RECOVER, _CLAIM]
POINTS = {
    "woocommerce: count": [*_COUNT, *_carried("GET", "GET", "PUT", "GET"), _ENDED],
    "woocommerce: parcel": [*_PARCEL, *_carried("GET", "POST", "GET"), _ENDED],
    "woocommerce: number and tag": [*_POSTED, *_carried("GET", "PUT", "GET"), *_carried("GET", "PUT", "GET"), _ENDED],
    "woocommerce: reply lost": [*_COUNT, *_carried("GET", "GET", "PUT"), _ENDED, *_AGAIN, *_carried("GET"), _ENDED],
    "woocommerce: left behind": [*_LEFT, *_carried("GET"), _ENDED],
    "shopify: count": [*_COUNT, *_carried("POST", "POST", "POST"), _ENDED],
    "shopify: parcel": [*_PARCEL, *_carried("POST", "POST"), _ENDED],
    "shopify: number and tag": [*_POSTED, *_carried("POST"), *_carried("POST"), _ENDED],
    "shopify: reply lost": [
        *_COUNT,
        *_carried("POST", "POST", "POST"),
        _ENDED,
        *_AGAIN,
        *_carried("POST", "POST"),
        _ENDED,
    ],
    "shopify: left behind": [*_LEFT, *_carried("POST", "POST"), _ENDED],
}
# The call with which a count is set: the store's own commit.
SETS = {"woocommerce": ("PUT", 0), "shopify": ("POST", 2)}


def counted(world: World, n: int) -> None:
    """The count of a product was changed and approved."""
    world.store.product(str(n), f"CUP-{n}", 5)
    world.stock(f"CUP-{n}", 5, 9)


def parcelled(world: World, n: int) -> None:
    """Somebody typed a parcel's number."""
    world.store.order(str(n), "11")
    typed(world, f"JD{n:04}", order=str(n))


def posted(world: World, n: int) -> None:
    """All of an order was booked."""
    world.store.order(str(n), "11")
    booked(world, str(n))


def lost(before: Callable[[World, int], None]) -> Callable[[World, int], None]:
    """The store does it, and its reply is lost."""

    def made(world: World, n: int) -> None:
        before(world, n)
        world.store.plan("tell", crimes.LOST, key=f"product {n}")

    return made


def left_behind(world: World, n: int) -> None:
    """A process died right after the store had done it."""
    counted(world, n)
    with watching(watch := Watch(_set_at(world.kind), after=True), kinds=[]):
        assert killed(watch, lambda: jobs.run("writeback"))
    come_again()


def _set_at(kind: str) -> int:
    """Which point is the call that sets a count."""
    method, turn = SETS[kind]
    return [at for at, point in enumerate(POINTS[f"{kind}: count"]) if point.startswith(f"http {method}")][turn]


@dataclass(frozen=True)
class Stage:
    """What was wished, what the judge calls it, and how often the clock rings. `since`: the first point that is not another stage's as well."""

    before: Callable[[World, int], None]
    changes: tuple[str, ...]
    rings: int = 1
    since: int = 0


STAGES = {
    "count": Stage(counted, ("changed product {n}",)),
    "parcel": Stage(parcelled, ("added order {n}",)),
    "number and tag": Stage(posted, ("changed order {n}", "changed order {n}")),
    "reply lost": Stage(lost(counted), ("changed product {n}",), rings=2, since=8),
    "left behind": Stage(left_behind, ("changed product {n}",)),
}
CASES = [f"{kind}: {name}" for kind in ("woocommerce", "shopify") for name in STAGES]


def come_again() -> None:
    """Time passes: leases lapse, waits are over, and the server has seen that a client died."""
    past = timezone.now() - timedelta(seconds=1)
    Delivery.objects.update(not_before=past)
    Delivery.objects.filter(state=DeliveryState.LEASED).update(leased_until=past)
    Connection.objects.update(not_before=None)
    Way.wait_for_locks()


def ring(times: int) -> None:
    for turn in range(times):
        if turn:
            come_again()
        jobs.run("writeback")


@pytest.fixture
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """A store that has been told something before, so that all is as on any day."""
    kind = request.param
    shop = desk.shop(ledger_undo_seconds=0)
    with lab.Store(tmp_path) as store:
        made = World(kind, store, shop, connect(kind, store, shop, **ALL))
        counted(made, 1)
        ring(1)
        yield made


cases = pytest.mark.parametrize(
    ("world", "name"), [(case.partition(":")[0], case) for case in CASES], indirect=["world"], ids=CASES
)


def test_every_case_has_its_list() -> None:
    assert set(CASES) == set(POINTS)


@cases
def test_these_are_all_the_points_at_which_a_teller_can_be_killed(world: World, name: str) -> None:
    stage = STAGES[name.partition(": ")[2]]
    stage.before(world, 2)
    with watching(Watch(), kinds=[]) as watch:
        ring(stage.rings)
    assert watch.points == POINTS[name]


@pytest.mark.slow
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@cases
def test_killed_anywhere_each_thing_takes_effect_in_the_store_once(world: World, name: str, after: bool) -> None:
    stage = STAGES[name.partition(": ")[2]]
    for at, point in list(enumerate(POINTS[name]))[stage.since :]:
        if after and not point.startswith("http"):
            continue  # what is there after a commit is what was there before the next point
        n = 2000 + at
        stage.before(world, n)
        with watching(watch := Watch(at, after=after), kinds=[]):
            assert killed(watch, lambda: ring(stage.rings)), f"nothing was killed at {point}"
        assert watch.points[at] == point
        for _ in range(4):
            come_again()
            jobs.run("writeback")
            if set(world.states()) == {"booked"}:
                break
        assert set(world.states()) == {"booked"}, point
        assert sorted(world.effects(n)) == sorted(change.format(n=n) for change in stage.changes), point
    assert not m.StockAdjustment.objects.exclude(progress=m.Progress.POSTED).exists()
    assert documents.events_verify() == []
