"""Watching: red with the reason in words, figures that agree with the tables, and nothing about a person."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import OperationalError
from django.db import connection as database
from django.db.backends.utils import CursorWrapper
from django.test import Client
from django.utils import timezone

from integrations import connections, inbox, jobs, outbox, views, watching
from integrations.models import Connection, Delivery, Errand, ErrandKind, Message, MessageState, Run
from orders import roles
from orders.models import Notification
from tests import factories, outbox_world
from tests.outbox_world import World

pytestmark = pytest.mark.django_db(transaction=True)

TOKEN = "a-token-for-those-who-watch"


@pytest.fixture
def world(tmp_path: Path) -> World:
    return outbox_world.make(tmp_path / "ledger")


@pytest.fixture
def running() -> None:
    """Every job has just run."""
    for job in jobs.JOBS:
        beat(job)


def beat(job: str, seconds_ago: float = 0) -> None:
    at = timezone.now() - timedelta(seconds=seconds_ago)
    Run.objects.create(job=job, worker="w", started_at=at, ended_at=at)


def ago(**time: int) -> Any:
    return timezone.now() - timedelta(**time)


def asked(client: Client) -> tuple[int, str]:
    answer = client.get("/healthz")
    told = json.loads(answer.content)
    assert told["ok"] == (answer.status_code == 200) == (not told["reasons"])
    return answer.status_code, " ".join(told["reasons"])


# Whether it is well


def test_an_installation_whose_jobs_run_and_where_nothing_waits_is_well(
    client: Client, world: World, running: None, django_assert_max_num_queries: Any
) -> None:
    world.sign()
    outbox.tick()
    with django_assert_max_num_queries(3):
        assert asked(client) == (200, "")


def test_a_machine_asks_without_a_session_and_nothing_is_kept_on_the_way(client: Client, running: None) -> None:
    answer = client.get("/healthz")
    assert not answer.cookies
    assert "no-store" in answer.headers["Cache-Control"]
    assert client.post("/healthz").status_code == 405


def test_an_old_heartbeat_is_red_with_the_reason(client: Client, settings: Any) -> None:
    assert asked(client)[0] == 503
    for job in jobs.JOBS:
        beat(job, seconds_ago=settings.ORDERSYNC_HEARTBEAT_LIMIT + 60)
    status, words = asked(client)
    assert status == 503
    assert words == "No job gave a sign for 3 minutes, allowed are 2 minutes: see that the job cluster runs."


def test_one_job_that_is_late_is_red_though_the_others_run(client: Client, running: None) -> None:
    Run.objects.filter(job="outbox").update(started_at=ago(minutes=9), ended_at=ago(minutes=9))
    assert asked(client) == (503, "The job outbox has not run for 9 minutes.")
    Run.objects.filter(job="outbox").delete()
    assert asked(client) == (200, ""), "all of them have just begun"
    Run.objects.filter(job="inbox").update(started_at=ago(minutes=6))
    assert asked(client) == (503, "The job outbox has never run.")


def test_an_hourly_job_is_not_late_after_two_hours(client: Client, running: None) -> None:
    Run.objects.filter(job="janitor").update(started_at=ago(hours=2), ended_at=ago(hours=2))
    assert asked(client) == (200, "")


def test_a_document_that_waits_too_long_is_red(client: Client, world: World, running: None) -> None:
    document = world.sign(not_before=ago(minutes=20))
    outbox.dispatch()
    Delivery.objects.update(made_at=ago(minutes=20))
    assert asked(client) == (503, "A signed document has been waiting to be booked for 20 minutes.")
    document.booking.not_before = timezone.now() + timedelta(minutes=5)
    document.booking.save()
    assert asked(client) == (200, ""), "its time to be undone is not over"


def test_a_store_that_is_not_told_is_red_in_words_of_its_own(client: Client, world: World, running: None) -> None:
    order, then = world.sign().order, ago(minutes=20)
    outbox.tick()
    store = Connection.objects.create(name="store", kind="shopify", shop=world.shop)
    errand = Errand.objects.create(
        connection=store, order=order, kind=ErrandKind.NUMBER, key="number 1", about="order 1", made_at=then
    )
    Delivery.objects.create(connection=store, errand=errand, not_before=then, made_at=then)
    words = "A store should have been told something, or been asked whether it knows, for 20 minutes."
    assert asked(client) == (503, words)


def test_what_waits_behind_another_document_is_not_counted_twice(client: Client, world: World, running: None) -> None:
    first = world.sign("1", not_before=ago(minutes=20))
    world.sign("1", kind="payment", after=(first,), not_before=ago(minutes=20))
    outbox.dispatch()
    Delivery.objects.update(made_at=ago(minutes=20))
    Delivery.objects.filter(document=first).update(state="parked")
    assert asked(client) == (200, "")


def test_an_outcome_unknown_for_too_long_is_red(client: Client, world: World, running: None) -> None:
    world.plan("book", "loses the reply")
    world.sign()
    outbox.tick()
    assert Delivery.objects.get().state == "unknown"
    assert asked(client) == (200, "")
    Delivery.objects.update(unknown_since=ago(minutes=16))
    assert asked(client) == (503, "Whether a document stands in its ledger has been unknown for 16 minutes.")


def test_a_delivery_that_nobody_reads_is_red(client: Client, world: World, running: None) -> None:
    inbox.accept(world.shop, "webhook", "1", b"{}")
    Message.objects.update(received_at=ago(hours=3))
    assert asked(client) == (503, "A store's delivery has been waiting to be read for 3 hours.")


def test_a_paused_connection_is_red_and_neither_named_nor_explained_to_strangers(
    client: Client, world: World, running: None
) -> None:
    connections.pause(world.connection, "The password of clerk@example.org is wrong.")
    assert asked(client) == (503, "Connections that are paused: 1.")


@pytest.fixture
def no_database() -> Iterator[None]:
    def refuse(execute: Any, sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        assert isinstance(context["cursor"], CursorWrapper)
        raise OperationalError("connection refused: password=hush-hush")

    with database.execute_wrapper(refuse):
        yield


def test_a_database_that_does_not_answer_is_red(client: Client, no_database: None, settings: Any) -> None:
    assert asked(client) == (503, "The database does not answer.")
    settings.ORDERSYNC_METRICS_TOKEN = TOKEN
    assert scrape(client).status_code == 503


# The figures


def scrape(client: Client, token: str = TOKEN) -> Any:
    return client.get("/metrics", headers={"Authorization": f"Bearer {token}"})


def test_the_figures_are_for_those_who_hold_the_token(client: Client, settings: Any) -> None:
    settings.ORDERSYNC_METRICS_TOKEN = ""
    assert scrape(client).status_code == scrape(client, "").status_code == 404
    settings.ORDERSYNC_METRICS_TOKEN = TOKEN
    assert scrape(client, "").status_code == scrape(client, "ä").status_code == 401
    assert client.get("/metrics").status_code == 401
    assert scrape(client).status_code == 200


def test_the_figures_agree_with_the_tables(
    client: Client, world: World, running: None, settings: Any, django_assert_max_num_queries: Any
) -> None:
    settings.ORDERSYNC_METRICS_TOKEN = TOKEN
    world.plan("book", "refuses", reference="WEB2")
    world.sign_many(3)
    outbox.tick()
    world.sign("4", not_before=ago(minutes=2))
    outbox.dispatch()
    Delivery.objects.filter(state="waiting").update(state="leased", leased_until=ago(minutes=1))
    inbox.accept(world.shop, "webhook", "1", b"{}")
    inbox.accept(world.shop, "webhook", "2", b"{}")
    Message.objects.filter(dedupe_key="2").update(state=MessageState.FAILED)
    with django_assert_max_num_queries(5):
        found = parsed(scrape(client).content.decode())
    assert {name: value for name, value in found.items() if name.startswith("ordersync_documents")} == {
        'ordersync_documents{state="booked"}': 2,
        'ordersync_documents{state="parked"}': 1,
        'ordersync_documents{state="leased"}': 1,
        'ordersync_documents_signed{ledger="books"}': 4,
    }
    assert found["ordersync_leases_lapsed"] == 1
    assert found['ordersync_messages{state="new"}'] == found['ordersync_messages{state="failed"}'] == 1
    success = Connection.objects.get().last_success_at
    assert success is not None
    name = 'ordersync_connection_last_success_timestamp_seconds{connection="crime",kind="crime"}'
    assert found[name] == pytest.approx(success.timestamp(), abs=0.01)
    assert found["ordersync_healthy"] == 1
    assert 0 <= found["ordersync_heartbeat_seconds"] < 60
    assert 0 < found["ordersync_oldest_letter_seconds"] < 60


def parsed(text: str) -> dict[str, float]:
    """Every sample of a text in Prometheus' format, whose every name was announced by HELP and TYPE first."""
    announced, samples = set[str](), dict[str, float]()
    assert text.endswith("\n")
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            _hash, _type, name, kind = line.split(" ")
            assert kind == "gauge"
            announced.add(name)
        elif not line.startswith("# HELP "):
            sample, _blank, value = line.rpartition(" ")
            assert sample.partition("{")[0] in announced
            assert sample not in samples
            samples[sample] = float(value)
    return samples


def test_a_label_cannot_break_out_of_its_quotes() -> None:
    assert watching._sample("x", 1, name='a"b\\c\nd') == 'ordersync_x{name="a\\"b\\\\c\\nd"} 1'


# Who is told


@pytest.fixture
def lead() -> User:
    """The one IT lead."""
    lead = factories.user("ines", email="ines@example.org")
    lead.groups.add(Group.objects.get_or_create(name=roles.IT_LEAD.name)[0])
    return lead


def bad_hour(world: World) -> None:
    """The connection is paused, and one job is late."""
    connections.pause(world.connection, "The password is wrong.", "Enter it again.")
    Run.objects.filter(job="outbox").update(started_at=ago(minutes=9), ended_at=ago(minutes=9))


def test_the_it_lead_is_told_once_for_each_cause(
    world: World, running: None, lead: User, mailoutbox: list[Any]
) -> None:
    bad_hour(world)
    assert jobs.run("alerts") == jobs.Result(done=2)
    assert jobs.run("alerts") == jobs.Result(done=0)
    (mail,) = mailoutbox
    assert mail.to == ["ines@example.org"]
    assert mail.subject == "[ordersync] The job outbox has not run for 9 minutes."
    assert mail.body.splitlines() == [
        "- The job outbox has not run for 9 minutes.",
        "- crime is paused: The password is wrong. Enter it again.",
    ]
    assert set(Notification.objects.values_list("user", "words")) == {
        (lead.pk, "The job outbox has not run for 9 minutes."),
        (lead.pk, "crime is paused: The password is wrong. Enter it again."),
    }


def test_what_was_read_is_not_told_again_while_it_lasts(
    world: World, running: None, lead: User, mailoutbox: list[Any]
) -> None:
    bad_hour(world)
    jobs.run("alerts")
    Notification.objects.update(read_at=timezone.now())
    jobs.run("alerts")
    assert len(mailoutbox) == 1


def test_what_is_over_is_taken_away_and_told_anew_when_it_comes_back(
    world: World, running: None, lead: User, mailoutbox: list[Any]
) -> None:
    for time in (1, 2):
        bad_hour(world)
        jobs.run("alerts")
        assert len(mailoutbox) == time
        connections.resume(Connection.objects.get(), None)
        beat("outbox")
        jobs.run("alerts")
        assert not Notification.objects.exists()


def test_alerts_go_to_the_addresses_that_are_set(
    world: World, running: None, lead: User, settings: Any, mailoutbox: list[Any]
) -> None:
    settings.ORDERSYNC_ALERTS_TO = ["night@example.org"]
    bad_hour(world)
    jobs.run("alerts")
    assert [mail.to for mail in mailoutbox] == [["night@example.org"]]


def test_a_mail_that_does_not_leave_is_tried_again(
    world: World, running: None, lead: User, settings: Any, mailoutbox: list[Any]
) -> None:
    bad_hour(world)
    honest = settings.EMAIL_BACKEND
    settings.EMAIL_BACKEND, settings.EMAIL_HOST, settings.EMAIL_PORT = (
        "django.core.mail.backends.smtp.EmailBackend",
        "127.0.0.1",
        1,
    )
    result = jobs.run("alerts")
    assert result is not None
    assert (result.failed, "could not be mailed" in result.words) == (1, True)
    settings.EMAIL_BACKEND = honest
    assert jobs.run("alerts") == jobs.Result(done=2)
    assert len(mailoutbox) == 1


def test_nobody_to_tell_is_said_by_the_job(world: World, running: None, mailoutbox: list[Any]) -> None:
    bad_hour(world)
    result = jobs.run("alerts")
    assert result is not None
    assert "nobody holds the role IT lead" in result.words
    assert not mailoutbox


def test_the_token_is_compared_in_constant_time_and_in_no_other_way() -> None:
    tree = ast.parse(Path(views.__file__).read_text(encoding="utf-8"))
    (metrics,) = (item for item in ast.walk(tree) if isinstance(item, ast.FunctionDef) and item.name == "metrics")
    calls = {ast.unparse(item.func) for item in ast.walk(metrics) if isinstance(item, ast.Call)}
    assert "hmac.compare_digest" in calls
    assert not [item for item in ast.walk(metrics) if isinstance(item, ast.Compare)]
