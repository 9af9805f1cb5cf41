"""Jobs: one at a time, each a Run, never an exception; the clock's rows; the real cluster; and the supervisor that replaces it."""

from __future__ import annotations

import ast
import contextlib
import importlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path

import psutil
import pytest
from django.apps import apps
from django.conf import settings as configured
from django.core.management import CommandError, call_command
from django.db import connection as database
from django.utils import timezone
from django_q.models import OrmQ, Schedule, Task

from integrations import jobs, supervisor
from integrations.models import Connection, Run
from orders import outgoing
from orders.models import Event, Invoice, Order, Progress, State
from tests import outbox_world
from tests.outbox_world import World

ROOT = Path(__file__).resolve().parent.parent
schedules = importlib.import_module("integrations.migrations.0003_schedules")
alerts = importlib.import_module("integrations.migrations.0004_alerts")
files = importlib.import_module("integrations.migrations.0007_files")
imports = importlib.import_module("integrations.migrations.0008_imports")
errands = importlib.import_module("integrations.migrations.0009_errands")
bulk = importlib.import_module("integrations.migrations.0010_bulk")
stock = importlib.import_module("integrations.migrations.0014_stock")
choices = importlib.import_module("integrations.migrations.0013_on_since")


@pytest.fixture
def world(tmp_path: Path) -> World:
    return outbox_world.make(tmp_path / "ledger")


@pytest.mark.django_db(transaction=True)
def test_a_job_leaves_a_run_that_says_what_it_did(world: World) -> None:
    world.sign()
    result = jobs.run("outbox")
    assert result == jobs.Result(done=1)
    run = Run.objects.get()
    assert (run.job, run.done, run.failed) == ("outbox", 1, 0)
    assert run.ended_at is not None
    assert run.ended_at >= run.started_at


@pytest.mark.django_db(transaction=True)
def test_an_idle_outbox_job_costs_at_most_five_statements(world: World, django_assert_max_num_queries) -> None:
    world.sign()
    jobs.run("outbox")
    with django_assert_max_num_queries(5):
        jobs.run("outbox")


@pytest.mark.django_db(transaction=True)
def test_a_job_that_is_under_way_elsewhere_is_left_alone(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    inside, go_on = threading.Event(), threading.Event()

    def slow(seconds: float) -> jobs.Result:
        inside.set()
        go_on.wait(10)
        return jobs.Result()

    monkeypatch.setitem(jobs.JOBS, "outbox", jobs.Job(words="slow", minutes=1, work=slow))

    def other() -> None:
        jobs.run("outbox")
        database.close()

    thread = threading.Thread(target=other)
    thread.start()
    assert inside.wait(10)
    assert jobs.run("outbox") is None
    assert jobs.tick("outbox") == "already running"
    go_on.set()
    thread.join()
    assert jobs.run("outbox") == jobs.Result()
    assert Run.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_a_job_that_breaks_says_so_in_its_run_and_never_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(seconds: float) -> jobs.Result:
        raise ZeroDivisionError("token=abc123")

    monkeypatch.setitem(jobs.JOBS, "outbox", jobs.Job(words="broken", minutes=1, work=broken))
    result = jobs.run("outbox")
    assert result is not None
    assert result.fault
    words = Run.objects.get().words
    assert "ZeroDivisionError" in words
    assert "abc123" not in words
    assert jobs.run("outbox") is not None, "the lock was given back"


@pytest.mark.django_db(transaction=True)
def test_a_job_whose_database_goes_away_does_not_raise_and_runs_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def cut(seconds: float) -> jobs.Result:
        database.connection.close()
        return jobs.Result()

    with monkeypatch.context() as patch:
        patch.setitem(jobs.JOBS, "outbox", jobs.Job(words="cut off", minutes=1, work=cut))
        result = jobs.run("outbox")
    assert result is not None
    assert result.fault
    assert jobs.run("outbox") == jobs.Result()


@pytest.mark.django_db(transaction=True)
def test_a_job_cut_off_by_its_time_limit_gives_its_lock_back(monkeypatch: pytest.MonkeyPatch) -> None:
    def cut(seconds: float) -> jobs.Result:
        raise SystemExit("the time limit of django-q2")

    with monkeypatch.context() as patch:
        patch.setitem(jobs.JOBS, "outbox", jobs.Job(words="cut off", minutes=1, work=cut))
        with pytest.raises(SystemExit):
            jobs.run("outbox")
    elsewhere: list[jobs.Result | None] = []

    def other() -> None:
        elsewhere.append(jobs.run("outbox"))
        database.close()

    thread = threading.Thread(target=other)
    thread.start()
    thread.join()
    assert elsewhere == [jobs.Result()]
    assert Run.objects.filter(ended_at=None).count() == 1


def test_the_supervisor_refuses_a_limit_that_nothing_could_keep(settings) -> None:
    settings.ORDERSYNC_HEARTBEAT_LIMIT = 1
    with pytest.raises(CommandError, match="at least 5 seconds"):
        call_command("supervise")


@pytest.mark.django_db
def test_the_clock_has_one_schedule_for_each_job_and_the_function_it_names_is_there() -> None:
    _migrated()
    rows = Schedule.objects.filter(func=schedules.TICK)
    assert {ast.literal_eval(row.args)[0]: row.minutes for row in rows} == {
        name: job.minutes for name, job in jobs.JOBS.items()
    }
    assert rows.count() == len(jobs.JOBS)
    module, _dot, name = schedules.TICK.rpartition(".")
    assert getattr(importlib.import_module(module), name) is jobs.tick


@pytest.mark.django_db
def test_the_schedules_are_made_once_and_can_be_taken_back() -> None:
    _migrated()
    _migrated()
    assert Schedule.objects.filter(func=schedules.TICK).count() == len(jobs.JOBS)
    with database.schema_editor() as editor:
        schedules.remove(apps, editor)
    assert not Schedule.objects.filter(func=schedules.TICK).exists()


def _migrated() -> None:
    """The rows that the migrations made, and that a transactional test before may have emptied."""
    with database.schema_editor() as editor:
        schedules.make(apps, editor)
        alerts.make(apps, editor)
        files.ring(apps, editor)
        imports.make(apps, editor)
        errands.make(apps, editor)
        bulk.make(apps, editor)
        choices.make(apps, editor)
        stock.make(apps, editor)


@pytest.mark.django_db
def test_a_bell_rings_when_the_transaction_commits(django_capture_on_commit_callbacks) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        jobs.ring("outbox")
        assert not OrmQ.objects.exists()
    assert OrmQ.objects.get().task["args"] == ("outbox",)


@pytest.mark.django_db
def test_a_bell_that_is_broken_stops_nobody(
    django_capture_on_commit_callbacks, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: object, **options: object) -> None:
        raise ConnectionError("no broker")

    monkeypatch.setattr(jobs, "async_task", broken)
    with django_capture_on_commit_callbacks(execute=True):
        jobs.ring("outbox")


@pytest.mark.django_db(transaction=True)
def test_the_state_of_booked_documents_is_read_back_from_the_ledger(world: World) -> None:
    document = world.sign()
    payment = world.sign("2", kind="payment")
    jobs.run("outbox")
    long_ago = timezone.now() - timedelta(hours=1)
    Invoice.objects.update(read_at=long_ago)
    assert jobs.run("read_back") == jobs.Result(done=1)
    assert Invoice.objects.get(document=document).read_at > long_ago
    assert Invoice.objects.get(document=payment).kind == outgoing.DocumentKind.PAYMENT
    assert Invoice.objects.get(document=payment).read_at == long_ago, "money is read once a day"
    assert jobs.run("read_back") == jobs.Result()
    Invoice.objects.update(read_at=timezone.now() - timedelta(days=31))
    assert jobs.run("read_back") == jobs.Result(done=2), "and whatever its age, once a month"


@pytest.mark.django_db(transaction=True)
def test_a_hold_ends_when_its_time_is_over(world: World) -> None:
    order = world._order("7")
    Order.objects.filter(pk=order.pk).update(state=State.HELD, held_until=timezone.now() - timedelta(minutes=1))
    jobs.run("settle")
    assert Order.objects.get(pk=order.pk).state == State.PENDING
    assert Event.objects.filter(order=order).exists()


@pytest.mark.django_db(transaction=True)
def test_what_is_unknown_for_a_quarter_of_an_hour_is_shown_as_failed(world: World) -> None:
    young, old = world._order("1"), world._order("2")
    Order.objects.update(progress=Progress.UNKNOWN, progress_at=timezone.now())
    Order.objects.filter(pk=old.pk).update(progress_at=timezone.now() - timedelta(minutes=16))
    jobs.run("settle")
    assert Order.objects.get(pk=young.pk).progress == Progress.UNKNOWN
    assert Order.objects.get(pk=old.pk).progress == Progress.FAILED


@pytest.mark.django_db(transaction=True)
def test_old_traces_are_removed_and_those_of_failures_stay_longer() -> None:
    def run(days: int, failed: int) -> int:
        at = timezone.now() - timedelta(days=days)
        return Run.objects.create(job="outbox", worker="w", started_at=at, ended_at=at, failed=failed).pk

    kept = {run(1, 0), run(10, 1)}
    run(3, 0), run(40, 1)
    Task.objects.create(
        id="1", name="old", func="f", started=timezone.now(), stopped=timezone.now() - timedelta(days=8), success=True
    )
    jobs.run("janitor")
    assert set(Run.objects.exclude(job="janitor").values_list("pk", flat=True)) == kept
    assert not Task.objects.exists()


# From a shell


@pytest.mark.django_db(transaction=True)
def test_run_jobs_does_the_work_without_a_cluster(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.sign()
    call_command("run_jobs", "--only", "outbox", "--json")
    assert json.loads(capsys.readouterr().out) == [
        {"job": "outbox", "ran": True, "done": 1, "failed": 0, "words": "", "fault": False}
    ]
    call_command("run_jobs")
    assert "outbox: 0 done" in capsys.readouterr().out
    assert set(Run.objects.values_list("job", flat=True)) == set(jobs.JOBS)


@pytest.mark.django_db(transaction=True)
def test_run_jobs_ends_with_a_sentence_when_a_job_breaks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(jobs.JOBS, "inbox", jobs.Job(words="broken", minutes=1, work=lambda seconds: 1 / 0))
    with pytest.raises(CommandError, match="inbox: ZeroDivisionError"):
        call_command("run_jobs", "--only", "inbox")


# With real processes

CLUSTER = """
import django, os
os.environ["DJANGO_SETTINGS_MODULE"] = "ordersync_site.settings"
django.setup()
from tests import crime_ledger  # workers are forked and so know the lying ledger too
from django.core.management import call_command
call_command("qcluster")
"""


def environment(**more: str) -> dict[str, str]:
    """Another process on the tests' own database."""
    found = database.get_connection_params()
    socket = f"?host={found['host']}&port={found.get('port') or 5432}" if str(found["host"]).startswith("/") else ""
    place = "" if socket else f"{found['host']}:{found.get('port') or 5432}"
    login = found["user"] + (f":{found['password']}" if found.get("password") else "")
    url = f"postgresql://{login}@{place}/{found['dbname']}{socket}"
    return {**os.environ, "DATABASE_URL": url, "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}", **more}


def wait_until(holds: object, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if holds():  # type: ignore[operator]
            return
        time.sleep(0.2)
    raise AssertionError("it did not happen in time")


def kill_group(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@pytest.mark.slow
@pytest.mark.outbox
@pytest.mark.django_db(transaction=True)
def test_a_real_cluster_books_a_document_by_the_clock_alone(world: World) -> None:
    _migrated()
    world.sign()
    cluster = subprocess.Popen([sys.executable, "-c", CLUSTER], cwd=ROOT, env=environment(), start_new_session=True)
    try:
        wait_until(lambda: world.times_booked() == {"WEB1": 1} and Invoice.objects.exists(), 90)
        wait_until(lambda: set(Run.objects.exclude(ended_at=None).values_list("job", flat=True)) == set(jobs.JOBS), 60)
    finally:
        kill_group(cluster)
    assert Connection.objects.get().paused_at is None


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_cluster_gone_deaf_is_replaced_by_the_supervisor_and_sigterm_ends_both() -> None:
    more = environment(ORDERSYNC_HEARTBEAT_LIMIT="8")
    supervisor = subprocess.Popen(
        [sys.executable, "manage.py", "supervise"], cwd=ROOT, env=more, start_new_session=True
    )
    try:
        wait_until(lambda: Run.objects.exclude(ended_at=None).count() >= 2)
        (main,) = psutil.Process(supervisor.pid).children()
        # Where it waits for a task it holds the queue's lock: killed there, it leaves the cluster alive and deaf.
        for worker in _workers(main):
            worker.send_signal(signal.SIGKILL)
        wait_until(lambda: not main.is_running() or main.status() == psutil.STATUS_ZOMBIE)
        since = timezone.now()
        wait_until(lambda: Run.objects.filter(started_at__gt=since).exclude(ended_at=None).exists())
        (fresh,) = psutil.Process(supervisor.pid).children()
        family = [fresh, *fresh.children(recursive=True)]
        supervisor.terminate()
        assert supervisor.wait(90) == 0
        assert not [one for one in family if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]
    finally:
        for child in (
            psutil.Process(supervisor.pid).children(recursive=True) if psutil.pid_exists(supervisor.pid) else []
        ):
            child.kill()
        kill_group(supervisor)


STUBBORN = """
import django, os, sys, threading
os.environ["DJANGO_SETTINGS_MODULE"] = "ordersync_site.settings"
django.setup()
from integrations import supervisor
supervisor.GRACE_SECONDS = 3600.0
watch = supervisor.Supervisor([sys.executable, "-c", "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); signal.pause()"], float(sys.argv[1]))
threading.Timer(float(sys.argv[2]), watch.stop).start()
watch.run()
sys.exit(f"the cluster was replaced {watch.restarts} times" if watch.restarts else 0)
"""


@pytest.mark.slow
@pytest.mark.parametrize(("limit", "stop_after"), [("60", "1"), ("2", "3")], ids=["at its end", "while it rings"])
def test_a_supervisor_whose_database_is_gone_watches_on_and_takes_its_cluster_along(
    limit: str, stop_after: str
) -> None:
    gone = {**os.environ, "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/gone"}
    asked = [sys.executable, "-c", STUBBORN, limit, stop_after]
    subprocess.run(asked, cwd=ROOT, env=gone, check=True, timeout=300, capture_output=True)


DEAF = """
import os, psycopg, socket, sys, time
with psycopg.connect(sys.argv[1], autocommit=True) as there:
    worker = f"{socket.gethostname()[:60]}:{os.getpgid(0)}:{os.getpid()}"
    there.execute("INSERT INTO integrations_run (job, worker, started_at, ended_at, done, failed, words)"
                  " VALUES ('outbox', %s, now() + interval '1 hour', now() + interval '1 hour', 0, 0, '')", [worker])
time.sleep(600)
"""


@pytest.mark.django_db(transaction=True)
def test_a_clock_that_jumped_back_hides_no_silence() -> None:
    """The last sign of life came before the jump, and so lies an hour ahead."""
    watch = supervisor.Supervisor([sys.executable, "-c", DEAF, environment()["DATABASE_URL"]], 2.0)

    def stop() -> None:
        with contextlib.suppress(AssertionError):
            wait_until(lambda: watch.restarts, 30)
        watch.stop()

    threading.Thread(target=stop).start()
    watch.run()
    assert watch.restarts
    assert Run.objects.exists()


def _workers(main: psutil.Process) -> list[psutil.Process]:
    """The workers of a cluster, which its sentinel makes first; one of them holds the lock."""
    (sentinel,) = main.children()
    return sentinel.children()[: configured.Q_CLUSTER["workers"]]
