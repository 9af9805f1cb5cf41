"""Seeds of the simulation: never wrong while there are faults, and drained within ten virtual minutes once they stop."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests import emptied, simulation

pytestmark = [pytest.mark.outbox, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def _empty() -> None:
    """Nothing is left of a run that was cut off, nor of the seed before."""
    emptied.empty()


@pytest.mark.slow
def test_no_seed_breaks_a_promise(verdict: Callable[[str], None]) -> None:
    verdict(simulation.judged(simulation.half(0)))


def test_a_seed_does_the_same_again() -> None:
    stories = []
    for _ in range(2):
        world = simulation.Simulation(7)
        with simulation.prepared(), world.open():
            for _step in range(20):
                world.step()
            stories.append(world.story)
            world.faults = False
            for cluster in world.clusters:
                world.pass_time(400)
                world._finish(cluster)
        emptied.empty()
    assert stories[0] == stories[1]
