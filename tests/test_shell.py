"""Deciding and verifying from a shell: the same services, one sentence when refused, and an exit that says so."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from orders import models
from tests.admin_company import desk, person

pytestmark = pytest.mark.django_db


def run(*words: str) -> str:
    out = StringIO()
    call_command(*words, stdout=out)
    return out.getvalue()


@pytest.fixture
def shop() -> models.Shop:
    return desk(person("order data owner", username="kim"))


def test_everything_ready_is_approved_and_nothing_else(shop: models.Shop) -> None:
    told = json.loads(run("review", "approve", "--ready", "--shop", "eu", "--by", "kim", "--json"))
    assert len(told["approved"]) == 9
    assert not models.Order.objects.filter(state=models.State.APPROVED, blockers__gt=0).exists()


def test_an_order_with_a_problem_is_refused_in_words_and_the_others_are_done(shop: models.Shop) -> None:
    with pytest.raises(CommandError, match=r"1011: SKU APRON-L is not mapped"):
        run("review", "approve", "1001", "1011", "--shop", "eu", "--by", "kim")
    assert models.Order.objects.get(number="1001").state == models.State.APPROVED


def test_hold_reject_and_reopen_by_number(shop: models.Shop) -> None:
    for verb, state in (("hold", "held"), ("reopen", "pending"), ("reject", "rejected"), ("reopen", "pending")):
        run("review", verb, "1001", "--shop", "eu", "--by", "kim", "--note", "by phone")
        assert models.Order.objects.get(number="1001").state == state


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["1001", "--shop", "nowhere", "--by", "kim"], "There is no shop “nowhere”."),
        (["1001", "--shop", "eu", "--by", "nobody"], "There is no person “nobody”."),
        (["--shop", "eu", "--by", "kim"], "Name order numbers, or --ready"),
        (["77", "--shop", "eu", "--by", "kim"], "Shop eu has no order with the number 77."),
    ],
)
def test_what_is_not_there_is_named(shop: models.Shop, words: list[str], told: str) -> None:
    with pytest.raises(CommandError, match=told):
        run("review", "approve", *words)


def test_whoever_is_neither_owner_nor_deputy_decides_nothing(shop: models.Shop) -> None:
    person("accountant", username="lee")
    with pytest.raises(CommandError, match="Only kim"):
        run("review", "approve", "1001", "--shop", "eu", "--by", "lee")


def test_the_chains_hold_and_a_changed_document_is_named(shop: models.Shop) -> None:
    run("review", "approve", "1001", "--shop", "eu", "--by", "kim")
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    assert json.loads(run("verify_chain", "--json"))["documents of books"]["broken"] == []
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE orders_document DISABLE TRIGGER append_only")
        cursor.execute("UPDATE orders_document SET body = replace(body, '35.7', '35.8')")
    with pytest.raises(CommandError, match="documents of books"):
        run("verify_chain")
