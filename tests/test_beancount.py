"""The embedded ledger: the contract, bean-check over everything written, and what a death at any moment leaves behind."""

from __future__ import annotations

import errno
import multiprocessing
import os
import signal
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from beancount import loader
from beancount.core.data import Open, Transaction

from integrations import registry
from integrations.accounting.base import Booked
from integrations.accounting.beancount import Beancount, journal
from integrations.errors import Conflict, Misconfigured, Refused, Trouble, Unavailable
from orders import outgoing
from tests.contracts import documents
from tests.contracts.accounting import AccountingContract, Sums

MONTH = "2026-11.beancount"


def make(folder: Path) -> Beancount:
    return Beancount(Beancount.Options(folder=folder, title='Doe "& Co"'))


def loaded(folder: Path) -> list[Any]:
    """Every directive of the books, once bean-check has nothing to say."""
    entries, errors, _options = loader.load_file(str(folder / "main.beancount"))
    assert [f"{error.source}: {error.message}" for error in errors] == []
    return entries


def transactions(folder: Path) -> list[Transaction]:
    return [entry for entry in loaded(folder) if isinstance(entry, Transaction)]


class TestContract(AccountingContract):
    def make(self, folder: Path) -> Beancount:
        return make(folder)

    def alter_total(self, folder: Path, document: outgoing.Document) -> None:
        path = folder / MONTH
        path.write_text(path.read_text().replace("124.00 EUR", "125.00 EUR").replace("-100.00 EUR", "-101.00 EUR"))

    def sums(self, folder: Path) -> Sums:
        found: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
        for transaction in transactions(folder):
            for posting in transaction.postings:
                found[posting.account, posting.units.currency] += posting.units.number
        return found


# What an accountant finds in the file


def test_an_entry_holds_what_an_accountant_asks_for(tmp_path: Path) -> None:
    party = outgoing.Party(
        id="C-77", name="Jane Doe", company="Doe & Co", vat_id="DE123456789", billing=documents.PARTY.billing
    )
    make(tmp_path).book(documents.invoice(party=party, number="2026-00017", dimensions=(("Channel", "web"),)))
    (entry,) = transactions(tmp_path)
    assert (entry.payee, entry.narration) == ("Doe & Co", "Invoice 2026-00017 for order #1001")
    assert entry.links == {"WEB1001", "order-1001"}
    assert entry.tags == {"ordersync", "invoice", "shop-web"}
    assert entry.meta["due"] == date(2026, 12, 20)
    assert (entry.meta["order"], entry.meta["vat-id"], entry.meta["country"]) == ("#1001", "DE123456789", "DE")
    assert entry.meta["dim-channel"] == "web"
    goods, tax = entry.postings[1].meta, entry.postings[2].meta
    assert (goods["sku"], goods["qty"], goods["tax-code"], goods["text"]) == ("TEE-RED-M", 2, "DE19", "T-shirt, red")
    assert (tax["rate"], tax["base"].number, tax["base"].currency) == (Decimal("0.19"), Decimal(100), "EUR")


def test_a_foreign_posting_carries_the_rate(tmp_path: Path) -> None:
    lines = (documents.line(1, "55.00"),)
    make(tmp_path).book(documents.invoice(currency="USD", base_currency="EUR", rate=Decimal("0.90909"), lines=lines))
    (entry,) = transactions(tmp_path)
    assert {(posting.price.number, posting.price.currency) for posting in entry.postings} == {
        (Decimal("0.90909"), "EUR")
    }
    assert "  Assets:Receivable  55.00 USD @ 0.90909 EUR\n" in (tmp_path / MONTH).read_text()


def test_amounts_are_written_with_every_decimal_of_their_currency(tmp_path: Path) -> None:
    ledger = make(tmp_path)
    for number, currency, net, written in [
        ("1", "EUR", "80", "-80.00 EUR"),
        ("2", "KWD", "7.5", "-7.500 KWD"),
        ("3", "JPY", "1E+3", "-1000 JPY"),
    ]:
        ledger.book(documents.invoice(number, currency=currency, lines=(documents.line(1, net),)))
        assert f"  Income:Goods  {written}\n" in (tmp_path / MONTH).read_text()


def test_each_month_has_a_file_and_the_main_file_includes_them_all(tmp_path: Path) -> None:
    ledger = make(tmp_path)
    for month in (11, 3, 12):
        ledger.book(documents.invoice(str(month), posting_on=date(2026, month, 2)))
    assert sorted(path.name for path in tmp_path.glob("20*")) == [
        "2026-03.beancount",
        "2026-11.beancount",
        "2026-12.beancount",
    ]
    assert len(transactions(tmp_path)) == 3


def test_an_account_is_opened_once_when_first_used(tmp_path: Path) -> None:
    ledger = make(tmp_path)
    for number in range(3):
        ledger.book(documents.invoice(str(number)))
    opened = [entry.account for entry in loaded(tmp_path) if isinstance(entry, Open)]
    assert sorted(opened) == ["Assets:Receivable", "Income:Goods", "Income:Shipping", "Liabilities:VAT:DE19"]


def test_a_refund_payment_opens_the_invoice_again_that_a_credit_note_reduced(tmp_path: Path) -> None:
    ledger = make(tmp_path)
    for document in (documents.invoice(), documents.payment(), documents.credit_note()):
        ledger.book(document)
    states = ledger.read(["WEB1001"])
    assert [state.kind for state in states] == ["invoice", "payment", "credit_note"]
    assert [state.balance for state in states] == [Decimal("-59.50"), 0, 0]
    ledger.book(documents.refund_payment())
    assert ledger.read(["WEB1001"])[0].balance == 0


# What a person may have done to the files


def test_accounts_opened_by_hand_are_used_as_they_stand(tmp_path: Path) -> None:
    (tmp_path / "chart.beancount").write_text("2020-01-01 open Assets:Receivable EUR\n2020-01-01 open Income:Goods")
    ledger = make(tmp_path)
    ledger.book(documents.invoice())
    assert "Assets:Receivable" not in (tmp_path / "accounts.beancount").read_text()
    with pytest.raises(Refused, match="takes EUR only, not USD"):
        ledger.book(documents.invoice("2", currency="USD"))
    with pytest.raises(Refused, match="opened on 2020-01-01; this is posted on 2019-12-31"):
        ledger.book(documents.invoice("3", posting_on=date(2019, 12, 31)))


def test_a_closed_account_is_no_choice_and_is_refused(tmp_path: Path) -> None:
    (tmp_path / "chart.beancount").write_text("2020-01-01 open Income:Goods\n2026-01-01 close Income:Goods\n")
    ledger = make(tmp_path)
    assert ledger.choices().accounts == ()
    with pytest.raises(Refused, match="closed on 2026-01-01"):
        ledger.book(documents.invoice())


def test_a_transaction_written_by_hand_behind_ours_stays(tmp_path: Path) -> None:
    ledger = make(tmp_path)
    ledger.book(documents.invoice("1"))
    with (tmp_path / MONTH).open("a") as file:
        file.write('2026-11-30 * "Rent"\n  Assets:Receivable  1.00 EUR\n  Income:Goods  -1.00 EUR')
    ledger.book(documents.invoice("2"))
    assert [entry.narration for entry in transactions(tmp_path) if "ordersync" not in entry.tags] == ["Rent"]
    assert len(transactions(tmp_path)) == 3


def test_an_entry_corrected_by_hand_is_never_removed_as_half_of_one(tmp_path: Path) -> None:
    ledger = make(tmp_path)
    ledger.book(documents.invoice("1"))
    path = tmp_path / MONTH
    path.write_text(path.read_text().replace("Jane Doe", "Jane"))
    ledger.book(documents.invoice("2"))
    assert ledger.find(documents.invoice("1")) is not None
    assert len(transactions(tmp_path)) == 2


@pytest.mark.parametrize("ending", ["\n", "\r\n", ""])
def test_an_editor_may_change_line_ends_and_trim_the_last(tmp_path: Path, ending: str) -> None:
    ledger = make(tmp_path)
    ledger.book(documents.invoice("1"))
    path = tmp_path / MONTH
    text = path.read_text().rstrip("\n").replace("\n", ending or "\n") + ending
    path.write_bytes(text.encode())
    assert ledger.find(documents.invoice("1")) is not None
    ledger.book(documents.invoice("2"))
    assert not (tmp_path / "removed.txt").exists()
    assert len(transactions(tmp_path)) == 2


def test_the_same_entry_in_two_months_is_a_conflict(tmp_path: Path) -> None:
    ledger = make(tmp_path)
    ledger.book(documents.invoice())
    (tmp_path / "2026-12.beancount").write_bytes((tmp_path / MONTH).read_bytes())
    with pytest.raises(Conflict, match="2 times"):
        ledger.find(documents.invoice())


def test_a_key_in_a_customers_name_is_not_found(tmp_path: Path) -> None:
    ledger = make(tmp_path)
    name = 'x\n  ordersync-key: "web:order:2:invoice:1"'
    ledger.book(documents.invoice("1", party=outgoing.Party(name=name), memo="\\" + name))
    assert ledger.find(documents.invoice("2")) is None
    ledger.book(documents.invoice("2"))
    assert len(transactions(tmp_path)) == 2


def test_a_tax_moved_to_another_code_is_a_conflict(tmp_path: Path) -> None:
    ledger = make(tmp_path)
    ledger.book(documents.invoice())
    path = tmp_path / MONTH
    path.write_text(path.read_text().replace('"DE19"', '"DE07"'))
    with pytest.raises(Conflict, match="tax by code"):
        ledger.find(documents.invoice())


def test_an_entry_that_was_made_illegible_is_a_conflict(tmp_path: Path) -> None:
    ledger = make(tmp_path)
    ledger.book(documents.invoice())
    path = tmp_path / MONTH
    path.write_text(path.read_text().replace("-19.00 EUR", "-19.00 EUR EUR"))
    with pytest.raises(Conflict, match="changed by hand"):
        ledger.find(documents.invoice())


def test_what_stands_behind_half_an_entry_is_kept_when_it_is_removed(tmp_path: Path) -> None:
    ledger = make(tmp_path)
    ledger.book(documents.invoice("1"))
    path = tmp_path / MONTH
    path.write_bytes(path.read_bytes()[:400] + b"\n; a note of mine\n")
    ledger.book(documents.invoice("2"))
    assert "; a note of mine" in (tmp_path / "removed.txt").read_text()
    assert [entry.meta["order"] for entry in transactions(tmp_path)] == ["#2"]


# Deaths


@contextmanager
def patched(**calls: Callable[..., Any]) -> Iterator[None]:
    kept = {name: getattr(os, name) for name in calls}
    for name, call in calls.items():
        setattr(os, name, call)
    try:
        yield
    finally:
        for name, call in kept.items():
            setattr(os, name, call)


class Killer:
    """Counts the calls that reach the disk and kills its own process, as kill -9 does, before, within or after one of them."""

    NAMES = ("open", "write", "fsync", "truncate", "ftruncate", "close")

    def __init__(self, victim: int) -> None:
        self.victim, self.step = victim, 0

    def point(self) -> None:
        if self.step == self.victim:
            os.kill(os.getpid(), signal.SIGKILL)
        self.step += 1

    def calls(self) -> dict[str, Callable[..., Any]]:
        return {name: self.wrap(name, getattr(os, name)) for name in self.NAMES}

    def wrap(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*args: Any, **keywords: Any) -> Any:
            self.point()
            if name == "write":
                handle, data = args
                for part in (data[:7], data[7 : len(data) // 2], data[len(data) // 2 : -1], data[-1:]):
                    call(handle, part)
                    self.point()
                return len(data)
            result = call(*args, **keywords)
            self.point()
            return result

        return wrapped


def in_child(work: Callable[[], None]) -> int:
    """The signal that ended the child (0: it finished)."""
    child = os.fork()
    if not child:
        try:
            work()
            os._exit(0)
        except BaseException:
            os._exit(1)
    status = os.waitpid(child, 0)[1]
    assert not os.WIFEXITED(status) or os.WEXITSTATUS(status) == 0
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0


def prepared_empty(folder: Path) -> None:
    """Nothing is there yet: the first document makes every file."""


def prepared_used(folder: Path) -> None:
    """The month has documents, one account is new, and a dead writer left half an entry."""
    make(folder).book(documents.payment("7"))
    path = folder / MONTH
    block = path.read_bytes()
    path.write_bytes(
        block + block.replace(b"web:order:7:", b"web:order:1001:").replace(b"payment", b"invoice")[: len(block) // 2]
    )


@pytest.mark.parametrize("prepare", [prepared_empty, prepared_used])
def test_a_death_at_any_moment_leaves_one_whole_entry_after_the_next_try(
    tmp_path: Path, prepare: Callable[[Path], None]
) -> None:
    document = documents.invoice()
    victim, killed = 0, True
    while killed:
        folder = tmp_path / str(victim)
        folder.mkdir()
        prepare(folder)

        def work(folder: Path = folder, victim: int = victim) -> None:
            with patched(**Killer(victim).calls()):
                make(folder).book(document)

        killed = in_child(work) == signal.SIGKILL
        recovered(folder, document)
        victim += 1
    assert victim > 30


def recovered(folder: Path, document: outgoing.Document) -> None:
    """What find says of the dead writer's document is what a later book makes of it; then the books are whole and hold it once."""
    ledger = make(folder)
    seen = ledger.find(document)
    assert ledger.book(document) == (seen or ledger.find(document))
    entries = [entry for entry in transactions(folder) if entry.meta["ordersync-key"] == document.key]
    assert len(entries) == 1
    assert sum(posting.units.number for posting in entries[0].postings) == 0
    assert [(posting.account, posting.units.number) for posting in entries[0].postings] == [
        (posting.account, posting.amount) for posting in outgoing.postings(document)
    ]
    for path in folder.glob("*.beancount"):
        assert journal.whole(path.read_bytes()) == path.stat().st_size


def test_every_length_of_half_an_entry_is_seen_as_absent_and_mended(tmp_path: Path) -> None:
    ledger = make(tmp_path)
    ledger.book(documents.payment("7"))
    path = tmp_path / MONTH
    start = path.stat().st_size
    document = documents.invoice()
    ledger.book(document)
    whole = path.read_bytes()
    for length in range(start, len(whole) - 2):
        path.write_bytes(whole[:length])
        assert ledger.find(document) is None
    for length in range(start, len(whole) - 2, 97):
        path.write_bytes(whole[:length])
        ledger.book(document)
        assert path.read_bytes() == whole


def test_zeros_that_a_power_cut_left_are_removed(tmp_path: Path) -> None:
    ledger = make(tmp_path)
    ledger.book(documents.payment("7"))
    path = tmp_path / MONTH
    start = path.stat().st_size
    document = documents.invoice()
    ledger.book(document)
    whole = path.read_bytes()
    hole = whole[: start + 200] + bytes(300) + whole[start + 500 :]
    for broken in (whole[:start] + bytes(len(whole) - start), whole[: start + 200] + bytes(900), hole):
        path.write_bytes(broken)
        assert ledger.find(document) is None
        ledger.book(document)
        assert path.read_bytes() == whole


def test_half_an_entry_of_last_month_is_removed_by_a_write_to_this_month(tmp_path: Path) -> None:
    ledger = make(tmp_path)
    ledger.book(documents.invoice("1", posting_on=date(2026, 10, 1)))
    path = tmp_path / "2026-10.beancount"
    path.write_bytes(path.read_bytes() * 2)
    path.write_bytes(path.read_bytes()[:-300])
    ledger.book(documents.invoice("2"))
    assert len(transactions(tmp_path)) == 2


# Races


def race(folder: Path, order: int) -> None:
    ledger = make(folder)
    for number in range(300)[:: 1 if order % 2 else -1]:
        ledger.book(documents.invoice(str(number), posting_on=date(2026, 10 + number % 3, 1)))


def test_four_processes_racing_on_the_same_keys_write_each_once(tmp_path: Path) -> None:
    racers = [multiprocessing.get_context("fork").Process(target=race, args=(tmp_path, order)) for order in range(4)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    assert [racer.exitcode for racer in racers] == [0] * 4
    keys = [entry.meta["ordersync-key"] for entry in transactions(tmp_path)]
    assert len(keys) == len(set(keys)) == 300


def test_threads_of_one_process_do_not_disturb_each_other(tmp_path: Path) -> None:
    ledger, booked = make(tmp_path), list[Booked]()
    threads = [threading.Thread(target=lambda: booked.append(ledger.book(documents.invoice()))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(booked) == 8
    assert len(transactions(tmp_path)) == 1


def test_a_lock_that_is_never_released_ends_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "PATIENCE", 0.1)
    ledger = make(tmp_path)
    with ledger.journal.lock(write=True), pytest.raises(Unavailable, match="Another process has been writing"):
        make(tmp_path).find(documents.invoice())


# Disks


def failing(number: int, *, after: int = 0) -> Callable[..., Any]:
    calls = iter(range(10**6))

    def fail(*_args: Any) -> Any:
        if next(calls) >= after:
            raise OSError(number, os.strerror(number))

    return fail


@pytest.mark.parametrize(
    ("number", "kind", "words"),
    [
        (errno.ENOSPC, Unavailable, "is full"),
        (errno.EDQUOT, Unavailable, "no quota"),
        (errno.EIO, Unavailable, "Input/output"),
        (errno.EROFS, Misconfigured, "read-only"),
    ],
)
@pytest.mark.parametrize("call", ["write", "fsync"])
def test_a_failing_disk_is_told_in_words_and_leaves_nothing(
    tmp_path: Path, call: str, number: int, kind: type[Trouble], words: str
) -> None:
    ledger = make(tmp_path)
    ledger.book(documents.invoice("1"))
    before = (tmp_path / MONTH).read_bytes()
    with patched(**{call: failing(number)}), pytest.raises(kind, match=words):
        ledger.book(documents.invoice("2"))
    assert (tmp_path / MONTH).read_bytes() == before
    assert ledger.find(documents.invoice("2")) is None


def test_a_short_write_is_rolled_back(tmp_path: Path) -> None:
    ledger = make(tmp_path)
    ledger.book(documents.invoice("1"))
    before = (tmp_path / MONTH).read_bytes()
    write = os.write
    with (
        patched(write=lambda handle, data: write(handle, data[: len(data) // 2])),
        pytest.raises(Unavailable, match="is full"),
    ):
        ledger.book(documents.invoice("2"))
    assert (tmp_path / MONTH).read_bytes() == before


def test_a_folder_that_is_gone_is_misconfigured_and_not_made_anew(tmp_path: Path) -> None:
    ledger = make(tmp_path / "gone")
    with pytest.raises(Misconfigured, match="does not exist"):
        ledger.book(documents.invoice())
    assert [(check.name, check.ok) for check in ledger.check()] == [("folder", False)]
    assert "mkdir" in ledger.check()[0].words


# The look at a connection


def failed(folder: Path) -> dict[str, str]:
    return {check.name: check.words for check in make(folder).check() if not check.ok}


def test_a_look_writes_nothing(tmp_path: Path) -> None:
    make(tmp_path).check()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_every_user_may_write_to_is_told(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    assert "chmod o-w" in failed(tmp_path)["rights"]


def test_a_relative_folder_and_one_with_wildcards_are_told(tmp_path: Path) -> None:
    assert "whole path" in failed(Path("books"))["folder"]
    (tmp_path / "a[1]").mkdir()
    assert "* ? [" in failed(tmp_path / "a[1]")["folder"]


def test_a_file_that_cannot_be_read_is_told_with_its_line(tmp_path: Path) -> None:
    make(tmp_path).book(documents.invoice())
    with (tmp_path / MONTH).open("a") as file:
        file.write("nonsense\n")
    assert f"{MONTH}, line" in failed(tmp_path)["files"]


def test_a_main_file_of_someone_else_must_include_ours(tmp_path: Path) -> None:
    (tmp_path / "main.beancount").write_text('option "title" "Mine"\n')
    make(tmp_path).book(documents.invoice())
    assert 'include "[0-9]*.beancount"' in failed(tmp_path)["files"]
    with (tmp_path / "main.beancount").open("a") as file:
        file.write('include "accounts.beancount"\ninclude "[0-9]*.beancount"\n')
    assert failed(tmp_path) == {}
    assert len(transactions(tmp_path)) == 1


# What cannot be written


@pytest.mark.parametrize(
    ("account", "suggestion"),
    [
        ("1200 Receivables", "Income:1200-Receivables"),
        ("Income:goods sold", "Income:Goods-sold"),
        ("Erlöse:Waren", "Income:Erlöse:Waren"),
        ("Income", "Income:Income"),
    ],
)
def test_an_account_that_beancount_does_not_know_is_refused_with_one_that_it_does(
    tmp_path: Path, account: str, suggestion: str
) -> None:
    with pytest.raises(Refused, match="not the name of a Beancount account") as caught:
        make(tmp_path).book(documents.invoice(lines=(documents.line(1, "1.00", account=account),)))
    assert f"such as {suggestion};" in caught.value.fix
    make(tmp_path).book(documents.invoice(lines=(documents.line(1, "1.00", account=suggestion),)))
    assert len(transactions(tmp_path)) == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"lines": (documents.line(1, "1.00", "0.19", tax_account=""),)}, "no account for the tax “DE19” of line 1"),
        ({"lines": (documents.line(1, "1.005"),)}, "more than 2 decimals"),
        ({"currency": "JPY", "lines": (documents.line(1, "1.5"),)}, "more than 0 decimals"),
        ({"key": "a\nb"}, "has signs that a ledger file cannot keep"),
        ({"currency": "eur"}, "not a currency code"),
        ({"rate": Decimal(0)}, "rate of EUR to EUR is 0"),
        ({"tax": Decimal(20), "net": Decimal(104)}, "debit and credit would differ"),
    ],
)
def test_what_cannot_be_written_as_signed_is_refused(tmp_path: Path, changes: dict[str, Any], words: str) -> None:
    with pytest.raises(Refused, match=words):
        make(tmp_path).book(documents.invoice(**changes))
    assert not list(tmp_path.glob("*.beancount"))


def test_the_registry_makes_it_from_texts(tmp_path: Path) -> None:
    options = registry.options("beancount", {"folder": str(tmp_path)})
    ledger = registry.find("beancount")(options, None)
    assert ledger.book(documents.invoice()).number == "WEB1001"
