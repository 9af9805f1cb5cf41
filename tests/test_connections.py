"""Connections: made whole or not at all, their secrets unreadable where they lie, and every refusal a sentence with a fix."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command

from integrations import connections, tokens
from integrations.accounting.base import Bounds, Idempotency
from integrations.errors import Misconfigured, Unavailable
from integrations.models import Connection
from integrations.registry import adapter
from orders import incoming
from orders.models import Account, Event, Ledger, TaxCode
from tests import (
    crime_ledger,  # noqa: F401  (registers the lying ledger)
    factories,
)

pytestmark = pytest.mark.django_db


@adapter("locked")
class Locked:
    """A ledger with a secret, which is down when its password says so."""

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Options:
        company: str
        password: str = field(metadata={"secret": True}, default="")

    kinds: ClassVar[frozenset[str]] = frozenset({"invoice", "credit_note"})
    concurrency: ClassVar[int] = 1
    idempotency: ClassVar[Idempotency] = Idempotency.LOOK_UP
    bounds: ClassVar[Bounds] = Bounds()

    def __init__(self, options: Options, session: object = None) -> None:
        self.options = options

    def check(self) -> list[Any]:
        raise Misconfigured(f"“{self.options.company}” does not know us.", fix="Ask its owner.")

    def choices(self) -> incoming.Choices:
        if self.options.password == "down":
            raise Unavailable("Connection refused.", fix="Try later.")
        return incoming.Choices(
            accounts=(incoming.AccountChoice(code="4000", name="Sales"),),
            tax_codes=(incoming.TaxCodeChoice(code="V19", name="19 %"),),
        )


@pytest.fixture
def ledger() -> Ledger:
    return factories.ledger("books", mapped=False)


def make(books: Ledger, **changes: Any) -> Connection:
    values: dict[str, Any] = {
        "options": {"company": "ACME"},
        "secrets": {"password": "hush-hush"},
        "ledger": books,
    } | changes
    return connections.connect("locked", "acme", **values)


def test_a_connected_ledger_keeps_its_kinds_and_its_choices(ledger: Ledger) -> None:
    made = make(ledger)
    ledger.refresh_from_db()
    assert ledger.kinds == ["credit_note", "invoice"]
    assert Account.objects.get(ledger=ledger, code="4000").name == "Sales"
    assert TaxCode.objects.get(ledger=ledger, code="V19").name == "19 %"
    assert Event.objects.get(noun="connection", object_id=str(made.pk)).verb == "connected"


def test_a_secret_is_nowhere_in_the_open_and_reaches_the_adapter(ledger: Ledger) -> None:
    made = make(ledger)
    row = Connection.objects.values().get(pk=made.pk)
    assert "hush-hush" not in str(row)
    assert not Event.objects.filter(body__contains="hush-hush").exists()
    assert connections.adapter_of(made).options.password == "hush-hush"  # type: ignore[attr-defined]


def test_secrets_outlive_a_new_key_and_not_the_loss_of_theirs(ledger: Ledger, settings: Any) -> None:
    made = make(ledger)
    old, new = settings.ORDERSYNC_FIELD_KEYS, Fernet.generate_key().decode()
    settings.ORDERSYNC_FIELD_KEYS = [new, *old]
    assert tokens.unseal(made.secrets) == {"password": "hush-hush"}
    rotated = tokens.seal(tokens.unseal(made.secrets))
    settings.ORDERSYNC_FIELD_KEYS = [new]
    assert tokens.unseal(rotated) == {"password": "hush-hush"}
    with pytest.raises(Misconfigured, match="key that they were stored with is missing"):
        connections.adapter_of(made)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"options": {}}, "needs the option “company”"),
        ({"options": {"company": "ACME", "colour": "red"}}, "no option “colour”"),
        ({"options": {"company": "ACME", "password": "open"}}, "is a secret"),
        ({"secrets": {"company": "ACME"}, "options": {}}, "is not a secret"),
        ({"ledger": None}, "one shop or to one ledger"),
    ],
)
def test_what_does_not_fit_is_refused_with_a_fix_and_nothing_is_kept(
    ledger: Ledger, changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(Misconfigured, match=words) as caught:
        make(ledger, **changes)
    assert caught.value.fix
    assert not Connection.objects.exists()


def test_a_ledger_that_cannot_be_reached_is_not_connected(ledger: Ledger) -> None:
    with pytest.raises(Unavailable):
        make(ledger, secrets={"password": "down"})
    assert not Connection.objects.exists()


def test_connecting_again_renews_the_secret_and_ends_a_pause(ledger: Ledger) -> None:
    made = make(ledger)
    connections.pause(made, "The password is wrong.")
    again = make(ledger, secrets={"password": "new"})
    assert again.pk == made.pk
    assert Connection.objects.get().paused_at is None
    assert tokens.unseal(Connection.objects.get().secrets) == {"password": "new"}


def test_a_second_active_connection_of_a_ledger_is_refused(ledger: Ledger) -> None:
    make(ledger)
    with pytest.raises(Misconfigured, match="another active connection"):
        connections.connect("locked", "other", options={"company": "ACME"}, ledger=ledger)


def test_a_name_that_belongs_to_another_connection_is_refused(ledger: Ledger) -> None:
    make(ledger)
    with pytest.raises(Misconfigured, match="belongs to another connection"):
        make(factories.ledger("other", mapped=False))


def test_a_pause_keeps_its_first_reason(ledger: Ledger) -> None:
    made = make(ledger)
    connections.pause(made, "first")
    connections.pause(made, "second")
    made.refresh_from_db()
    assert made.paused_why == "first"
    assert Event.objects.filter(verb="paused").count() == 1


# From a shell


def test_connect_and_check_from_a_shell(ledger: Ledger, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("connect", "crime", "crime", "--ledger", "books", "--set", f"folder={tmp_path}", "--json")
    assert json.loads(capsys.readouterr().out) == {
        "name": "crime",
        "kind": "crime",
        "shop": None,
        "ledger": "books",
        "on": False,
    }
    call_command("check_connection", "crime", "--json")
    assert json.loads(capsys.readouterr().out)[0]["ok"] is True


def test_a_secret_comes_from_the_environment(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACME_PASSWORD", "hush-hush")
    call_command(
        "connect",
        "locked",
        "acme",
        "--ledger",
        "books",
        "--set",
        "company=ACME",
        "--secret-env",
        "password=ACME_PASSWORD",
    )
    assert tokens.unseal(Connection.objects.get().secrets) == {"password": "hush-hush"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nobody", "acme", "--ledger", "books"], "There is no adapter “nobody”"),
        (["locked", "acme", "--ledger", "none"], "There is no ledger “none”. There is: books."),
        (["locked", "acme", "--ledger", "books", "--set", "company"], "not of the form option=value"),
        (
            ["locked", "acme", "--ledger", "books", "--secret-env", "password=NOT_SET_ANYWHERE"],
            "NOT_SET_ANYWHERE is missing",
        ),
    ],
)
def test_connect_ends_with_a_sentence_when_it_is_refused(ledger: Ledger, arguments: list[str], words: str) -> None:
    with pytest.raises(CommandError, match=words):
        call_command("connect", *arguments)


def test_check_connection_ends_with_a_sentence_when_something_is_wrong(
    ledger: Ledger, capsys: pytest.CaptureFixture[str]
) -> None:
    make(ledger)
    with pytest.raises(CommandError, match="acme is not in order"):
        call_command("check_connection", "acme")
    assert "“ACME” does not know us. Ask its owner." in capsys.readouterr().out
    with pytest.raises(CommandError, match=r"There is no connection “none”\. There is: acme\."):
        call_command("check_connection", "none")
