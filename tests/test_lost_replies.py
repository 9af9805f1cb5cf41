"""The books against a ledger and a line that lose replies: each document stands there once, or we say openly that we do not know; the sums agree to the cent."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from integrations import http
from tests.lab import crimes, world
from tests.lab.ledger import Ledger

pytestmark = [pytest.mark.outbox, pytest.mark.django_db(transaction=True)]

LOST = int(os.environ.get("ORDERSYNC_LOST_REPLIES", "100"))
SHARE = float(os.environ.get("ORDERSYNC_LOST_SHARE", "0.9"))  # of the bookings; in a campaign 0.2, as 1,000 of 5,000
SEED = int(os.environ.get("ORDERSYNC_SEED", "4"))


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ledger]:
    monkeypatch.setattr(http, "READ", 0.15)  # a server that hangs is not waited for half a minute here
    with Ledger(tmp_path) as running:
        yield running


@pytest.mark.slow
def test_a_hundred_lost_replies_leave_each_document_booked_once(ledger: Ledger) -> None:
    """SHARE of the bookings take effect and their replies are lost, in every way there is, until LOST of them are."""
    here = world.with_orders(ledger, round(LOST / SHARE * 0.56), seed=SEED)  # each an invoice and a payment
    ledger.crimes.by_chance(SEED, dict.fromkeys(crimes.DONE, SHARE / len(crimes.DONE)), "book")
    here.drain(LOST * 2)
    lost = Counter(crime for call, _key, crime in ledger.requests if call == "book" and crime in crimes.DONE)
    verdict = world.judged(ledger)
    print(f"\nseed {SEED}: {lost.total()} replies lost {dict(lost)}; {verdict}")
    assert lost.total() >= LOST
    assert verdict.clean, verdict
