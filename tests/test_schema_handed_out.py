"""Attacks on what was handed out: a batch ends once, its files never change, its number is its own."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import models as fields
from django.utils import timezone

from orders import models
from orders.models import ExportBatch, ExportFile
from tests import factories, signed

pytestmark = [pytest.mark.django_db, pytest.mark.constraint]


@pytest.fixture
def shop() -> models.Shop:
    return factories.shop()


def batch(number: int = 1, **scope: Any) -> ExportBatch:
    made = ExportBatch.objects.create(number=number, profile="journal", rows=1, made_at=timezone.now(), **scope)
    ExportFile.objects.create(batch=made, name="journal.csv", content=b"1", content_hash=signed.hashed("1"), size=1)
    return made


def test_a_number_is_given_once_in_each_ledger_and_shop(shop: models.Shop) -> None:
    batch(ledger=shop.ledger)
    batch(shop=shop)
    for scope, name in (({"ledger": shop.ledger}, "per_ledger"), ({"shop": shop}, "per_shop")):
        with signed.refused(f"one_batch_{name}_and_number"):
            batch(**scope)


def test_a_batch_belongs_to_a_ledger_or_to_a_shop(shop: models.Shop) -> None:
    for scope in ({}, {"ledger": shop.ledger, "shop": shop}):
        with signed.refused("a_batch_of_one_ledger_or_shop"):
            batch(**scope)


def test_a_batch_and_its_file_are_neither_changed_nor_deleted(shop: models.Shop) -> None:
    made = batch(ledger=shop.ledger)
    for record, changed in ((made, "rows"), (made.files.get(), "content_hash")):
        for attack in (f"UPDATE {table(record)} SET {changed} = {changed}", f"DELETE FROM {table(record)}"):
            with signed.refused("append-only"):
                signed.execute(attack)


def table(record: fields.Model) -> str:
    return record._meta.db_table


def test_a_batch_is_acknowledged_once_and_nothing_else_changes_with_it(shop: models.Shop) -> None:
    mine, now = ExportBatch.objects.filter(pk=batch(ledger=shop.ledger).pk), timezone.now()
    with signed.refused("append-only"):
        mine.update(acknowledged_at=now, rows=2)
    mine.update(acknowledged_at=now)
    for change in ({"acknowledged_at": None}, {"acknowledged_at": now + timedelta(1)}, {"withdrawn_why": "lost"}):
        with signed.refused("append-only"):
            mine.update(**change)


def test_a_batch_is_withdrawn_with_a_reason_and_then_not_acknowledged(shop: models.Shop) -> None:
    mine, now = ExportBatch.objects.filter(pk=batch(ledger=shop.ledger).pk), timezone.now()
    with signed.refused("with_a_reason"):
        mine.update(withdrawn_at=now)
    with signed.refused("acknowledged_or_withdrawn"):
        mine.update(withdrawn_at=now, withdrawn_why="lost", acknowledged_at=now)
    mine.update(withdrawn_at=now, withdrawn_why="The file was never brought in.")
    with signed.refused("append-only"):
        mine.update(acknowledged_at=now)


def test_a_file_is_emptied_once_and_its_hash_stays(shop: models.Shop) -> None:
    mine = ExportFile.objects.filter(batch=batch(ledger=shop.ledger))
    with signed.refused("append-only"):
        mine.update(content=b"", content_hash="")
    mine.update(content=b"")
    for content in (b"", b"2"):
        with signed.refused("append-only"):
            mine.update(content=content)
    assert mine.get().content_hash == signed.hashed("1")
