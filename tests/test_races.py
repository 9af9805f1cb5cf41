"""Eight people and the post at the same orders at once: of those who saw one version one wins, nothing that was decided is lost, and the chains hold."""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from orders import changes, documents, outgoing, review
from orders import models as m
from tests import desk, factories
from tests.races import race

pytestmark = [pytest.mark.outbox, pytest.mark.django_db(transaction=True)]

OPERATIONS = int(os.environ.get("ORDERSYNC_RACE_OPERATIONS", "500"))
SEED = int(os.environ.get("ORDERSYNC_SEED", "4"))
PEOPLE, ORDERS = 8, 20


@dataclass(frozen=True)
class Done:
    """One operation: who did what to which order, seen in which version, and what it came to."""

    who: int
    verb: str
    order: int
    version: int
    result: object

    @property
    def won(self) -> bool:
        return not isinstance(self.result, Exception)


VERBS: dict[str, Callable[[m.Order, Any, random.Random], object]] = {
    "approve": lambda order, by, _: review.approve(order, by=by, version=order.version),
    "reopen": lambda order, by, _: review.reopen(order, by=by, version=order.version),
    "correct": lambda order, by, dice: review.correct(
        order, "billing", "city", f"City {dice.randrange(10**9)}", by=by, reason="moved", version=order.version
    ),
    "hold": lambda order, by, _: review.hold(order, by=by, question="why?", version=order.version),
    "reject": lambda order, by, _: review.reject(order, by=by, reason="other", version=order.version),
    "assign": lambda order, by, _: review.assign(order, by, by=by, version=order.version),
}
WEIGHTS = {"approve": 5, "reopen": 5, "correct": 4, "hold": 1, "reject": 1, "assign": 2}


def people(shop: m.Shop) -> list[Any]:
    """The owner and seven deputies."""
    now = timezone.now()
    made = [factories.user() for _ in range(PEOPLE - 1)]
    for user in made:
        m.Deputy.objects.create(
            shop=shop, deputy=user, from_at=now - timedelta(days=1), until_at=now + timedelta(days=1)
        )
    return [desk.owner(shop), *made]


def work(who: int, user: Any, ids: list[int], count: int, dice: random.Random, log: list[Done]) -> None:
    for _ in range(count):
        order = m.Order.objects.defer("search").get(pk=dice.choice(ids))
        verb = dice.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
        seen = order.version
        log.append(Done(who, verb, order.pk, seen, result_of(lambda: VERBS[verb](order, user, dice))))  # noqa: B023


def result_of(call: Callable[[], object]) -> object:
    try:
        return call()
    except Exception as error:
        return error


def take_some(ids: list[int], log: list[Done], until: int, dice: random.Random) -> list[int]:
    """The post: a dozen times while the others are at it, it takes what is open of an order that is approved."""
    taken: list[int] = []
    for round in range(1, 13):
        while len(log) < until * round // 13:
            time.sleep(0.01)
        approved = list(m.Order.objects.defer("search").filter(pk__in=ids, state="approved", progress="waiting"))
        if approved:
            rows = desk.open_documents(dice.choice(approved))
            taken += [answer.document_id for answer in desk.take(rows) if answer.ok]
    return taken


@pytest.mark.slow
def test_of_eight_people_at_the_same_orders_one_wins_each_version_and_nothing_is_lost(
    verdict: Callable[[str], None],
) -> None:
    shop = desk.shop()
    users = people(shop)
    ids = [desk.told(shop, str(n), email=f"p{n}@example.org").pk for n in range(ORDERS)]
    began = {pk: m.Order.objects.values_list("version", flat=True).get(pk=pk) for pk in ids}
    share, done = OPERATIONS // PEOPLE, list[Done]()
    calls: list[Callable[[], object]] = [
        lambda who=who, user=user: work(who, user, ids, share, random.Random(f"{SEED} {who}"), done)  # type: ignore[misc]  # noqa: S311
        for who, user in enumerate(users)
    ]
    calls.append(lambda: take_some(ids, done, share * PEOPLE, random.Random(SEED)))  # noqa: S311
    *ended, taken = race(calls)
    assert ended == [None] * PEOPLE
    assert isinstance(taken, list), taken
    assert taken, "the post took nothing: it raced nobody"
    strange = [item for item in done if not item.won and not isinstance(item.result, review.Refused)]
    assert not strange, strange[:3]
    winners = Counter((item.order, item.version) for item in done if item.won)
    assert max(winners.values()) == 1, [key for key, count in winners.items() if count > 1]
    for pk in ids:
        _nothing_lost(m.Order.objects.get(pk=pk), [item for item in done if item.order == pk and item.won], began[pk])
    assert documents.verify(shop.ledger) == []
    assert documents.events_verify() == []
    counts = f"{len(done)} operations, {len(winners)} won, {len(taken)} documents taken meanwhile"
    verdict(f"people: seed {SEED}, {counts}; one winner each, chains unbroken")


def _nothing_lost(order: m.Order, won: list[Done], began: int) -> None:
    """The winners' versions rise, each left its one event and its signature or correction, and the last decision is what stands."""
    in_turn = sorted(won, key=lambda item: item.version)
    assert order.version >= began + len(won), "two wrote over each other"
    events = m.Event.objects.filter(noun="order", object_id=str(order.pk)).order_by("pk")
    told = Counter(events.filter(by__isnull=False).values_list("verb", flat=True))
    count = Counter(item.verb for item in won)
    assert told["approved"] == count["approve"]
    assert told["undone"] + told["reopened"] == count["reopen"]
    assert (told["held"], told["rejected"], told["assigned"]) == (count["hold"], count["reject"], count["assign"])
    assert order.corrections.count() == count["correct"]
    assert order.corrections.filter(retired_at=None).count() == (1 if count["correct"] else 0)
    states = {"approve": "approved", "reopen": "pending", "hold": "held", "reject": "rejected"}
    decided = [states[item.verb] for item in in_turn if item.verb in states]
    corrected_since = in_turn and in_turn[-1].verb == "correct"
    if not corrected_since:
        assert order.state == (decided[-1] if decided else "pending") or order.state == "pending"
    assert m.Approval.objects.filter(order=order, fallen_at=None).count() <= 1
    _one_of_each(order)


def _one_of_each(order: m.Order) -> None:
    """One invoice more than credit notes at most, and one payment: what was taken and corrected later was credited and signed anew."""
    rows = order.documents.filter(booking__voided_at=None, booking__refused_at=None)
    kinds = Counter(rows.values_list("kind", flat=True))
    assert kinds[outgoing.DocumentKind.INVOICE] - kinds[outgoing.DocumentKind.CREDIT_NOTE] in (0, 1), kinds
    assert kinds[outgoing.DocumentKind.PAYMENT] <= 1, kinds


def test_an_undo_and_a_claim_of_the_same_stock_change_are_never_both() -> None:
    """The store is told, or the change is taken back; whoever comes second learns it."""
    shop = desk.shop()
    seen: Counter[str] = Counter()
    for n in range(15):
        change = m.StockAdjustment.objects.create(shop=shop, sku=f"S{n}", before=1, after=2)
        approval = review.approve(change, by=desk.owner(shop))
        undone, taken = race(
            [
                lambda: review.reopen(change, by=desk.owner(shop)),  # noqa: B023
                lambda: changes.take("stock", change.pk, approval.pk),  # noqa: B023
            ]
        )
        assert taken is (undone is not None), (undone, taken)
        assert undone is None or isinstance(undone, review.Refused)
        seen["undone" if undone is None else "taken"] += 1
    assert seen.total() == 15
