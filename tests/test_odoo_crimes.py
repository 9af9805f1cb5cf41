"""What an Odoo does to whoever is careless, and to us: replies lost, processes killed, races, moved dates, wrong set-ups. Its own log is the judge."""

from __future__ import annotations

import contextlib
import os
import random
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from integrations import http, outbox, tokens
from integrations.accounting import base
from integrations.accounting.base import Booked
from integrations.accounting.odoo.line import SAFE
from integrations.errors import Conflict, Misconfigured, Refused, Trouble, Unavailable, Uncertain
from integrations.models import Delivery, DeliveryState
from orders import documents, outgoing
from orders.models import Booking, Outcome
from tests import outbox_world
from tests.contracts import documents as drafts
from tests.lab import crimes
from tests.lab import odoo as lab
from tests.outbox_world import World
from tests.test_odoo import adapter

DOCUMENTS = int(os.environ.get("ORDERSYNC_ODOO_DOCUMENTS", "30"))  # in a campaign 5000
KILLS = int(os.environ.get("ORDERSYNC_ODOO_KILLS", "6"))  # in a campaign 50
SHARE = 0.2  # of the replies to what changes anything are lost
WRITES = ("load", "action_post", "js_assign_outstanding_line")
CHART = lab.NUMBERS


@pytest.fixture(params=[17, 18, 19])
def serie(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture
def odoo(tmp_path: Path, serie: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[lab.Odoo]:
    monkeypatch.setattr(http, "READ", 0.3)
    with lab.Odoo(tmp_path, serie=serie) as running:
        yield running


@pytest.fixture
def seventeen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[lab.Odoo]:
    monkeypatch.setattr(http, "READ", 0.3)
    with lab.Odoo(tmp_path, serie=17) as running:
        yield running


def invoice(order: str = "1001", **changes: Any) -> outgoing.Document:
    return drafts.invoice(order, chart=CHART, **changes)


def line(n: int, net: str, tax: str = "0", **changes: Any) -> outgoing.Line:
    return drafts.line(n, net, tax, chart=CHART, **changes)


# Once


@pytest.mark.parametrize("crime", crimes.DONE)
@pytest.mark.parametrize("call", ["load", "write", "action_post", "read"])
def test_a_reply_lost_at_any_step_leaves_the_document_once(seventeen: lab.Odoo, call: str, crime: str) -> None:
    document = invoice(lines=(line(1, "83.19", "15.82"),))  # a cent off, so that tax has to be forced
    seventeen.plan(call, crime)
    with pytest.raises(Trouble):
        adapter(seventeen).book(document)
    after = adapter(seventeen)
    assert after.find(document) is None or seventeen.times()["invoice", "WEB1001"] == 1
    booked = after.book(document)
    assert (booked.gross, booked.tax) == (document.gross, document.tax)
    assert seventeen.times() == {("invoice", "WEB1001"): 1}


def test_a_race_of_two_loads_makes_one_document(odoo: lab.Odoo) -> None:
    odoo.plan("load", crimes.HONEST, lab.RACE)  # the customer, then the invoice
    adapter(odoo).book(invoice())
    assert odoo.times() == {("invoice", "WEB1001"): 1}


def test_what_another_process_posts_meanwhile_is_posted_once(odoo: lab.Odoo, monkeypatch: pytest.MonkeyPatch) -> None:
    books, post = odoo.books, odoo.books.post

    def posted_first(ids: Any) -> None:
        monkeypatch.setattr(books, "post", post)
        post(ids)
        post(ids)  # ours comes second, and is told that it must be in draft

    monkeypatch.setattr(books, "post", posted_first)
    assert adapter(odoo).book(invoice()).state == "open"
    assert odoo.times() == {("invoice", "WEB1001"): 1}


def test_a_serialization_failure_is_tried_again_later_and_nothing_was_booked(odoo: lab.Odoo) -> None:
    odoo.plan("action_post", lab.SERIALIZATION)
    with pytest.raises(Unavailable):
        adapter(odoo).book(invoice())
    assert not odoo.times()
    adapter(odoo).book(invoice())
    assert odoo.times() == {("invoice", "WEB1001"): 1}


def test_a_bad_document_harms_no_good_one_of_its_batch(odoo: lab.Odoo) -> None:
    good = [invoice(str(n)) for n in range(1, 5)]
    negative = invoice(
        "9", lines=(line(1, "10.00", "1.90"), line(2, "-20.00", "-3.80", kind="discount", account=CHART.discounts))
    )
    unknown = invoice("8", lines=(line(1, "10.00", account="999999"),))
    outcomes = base.book_many(adapter(odoo), [*good[:2], negative, unknown, *good[2:]])
    assert [type(item) for item in outcomes] == [Booked, Booked, Refused, Refused, Booked, Booked]
    assert odoo.times() == {("invoice", f"WEB{n}"): 1 for n in range(1, 5)}
    assert "WEB9" in str(outcomes[2])
    drafts_left = [row for row in odoo.books.tables.rows["account.move"].values() if row["state"] == "draft"]
    assert drafts_left == [], "what was refused is taken away again"


def test_a_payment_is_made_once_whatever_is_lost_and_settles_its_invoice(odoo: lab.Odoo) -> None:
    """Neither by the wizard, which pays as often as it is run, nor twice by us."""
    document = invoice()
    adapter(odoo).book(document)
    money = drafts.payment(chart=CHART, lines=(line(1, "124.00", kind="card", account=CHART.clearing),))
    for call in ("load", "action_post", "js_assign_outstanding_line"):
        odoo.plan(call, crimes.LOST)
        with pytest.raises(Uncertain):
            adapter(odoo).book(money)
    assert adapter(odoo).find(money)
    states = {state.kind: state for state in adapter(odoo).read([document.reference])}
    assert set(states) == {"invoice", "payment"}
    assert (states["invoice"].state, states["invoice"].balance) == ("paid", 0)
    assert odoo.times()["payment", "WEB1001"] == 1
    assert not [row for row in odoo.books.tables.rows["account.payment"].values() if row["amount"] != 124]


def test_a_process_that_died_before_it_settled_is_made_good_by_the_look_up(odoo: lab.Odoo) -> None:
    adapter(odoo).book(invoice())
    money = drafts.payment(chart=CHART)
    odoo.plan("js_assign_outstanding_line", crimes.BROKEN)
    with pytest.raises(Uncertain):
        adapter(odoo).book(money)
    assert adapter(odoo).find(money)
    assert [state.state for state in adapter(odoo).read(["WEB1001"]) if state.kind == "invoice"] == ["paid"]


def test_the_wizard_and_a_plain_load_do_what_they_do_to_others(seventeen: lab.Odoo) -> None:
    """The traps are there: this is why the adapter uses neither."""
    adapter(seventeen).book(invoice())
    books = seventeen.books
    (move,) = books.tables.rows["account.move"].values()
    name = books.tables.name_of("account.move", move["id"])
    fields = ["id", "invoice_line_ids/name", "invoice_line_ids/quantity", "invoice_line_ids/price_unit"]
    safe = seventeen.loading.load("account.move", fields, [[name, "T-shirt", 1, 8]], safe=bool(SAFE))
    assert (safe["ids"], move["amount_total"]) == ([move["id"]], Decimal("124.00"))
    seventeen.loading.load("account.move", fields, [[name, "T-shirt", 1, 8]], safe=False)
    assert (move["state"], move["amount_total"]) == ("posted", Decimal("132.00"))
    with pytest.raises(Conflict, match=r"132\.00"):
        adapter(seventeen).find(invoice())


# To the cent


@pytest.mark.parametrize("rounding", ["round_per_line", "round_globally"])
def test_tax_is_forced_to_what_was_signed_however_odoo_rounds(tmp_path: Path, rounding: str) -> None:
    with lab.Odoo(tmp_path, rounding=rounding) as odoo:
        lines = tuple(line(n, "0.33", "0.06", text=f"Pin {n}") for n in range(1, 8))
        for n, more in enumerate(("0.00", "0.01", "-0.02")):
            last = line(8, "0.33", str(Decimal("0.06") + Decimal(more)))
            document = invoice(str(n), lines=(*lines, last))
            booked = adapter(odoo).book(document)
            assert (booked.net, booked.tax, booked.gross, booked.adjustments) == (
                document.net,
                document.tax,
                document.gross,
                (),
            )
        assert odoo.taxes()[CHART.tax_code] == Decimal("1.43")
        assert odoo.sums()[CHART.tax, "EUR"] == Decimal("-1.43")


def test_tax_where_odoo_reckons_none_becomes_a_rounding_line_that_is_reported(odoo: lab.Odoo) -> None:
    document = invoice(lines=(line(1, "0.02", "0.01"),))
    booked = adapter(odoo).book(document)
    assert booked.gross == document.gross
    assert [(item.net, item.tax, item.account) for item in booked.adjustments] == [
        (Decimal("0.01"), Decimal("-0.01"), CHART.rounding)
    ]
    assert adapter(odoo).find(document) == booked
    assert odoo.sums()[CHART.rounding, "EUR"] == Decimal("-0.01")


def test_a_tax_far_from_its_rate_is_refused_with_both_figures_and_leaves_no_draft(odoo: lab.Odoo) -> None:
    with pytest.raises(Refused, match=r"19\.00.*7\.00") as caught:
        adapter(odoo).book(invoice(lines=(line(1, "100.00", "7.00"),)))
    assert caught.value.fix
    assert not odoo.books.tables.rows["account.move"]


def test_a_price_finer_than_two_decimals_goes_over_as_one_piece_of_the_whole(odoo: lab.Odoo) -> None:
    document = invoice(lines=(line(1, "10.00", "1.90", quantity=Decimal(3)),))
    assert adapter(odoo).book(document).net == Decimal("10.00")
    assert any(row["name"] == "3 × T-shirt, red" for row in odoo.books.tables.rows["account.move.line"].values())


@pytest.mark.parametrize("serie", [17, 18])
def test_the_signed_rate_values_the_document_in_the_books(tmp_path: Path, serie: int) -> None:
    """Odoo's own rate would make 109.09 of it; 17 is told every balance, 18 the rate."""
    with lab.Odoo(tmp_path, serie=serie) as odoo:
        foreign = {"currency": "USD", "base_currency": "EUR", "rate": Decimal("0.80")}
        adapter(odoo).book(
            invoice(
                lines=(line(1, "100.00", "20.00", tax_rate=Decimal("0.2")),), adjustment_limit=Decimal(1), **foreign
            )
        )
        (posted,) = odoo.judge.lines("posted")
        assert {Decimal(base) for account, _amount, base in posted["lines"] if account == CHART.receivable} == {
            Decimal("96.00")
        }
        assert sum(Decimal(base) for _account, _amount, base in posted["lines"]) == 0


def test_a_credit_note_is_set_against_its_open_invoice_and_a_refund_pays_one_of_a_paid_invoice(odoo: lab.Odoo) -> None:
    ledger = adapter(odoo)
    for number in ("1", "2"):
        ledger.book(invoice(number))
    ledger.book(drafts.credit_note("1", chart=CHART))
    ledger.book(drafts.payment("2", chart=CHART))
    ledger.book(drafts.credit_note("2", chart=CHART))
    ledger.book(drafts.refund_payment("2", chart=CHART))
    by_ref = {(row["ref"], row["move_type"]): row for row in odoo.books.tables.rows["account.move"].values()}
    assert by_ref["WEB1", "out_invoice"]["amount_residual"] == Decimal("64.50")
    assert by_ref["WEB1", "out_refund"]["payment_state"] == by_ref["WEB2", "out_refund"]["payment_state"] == "paid"
    assert odoo.sums()[CHART.receivable, "EUR"] == Decimal("64.50")


# Closed periods


def test_a_locked_day_is_refused_before_anything_is_sent(odoo: lab.Odoo) -> None:
    odoo.books.here.company["fiscalyear_lock_date"] = date(2026, 11, 20)
    with pytest.raises(Refused, match="locked up to 2026-11-20") as caught:
        adapter(odoo).book(invoice())
    assert "first open day" in caught.value.fix
    assert "load account" not in " ".join(odoo.calls("load"))
    assert not odoo.books.tables.rows["account.move"]


def test_a_date_that_odoo_moves_in_silence_is_a_conflict_in_words(
    odoo: lab.Odoo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody locks the month between our look and our posting."""
    books, post = odoo.books, odoo.books.post

    def locked_first(ids: Any) -> None:
        books.here.company["fiscalyear_lock_date"] = date(2026, 11, 22)
        post(ids)

    monkeypatch.setattr(books, "post", locked_first)
    with pytest.raises(Conflict, match="accounting date 2026-11-24; signed was 2026-11-20") as caught:
        adapter(odoo).book(invoice())
    assert "Lock Dates" in caught.value.fix
    with pytest.raises(Conflict, match="accounting date"):
        adapter(odoo).find(invoice())


# Words


def _archive(odoo: lab.Odoo) -> None:
    rows = odoo.books.tables.rows["account.tax"].values()
    next(row for row in rows if row["name"] == CHART.tax_code)["active"] = False


def _other_receivable(odoo: lab.Odoo) -> None:
    made = odoo.books.tables.add(
        "account.account", code="121500", name="Other", account_type="asset_receivable", deprecated=False
    )
    odoo.books.here.company["receivable"] = made


REFUSALS: dict[str, tuple[Callable[[lab.Odoo], object], dict[str, Any], str, str]] = {
    "an account that is gone": (lambda _odoo: None, {"lines": (line(1, "1.00", account="999999"),)}, "line 1.*999999", "Chart of Accounts"),
    "a tax that is archived": (_archive, {}, "no sales tax “19%”", "map the tax anew"),
    "a currency that is off": (lambda _odoo: None, {"currency": "SEK", "base_currency": "EUR"}, "SEK is not switched on", "Currencies"),
    "books in another currency": (lambda _odoo: None, {"currency": "USD"}, "keeps its books in EUR", "base currency"),
    "another receivable": (_other_receivable, {}, "121500, signed was 121000", "Account Receivable"),
    "a negative total": (lambda _odoo: None, {"lines": (line(1, "-5.00"),)}, "negative", "refund"),
    "a second tax on nothing": (lambda _odoo: None, {"lines": (drafts.second_tax(1, "5.00", "0.10", chart=CHART),)}, "line 1: the second tax", "Map it"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSALS)
def test_a_refusal_says_which_document_why_and_what_to_do(seventeen: lab.Odoo, case: str) -> None:
    spoil, changes, words, fix = REFUSALS[case]
    spoil(seventeen)
    with pytest.raises(Refused, match=words) as caught:
        adapter(seventeen).book(invoice(**changes))
    assert "WEB1001" in caught.value.words
    assert fix in caught.value.fix
    assert not seventeen.times()


def test_an_unknown_text_is_shown_whole(seventeen: lab.Odoo, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_ids: Any) -> None:
        raise lab.Fault("odoo.exceptions.UserError", "The moon is in\n the seventh house.")

    monkeypatch.setattr(seventeen.books, "post", refuse)
    with pytest.raises(Refused, match=r"WEB1001.*The moon is in the seventh house\."):
        adapter(seventeen).book(invoice())


# Connecting


def _group(name: str) -> Callable[[lab.Odoo], object]:
    return lambda odoo: odoo.groups.discard(name)


def _drop(model: str, **facts: Any) -> Callable[[lab.Odoo], object]:
    def drop(odoo: lab.Odoo) -> None:
        rows = odoo.books.tables.rows[model]
        for row in [row for row in rows.values() if all(row[name] == value for name, value in facts.items())]:
            del rows[row["id"]]

    return drop


def _no_taxes(odoo: lab.Odoo) -> None:
    for row in odoo.books.tables.rows["account.tax"].values():
        row["active"] = False


def _no_tax_account(odoo: lab.Odoo) -> None:
    for row in odoo.books.tables.rows["account.tax.repartition.line"].values():
        row["account_id"] = None


def _locked(odoo: lab.Odoo) -> None:
    odoo.books.here.company["fiscalyear_lock_date"] = date(2099, 1, 1)


SOON = str(date.today() + timedelta(days=3))  # noqa: DTZ011
SETUPS: dict[str, tuple[Callable[[lab.Odoo], object], dict[str, str], str, str]] = {
    "no key": (lambda odoo: setattr(odoo, "key", "f" * 40), {}, "key", "New API Key"),
    "no database": (lambda _odoo: None, {"database": "nope"}, "key", "database"),
    "no company": (lambda _odoo: None, {"company": "Elsewhere"}, "company", "Allowed Companies"),
    "an old version": (lambda odoo: setattr(odoo, "serie", 16), {}, "address", "another version"),
    "no sales journal": (_drop("account.journal", type="sale"), {}, "journals", "Configuration > Journals"),
    "another journal": (lambda _odoo: None, {"journal": "SHOP"}, "journals", "option journal"),
    "no taxes": (_no_taxes, {}, "taxes", "Configuration > Taxes"),
    "taxes without account": (_no_tax_account, {}, "tax accounts", "Configuration > Taxes"),
    "everything locked": (_locked, {}, "lock dates", "Lock Dates"),
    "no billing": (_group("account.group_account_invoice"), {}, "right: invoices", "Invoicing: Billing"),
    "no contacts": (_group("base.group_partner_manager"), {}, "right: new customers", "Contact Creation"),
    "no items": (lambda _odoo: None, {"items": "make"}, "right: new items", "Sales: Administrator"),
    "too many rights": (lambda odoo: odoo.groups.add("account.group_account_manager"), {}, "too many rights", "Billing"),
    "no retail customer": (lambda _odoo: None, {"retail": "web=987654"}, "retail customer of web", "option retail"),
    "a key that ends soon": (lambda _odoo: None, {"key_expires_on": SOON}, "key's end", "New API Key"),
    "a day that is none": (lambda _odoo: None, {"key_expires_on": "soon"}, "key's end", "YYYY-MM-DD"),
}  # fmt: skip


@pytest.mark.parametrize("case", SETUPS)
def test_a_look_at_the_connection_says_what_is_wrong_and_where_to_click(seventeen: lab.Odoo, case: str) -> None:
    spoil, options, name, fix = SETUPS[case]
    spoil(seventeen)
    failed = {check.name: check for check in adapter(seventeen, **options).check() if not check.ok}
    assert set(failed) >= {name}, failed
    assert fix in failed[name].fix
    assert failed[name].words
    assert seventeen.key == lab.KEY or lab.KEY not in str(failed)


def test_a_key_that_ends_is_asked_for_from_18_on(tmp_path: Path) -> None:
    with lab.Odoo(tmp_path, serie=18) as odoo:
        failed = [check for check in adapter(odoo, key_expires_on=" ").check() if not check.ok]
        assert ["key's end"] == [check.name for check in failed]


def test_a_key_that_has_expired_pauses_the_connection_in_words(odoo: lab.Odoo) -> None:
    ledger = adapter(odoo)
    ledger.book(invoice("1"))
    odoo.key = "f" * 40
    with pytest.raises(Misconfigured) as caught:
        ledger.book(invoice("2"))
    assert "API Key" in caught.value.fix or "credentials" in caught.value.fix


# Through the outbox


def world(odoo: lab.Odoo) -> World:
    options = {"url": odoo.url, "database": lab.DATABASE, "login": lab.LOGIN, "networks": "127.0.0.1/32"}
    there = {"name": "odoo", "kind": "odoo", "options": options, "secrets": tokens.seal({"key": lab.KEY})}
    return outbox_world.make(odoo.judge.folder / "world", **there)


class Dice:
    """Kills the process at calls of the network, some before they are sent and some after they took effect."""

    def __init__(self, kills: int, seed: int) -> None:
        self.left, self._dice = kills, random.Random(seed)  # noqa: S311

    def wrap(self, request: Callable[..., Any]) -> Callable[..., Any]:
        def carried(session: http.Session, *args: Any, **options: Any) -> Any:
            dies = self.left and self._dice.random() < 0.08
            self.left -= bool(dies)
            if dies and self._dice.random() < 0.5:
                raise Gone
            answer = request(session, *args, **options)
            if dies:
                raise Gone
            return answer

        return carried


class Gone(BaseException):
    """The process is gone: nothing of ours catches this."""


@pytest.mark.outbox
@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_killed_after_any_call_that_changes_something_each_document_stands_there_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Invoice, payment and credit note; the process dies right after each of its calls took effect, in turn, until it lives through all of them."""
    honest = http.Session.request
    with lab.Odoo(tmp_path, chart=drafts.CHART) as odoo:
        here, at, lived = world(odoo), 0, False
        while not lived:
            signed = here.sign(str(at))
            here.sign(str(at), kind="payment", after=(signed,))
            here.sign(str(at), kind="credit_note", after=(signed,))
            death = Death(at)
            monkeypatch.setattr(http.Session, "request", death.wrap(honest))
            lived = not _dies(lambda: outbox.tick(20))
            monkeypatch.setattr(http.Session, "request", honest)
            here.hurry()
            _drained(here)
            at += 1
        assert at > len(WRITES), "each of them, and some more than once"
        assert odoo.times().total() == 3 * at
        _judged(odoo)


class Death:
    """The process dies after its n-th call that changes something took effect."""

    def __init__(self, at: int) -> None:
        self.left = at

    def wrap(self, request: Callable[..., Any]) -> Callable[..., Any]:
        def carried(session: http.Session, *args: Any, **options: Any) -> Any:
            answer = request(session, *args, **options)
            told = options["json"]["params"]["args"]
            if len(told) > 4 and told[4] in WRITES:
                if self.left == 0:
                    raise Gone
                self.left -= 1
            return answer

        return carried


def _dies(act: Callable[[], object]) -> bool:
    try:
        act()
    except Gone:
        return True
    return False


@pytest.mark.outbox
@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_thousands_of_documents_with_replies_lost_and_processes_killed_stand_there_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`ORDERSYNC_ODOO_DOCUMENTS=5000 ORDERSYNC_ODOO_KILLS=50 pytest -n 0 tests/test_odoo_crimes.py -k thousands -s` for the whole number."""
    monkeypatch.setattr(http, "READ", 0.3)
    with lab.Odoo(tmp_path, chart=drafts.CHART, serie=18) as odoo:
        odoo.hang = 0.4
        here = world(odoo)
        for n in range(1, DOCUMENTS // 2 + 1):
            signed = here.sign(str(n))
            here.sign(str(n), kind="payment", after=(signed,))
        chances = dict.fromkeys((*crimes.DONE, *crimes.UNDONE), SHARE / 10)
        odoo.crimes.by_chance(7, chances, *WRITES)
        dice = Dice(KILLS, seed=7)
        monkeypatch.setattr(http.Session, "request", dice.wrap(http.Session.request))
        _drained(here)
        odoo.honest()
        _drained(here)
        lost = sum(1 for _call, _key, crime in odoo.requests if crime in chances)
        print(f"\n{DOCUMENTS} documents, {len(odoo.requests)} calls, {lost} replies lost, {KILLS - dice.left} kills")
        _judged(odoo)
        assert dice.left == 0


def _drained(here: World) -> None:
    for _ in range(DOCUMENTS * 4):
        if not Delivery.objects.exclude(state__in=[DeliveryState.BOOKED, DeliveryState.PARKED]).exists() and not any(
            outbox.glance()
        ):
            return
        with contextlib.suppress(Gone):
            outbox.tick(20)
        here.hurry()
    raise AssertionError(Counter(Delivery.objects.values_list("state", "words")))


def _judged(odoo: lab.Odoo) -> None:
    """Odoo's log against what was signed: each once, and every account to the cent."""
    parked = list(Delivery.objects.filter(state=DeliveryState.PARKED).values_list("words", flat=True))
    assert parked == []
    assert set(Booking.objects.values_list("outcome", flat=True)) == {Outcome.BOOKED}
    times = odoo.times()
    assert set(times.values()) == {1}
    assert times.total() == Booking.objects.count()
    expected: Counter[tuple[str, str]] = Counter()
    for row in Booking.objects.select_related("document"):
        for posting in outgoing.postings(documents.outgoing_of(row.document)):
            expected[posting.account, "EUR"] += posting.amount  # type: ignore[assignment]
    assert {key: amount for key, amount in odoo.sums().items() if amount} == {
        key: amount for key, amount in expected.items() if amount
    }
    unpaid = [
        row["ref"]
        for row in odoo.books.tables.rows["account.move"].values()
        if row["move_type"] == "out_invoice" and row["payment_state"] != "paid"
    ]
    assert unpaid == []
