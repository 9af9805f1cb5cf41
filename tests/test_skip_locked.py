"""Nobody who claims waits for another: a second claim comes while the first is open, under a lock_timeout, and takes what is left."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection as database
from django.db import transaction
from django.utils import timezone

from integrations import inbox, outbox
from integrations.models import Delivery, DeliveryState
from tests import factories, outbox_world
from tests.outbox_world import World

pytestmark = [pytest.mark.outbox, pytest.mark.django_db(transaction=True)]


@contextmanager
def meanwhile(act: Callable[[], object]) -> Iterator[None]:
    """Another session does this in a transaction that stays open."""
    done, go_on, faults = threading.Event(), threading.Event(), list[BaseException]()

    def other() -> None:
        try:
            with transaction.atomic():
                act()
                done.set()
                go_on.wait(60)
        except BaseException as fault:
            faults.append(fault)
        finally:
            done.set()
            database.close()

    thread = threading.Thread(target=other)
    thread.start()
    try:
        assert done.wait(60)
        yield
    finally:
        go_on.set()
        thread.join()
    assert faults == []


@contextmanager
def impatient() -> Iterator[None]:
    """Who waits for a lock here fails."""
    with database.cursor() as cursor:
        cursor.execute("SET lock_timeout = '3s'")
    try:
        yield
    finally:
        with database.cursor() as cursor:
            cursor.execute("RESET lock_timeout")


@pytest.fixture
def world(tmp_path: Path) -> World:
    return outbox_world.make(tmp_path / "ledger")


def test_a_claim_passes_over_a_delivery_that_somebody_is_writing_to(world: World) -> None:
    first, second = world.sign_many(2)
    outbox.dispatch()

    def write_to_the_first() -> None:
        Delivery.objects.select_for_update().get(document=first)

    with meanwhile(write_to_the_first), impatient():
        leases, _wait = outbox.claim(world.connection, 5)
    assert [lease.document_id for lease in leases] == [second.pk]


def test_a_recovery_passes_over_what_another_recovers(world: World) -> None:
    world.sign_many(2)
    outbox.dispatch()
    outbox.claim(world.connection, 5)
    Delivery.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    with meanwhile(outbox.recover), impatient():
        assert outbox.recover() == 0
    assert set(Delivery.objects.values_list("state", flat=True)) == {DeliveryState.UNKNOWN}


def test_a_letter_that_another_has_just_claimed_is_passed_over() -> None:
    shop = factories.shop("web")
    for key in ("a", "b"):
        inbox.accept(shop, "letter", key, b"{}")
    with meanwhile(inbox.letters._claimed), impatient():
        message = inbox.letters._claimed()
    assert message is not None
    assert message.dedupe_key == "b"
