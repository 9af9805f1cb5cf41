"""The door for signed JSON: only the store's own deliveries come in, each once, in whatever order and however often they are sent."""

from __future__ import annotations

import ast
import base64
import hashlib
import hmac
import json
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connections
from django.test import Client
from django_q.models import OrmQ

from integrations import inbox, jobs, views
from integrations.errors import Misconfigured
from integrations.models import Connection, Message, MessageState
from integrations.stores import webhook
from orders.models import Order, OrderVersion, Quarantine, Shop
from tests import factories
from tests.test_inbox import order

SECRET, OLD = "a-secret-of-the-store-1", "an-older-secret-of-it-0"

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> Shop:
    return factories.shop("web")


@pytest.fixture
def connect(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Connects the shop from a shell, with SECRET and, where asked, OLD."""

    def connected(name: str = "shopify", *, dialect: str = "shopify", rotating: bool = False) -> Connection:
        monkeypatch.setenv("NEW_SECRET", SECRET)
        monkeypatch.setenv("OLD_SECRET", OLD)
        more = ["--secret-env", "old_secret=OLD_SECRET"] if rotating else []
        wanted = ["--shop", "web", "--set", f"dialect={dialect}", "--secret-env", "secret=NEW_SECRET", *more]
        call_command("connect", "webhook", name, *wanted)
        return Connection.objects.get(name=name)

    return connected


def signed(body: bytes, secret: str = SECRET, *, as_hex: bool = False) -> str:
    digest = hmac.new(secret.encode(), body, hashlib.sha256).digest()
    return digest.hex() if as_hex else base64.b64encode(digest).decode()


def shopify(body: bytes, event: str, *, secret: str = SECRET, topic: str = "orders/updated") -> dict[str, str]:
    return {
        "X-Shopify-Hmac-Sha256": signed(body, secret),
        "X-Shopify-Shop-Domain": "web.myshopify.com",
        "X-Shopify-Topic": topic,
        "X-Shopify-Event-Id": event,
    }


def woocommerce(body: bytes, *, delivery: str = "same-second", hook: str = "7") -> dict[str, str]:
    return {
        "X-WC-Webhook-Signature": signed(body),
        "X-WC-Webhook-Topic": "order.updated",
        "X-WC-Webhook-ID": hook,
        "X-WC-Webhook-Delivery-ID": delivery,
    }


def post(client: Client, name: str, body: bytes, headers: dict[str, str]) -> int:
    answer = client.post(f"/webhooks/{name}/", body, content_type="application/json", headers=headers)
    return int(answer.status_code)


def told(number: int = 1, **changed: Any) -> bytes:
    return json.dumps(order(number, **changed)).encode()


# Who comes in


def test_a_signed_delivery_becomes_an_order(client: Client, shop: Shop, connect: Any) -> None:
    there = connect()
    body = told()
    assert post(client, "shopify", body, shopify(body, "e1")) == 200
    message = Message.objects.get()
    assert (message.shop, message.connection, message.source) == (shop, there, "webhook shopify orders/updated")
    assert bytes(message.body) == body
    assert inbox.process() == (1, 0)
    assert Order.objects.get().store_id == "1"
    there.refresh_from_db()
    assert there.last_success_at is not None


def test_our_own_dialect_is_signed_in_hex_or_base64(client: Client, connect: Any) -> None:
    connect("script", dialect="ordersync")
    body = told()
    for n, as_hex in enumerate((True, False)):
        headers = {"X-Ordersync-Signature": signed(body, as_hex=as_hex), "X-Ordersync-Delivery": str(n)}
        assert post(client, "script", body, headers) == 200
    assert Message.objects.count() == 2


def test_a_delivery_of_our_own_dialect_without_an_id_is_known_by_its_body(client: Client, connect: Any) -> None:
    connect("script", dialect="ordersync")
    for body in (told(1), told(2), told(1)):
        assert post(client, "script", body, {"X-Ordersync-Signature": signed(body)}) == 200
    assert Message.objects.count() == 2


def test_both_secrets_are_honoured_while_one_replaces_the_other(client: Client, connect: Any) -> None:
    body = told()
    connect(rotating=True)
    assert post(client, "shopify", body, shopify(body, "e1", secret=OLD)) == 200
    assert post(client, "shopify", body, shopify(body, "e2", secret=SECRET)) == 200
    connect(rotating=False)
    assert post(client, "shopify", body, shopify(body, "e3", secret=OLD)) == 401


@pytest.mark.parametrize(
    "change",
    [
        {"X-Shopify-Hmac-Sha256": ""},
        {"X-Shopify-Hmac-Sha256": "Ünsinn"},
        {"X-Shopify-Hmac-Sha256": signed(b"another body")},
        {"X-Shopify-Hmac-Sha256": signed(told(), "a-secret-of-another-store")},
        {"X-Shopify-Hmac-Sha256": signed(told())[:-1]},
    ],
)
def test_a_signature_that_does_not_fit_is_refused_and_nothing_is_kept(
    client: Client, connect: Any, change: dict[str, str]
) -> None:
    connect()
    body = told()
    assert post(client, "shopify", body, shopify(body, "e1") | change) == 401
    assert not Message.objects.exists()


def test_one_changed_byte_is_refused(client: Client, connect: Any) -> None:
    connect()
    body = told()
    assert post(client, "shopify", body.replace(b"10.00", b"90.00"), shopify(body, "e1")) == 401


def test_a_connection_that_is_not_there_answers_as_one_that_is_and_works_as_much(
    client: Client, connect: Any, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any
) -> None:
    there, body = connect(), told()
    digests: list[bytes] = []
    honest = hmac.digest

    def counted(*arguments: Any) -> bytes:
        digests.append(honest(*arguments))
        return digests[-1]

    monkeypatch.setattr(webhook.hmac, "digest", counted)
    headers = shopify(body, "e1", secret="not-the-secret-of-anyone")
    answers = []
    for name in ("shopify", "nobody"):
        digests.clear()
        with django_assert_num_queries(1):
            answer = client.post(f"/webhooks/{name}/", body, content_type="application/json", headers=headers)
        answers.append((answer.status_code, answer.content, len(digests)))
    assert answers[0] == answers[1] == (401, answer.content, 2)
    Connection.objects.filter(pk=there.pk).update(active=False)
    assert post(client, "shopify", body, shopify(body, "e1")) == 401


def test_a_connection_of_a_ledger_is_no_door(client: Client, shop: Shop) -> None:
    Connection.objects.create(name="books", kind="beancount", ledger=shop.ledger, options={"folder": "/nowhere"})
    body = told()
    assert post(client, "books", body, shopify(body, "e1")) == 401


def test_a_delivery_too_large_is_refused_before_it_is_read(
    client: Client, connect: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect()
    body = b" " * (views.LARGEST + 1)
    monkeypatch.setattr(views, "_delivered", lambda *_: pytest.fail("it was opened"))
    assert post(client, "shopify", body, shopify(body, "e1")) == 413


def test_a_delivery_is_taken_in_by_post_alone(client: Client, connect: Any) -> None:
    connect()
    assert client.get("/webhooks/shopify/").status_code == client.get("/webhooks/nobody/").status_code == 405


def test_a_delivery_needs_neither_a_cookie_nor_a_form_token_and_leaves_no_session(connect: Any) -> None:
    connect()
    body = told()
    strict = Client(enforce_csrf_checks=True)
    answer = strict.post("/webhooks/shopify/", body, content_type="application/json", headers=shopify(body, "e1"))
    assert answer.status_code == 200
    assert not answer.cookies


def test_signatures_are_compared_in_constant_time_and_in_no_other_way() -> None:
    tree = ast.parse(Path(webhook.__file__).read_text(encoding="utf-8"))
    (genuine,) = (item for item in ast.walk(tree) if isinstance(item, ast.FunctionDef) and item.name == "_genuine")
    calls = {ast.unparse(item.func) for item in ast.walk(genuine) if isinstance(item, ast.Call)}
    assert "hmac.compare_digest" in calls
    assert not [item for item in ast.walk(genuine) if isinstance(item, ast.Compare)]


def test_a_store_is_told_to_come_again_when_its_delivery_cannot_be_kept(
    client: Client, connect: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect()
    body = told()

    class Gone:
        def __call__(self, execute: Any, sql: str, *rest: Any) -> Any:
            if "integrations_message" in sql:
                raise OperationalError("the server closed the connection")
            return execute(sql, *rest)

    with connections["default"].execute_wrapper(Gone()):
        answer = client.post("/webhooks/shopify/", body, content_type="application/json", headers=shopify(body, "e1"))
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "60")


def test_a_connection_whose_secret_cannot_be_opened_refuses_for_now(client: Client, connect: Any) -> None:
    there = connect()
    Connection.objects.filter(pk=there.pk).update(secrets="gAAAA-of-a-key-that-is-gone")
    body = told()
    assert post(client, "shopify", body, shopify(body, "e1")) == 503


# Each once


def test_a_shopify_event_counts_once_for_each_topic(client: Client, connect: Any) -> None:
    connect()
    body = told()
    for topic in ("orders/updated", "orders/updated", "orders/paid"):
        assert post(client, "shopify", body, shopify(body, "e1", topic=topic)) == 200
    assert Message.objects.count() == 2


def test_woocommerce_events_of_one_second_share_an_id_and_are_both_kept(client: Client, connect: Any) -> None:
    connect("woo", dialect="woocommerce")
    for body in (told(1), told(2), told(2)):
        assert post(client, "woo", body, woocommerce(body)) == 200
    assert Message.objects.count() == 2
    body = told(1)
    assert post(client, "woo", body, woocommerce(body, hook="8")) == 200
    assert Message.objects.count() == 3


@pytest.mark.parametrize("name", ["woo", "nobody"])
def test_woocommerces_ping_is_answered_and_nothing_is_done(
    client: Client, connect: Any, name: str, django_assert_num_queries: Any
) -> None:
    connect("woo", dialect="woocommerce")
    with django_assert_num_queries(0):
        answer = client.post(f"/webhooks/{name}/", "webhook_id=12", content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 200


def test_what_only_looks_like_a_ping_must_be_signed(client: Client, connect: Any) -> None:
    connect("woo", dialect="woocommerce")
    answer = client.post("/webhooks/woo/", "webhook_id=12&x=1", content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 401


@pytest.mark.django_db(transaction=True)
def test_many_deliveries_ring_one_bell_and_the_job_reads_them_all(client: Client, connect: Any) -> None:
    connect()
    for n in range(1, 6):
        body = told(n)
        assert post(client, "shopify", body, shopify(body, str(n))) == 200
    assert [item.task["args"] for item in OrmQ.objects.all()] == [("inbox",)]
    assert jobs.run("inbox") == jobs.Result(done=5)
    body = told(6)
    post(client, "shopify", body, shopify(body, "6"))
    post(client, "shopify", body, shopify(body, "6"))
    assert OrmQ.objects.count() == 3, "the bell rings again once all were read; a letter sent twice may ring twice"


def test_a_delivery_costs_few_statements(client: Client, connect: Any, django_assert_max_num_queries: Any) -> None:
    connect()
    for n in range(1, 4):
        body = told(n)
        with django_assert_max_num_queries(5):
            assert post(client, "shopify", body, shopify(body, str(n))) == 200


# In whatever order


def version(number: int, n: int) -> bytes:
    """The nth thing that the store says of an order: the same order, a second later, under another note and mail address."""
    return told(number, updated_at=f"2026-01-02T03:05:{n:02}+01:00", email=f"ann{n}@example.org")


def test_an_old_delivery_that_comes_late_changes_nothing(client: Client, connect: Any) -> None:
    connect()
    for n in (2, 1):
        body = version(1, n)
        assert post(client, "shopify", body, shopify(body, f"e{n}")) == 200
        inbox.process()
    assert Order.objects.get().email == "ann2@example.org"


DELIVERIES = int(os.environ.get("ORDERSYNC_DELIVERIES", "300"))  # a campaign: up to 10,000
WINDOW = 50  # so far a delivery may come before or after its turn


@pytest.mark.slow
def test_deliveries_shuffled_and_repeated_leave_each_order_as_the_store_said_last(
    client: Client, connect: Any, verdict: Callable[[str], None]
) -> None:
    """Three in ten are repeats, up to four of one; each comes up to WINDOW places from its turn; one in a hundred is forged, one in fifty is signed nonsense."""
    connect()
    dice = random.Random(4)  # noqa: S311
    versions = 7
    once = [(number, n) for n in range(1, versions + 1) for number in range(1, DELIVERIES // 10 + 1)]
    repeats = dice.sample([delivery for delivery in once for _ in range(4)], k=DELIVERIES - len(once))
    turn = {delivery: place for place, delivery in enumerate(once)}
    placed = [(turn[delivery] + dice.uniform(-WINDOW, WINDOW), delivery) for delivery in once + repeats]
    deliveries = [delivery for _place, delivery in sorted(placed)]
    poison = {dice.randrange(DELIVERIES) for _ in range(DELIVERIES // 50)}
    forged = 0
    for at, (number, n) in enumerate(deliveries):
        body = version(number, n)
        assert post(client, "shopify", body, shopify(body, f"{number}-{n}")) == 200
        if at % 100 == 0:
            forged += 1
            headers = shopify(body, f"forged-{at}", secret="not-the-secret-of-anyone")
            assert post(client, "shopify", body, headers) == 401
        if at in poison:
            bad = b'{"id": %d, "line_items": "\xff' % at
            assert post(client, "shopify", bad, shopify(bad, f"bad-{at}")) == 200
        if at % 97 == 0:
            inbox.process()
    while Message.objects.filter(state=MessageState.NEW).exists():
        inbox.process()
        Message.objects.update(not_before=None)
    assert len(deliveries) == DELIVERIES
    assert Message.objects.filter(state=MessageState.DONE).count() == len(once)
    assert Message.objects.filter(state=MessageState.FAILED).count() == len(poison)
    numbers = range(1, DELIVERIES // 10 + 1)
    assert set(Order.objects.values_list("store_id", "email")) == {(str(n), "ann7@example.org") for n in numbers}
    assert OrderVersion.objects.values("order", "as_of").distinct().count() == OrderVersion.objects.count()
    assert not Quarantine.objects.exists()
    counts = f"{len(deliveries)}, {len(repeats)} of them repeats, {forged} forged, {len(poison)} nonsense"
    verdict(f"deliveries: {counts}; each once, every order as told last")


# How it is connected


@pytest.mark.parametrize(
    ("options", "secret", "words"),
    [
        ({"dialect": "shopware"}, SECRET, "There is no dialect “shopware”"),
        ({}, "short", "fewer than 16 characters can be guessed"),
        ({"secret": SECRET}, SECRET, "not stored in the open"),
    ],
)
def test_options_that_cannot_work_are_refused(shop: Shop, options: dict[str, str], secret: str, words: str) -> None:
    from integrations import connections as post_office

    with pytest.raises(Misconfigured, match=words):
        post_office.connect("webhook", "x", shop=shop, options=options, secrets={"secret": secret})


@pytest.mark.parametrize(
    ("kind", "end", "words"),
    [("webhook", ("--ledger", "books-web"), "connects a shop"), ("beancount", ("--shop", "web"), "connects a ledger")],
)
def test_a_door_is_a_shops_and_books_are_a_ledgers(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kind: str, end: tuple[str, str], words: str
) -> None:
    monkeypatch.setenv("NEW_SECRET", SECRET)
    more = ["--secret-env", "secret=NEW_SECRET"] if kind == "webhook" else ["--set", f"folder={tmp_path}"]
    with pytest.raises(CommandError, match=words):
        call_command("connect", kind, "x", *end, *more)
    assert not Connection.objects.exists()


def test_a_look_at_the_connection_says_what_is_awaited(connect: Any, capsys: pytest.CaptureFixture[str]) -> None:
    connect(rotating=True)
    call_command("check_connection", "shopify")
    said = capsys.readouterr().out
    assert "X-Shopify-Hmac-Sha256" in said
    assert "secrets honoured: 2" in said
    assert SECRET not in said
