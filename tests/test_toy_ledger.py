"""The toy ledger passes the contract, and adjusts what it reckons differently by no more than it may."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest

from integrations import registry
from integrations.errors import Misconfigured, Refused
from orders import outgoing
from orders.outgoing import Adjustment
from tests.contracts import documents
from tests.contracts.accounting import AccountingContract, Sums
from tests.toy_ledger import Toy


def make(folder: Path) -> Toy:
    return Toy(Toy.Options(folder=folder))


class TestContract(AccountingContract):
    def make(self, folder: Path) -> Toy:
        return make(folder)

    def alter_total(self, folder: Path, document: outgoing.Document) -> None:
        with closing(sqlite3.connect(folder / "toy.sqlite")) as books, books:
            books.execute("UPDATE entry SET gross = '125.00' WHERE key = ?", (document.key,))

    def sums(self, folder: Path) -> Sums:
        found: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
        with closing(sqlite3.connect(folder / "toy.sqlite")) as books:
            for account, currency, amount in books.execute("SELECT account, currency, amount FROM posting"):
                found[account, currency] += Decimal(amount)
        return found


# 83.19 + 15.81 = 99.00, as a shop with prices including tax divides it; 19 % of 83.19 is 15.8061, which the toy rounds down.
SPLIT = (documents.line(1, "83.19", "15.81"),)


def test_a_cent_reckoned_otherwise_is_adjusted_and_reported(tmp_path: Path) -> None:
    booked = make(tmp_path).book(documents.invoice(lines=SPLIT))
    assert (booked.net, booked.tax, booked.gross) == (Decimal("83.20"), Decimal("15.80"), Decimal("99.00"))
    words = "DE19: the ledger reckons 15.80 EUR where 15.81 was signed."
    cent = Decimal("0.01")
    assert booked.adjustments == (
        Adjustment(account="Expenses:Rounding", net=cent, tax=-cent, tax_code="DE19", words=words),
    )
    assert TestContract().sums(tmp_path) == {
        ("Assets:Receivable", "EUR"): Decimal("99.00"),
        ("Income:Goods", "EUR"): Decimal("-83.19"),
        ("Liabilities:VAT:DE19", "EUR"): Decimal("-15.80"),
        ("Expenses:Rounding", "EUR"): -cent,
    }


def test_a_credit_note_is_adjusted_the_other_way(tmp_path: Path) -> None:
    booked = make(tmp_path).book(documents.credit_note(lines=SPLIT))
    assert [(item.net, item.tax) for item in booked.adjustments] == [(Decimal("0.01"), Decimal("-0.01"))]
    assert TestContract().sums(tmp_path)["Expenses:Rounding", "EUR"] == Decimal("0.01")


def test_up_to_the_limit_is_adjusted_and_beyond_it_refused_with_both_figures(tmp_path: Path) -> None:
    lines = tuple(documents.line(n, "83.19", "15.81") for n in range(1, 7))
    assert make(tmp_path).book(documents.invoice("5", lines=lines[:5])).adjustments[0].net == Decimal("0.05")
    with pytest.raises(Refused) as caught:
        make(tmp_path).book(documents.invoice("6", lines=lines))
    assert "DE19: the toy reckons 94.80, signed is 94.86 EUR, 0.06 apart; at most 0.05" in caught.value.words
    assert caught.value.fix
    assert make(tmp_path).find(documents.invoice("6", lines=lines)) is None


def test_without_an_adjustment_account_a_cent_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"15\.80.*15\.81"):
        make(tmp_path).book(documents.invoice(lines=SPLIT, adjustment_account=""))


def test_a_tax_far_from_its_rate_is_never_adjusted_in_silence(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"19\.00, signed is 7\.00"):
        make(tmp_path).book(documents.invoice(lines=(documents.line(1, "100.00", "7.00"),)))


def test_it_is_registered_by_its_decorator_alone(tmp_path: Path) -> None:
    options = registry.options("toy", {"folder": str(tmp_path)})
    assert registry.find("toy")(options, None).find(documents.invoice()) is None


def test_a_folder_that_is_gone_is_misconfigured(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured):
        make(tmp_path / "gone").book(documents.invoice())
