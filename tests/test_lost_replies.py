"""The books against a ledger and a line that lose replies: each document stands there once, or we say openly that we do not know; the sums agree to the cent."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from integrations import http, jobs, outbox
from integrations.models import Delivery, DeliveryState
from orders.models import Event, Invoice
from tests.lab import crimes, proxy, world
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
def test_a_hundred_lost_replies_leave_each_document_booked_once(ledger: Ledger, verdict: Callable[[str], None]) -> None:
    """SHARE of the bookings take effect and their replies are lost, in every way there is, until LOST of them are."""
    here = world.with_orders(ledger, round(LOST / SHARE * 0.56), seed=SEED)  # each an invoice and a payment
    ledger.crimes.by_chance(SEED, dict.fromkeys(crimes.DONE, SHARE / len(crimes.DONE)), "book")
    here.drain(LOST * 2)
    lost = Counter(crime for call, _key, crime in ledger.requests if call == "book" and crime in crimes.DONE)
    judged = world.judged(ledger)
    verdict(f"lost replies: seed {SEED}, {lost.total()} lost {dict(lost)}; {judged}")
    assert lost.total() >= LOST
    assert judged.clean, judged


@pytest.mark.slow
def test_each_crime_of_a_ledger_leaves_each_document_once_or_openly_with_a_person(ledger: Ledger) -> None:
    """Each crime in turn, at the booking and at the look after it. What is no lie is booked in the end; a lie is parked in words."""
    here = world.make(ledger)
    ledger.late = 1
    for n, crime in enumerate([*crimes.DONE, *crimes.UNDONE, *crimes.NOT_NOW, crimes.LATE]):
        document = here.sign(f"{n}0")
        ledger.plan("book", crime, key=document.reference)
        ledger.plan("find", crime if crime in crimes.UNDONE else crimes.BROKEN, key=document.reference)
        here.drain()
        assert Delivery.objects.get(document=document).state == DeliveryState.BOOKED, crime
        assert ledger.times()[document.key, document.revision] == 1, crime
    verdict = world.judged(ledger)
    assert verdict.clean, verdict


def test_a_ledger_that_lies_about_what_it_booked_needs_a_person_and_says_why(ledger: Ledger) -> None:
    here = world.make(ledger)
    honest = here.sign("1")
    here.drain()
    for n, crime in enumerate((crimes.OTHER_TOTAL, crimes.OTHER_ID), 2):
        document = here.sign(str(n))
        ledger.plan("book", crime)
        here.drain()
        parked = Delivery.objects.get(document=document)
        assert (parked.state, bool(parked.words), bool(parked.fix)) == (DeliveryState.PARKED, True, True), crime
        outbox.unpark(parked, here.user)  # a person looked: it stands there as signed
        here.drain()
        assert Delivery.objects.get(document=document).state == DeliveryState.BOOKED, crime
    assert Delivery.objects.get(document=honest).state == DeliveryState.BOOKED
    assert world.judged(ledger).clean


def test_a_ledger_that_books_twice_and_loses_the_reply_is_found_out_and_never_sent_a_third(ledger: Ledger) -> None:
    here = world.make(ledger)
    document = here.sign()
    ledger.plan("book", crimes.LATE)
    ledger.plan("find", crimes.HONEST)
    ledger.late = 3  # it takes effect after the look said that it is not there, and after it was sent again
    ledger.plan("book", crimes.LOST)
    here.drain()
    parked = Delivery.objects.get(document=document)
    assert ledger.times().total() == 2, "a ledger without keys that acts after its own no cannot be kept from it"
    assert (parked.state, "2 times" in parked.words) == (DeliveryState.PARKED, True), parked.words


def test_a_ledger_that_says_booked_and_did_not_is_found_out_by_the_read_back(ledger: Ledger) -> None:
    here = world.make(ledger)
    document = here.sign()
    ledger.plan("book", crimes.FAKE)
    here.drain()
    assert Invoice.objects.get(document=document).state == "open", "it was believed"
    Invoice.objects.update(read_at=timezone.now() - timedelta(days=2))
    assert jobs.run("read_back") == jobs.Result(done=1)
    assert Invoice.objects.get(document=document).state == "deleted"
    assert Event.objects.filter(verb="deleted in the ledger").exists()


def test_each_toxic_of_the_line_leaves_each_document_booked_once(ledger: Ledger) -> None:
    toxics: tuple[proxy.Toxic, ...] = (
        proxy.Delay(seconds=0.02),
        proxy.Slice(size=11),
        proxy.Cut(after=30, times=2),
        proxy.Cut(after=250, times=2),
        proxy.Cut(after=100, times=2, answers=False),
        proxy.Reset(after=30, times=2),
        proxy.Stall(after=30, times=2),
        proxy.Refuse(times=2),
    )
    with proxy.Proxy(ledger.port) as line:
        here = world.make(ledger, port=line.port)
        for n, toxic in enumerate(toxics):
            line.toxics = [toxic]
            line.cut()
            document = here.sign(f"{n}0")
            here.drain()
            assert Delivery.objects.get(document=document).state == DeliveryState.BOOKED, toxic
            assert ledger.times()[document.key, document.revision] == 1, toxic
    verdict = world.judged(ledger)
    assert verdict.clean, verdict


def test_a_storm_of_429_loses_nothing_and_wastes_few_calls(tmp_path: Path) -> None:
    """The ledger allows what the connection's budget says; nearly no call is wasted on a no."""
    with Ledger(tmp_path, limit=20, window=0.5) as ledger:
        here = world.make(ledger, calls_per_minute=1800)
        here.sign_many(60)
        here.drain(200)
        wasted = [crime for _call, _key, crime in ledger.requests].count("limit")
        print(f"\n{len(ledger.requests)} calls, {wasted} of them refused with 429")
        assert ledger.times().total() == 60
        assert world.judged(ledger).clean
