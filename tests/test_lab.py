"""The lab does what it says: every crime and every toxic becomes the Trouble that it must become, and the judge alone knows what took effect."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection as database
from django.utils import timezone

from integrations import http
from integrations.errors import Misconfigured, Refused, Trouble, Unavailable, Uncertain
from tests.contracts import documents
from tests.lab import clock, crimes, judge, proxy
from tests.lab.ledger import TOKEN, LabLedger, Ledger


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger(tmp_path) as running:
        yield running


def adapter(port: int, token: str = TOKEN) -> LabLedger:
    options = LabLedger.Options(url=f"http://127.0.0.1:{port}", token=token)
    dial = LabLedger.dial(options)
    return LabLedger(
        options, http.Session(dial.base_url, networks=dial.networks, headers=dial.headers, secrets=[token])
    )


def booked(ledger: Ledger, *, port: int = 0) -> Trouble | None:
    """The Trouble in which one booking ended."""
    try:
        adapter(port or ledger.port).book(documents.invoice("1"))
    except Trouble as trouble:
        return trouble
    return None


def test_an_honest_ledger_books_and_finds_and_reads(ledger: Ledger) -> None:
    document, there = documents.invoice("1"), adapter(ledger.port)
    assert there.find(document) is None
    made = there.book(document)
    assert (made.gross, made.net, made.tax) == (document.gross, document.net, document.tax)
    assert there.find(document) == made
    assert [(item.state, item.total) for item in there.read([document.reference])] == [("open", document.gross)]
    assert [item.state for item in there.read(["NONE"])] == ["deleted"]
    assert ledger.sums()["invoice", "EUR"] == (document.net, document.tax, document.gross)


@pytest.mark.parametrize("crime", [*crimes.DONE, *crimes.UNDONE, crimes.LATE])
def test_a_reply_that_cannot_be_trusted_is_uncertain_and_the_judge_knows(ledger: Ledger, crime: str) -> None:
    ledger.plan("book", crime)
    trouble = booked(ledger)
    assert isinstance(trouble, Uncertain), trouble
    assert ledger.times_booked().total() == (1 if crime in crimes.DONE else 0)


@pytest.mark.parametrize("crime", crimes.NOT_NOW)
def test_a_clear_no_for_now_takes_no_effect_and_names_its_time(ledger: Ledger, crime: str) -> None:
    ledger.wait = 7
    ledger.plan("book", crime)
    trouble = booked(ledger)
    assert isinstance(trouble, Unavailable)
    waits = trouble.retry_after
    assert (waits is not None and 5 <= waits <= 7) == (crime in (crimes.BUSY_FOR, crimes.BUSY_UNTIL))
    assert not ledger.times_booked()


@pytest.mark.parametrize(("crime", "kind"), [(crimes.REFUSES, Refused), (crimes.LOCKED_OUT, Misconfigured)])
def test_a_clear_no_is_refused_or_misconfigured(ledger: Ledger, crime: str, kind: type[Trouble]) -> None:
    ledger.plan("book", crime)
    assert isinstance(booked(ledger), kind)
    assert not ledger.times_booked()


def test_lies_are_told_with_a_straight_face(ledger: Ledger) -> None:
    there, document = adapter(ledger.port), documents.invoice("1")
    ledger.plan("book", crimes.FAKE, crimes.OTHER_TOTAL, crimes.DOUBLES)
    assert there.book(document).gross == document.gross
    assert not ledger.times_booked(), "it said so, and did not"
    assert there.book(document).gross > document.gross
    there.book(document)
    assert ledger.times_booked().total() == 3


def test_what_comes_late_takes_effect_after_others(ledger: Ledger) -> None:
    ledger.late = 2
    ledger.plan("book", crimes.LATE)
    assert isinstance(booked(ledger), Uncertain)
    there, document = adapter(ledger.port), documents.invoice("1")
    assert there.find(document) is None
    assert there.find(document) is not None


@pytest.mark.parametrize(("dialect", "times"), [("none", 2), ("replay", 1)])
def test_a_ledger_that_knows_keys_books_the_same_key_once(tmp_path: Path, dialect: str, times: int) -> None:
    with Ledger(tmp_path, dialect=dialect) as ledger:
        for _ in range(2):
            adapter(ledger.port).book(documents.invoice("1"))
        assert ledger.times_booked().total() == times


def test_a_limit_is_held_and_its_waste_is_seen(tmp_path: Path) -> None:
    with Ledger(tmp_path, limit=2, window=60) as ledger:
        assert [type(booked(ledger)).__name__ for _ in range(3)] == ["NoneType", "NoneType", "Unavailable"]
        assert [crime for _call, _key, crime in ledger.requests].count("limit") == 1


@pytest.mark.parametrize(
    ("toxic", "expected"),
    [
        (proxy.Delay(seconds=0.02), type(None)),
        (proxy.Slice(size=11), type(None)),
        (proxy.Slice(size=11, answers=False), type(None)),
        (proxy.Cut(after=30), Uncertain),
        (proxy.Cut(after=200), Uncertain),
        (proxy.Reset(after=30), Uncertain),
        (proxy.Stall(after=30, seconds=0.05), Uncertain),
        (proxy.Cut(after=0, answers=False), Uncertain),
        (proxy.Cut(after=250, answers=False), Uncertain),
        (proxy.Refuse(), Uncertain | Unavailable),
    ],
    ids=repr,
)
def test_each_toxic_breaks_the_line_as_it_says(ledger: Ledger, toxic: proxy.Toxic, expected: Any) -> None:
    with proxy.Proxy(ledger.port, [toxic]) as line:
        assert isinstance(booked(ledger, port=line.port), expected)
    assert ledger.times_booked().total() == (0 if isinstance(toxic, proxy.Refuse) or _of_the_question(toxic) else 1)


def _of_the_question(toxic: proxy.Toxic) -> bool:
    return isinstance(toxic, proxy.Cut) and not toxic.answers


def test_a_toxic_for_some_connections_is_over_after_them(ledger: Ledger) -> None:
    with proxy.Proxy(ledger.port, [proxy.Reset(times=2)]) as line:
        assert [booked(ledger, port=line.port) is None for _ in range(3)] == [False, False, True]
        assert line.connections == 3


def test_a_dead_server_behind_a_proxy_and_no_server_at_all(ledger: Ledger) -> None:
    """A line that was taken and reset is Uncertain, or Unavailable where the reset came before a byte was sent: both are true."""
    with proxy.Proxy(ledger.port) as line:
        line.target = 1
        assert isinstance(booked(ledger, port=line.port), Uncertain | Unavailable)
    assert isinstance(booked(ledger, port=line.port), Unavailable), "nobody took it: nothing was sent"


def test_the_judge_remembers_across_a_restart_and_forgets_what_was_half_written(tmp_path: Path) -> None:
    first = judge.Judge(tmp_path / "x.log")
    first.note("booked", reference="A")
    first.close()
    with (tmp_path / "x.log").open("a") as stream:
        stream.write('{"n": 2, "verb": "boo')
    again = judge.Judge(tmp_path / "x.log")
    assert [line["reference"] for line in again.lines()] == ["A"]
    assert again.note("booked", reference="B")["n"] == 2
    assert [line["reference"] for line in judge.read(tmp_path / "x.log")] == ["A", "B"]
    again.close()


def test_chance_from_a_seed_repeats_itself() -> None:
    def cast(seed: int) -> list[str]:
        script = crimes.Crimes()
        script.by_chance(seed, {crimes.LOST: 0.3, crimes.DOWN: 0.2}, "book")
        return [script.next(call, "1") for call in ["book", "find"] * 100]

    assert cast(7) == cast(7) != cast(8)
    assert set(cast(7)[::2]) == {crimes.LOST, crimes.DOWN, crimes.HONEST}
    assert set(cast(7)[1::2]) == {crimes.HONEST}


@pytest.mark.django_db(transaction=True)
def test_time_moves_when_the_test_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def stored(sql: str) -> Any:
        with database.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchone()[0]

    begun, really = timezone.now(), time.perf_counter()
    with clock.virtual(monkeypatch) as moved:
        started = time.monotonic()
        time.sleep(3600)
        moved.advance(3600)
        assert time.monotonic() - started >= 7200
        assert timezone.now() - begun >= timedelta(hours=2)
        for sql in ("SELECT now()", "SELECT statement_timestamp()", "SELECT clock_timestamp()"):
            assert stored(sql) - begun >= timedelta(hours=2), sql
    assert time.perf_counter() - really < 600
    assert stored("SELECT now()") - begun < timedelta(hours=1)
