"""The Tryton adapter against a real Tryton on loopback (make tryton): the contract, and what only Tryton does."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from integrations import connections
from integrations.accounting.base import Booked, Check
from integrations.accounting.tryton import Tryton
from integrations.errors import Refused, Uncertain
from orders import outgoing, reconciliation
from tests import scenario_files
from tests.contracts import documents
from tests.contracts.accounting import AccountingContract, Sums
from tests.lab.proxy import Cut, Proxy, Toxic
from tests.test_scenarios import Office, expected
from tests.tryton_company import PASSWORD, Ground

pytestmark = pytest.mark.tryton


class TestContract(AccountingContract):
    tells_tax_codes = True
    keeps_customers = True

    @pytest.fixture(autouse=True)
    def _there(self, tryton: Ground) -> None:
        self.tryton = tryton

    def make(self, folder: Path) -> Tryton:
        return self.tryton.adapter()

    def with_options(self, folder: Path, **options: str) -> Tryton:
        return self.tryton.adapter(**options)

    def invoice(self, order: str = "1001", **changes: object) -> outgoing.Document:
        """The books are in EUR, whatever the document is in."""
        rates = {"JPY": "0.0061", "KWD": "2.99", "USD": "0.909090909"}
        if (currency := str(changes.get("currency", "EUR"))) in rates and "rate" not in changes:
            changes |= {"base_currency": "EUR", "rate": Decimal(rates[currency])}
        return super().invoice(order, **changes)

    @pytest.mark.slow
    def test_two_hundred_documents_are_each_there_once(self, ledger: Tryton, folder: Path) -> None:  # type: ignore[override]
        """In batches, as the outbox sends them."""
        made = [self.invoice(str(number), posting_on=date(2026, 1 + number % 12, 1)) for number in range(200)]
        told = [self.good(outcome) for some in self.calls(ledger, made) for outcome in ledger.book_many(some)]
        assert all(
            self.same(ledger.find(document), result) for document, result in list(zip(made, told, strict=True))[::20]
        )
        self.agree(folder, list(zip(made, told, strict=True)))

    @pytest.mark.slow
    def test_many_documents_are_read_at_once_with_what_an_accountant_asks_for(
        self, ledger: Tryton, folder: Path
    ) -> None:  # type: ignore[override]
        super().test_many_documents_are_read_at_once_with_what_an_accountant_asks_for(ledger, folder)

    def alter_total(self, folder: Path, document: outgoing.Document) -> None:
        """A posted invoice cannot be changed in Tryton's client; whoever has the database can."""
        self.tryton.sql("UPDATE account_invoice_tax SET amount = amount + 1")
        self.tryton.sql(
            "UPDATE account_invoice SET total_amount_cache = total_amount_cache + 1, tax_amount_cache = tax_amount_cache + 1"
        )

    def sums(self, folder: Path) -> Sums:
        return self.tryton.sums()

    def person_adds(self, folder: Path, noun: str, **facts: str) -> str:
        if noun == "item":
            books = self.tryton.adapter().books
            values = {
                "name": facts["name"],
                "type": "goods",
                "default_uom": books.unit,
                "account_category": books.category,
            }
            values["products"] = [["create", [{"suffix_code": facts["code"]}]]]
            made = self.tryton.accountant("model.product.template.create", [values])
            return str(self.tryton.sql("SELECT id FROM product_product WHERE template = %s", made)[0][0])
        values = {"name": facts["name"], "code": facts.get("ref") or "HAND-1"}
        if facts.get("email"):
            values["contact_mechanisms"] = [["create", [{"type": "email", "value": facts["email"]}]]]
        if facts.get("vat"):
            values["identifiers"] = [["create", [{"type": None, "code": facts["vat"]}]]]
        return str(self.tryton.accountant("model.party.party.create", [values])[0])

    def customer_on(self, folder: Path, document: outgoing.Document) -> str:
        found = self.tryton.sql("SELECT party FROM account_invoice WHERE reference = %s", [document.reference])
        return str(found[0][0])


# What only Tryton does


def test_a_closed_period_is_refused_in_words_before_anything_is_written(tryton: Ground) -> None:
    tryton.sql("UPDATE account_period SET state = 'closed' WHERE start_date = '2026-05-01'")
    adapter = tryton.adapter()
    with pytest.raises(Refused, match=r"2026-05.*closed") as caught:
        adapter.book(documents.invoice(posting_on=date(2026, 5, 5)))
    assert "first open day" in caught.value.fix
    assert tryton.sql("SELECT count(*) FROM account_invoice") == [(0,)]


def test_a_document_dated_before_the_last_number_is_refused_and_leaves_no_draft(tryton: Ground) -> None:
    adapter = tryton.adapter()
    adapter.book(documents.invoice("1001"))
    with pytest.raises(Refused, match="rise with their dates") as caught:
        adapter.book(documents.invoice("1002", issued_on=date(2026, 11, 3)))
    assert "Issue today" in caught.value.fix
    assert tryton.sql("SELECT reference FROM account_invoice") == [("WEB1001",)]


def test_a_late_approval_is_numbered_today_and_posted_on_its_signed_day(tryton: Ground) -> None:
    adapter = tryton.adapter()
    adapter.book(documents.invoice("1001"))
    adapter.book(documents.invoice("1002", posting_on=date(2026, 10, 2), tax_on=date(2026, 10, 1)))
    days = "SELECT i.invoice_date, m.date FROM account_invoice i JOIN account_move m ON m.id = i.move WHERE reference = 'WEB1002'"
    assert tryton.sql(days) == [(documents.DAY, date(2026, 10, 2))]


def test_an_invoice_overdue_when_it_is_posted_is_no_question(tryton: Ground) -> None:
    booked = tryton.adapter().book(documents.invoice(due_on=date(2026, 11, 21)))
    assert isinstance(booked, Booked)
    assert tryton.adapter().read(["WEB1001"])[0].due_on == date(2026, 11, 21)


def test_a_signed_tax_stands_also_where_tryton_would_reckon_another(tryton: Ground) -> None:
    """83.19 at 19 % is 15.81 (15.8061); a shop that divides 99.00 may say 15.80 too."""
    booked = tryton.adapter().book(documents.invoice(lines=(documents.line(1, "83.20", "15.80"),)))
    assert isinstance(booked, Booked)
    assert (booked.net, booked.tax, booked.adjustments) == (Decimal("83.20"), Decimal("15.80"), ())
    assert tryton.taxes() == {("DE19", "base"): Decimal("83.20"), ("DE19", "tax"): Decimal("15.80")}


@pytest.mark.slow
def test_a_draft_left_behind_by_a_dead_process_is_taken_up_and_a_second_one_is_removed(tryton: Ground) -> None:
    adapter, document = tryton.adapter(), documents.invoice()
    adapter.book(document)
    tryton.sql("UPDATE account_invoice SET reference = 'GONE'")
    values = _as_sent(tryton, document)
    for _twice in range(2):
        adapter.books.client("model.account.invoice.create", [values])
    assert adapter.find(document) is None, "a draft is not in the books"
    assert isinstance(adapter.book(document), Booked)
    assert tryton.sql("SELECT state, count(*) FROM account_invoice WHERE reference = 'WEB1001' GROUP BY 1") == [
        ("posted", 1)
    ]


def _as_sent(tryton: Ground, document: outgoing.Document) -> dict[str, object]:
    from integrations.accounting.tryton import looking, posting

    way = posting.Posting(tryton.adapter().books, tryton.adapter().options)
    way.parties.gather([document])
    way.work_out(document)
    return way.values[looking.key(document)]


class Breaks(Proxy):
    """Loses the answer of one call: Tryton did what it was asked, and nobody heard of it. Its server takes one call a line."""

    lost = 0

    def _chosen(self) -> list[Toxic]:
        return [Cut(after=0)] if self.connections == self.lost else []


@pytest.mark.slow
def test_whichever_reply_is_lost_the_document_is_booked_once(tryton: Ground) -> None:
    port, troubles = int(tryton.running.url.rpartition(":")[2]), 0
    for lost in range(4, 16):
        document = documents.invoice(str(1000 + lost))
        with Breaks(port) as line:
            line.lost = lost
            try:
                tryton.adapter(url=line.url).book(document)
            except Uncertain:
                troubles += 1
        assert isinstance(tryton.adapter().book(document), Booked)
    rows = tryton.sql("SELECT reference, state, count(*) FROM account_invoice GROUP BY 1, 2")
    assert sorted(rows) == [(f"WEB{1000 + lost}", "posted", 1) for lost in range(4, 16)]
    assert troubles > 6


@pytest.mark.slow
def test_what_is_wrong_with_a_set_up_is_said_with_where_to_click(tryton: Ground) -> None:
    def wrong(adapter: Tryton) -> Check:
        return next(check for check in adapter.check() if not check.ok)

    assert "does not let the user" in wrong(tryton.adapter(user="nobody", password="wrong-password")).words
    assert "Books GBP" in wrong(tryton.adapter(company="Books GBP")).words
    tryton.sql("UPDATE account_period SET state = 'closed'")
    found = wrong(tryton.adapter())
    assert (found.name, "Periods" in found.fix) == ("period", True)


# Every history of tests/scenarios


class TrytonOffice(Office):
    """The office of a scenario, whose books a real Tryton keeps."""

    tryton: Ground

    def connect(self, folder: Path) -> None:
        options = {**self.tryton.options, "company": f"Books {self.scenario.ledger.currency}"}
        connections.connect("tryton", "books", ledger=self.ledger, options=options, secrets={"password": PASSWORD})


SCENARIOS = [
    path for path in scenario_files.paths() if path.stem != "ledger_rounds_otherwise"
]  # that one is the toy ledger's
QUICK: tuple[str, ...] = ()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "path",
    [pytest.param(path, id=path.stem, marks=[] if path.stem in QUICK else pytest.mark.slow) for path in SCENARIOS],
)
def test_a_history_stands_in_tryton_as_it_was_approved(tryton: Ground, path: Path, tmp_path: Path) -> None:
    scenario = scenario_files.load(path)
    TrytonOffice.tryton = tryton
    office = TrytonOffice(scenario, tmp_path / "books")
    for step in scenario.steps:
        office.step(step)
    assert office.books() == expected(scenario.journal)
    sums: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for entry in scenario.journal:
        for account, amount in entry.postings:
            sums[account, entry.currency] += amount
    found = tryton.sums(f"Books {scenario.ledger.currency}")
    assert {key: amount for key, amount in found.items() if amount} == {
        key: amount for key, amount in sums.items() if amount
    }
    assert reconciliation.proof().differences == ()
