"""Access tokens are renewed by one process at a time; a refresh token that rotates is stored before it is used, and where it is lost we say so and stop."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from integrations import connections, http, tokens, writeback
from integrations.errors import Misconfigured, Unavailable
from integrations.models import Connection, Delivery, Token
from orders import models as m
from orders import review
from tests import desk
from tests.lab import crimes
from tests.lab.store import Store
from tests.lab.tokens import CLIENT, SECRET, Tokens
from tests.races import race

pytestmark = [pytest.mark.outbox, pytest.mark.django_db(transaction=True)]

RACES = int(os.environ.get("ORDERSYNC_TOKEN_RACES", "10"))
LOCAL = "127.0.0.1/32"


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tokens]:
    monkeypatch.setattr(http, "READ", 0.5)
    with Tokens(tmp_path) as running:
        yield running


@pytest.fixture
def there() -> Connection:
    return Connection.objects.create(name="store", kind="shopify", shop=desk.shop())


def grant(server: Tokens, **changes: str) -> http.Grant:
    given = {"client_id": CLIENT, "client_secret": SECRET, "refresh_token": "refresh-0"} | changes
    return http.Grant(url=server.url, **given)


def access(there: Connection, server: Tokens, refused: str = "", **changes: str) -> str:
    dial = http.Dial(base_url=server.url, networks=LOCAL)
    return tokens.access(there, dial, grant(server, **changes), refused)


def expire(seconds: float = 0) -> None:
    Token.objects.update(expires_at=timezone.now() + timedelta(seconds=seconds))


def asked(server: Tokens) -> int:
    return len(server.judge.lines("issued"))


def test_a_token_is_asked_for_once_and_kept_until_it_is_about_to_end(server: Tokens, there: Connection) -> None:
    first = access(there, server)
    assert (access(there, server), asked(server)) == (first, 1)
    expire(30)
    assert access(there, server) != first
    assert (asked(server), server.refresh) == (2, "refresh-2")


def test_a_token_of_the_clients_own_credentials_needs_no_refresh_token(server: Tokens, there: Connection) -> None:
    first = access(there, server, refresh_token="")
    expire()
    second = access(there, server, refresh_token="")
    assert first != second
    assert asked(server) == 2


def test_the_new_refresh_token_is_stored_before_its_access_token_is_used(server: Tokens, there: Connection) -> None:
    for n in range(1, 4):
        access(there, server)
        assert tokens.unseal(Token.objects.get().sealed)["refresh_token"] == server.refresh == f"refresh-{n}"
        expire()


def test_a_token_refused_before_its_end_is_renewed_once_for_all_who_were_refused(
    server: Tokens, there: Connection
) -> None:
    first = access(there, server)
    second = access(there, server, refused=first)
    assert access(there, server, refused=first) == second
    assert asked(server) == 2


@pytest.mark.slow
def test_of_many_that_renew_at_once_one_asks_and_the_refresh_token_is_never_lost(
    server: Tokens, there: Connection, verdict: Callable[[str], None]
) -> None:
    """A refresh token used twice would void everything: the server counts that as theft."""
    for n in range(1, RACES + 1):
        found = race([lambda: access(there, server) for _ in range(6)])
        assert set(found) == server.good, found
        assert (asked(server), server.stolen) == (n, 0)
        expire()
    verdict(f"tokens: {RACES} races of 6: {asked(server)} renewals, {server.stolen} used twice")


def test_a_token_is_not_good_by_the_lifetime_of_its_successor(server: Tokens, there: Connection) -> None:
    access(there, server)
    expire()
    row = Token.objects.get(connection=there)
    held = tokens.unseal(row.sealed)
    access(there, server)  # another process renews it between our look and our judgement
    assert not tokens._is_good(row, held, "")


def test_whoever_comes_while_another_renews_waits_for_him(server: Tokens, there: Connection) -> None:
    server.hang = 0.3
    server.plan("token", crimes.WAITS)
    begun = time.monotonic()
    found = race([lambda: access(there, server) for _ in range(3)])
    assert (set(found), asked(server)) == (server.good, 1)
    assert time.monotonic() > begun


@pytest.mark.parametrize("crime", [*crimes.UNDONE, *crimes.NOT_NOW])
def test_a_server_that_gave_nothing_is_asked_again_with_the_same_refresh_token(
    server: Tokens, there: Connection, crime: str
) -> None:
    server.plan("token", crime)
    with pytest.raises(Unavailable):
        access(there, server)
    assert access(there, server) in server.good


@pytest.mark.parametrize("grace", [0, 1])
@pytest.mark.parametrize("crime", crimes.DONE)
def test_a_lost_reply_is_healed_by_a_server_with_grace_and_said_openly_without(
    tmp_path: Path, there: Connection, crime: str, grace: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "READ", 0.1)
    with Tokens(tmp_path, grace=grace) as server:
        server.plan("token", crime)
        with pytest.raises(Unavailable):
            access(there, server)
        if grace:
            assert access(there, server) in server.good
            return
        with pytest.raises(Misconfigured, match="refuses") as caught:
            access(there, server)
        assert "Connect again" in caught.value.fix


class Killed(BaseException):
    """The process is gone."""


@pytest.mark.parametrize("grace", [0, 1])
def test_a_kill_between_reply_and_commit_is_recovered_or_said_openly(
    tmp_path: Path, there: Connection, grace: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: Any) -> str:
        raise Killed

    with Tokens(tmp_path, grace=grace) as server:
        with monkeypatch.context() as patch:
            patch.setattr(tokens, "seal", die)
            with pytest.raises(Killed):
                access(there, server)
        assert Token.objects.get().leased_until is not None
        with monkeypatch.context() as patch:
            patch.setattr(tokens, "PATIENCE", 0.2)
            with pytest.raises(Unavailable, match="Another process"):
                access(there, server)
        Token.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
        if grace:
            assert access(there, server) in server.good
        else:
            with pytest.raises(Misconfigured):
                access(there, server)


def test_a_late_answer_is_kept_although_the_lease_has_lapsed(
    server: Tokens, there: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody stored another meanwhile: ours is the only refresh token that is still good."""
    honest = tokens._asked

    def slow(*arguments: Any) -> Any:
        told = honest(*arguments)
        Token.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
        with monkeypatch.context() as another:  # it takes the lapsed lease, and its refresh token is void
            another.setattr(tokens, "_asked", honest)
            with pytest.raises(Misconfigured):
                access(there, server)
        return told

    with monkeypatch.context() as patch:
        patch.setattr(tokens, "_asked", slow)
        access(there, server)
    assert tokens.unseal(Token.objects.get().sealed)["refresh_token"] == server.refresh == "refresh-1"


def test_other_secrets_begin_anew(server: Tokens, there: Connection) -> None:
    access(there, server)
    expire()
    server.refresh = "refresh-of-a-person"
    assert access(there, server, refresh_token="refresh-of-a-person") in server.good


def test_a_token_is_never_renewed_inside_a_transaction(server: Tokens, there: Connection) -> None:
    with transaction.atomic(), pytest.raises(RuntimeError):
        access(there, server)


def test_no_secret_is_in_the_open_or_in_the_log(
    server: Tokens, there: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    token = access(there, server)
    with pytest.raises(Misconfigured) as caught:
        access(there, server, client_secret="a-wrong-client-secret")
    row = str(Token.objects.values().get())
    for secret in (token, SECRET, "refresh-0", "refresh-1", "a-wrong-client-secret"):
        assert secret not in caplog.text + row + str(caught.value), secret


class Shop(Tokens, Store):
    """A Shopify store that issues its own tokens."""

    name = "shop"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.tokens = self.good

    def call(self, request: Any) -> tuple[str, str]:
        return Tokens.call(self, request) if "oauth" in request.path else Store.call(self, request)

    def act(self, request: Any, crime: str) -> Any:
        return Tokens.act(self, request, crime) if "oauth" in request.path else Store.act(self, request, crime)


@pytest.fixture
def shop_server(tmp_path: Path) -> Iterator[Shop]:
    with Shop(tmp_path) as running:
        running.product("7", "MUG", 5)
        yield running


def connected(server: Shop) -> Connection:
    options = {"shop": f"http://127.0.0.1:{server.port}", "networks": LOCAL, "client_id": CLIENT, "tell_stock": "yes"}
    secrets = {"client_secret": SECRET, "refresh_token": "refresh-0"}
    return connections.connect("shopify", "store", options=options, secrets=secrets, shop=desk.shop())


def change(there: Connection, before: int, after: int) -> None:
    assert there.shop is not None
    made = m.StockAdjustment.objects.create(shop=there.shop, sku="MUG", before=before, after=after)
    review.approve(made, by=desk.owner(there.shop))


def test_a_token_that_ends_in_the_middle_is_renewed_and_the_call_is_made_once_more(shop_server: Shop) -> None:
    there = connected(shop_server)
    change(there, 5, 9)
    assert writeback.tick(5).told == 1
    shop_server.expire()
    change(there, 9, 2)
    assert writeback.tick(5).told == 1
    assert (shop_server.count("MUG"), asked(shop_server)) == (2, 2)
    assert shop_server.times("changed") == {"product 7": 2}


def test_a_refresh_token_that_is_void_pauses_the_connection_until_somebody_connects_again(shop_server: Shop) -> None:
    there = connected(shop_server)
    shop_server.refresh = "refresh-elsewhere"
    change(there, 5, 9)
    writeback.tick(5)
    there.refresh_from_db()
    assert there.paused_at
    assert "Connect again" in there.paused_fix
    assert Delivery.objects.get().state == "waiting"
    there = connections.connect(
        "shopify", "store", options=there.options, secrets={"client_secret": SECRET, "refresh_token": "refresh-elsewhere"}, shop=there.shop
    )  # fmt: skip
    Delivery.objects.update(not_before=timezone.now())
    assert writeback.tick(5).told == 1
    assert shop_server.count("MUG") == 9
