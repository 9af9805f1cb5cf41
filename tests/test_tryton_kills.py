"""A process is killed at every commit and at every call of a real Tryton on the way of a document; Tryton's own tables are the judge.

The way of an order before the outbox is no ledger's matter: tests/test_kills.py kills there.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from integrations import jobs
from integrations.outbox import carrying
from integrations.outbox.lanes import Here
from tests import tryton_way
from tests.boundaries import Watch, killed
from tests.test_kills import _quick_commits  # noqa: F401  a fixture
from tests.tryton_company import Ground
from tests.tryton_way import TrytonWay

pytestmark = [pytest.mark.tryton, pytest.mark.django_db(transaction=True)]

ENTERED = [
    "common.server.version",
    "common.db.login",
    "model.res.user.get_preferences",
    "model.company.company.search_read",
]
LISTS = ["model.currency.currency.search_read", "model.account.account.search_read"]
RECONCILED = [f"wizard.account.move.reconcile_lines.{step}" for step in ("create", "execute", "delete")]
INVOICE = [
    *ENTERED,
    "model.account.invoice.search_read",
    *LISTS,
    "model.account.tax.search_read",
    "model.account.period.search_read",
    "model.party.party.search_read",
    "model.product.product.search_read",
    "model.account.journal.search_read",
    "model.account.invoice.create",
    "model.account.invoice.search_read",
    "model.account.invoice.post",
    "model.account.invoice.search_read",
    "model.account.move.line.search_read",
]
PAYMENT = [
    *ENTERED,
    "model.account.move.search_read",
    *LISTS,
    "model.account.period.search_read",
    "model.party.party.search_read",
    "model.account.journal.search_read",
    "model.account.move.create",
    "model.account.move.search_read",
    "model.account.move.post",
    "model.account.move.search_read",
    "model.account.move.line.search_read",
    *RECONCILED,
]
BEFORE = ["commit outbox.claims.claim", "commit booking.attempts._opened"]
AFTER = ["commit booking.attempts.close", "commit booking.aftermath._alone"]
POINTS = [
    "commit jobs._begun",
    "commit outbox.queue.dispatch",
    *BEFORE,
    *(f"tryton {method}" for method in INVOICE),
    *AFTER,
    *BEFORE,
    *(f"tryton {method}" for method in PAYMENT),
    *AFTER,
    "commit jobs._ended",
]
CRUCIAL = ("model.account.invoice.create", "model.account.invoice.post", "model.account.move.create", "model.account.move.post",
           "wizard.account.move.reconcile_lines.execute")  # fmt: skip


@pytest.fixture
def way(tryton: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TrytonWay:
    """One order has gone all the way before, so that Tryton has loaded what it needs."""
    monkeypatch.setattr(carrying, "Threads", lambda carry, ledgers: Here(carry, ledgers[0]))
    made = tryton_way.make(tryton, tmp_path / "ledger")
    made.file(1)
    made.finish(1)
    return made


def approved(way: TrytonWay, number: int) -> None:
    way.file(number)
    way.approve(number)
    way.hurry()


def killed_at(way: TrytonWay, chosen: dict[int, int], *, after: bool) -> None:
    """The order of each number dies at its point of the list; then the clock rings as always."""
    way.file(*chosen)
    for number, at in chosen.items():
        way.approve(number)
        way.hurry()
        with tryton_way.watching(watch := Watch(at, after=after)):
            assert killed(watch, lambda: jobs.run("outbox")), f"nothing was killed at {POINTS[at]}"
        assert watch.points[at] == POINTS[at]
        way.finish(number)
        way.judged(number)
    way.look_back()
    way.once({number: POINTS[at] for number, at in chosen.items()})
    way.verified()
    assert way.left_over() == []


def test_these_are_all_the_points_at_which_a_process_can_be_killed_with_tryton(way: TrytonWay) -> None:
    approved(way, 2)
    with tryton_way.watching(Watch()) as watch:
        jobs.run("outbox")
    assert watch.points == POINTS
    way.judged(2)


def test_killed_when_tryton_has_just_done_something_each_document_is_booked_once(way: TrytonWay) -> None:
    chosen = [POINTS.index(f"tryton {method}") for method in CRUCIAL]
    killed_at(way, dict(enumerate(chosen, 2)), after=True)


@pytest.mark.slow
def test_killed_anywhere_each_document_is_booked_in_tryton_once(way: TrytonWay) -> None:
    """What is there after a commit, or after a call that only asks, is what was there before the next point."""
    killed_at(way, dict(enumerate(range(len(POINTS)), 2)), after=False)
