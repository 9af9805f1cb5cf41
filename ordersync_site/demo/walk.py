"""The demo's walk: the files come in, what is missing is mapped, the owner approves, the jobs post; then what happened afterwards, once more."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path

from django.contrib.auth.models import User

from integrations import inbox, jobs
from orders import mappings, review
from orders.models import ImportState, ItemMapping, Ledger, Order, Payout, Refund, Shop, State
from ordersync_site.demo import carried, cast, colleagues, company, generator

LEFT_READY = 10
"""So many ready orders are left to whoever looks at the desk."""
PATIENCE_SECONDS = 600
Say = Callable[[str], None]


class DemoFailed(Exception):
    """A step of the demo did not do what it always does: the words say which."""


def walk(today: date, books: Path, say: Say, ordinary: tuple[int, int, int] = generator.ORDINARY) -> None:
    """Make the company and take its orders from the stores' files to the books, telling each step. Raises DemoFailed."""
    people = company.make(today, books)
    say(f"A company: {len(company.STORES)} shops, {Ledger.objects.count()} sets of books, {len(people)} people.")
    files = generator.files(today, ordinary)
    for wave in (1, 2):
        say("The stores' files come in." if wave == 1 else "Days later: payments, parcels, refunds and changes.")
        bring([file for file in files if file.wave == wave], people["accountant"], say)
        if wave == 1:
            map_what_is_new(people["owner"], say, Ledger.objects.all())
        _approve(people["owner"], say)
        post(say)
        if wave == 1:
            _hand_out(people["accountant"], say)
    colleagues.meet(people, say)
    company.open_the_desk()
    say(
        f"Left for you: {_waiting(blocked=True)} orders, refunds and payouts that need a look, {_waiting(blocked=False)} that are ready."
    )


def bring(files: list[generator.File], by: User, say: Say) -> None:
    """A person brings these files, of which no record may be refused. Raises DemoFailed."""
    with tempfile.TemporaryDirectory() as folder:
        for file in files:
            path = Path(folder, f"{file.shop}-{file.name}")
            path.write_bytes(file.content)
            job = inbox.receive_file(Shop.objects.get(code=file.shop), path, name=path.name, by=by)
            if job.state != ImportState.DONE or job.refused:
                raise DemoFailed(f"{path.name}: {job.words or '; '.join(job.errors.values_list('reason', flat=True))}")
            say(f"  {path.name} ({job.layout}): {job.created} new, {job.updated} changed.")


def map_what_is_new(by: User, say: Say, ledgers: Iterable[Ledger]) -> None:
    """One missing item is mapped, and every order that waited for nothing else becomes ready."""
    good, ready = cast.HOUSE[0], 0
    for ledger in ledgers:
        ready += mappings.settled(ItemMapping.objects.create(ledger=ledger, key=good.sku, item=good.title)).ready
    say(f"{by.get_full_name()} maps {good.sku}: {ready} orders become ready.")


def _approve(by: User, say: Say) -> None:
    """The owner approves the ready orders but the newest of each large shop, then their refunds, and then the payouts whose payments are all signed."""
    ready = Order.objects.filter(state=State.PENDING, blockers=0).order_by("-placed_at", "-pk")
    kept = [
        pk
        for shop in ("haus", "outdoor")
        for pk in ready.filter(shop__code=shop).values_list("pk", flat=True)[: LEFT_READY // 2]
    ]
    orders = list(ready.exclude(pk__in=kept).order_by("placed_at", "pk").values_list("pk", flat=True))
    together(orders, by)
    refunds = list(Refund.objects.filter(state=State.PENDING, blockers=0, order__state=State.APPROVED).order_by("pk"))
    for refund in refunds:
        review.approve(refund, by=by)
    payouts = list(Payout.objects.filter(state=State.PENDING, blockers=0).order_by("paid_on", "pk"))
    for payout in payouts:
        review.approve(payout, by=by)
    told = f"{len(orders)} orders, {len(refunds)} refunds and {len(payouts)} payouts"
    say(f"{by.get_full_name()} approves {told}.")


def together(orders: list[int], by: User) -> None:
    """Approve a frozen set, as the desk does with many."""
    chosen = review.bulk.freeze("order", orders, by=by, query="tab=ready")
    review.bulk.confirm(chosen, by=by)
    review.bulk.work(PATIENCE_SECONDS, only=chosen.pk)
    chosen.refresh_from_db()
    if chosen.approved != len(orders):
        raise DemoFailed(f"{chosen.approved} of {len(orders)} orders were approved; left out: {chosen.left_out}")


def post(say: Say) -> None:
    """The jobs send until nothing is due. Raises DemoFailed."""
    booked = 0
    while result := jobs.run("outbox"):
        if result.failed or result.fault:
            raise DemoFailed(f"Posting failed: {result.words}")
        if not result.done:
            break
        booked += result.done
    say(f"{booked} documents are booked.")


def settle() -> None:
    """Every job once, so that the desk opens on machinery that has run."""
    for name in jobs.JOBS:
        jobs.run(name)


def _hand_out(by: User, say: Say) -> None:
    batch = carried.hand_out(by)
    say(f"{by.get_full_name()} makes {batch}, a file for Xero: it waits for her word that it was brought in.")


def _waiting(*, blocked: bool) -> int:
    return sum(
        model._default_manager.filter(state=State.PENDING, blockers__gt=0).count() if blocked
        else model._default_manager.filter(state=State.PENDING, blockers=0).count()
        for model in (Order, Refund, Payout)
    )  # fmt: skip
