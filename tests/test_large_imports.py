"""Large files go through a job: staged, weighed, confirmed, taken in by chunks; no file starves another, and a killed process loses nothing."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from integrations import inbox, jobs
from integrations.inbox import staging, turns
from integrations.inbox.reading import Gone
from orders import incoming
from orders.models import ImportJob, ImportPiece, ImportRecord, ImportState, Order, OrderVersion, Quarantine
from tests import factories, test_jobs
from tests.uploading import Uploader, order, orders, table

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def _small_chunks(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is large elsewhere is large at ten rows here, and comes in chunks of ten."""
    settings.ORDERSYNC_PREVIEW_ROWS = 10
    monkeypatch.setattr(staging, "CHUNK", 10)


pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_small_chunks")]


@pytest.fixture
def who() -> Uploader:
    return Uploader()


def works(seconds: float = 60) -> None:
    """The job “imports”, as the clock rings it."""
    result = jobs.run("imports", seconds)
    assert result is not None
    assert not result.fault, result.words


def fresh(job: ImportJob) -> ImportJob:
    return ImportJob.objects.get(pk=job.pk)


def test_a_large_file_is_read_by_the_job_confirmed_and_taken_in(who: Uploader) -> None:
    job = who.brings(table(*(order(n) for n in range(1, 36)), order(36, Total="€1"), order(37, Currency="USD")))
    assert (job.state, job.large) == (ImportState.READING, True)
    assert "Reading the file" in who.page(job)
    works()
    job = fresh(job)
    assert (job.state, job.staged, job.created, job.refused) == (ImportState.READY, 37, 36, 1)
    assert not Order.objects.exists()
    said = who.page(job)
    assert "350.00 EUR · 10.00 USD" in said
    assert "1 refused records stay out; the others are taken in." in said
    assert "Row 37: “Total” is “€1”" in said
    assert "€1" in who.refused_file(job).decode()
    job = who.does("confirm", job)
    assert job.state == ImportState.RUNNING
    assert "Taking in" in who.page(job)
    works()
    job = fresh(job)
    assert (job.state, job.done, job.created, job.refused) == (ImportState.DONE, 37, 36, 1)
    assert Order.objects.count() == 36
    assert job.errors.get().rows == [37]
    assert Quarantine.objects.get().number == "#1036"
    assert not ImportRecord.objects.exists()


def test_a_large_file_is_asked_about_after_it_was_read(who: Uploader) -> None:
    job = who.brings(orders(20, Created_at="03/04/2026", Paid_at=""))
    works()
    job = fresh(job)
    assert (job.state, list(job.asks), job.staged) == (ImportState.UPLOADED, ["dates"], 0)
    who.does("read", job, dates="mdy")
    works()
    assert (fresh(job).state, fresh(job).created) == (ImportState.READY, 20)


def test_changes_are_counted_apart_from_what_is_the_same(who: Uploader) -> None:
    who.does("confirm", who.brings(orders(9)))
    job = who.brings(table(*(order(n, Email="new@example.org" if n < 4 else "ann@example.org") for n in range(1, 13))))
    works()
    job = fresh(job)
    assert (job.created, job.updated, job.same) == (3, 3, 6)
    assert job.totals["foretold"] == {"created": 3, "updated": 3, "same": 6, "refused": 0}
    who.does("confirm", job)
    works()
    job = fresh(job)
    assert (job.created, job.updated, job.same) == (3, 3, 6)


def test_a_large_file_that_breaks_off_is_refused_as_a_whole(who: Uploader) -> None:
    whole = orders(30)
    job = who.brings(whole[: whole.rindex("2026-03-04 10:20:00") + 4])
    works()
    job = fresh(job)
    assert job.state == ImportState.FAILED
    assert "ends in the middle of row 31, column “Created at”" in job.words
    assert not ImportRecord.objects.exists()


def test_every_file_has_its_turn_whatever_the_size_of_the_others(
    who: Uploader, monkeypatch: pytest.MonkeyPatch
) -> None:
    turned: list[int] = []
    honest = turns.Desk.turn

    def noted(self: turns.Desk, job: ImportJob, tally: list[int]) -> None:
        turned.append(job.pk)
        honest(self, job, tally)

    monkeypatch.setattr(turns.Desk, "turn", noted)
    large = who.brings(orders(300), "large.csv")
    small = who.brings(table(*(order(n) for n in range(500, 515))), "small.csv")
    works()
    assert {fresh(large).state, fresh(small).state} == {ImportState.READY}
    last = max(at for at, pk in enumerate(turned) if pk == small.pk)
    assert turned[:last].count(large.pk) <= turned[: last + 1].count(small.pk)
    assert turned.count(large.pk) > turned.count(small.pk) * 5


def test_a_tick_stops_at_its_budget_and_the_next_one_goes_on_where_it_stood(who: Uploader) -> None:
    job = who.brings(orders(30))
    works()
    who.does("confirm", fresh(job))
    for _tick in range(10):
        works(0)
        assert fresh(job).done == 0, "no time, no turn"
    desk = turns.Desk()
    with desk:
        desk.turn(taken(desk), [0, 0])
    assert (fresh(job).done, Order.objects.count()) == (10, 10)
    works()
    assert (fresh(job).state, Order.objects.count()) == (ImportState.DONE, 30)


def taken(desk: turns.Desk) -> ImportJob:
    job = desk.next()
    assert job is not None
    return job


def test_reading_goes_on_behind_what_an_earlier_process_staged(who: Uploader) -> None:
    job = who.brings(orders(35))
    with turns.Desk() as desk:
        desk.turn(taken(desk), [0, 0])
    assert (fresh(job).staged, fresh(job).read) == (10, False)
    works()
    job = fresh(job)
    assert (job.state, job.staged, job.created, job.totals["rows"]) == (ImportState.READY, 35, 35, 35)
    assert job.totals["sums"] == {"EUR": "350.00"}
    numbers = [one.record.number for one in staging.after(job, 0, 100)]  # type: ignore[union-attr]
    assert numbers == [f"#{1000 + n}" for n in range(1, 36)]


def test_cancelling_in_the_middle_keeps_what_was_taken_in_and_nothing_more(who: Uploader) -> None:
    job = who.brings(orders(30))
    works()
    who.does("confirm", fresh(job))
    with turns.Desk() as desk:
        desk.turn(taken(desk), [0, 0])
    job = who.does("cancel", fresh(job))
    assert f"Cancelled by {who.user} after 10 of 30 records; what was taken in stays." in who.page(job)
    works()
    assert (fresh(job).state, Order.objects.count()) == (ImportState.CANCELLED, 10)


def test_a_chunk_that_is_under_way_when_somebody_cancels_is_not_taken_in(who: Uploader) -> None:
    job = who.brings(orders(30))
    works()
    who.does("confirm", fresh(job))
    mine = fresh(job)
    who.does("cancel", fresh(job))
    with pytest.raises(Gone):
        turns.taking.take(mine)
    assert not Order.objects.exists()


def test_a_file_that_ends_each_process_is_given_up_after_five(who: Uploader, monkeypatch: pytest.MonkeyPatch) -> None:
    class Killed(BaseException):
        pass

    def dies(self: turns.Desk, job: ImportJob) -> bool:
        raise Killed

    job = who.brings(orders(20))
    with monkeypatch.context() as patch:
        patch.setattr(turns.Desk, "step", dies)
        for _attempt in range(5):
            with pytest.raises(Killed):
                inbox.work(10)
    works()
    job = fresh(job)
    assert (job.state, "Each attempt to work on it ended the process" in job.words) == (ImportState.FAILED, True)


def test_a_bug_of_ours_ends_one_import_in_words_and_the_others_go_on(
    who: Uploader, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = who.brings(orders(20), "bad.csv"), who.brings(table(*(order(n) for n in range(50, 70))), "good.csv")
    honest = turns.Desk.step

    def breaks(self: turns.Desk, job: ImportJob) -> bool:
        if job.pk == bad.pk:
            raise ZeroDivisionError
        return honest(self, job)

    monkeypatch.setattr(turns.Desk, "step", breaks)
    works()
    assert (fresh(bad).state, fresh(good).state) == (ImportState.FAILED, ImportState.READY)
    assert "error of ordersync, not of the file (ZeroDivisionError)" in fresh(bad).words


def test_files_are_removed_after_their_days_and_what_nobody_confirmed_is_ended(who: Uploader) -> None:
    done, waiting, young = who.brings(orders(1)), who.brings(orders(2)), who.brings(orders(3))
    who.does("confirm", done)
    long_ago = timezone.now() - timedelta(days=31)
    ImportJob.objects.filter(pk=done.pk).update(ended_at=long_ago)
    ImportJob.objects.filter(pk=waiting.pk).update(at=long_ago)
    assert inbox.tidy() == 2
    assert fresh(waiting).state == ImportState.CANCELLED
    assert "Nobody confirmed it for 30 days" in fresh(waiting).words
    assert set(ImportPiece.objects.values_list("job", flat=True)) == {waiting.pk, young.pk}
    ImportJob.objects.filter(pk=waiting.pk).update(ended_at=long_ago)
    inbox.tidy()
    assert set(ImportPiece.objects.values_list("job", flat=True)) == {young.pk}
    assert not fresh(done).sample
    reply = who.client.get(f"/admin/imports/{done.pk}/refused/")
    assert reply.status_code == 302, "the file is gone, and that is said in words"


def test_records_of_every_kind_come_back_from_staging_as_they_were(who: Uploader) -> None:
    job = who.brings(orders(20))
    told: list[incoming.Record] = [
        factories.order("1", refunds=(factories.refund(),)),
        factories.customer("C1"),
        incoming.Product(id="P", sku="0012", title="Mug", price=Decimal("1.50"), updated_at=factories.NOON),
        incoming.StockLevel(sku="0012", quantity=Decimal(3), counted_at=factories.NOON),
        incoming.Payout(id="1", currency="EUR", amount=Decimal(5), paid_on=factories.NOON.date(), lines=(incoming.PayoutLine(kind="charge", amount=Decimal(5)),)),
        incoming.InvoiceState(reference="R", number="N", state="open", net=Decimal(1), tax=Decimal(0), total=Decimal(1), balance=Decimal(1)),
        incoming.Amendment(noun="orders", id=1, where="row 2", cells=(incoming.Cell(column="email", value="a", where="row 2"),)),
        incoming.Addition(number="1", where="row 3", shipment=incoming.Shipment(id="s", lines=(incoming.ShipmentLine(quantity=Decimal(1)),))),
        incoming.Refusal(where="row 3", reason="No."),
    ]  # fmt: skip
    ImportRecord.objects.all().delete()
    staging.put(job, [staging.Staged(n, record, [n]) for n, record in enumerate(told, start=1)])
    back = staging.after(job, 0, 100)
    assert [one.record for one in back] == told
    assert {type(one).__name__ for one in told} == set(staging.KINDS)


# Two processes


def tick(**more: str) -> subprocess.Popen[bytes]:
    """A worker of its own on the test's database: one tick of the job “imports”, its chunks small and slow."""
    code = (
        "import os, time, django; django.setup()\n"
        "from integrations import jobs; from integrations.inbox import staging, taking\n"
        "staging.CHUNK = 10\n"
        "honest = taking._count\n"
        "def slow(*a):\n    honest(*a); time.sleep(float(os.environ.get('PAUSE', '0')))\n"
        "taking._count = slow\n"
        "jobs.run('imports', 60)\n"
    )
    env = test_jobs.environment(DJANGO_SETTINGS_MODULE="ordersync_site.settings", **more)
    return subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, env=env)


def until(condition: Any, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_half_way_is_followed_by_another_and_every_order_is_there_once() -> None:
    who = Uploader()
    job = who.brings(orders(60))
    works()
    who.does("confirm", fresh(job))
    killed = tick(PAUSE="0.5")
    until(lambda: fresh(job).done >= 20)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    done = fresh(job).done
    assert 20 <= done < 60
    until(lambda: Order.objects.count() == fresh(job).done)
    second = tick()
    assert second.wait(120) == 0
    job = fresh(job)
    assert (job.state, job.done, job.created, job.refused) == (ImportState.DONE, 60, 60, 0)
    assert (Order.objects.count(), OrderVersion.objects.count()) == (60, 60)


@pytest.mark.django_db(transaction=True)
def test_two_workers_never_take_the_same_import() -> None:
    who = Uploader()
    job = who.brings(orders(40))
    works()
    who.does("confirm", fresh(job))
    with turns.Desk() as desk:
        assert taken(desk).pk == job.pk
        other = tick()
        assert other.wait(120) == 0
        assert fresh(job).done == 0, "it is ours"
    works()
    assert (fresh(job).state, fresh(job).created, Order.objects.count()) == (ImportState.DONE, 40, 40)
