"""The other half of the simulation's seeds, for another process to play at the same time."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests import emptied, simulation

pytestmark = [pytest.mark.outbox, pytest.mark.django_db(transaction=True)]


@pytest.mark.slow
def test_no_other_seed_breaks_a_promise(verdict: Callable[[str], None]) -> None:
    if not (seeds := simulation.half(1)):
        pytest.skip("one seed alone is played by test_simulation.py")
    emptied.empty()
    verdict(simulation.judged(seeds))
