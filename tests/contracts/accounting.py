"""What every ledger adapter must hold: subclass `AccountingContract` in a file `test_NAME.py`, as docs/adding-an-adapter.md shows."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pytest

from integrations.accounting.base import (
    Accounting,
    Booked,
    Counting,
    HandedOut,
    Idempotency,
    Masters,
    Outcome,
    Standing,
    batch_of,
    book_many,
    previewed,
    tells_stock,
)
from integrations.errors import Conflict, Refused, Trouble, Undecided
from orders import money, outgoing
from orders.outgoing import DocumentKind, Known
from tests.contracts import documents

ZERO = Decimal(0)
Sums = Mapping[tuple[str, str], Decimal]  # (account, currency) → balance, a debit positive


class AccountingContract:
    """The tests. An adapter's own class gives `make`, `alter_total` and, where it can, `sums`."""

    chart = documents.CHART
    refused_account = "1200 Receivables"  # one that this ledger does not have
    keeps_hash = True  # False for a ledger that has no place for the document's hash
    hands_out = False  # True for a ledger to which a person carries files: what is sent waits until `acknowledge`
    foreign_currencies = True  # False for a ledger that takes its own currency only, and refuses others
    settles = True  # False for a ledger that does not tell by itself what is paid
    books_currency = ""  # of a ledger whose books have one for ever: documents in another come with a rate
    tells_accounts = True  # False for a ledger that nobody can ask for its accounts
    tells_tax_codes = False  # True for a ledger that has tax codes of its own
    keeps_stock = False  # True for a ledger that is asked for quantities: `with_options` makes one, `person_counts` fills its shelves
    keeps_customers = False  # True for a ledger with customers and items of its own, whose Options are base.Masters

    def make(self, folder: Path) -> Accounting:
        """A fresh adapter on the ledger that belongs to this folder; a second call is another process's adapter on the same books."""
        raise NotImplementedError

    def alter_total(self, folder: Path, document: outgoing.Document) -> None:
        """Do what a careless person may do in the ledger: change the total of the booked document."""
        raise NotImplementedError

    def acknowledge(self, folder: Path, document: outgoing.Document) -> None:
        """Where files are carried: do what the person does who has brought the document in, and says so."""
        raise NotImplementedError

    def person_adds(self, folder: Path, noun: str, **facts: str) -> str:
        """Do what a person does who enters a customer (name, ref, vat, email) or an item (code, name) in the ledger; its id there."""
        raise NotImplementedError

    def person_counts(self, folder: Path, code: str, warehouse: str, quantity: str) -> None:
        """Do what a person does who counts so many of an item, of which stock is kept, in a warehouse."""
        raise NotImplementedError

    def customer_on(self, folder: Path, document: outgoing.Document) -> str:
        """The id of the customer on whom the booked document stands, found without the adapter."""
        raise NotImplementedError

    def with_options(self, folder: Path, **options: str) -> Accounting:
        """The adapter with other options (retail, items)."""
        raise NotImplementedError

    def sums(self, folder: Path) -> Sums | None:
        """The balance of every account, found without the adapter; None where that cannot be had."""
        return None

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        return tmp_path

    @pytest.fixture
    def ledger(self, folder: Path) -> Accounting:
        return self.make(folder)

    # Once

    def test_a_document_is_booked_and_read_back(self, ledger: Accounting, folder: Path) -> None:
        self.book(ledger, folder, self.invoice())

    def test_what_a_person_carries_waits_until_that_person_answers(self, ledger: Accounting, folder: Path) -> None:
        if not self.hands_out:
            pytest.skip("this ledger books by itself")
        document = self.invoice()
        waiting = ledger.book(document)
        assert isinstance(waiting, HandedOut)
        assert ledger.find(document) == ledger.book(document) == self.make(folder).find(document) == waiting
        assert [state.state for state in ledger.read([document.reference])] == ["deleted"]
        self.acknowledge(folder, document)
        assert isinstance(ledger.find(document), Booked)

    def test_a_document_sent_twice_is_booked_once(self, ledger: Accounting, folder: Path) -> None:
        document = self.invoice()
        first = self.book(ledger, folder, document)
        assert ledger.book(document) == first
        self.agree(folder, [(document, first)])

    def test_a_document_never_sent_is_not_found(self, ledger: Accounting) -> None:
        assert ledger.find(self.invoice()) is None
        ledger.book(self.invoice("1001"))
        assert ledger.find(self.invoice("1002")) is None
        assert ledger.find(self.invoice(revision=2, reference="WEB1001r2")) is None

    def test_a_document_whose_reply_was_lost_is_found_by_another_process(
        self, ledger: Accounting, folder: Path
    ) -> None:
        document = self.invoice()
        lost = ledger.book(document)
        other = self.make(folder)
        assert other.find(document) == lost
        assert other.book(document) == lost
        self.agree(folder, [(document, lost)])

    def test_a_new_revision_is_a_document_of_its_own(self, ledger: Accounting, folder: Path) -> None:
        first, second = self.invoice(), self.invoice(revision=2, reference="WEB1001r2")
        booked = [(document, ledger.book(document)) for document in (first, second)]
        assert ledger.find(first) == booked[0][1]
        assert ledger.find(second) == booked[1][1]
        self.agree(folder, booked)

    @pytest.mark.parametrize(
        ("short", "long"),
        [("web:order:1:invoice:1", "web:order:1:invoice:10"), ("b:order:7:invoice:1", "web:order:7:invoice:1")],
    )
    def test_a_key_within_another_key_is_another_document(
        self, ledger: Accounting, folder: Path, short: str, long: str
    ) -> None:
        other = self.invoice("1", key=long, reference="WEB10")
        document = self.invoice("1", key=short, reference="WEB1")
        booked = ledger.book(other)
        assert ledger.find(document) is None
        self.agree(folder, [(other, booked), (document, ledger.book(document))])

    def test_documents_of_several_kinds_may_share_a_reference(self, ledger: Accounting, folder: Path) -> None:
        made = [documents.BUILDERS[DocumentKind(kind)](chart=self.chart) for kind in sorted(ledger.kinds)]
        booked = [(document, ledger.book(document)) for document in made]
        for document, result in booked:
            assert self.same(ledger.find(document), result)
        self.agree(folder, booked)

    def test_two_hundred_documents_are_each_there_once(self, ledger: Accounting, folder: Path) -> None:
        made = [self.invoice(str(number), posting_on=date(2026, 1 + number % 12, 1)) for number in range(200)]
        size = batch_of(ledger)
        told = [outcome for n in range(0, 200, size) for outcome in book_many(ledger, made[n : n + size])]
        booked = list(zip(made, told, strict=True))
        assert all(ledger.find(document) == result for document, result in booked[::20])
        self.agree(folder, booked)

    # Several in one call

    def test_documents_in_one_call_are_booked_as_one_by_one(self, ledger: Accounting, folder: Path) -> None:
        made = [self.invoice(str(number)) for number in range(max(3, min(batch_of(ledger), 30)))]
        told = [outcome for some in self.calls(ledger, made) for outcome in book_many(ledger, some)]
        booked = [
            (document, self.standing(folder, document, self.good(outcome)))
            for document, outcome in zip(made, told, strict=True)
        ]
        other = self.make(folder)
        assert [other.find(document) for document in made] == [result for _document, result in booked]
        assert [other.book(document) for document in made] == [result for _document, result in booked]
        self.agree(folder, booked)

    def test_documents_sent_twice_in_one_call_are_booked_once(self, ledger: Accounting, folder: Path) -> None:
        made = [self.invoice("1001"), self.invoice("1002")]
        first = ledger.book(made[0])
        told = [self.good(outcome) for some in self.calls(ledger, made) for outcome in book_many(ledger, some)]
        again = [self.good(outcome) for some in self.calls(ledger, made) for outcome in book_many(ledger, some)]
        assert told == again
        assert told[0] == first
        self.agree(folder, list(zip(made, told, strict=True)))

    def test_a_bad_document_in_one_call_harms_no_good_one(self, ledger: Accounting, folder: Path) -> None:
        lines = (documents.line(1, "100.00", "19.00", chart=self.chart, account=self.refused_account),)
        bad, made = self.invoice("1002", lines=lines), [self.invoice("1001"), self.invoice("1003")]
        mixed = [made[0], bad, made[1]]
        told = [outcome for some in self.calls(ledger, mixed) for outcome in book_many(ledger, some)]
        assert isinstance(told[1], Refused)
        assert self.refused_account in told[1].words
        assert ledger.find(bad) is None
        self.agree(folder, [(made[0], self.good(told[0])), (made[1], self.good(told[2]))])

    # Looked at before anything is sent

    @pytest.mark.parametrize("kind", ["invoice", "payment"])
    def test_a_preview_is_the_journal_in_the_ledgers_own_names_and_writes_nothing(
        self, ledger: Accounting, folder: Path, kind: str
    ) -> None:
        if kind not in ledger.kinds:
            pytest.skip("this ledger takes none")
        document: outgoing.Document = getattr(documents, kind)(chart=self.chart)
        seen, meant = previewed(ledger, document), outgoing.postings(document)
        assert [line.amount for line in seen.lines] == [row.amount for row in meant]
        assert all(line.account.startswith(row.account) for line, row in zip(seen.lines, meant, strict=True))
        assert (seen.sums[0][1], seen.sums[-1][1], seen.currency) == (document.net, document.gross, document.currency)
        told = {value for _name, value in seen.facts}
        assert {document.reference, document.posting_on.isoformat()} <= told
        assert seen.problems == ()
        assert ledger.find(document) is None
        self.book(ledger, folder, self.invoice("1002"))  # whose sums are the only ones there

    def test_a_preview_names_what_would_be_refused(self, ledger: Accounting) -> None:
        if not hasattr(ledger, "preview"):
            pytest.skip("this ledger gives no preview of its own")
        bad = documents.line(1, "100.00", "19.00", chart=self.chart, account=self.refused_account)
        seen = previewed(ledger, self.invoice(lines=(bad,)))
        assert self.refused_account in seen.problems[0].words
        assert seen.problems[0].fix

    # Stock

    def test_quantities_are_told_by_item_and_warehouse(self, folder: Path) -> None:
        if not self.keeps_stock:
            pytest.skip("this ledger is not asked for quantities")
        ledger = self.with_options(folder, stock="yes")
        assert tells_stock(ledger)
        assert not tells_stock(self.make(folder))
        for code, warehouse, quantity in (("MUG", "WH", "7"), ("MUG", "OUT", "2.5"), ("TEE", "WH", "4")):
            self.person_counts(folder, code, warehouse, quantity)
        self.person_adds(folder, "item", code="TWICE", name="One")
        self.person_adds(folder, "item", code="TWICE", name="Another")
        levels = cast(Counting, ledger).stock(["MUG", "TEE", "TWICE", "NOT-THERE"])
        told = {(level.sku, level.location): level.quantity for level in levels}
        assert told == {
            ("MUG", "WH"): Decimal(7),
            ("MUG", "OUT"): Decimal("2.5"),
            ("TEE", "WH"): Decimal(4),
            ("TEE", "OUT"): ZERO,
        }
        assert cast(Counting, ledger).stock([]) == []

    # What stands there is compared

    def test_another_hash_under_the_same_key_is_a_conflict(self, ledger: Accounting) -> None:
        if not self.keeps_hash:
            pytest.skip("this ledger has no place for the document's hash")
        ledger.book(self.invoice())
        other = self.invoice(hash="0" * 64)
        with pytest.raises(Conflict):
            ledger.find(other)
        with pytest.raises(Conflict):
            ledger.book(other)

    @pytest.mark.parametrize("change", [{"posting_on": date(2026, 12, 1)}, {"currency": "USD"}, {"gross": "120.19"}])
    def test_another_date_currency_or_total_under_the_same_key_is_a_conflict(
        self, ledger: Accounting, change: dict[str, Any]
    ) -> None:
        document = self.invoice(lines=(documents.line(1, "100.00", "19.00", chart=self.chart),))
        ledger.book(document)
        if "gross" in change:
            change = {"lines": (documents.line(1, "101.00", "19.19", chart=self.chart),)}
        other = self.invoice(**{"lines": document.lines, **change, "hash": document.hash})
        with pytest.raises(Conflict):
            ledger.find(other)

    def test_a_total_altered_in_the_ledger_is_a_conflict(self, ledger: Accounting, folder: Path) -> None:
        document = self.invoice()
        ledger.book(document)
        self.alter_total(folder, document)
        with pytest.raises(Conflict):
            ledger.find(document)

    # What a document may hold

    @pytest.mark.parametrize("kind", DocumentKind.values)
    def test_every_declared_kind_is_booked_and_every_other_refused(
        self, ledger: Accounting, folder: Path, kind: str
    ) -> None:
        document = documents.BUILDERS[DocumentKind(kind)](chart=self.chart)
        if kind in ledger.kinds:
            self.book(ledger, folder, document)
        else:
            with pytest.raises(Refused):
                ledger.book(document)

    def test_a_discount_line_is_negative(self, ledger: Accounting, folder: Path) -> None:
        discount = documents.line(2, "-10.00", "-1.90", chart=self.chart, kind="discount", account=self.chart.discounts)
        self.book(
            ledger, folder, self.invoice(lines=(documents.line(1, "100.00", "19.00", chart=self.chart), discount))
        )

    def test_a_second_tax_is_a_line_without_net(self, ledger: Accounting, folder: Path) -> None:
        lines = (
            documents.line(1, "50.00", "9.50", chart=self.chart),
            documents.second_tax(2, "50.00", "1.00", chart=self.chart),
        )
        booked = self.book(ledger, folder, self.invoice(lines=lines))
        assert dict(booked.taxes) == {self.chart.tax_code: Decimal("9.50"), self.chart.second_tax_code: Decimal("1.00")}

    def test_a_tip_has_an_account_of_its_own_and_no_tax(self, ledger: Accounting, folder: Path) -> None:
        tip = documents.line(2, "3.00", chart=self.chart, kind="tip", text="Tip", account=self.chart.tips)
        self.book(ledger, folder, self.invoice(lines=(documents.line(1, "100.00", "19.00", chart=self.chart), tip)))

    def test_a_total_of_zero_is_booked(self, ledger: Accounting, folder: Path) -> None:
        lines = (
            documents.line(1, "100.00", "19.00", chart=self.chart),
            documents.line(2, "-100.00", "-19.00", chart=self.chart, kind="discount", account=self.chart.discounts),
        )
        assert self.book(ledger, folder, self.invoice(lines=lines)).balance == 0

    def test_a_line_of_nothing_is_booked(self, ledger: Accounting, folder: Path) -> None:
        self.book(ledger, folder, self.invoice(lines=(documents.line(1, "0", chart=self.chart, text="Sample, free"),)))

    @pytest.mark.parametrize(
        ("currency", "net", "tax"), [("JPY", "1000", "190"), ("KWD", "10.000", "1.900"), ("EUR", "0.01", "0")]
    )
    def test_amounts_have_their_currencys_decimals(
        self, ledger: Accounting, folder: Path, currency: str, net: str, tax: str
    ) -> None:
        foreign = {} if self.books_currency in ("", currency) else {"base_currency": self.books_currency}
        lines = (documents.line(1, net, tax, chart=self.chart),)
        self.book(ledger, folder, self.invoice(currency=currency, lines=lines, **foreign))

    @pytest.mark.parametrize(
        ("currency", "rate", "net", "tax"),
        [("USD", "0.909090909", "55.00", "10.45"), ("JPY", "0.0061", "1000", "190"), ("KWD", "2.99", "7.000", "1.330")],
    )
    def test_a_foreign_currency_is_booked_with_the_documents_rate(
        self, ledger: Accounting, folder: Path, currency: str, rate: str, net: str, tax: str
    ) -> None:
        lines = (documents.line(1, net, tax, chart=self.chart),)
        foreign = {"currency": currency, "base_currency": "EUR", "rate": Decimal(rate), "rate_source": "ECB"}
        document = self.invoice(lines=lines, **foreign)
        if self.foreign_currencies:
            self.book(ledger, folder, document)
        else:
            with pytest.raises(Refused, match=currency):
                ledger.book(document)

    @pytest.mark.parametrize(
        "name",
        [
            'Max "Mäx" O\'Neil',
            "back\\slash\\",
            "two\nlines\r\nand\ttabs",
            "山田太郎 🦊",
            "; comment * ! ^ # @ {}",
            "a" * 3000,
            "",
            "\u202ertl\u0000\u0007",
        ],
        ids=["quotes", "backslash", "newlines", "unicode", "syntax", "long", "empty", "controls"],
    )
    def test_names_and_texts_of_any_kind_are_booked(self, ledger: Accounting, folder: Path, name: str) -> None:
        lines = (documents.line(1, "100.00", "19.00", chart=self.chart, text=name, sku=name[:40]),)
        party = dataclasses.replace(documents.PARTY, name=name, company=name, vat_id=name[:20])
        document = self.invoice(
            lines=lines, party=party, memo=name, order_number=name[:40], dimensions=(("Channel", name[:60]),)
        )
        booked = self.book(ledger, folder, document)
        assert self.make(folder).find(document) == booked

    def test_an_account_that_is_not_there_is_refused_in_words_with_a_fix(
        self, ledger: Accounting, folder: Path
    ) -> None:
        bad = documents.line(1, "100.00", "19.00", chart=self.chart, account=self.refused_account)
        with pytest.raises(Refused) as caught:
            ledger.book(self.invoice(lines=(bad,)))
        assert self.refused_account in caught.value.words
        assert caught.value.fix
        assert ledger.find(self.invoice(lines=(bad,))) is None

    def test_lines_that_do_not_sum_to_the_total_are_refused_with_the_figures(self, ledger: Accounting) -> None:
        document = self.invoice(gross=Decimal("200.00"))
        with pytest.raises(Refused, match=r"124\.00.*200\.00"):
            ledger.book(document)
        assert ledger.find(document) is None

    # Afterwards

    def test_a_credit_note_is_booked_after_its_invoice(self, ledger: Accounting, folder: Path) -> None:
        if DocumentKind.CREDIT_NOTE not in ledger.kinds:
            pytest.skip("this ledger takes no credit note, which is found before approval")
        pair = [self.invoice(), documents.credit_note(chart=self.chart)]
        self.agree(folder, [(document, ledger.book(document)) for document in pair])

    def test_the_ledger_tells_the_state_of_an_invoice_and_that_one_is_gone(
        self, ledger: Accounting, folder: Path
    ) -> None:
        document = self.invoice()
        self.book(ledger, folder, document)
        here, gone = ledger.read([document.reference, "WEB999"])
        assert (here.reference, here.state, here.total, here.balance) == (
            document.reference,
            "open",
            document.gross,
            document.gross,
        )
        assert (gone.reference, gone.state) == ("WEB999", "deleted")

    def test_many_documents_are_read_at_once_with_what_an_accountant_asks_for(
        self, ledger: Accounting, folder: Path
    ) -> None:
        made = [self.invoice(str(number)) for number in range(30)]
        booked = [self.standing(folder, document, ledger.book(document)) for document in made]
        states = ledger.read([document.reference for document in made])
        assert [(state.reference, state.kind) for state in states] == [(row.reference, row.kind) for row in made]
        for document, stands, state in zip(made, booked, states, strict=True):
            assert (state.number, state.state) == (stands.number, "open")
            figures = (state.net, state.tax, state.total, state.balance)
            assert figures == (stands.net, stands.tax, document.gross, document.gross)
            told = {code: amount for code, amount in state.taxes if amount}
            assert (told, state.due_on, state.currency) == (dict(stands.taxes), document.due_on, document.currency)

    def test_every_kind_is_read_back_with_its_kind_and_total(self, ledger: Accounting, folder: Path) -> None:
        made = [documents.BUILDERS[DocumentKind(kind)](chart=self.chart) for kind in sorted(ledger.kinds)]
        if DocumentKind.JOURNAL in ledger.kinds:  # a payout with more refunds of one kind than sales
            accounts = {"90.00": self.chart.bank, "13.00": self.chart.fees, "-3.00": self.chart.tips}
            rows = [
                documents.line(n, net, chart=self.chart, account=account, kind="adjustment")
                for n, (net, account) in enumerate(accounts.items(), 1)
            ]
            contra = {"contra_account": self.chart.clearing, "applies_to": "", "reference": "WEB-PO1"}
            made.append(documents.journal("77", chart=self.chart, lines=tuple(rows), **contra))
        for document in made:
            self.standing(folder, document, ledger.book(document))
        told = {(state.reference, state.kind): state for state in ledger.read([row.reference for row in made])}
        for document in made:
            state = told[document.reference, str(document.kind)]
            assert state.total in (document.gross, outgoing.turnover(document))
            assert (state.state in ("open", "paid"), state.currency) == (True, document.currency)

    def test_a_payment_settles_its_invoice(self, ledger: Accounting) -> None:
        if not self.settles:
            pytest.skip("this ledger does not tell by itself what is paid")
        document = self.invoice()
        ledger.book(document)
        ledger.book(documents.payment(chart=self.chart))
        (state,) = (state for state in ledger.read([document.reference]) if state.kind == document.kind)
        assert (state.state, state.balance) == ("paid", ZERO)

    def test_a_look_at_the_connection_finds_it_in_order(self, ledger: Accounting) -> None:
        assert [check.words for check in ledger.check() if not check.ok] == []
        ledger.book(self.invoice())
        assert [check.words for check in ledger.check() if not check.ok] == []

    def test_the_accounts_of_a_booked_document_are_among_the_choices(self, ledger: Accounting) -> None:
        if not self.tells_accounts:
            pytest.skip("nobody can ask this ledger for its accounts")
        ledger.book(self.invoice())
        choices = ledger.choices()
        assert {self.chart.receivable, self.chart.goods} <= {account.code for account in choices.accounts}
        assert {account.code for account in choices.payment_accounts} <= {account.code for account in choices.accounts}
        if DocumentKind.PAYMENT in ledger.kinds:
            ledger.book(documents.payment(chart=self.chart))
            assert self.chart.clearing in {account.code for account in ledger.choices().payment_accounts}
        if self.tells_tax_codes:
            assert {self.chart.tax_code, self.chart.second_tax_code} <= {code.code for code in choices.tax_codes}

    # What it declares

    def test_what_the_ledger_can_take_is_declared(self, ledger: Accounting) -> None:
        assert ledger.kinds <= frozenset(DocumentKind.values), "unknown kinds cannot be found before approval"
        assert ledger.concurrency >= 1
        assert ledger.idempotency in Idempotency
        assert isinstance(getattr(ledger, "options", None), Masters) == self.keeps_customers

    def test_a_document_beyond_the_declared_bounds_is_refused_in_words(self, ledger: Accounting) -> None:
        if ledger.bounds.lines is None:
            pytest.skip("this ledger takes any number of lines")
        lines = tuple(documents.line(n, "1.00", chart=self.chart) for n in range(1, ledger.bounds.lines + 2))
        with pytest.raises(Refused, match=str(ledger.bounds.lines)):
            ledger.book(self.invoice(lines=lines))

    # Customers and items

    @pytest.fixture
    def masters(self) -> None:
        if not self.keeps_customers:
            pytest.skip("this ledger keeps neither customers nor items")

    @pytest.mark.usefixtures("masters")
    def test_an_unknown_customer_is_made_once_and_told(self, ledger: Accounting, folder: Path) -> None:
        known = Known(ours="web:C-77")
        first, second = (ledger.book(self.invoice(number, known=known)) for number in ("1001", "1002"))
        assert isinstance(first, Booked)
        assert isinstance(second, Booked)
        (made,) = [item for item in first.bound if item.noun == "customer"]
        assert (made.ours, made.theirs) == ("web:C-77", self.customer_on(folder, self.invoice("1001")))
        assert self.customer_on(folder, self.invoice("1002")) == made.theirs, "found by our reference, not made again"

    @pytest.mark.usefixtures("masters")
    def test_a_known_customer_is_taken_as_told(self, ledger: Accounting, folder: Path) -> None:
        theirs = self.person_adds(folder, "customer", name="Doe & Co")
        document = self.invoice(known=Known(ours="web:C-77", customer=theirs))
        booked = ledger.book(document)
        assert isinstance(booked, Booked)
        assert [item for item in booked.bound if item.noun == "customer"] == []
        assert self.customer_on(folder, document) == theirs

    @pytest.mark.usefixtures("masters")
    @pytest.mark.parametrize("alike", ["vat", "email"])
    def test_a_customer_who_looks_alike_is_never_taken_unless_a_person_says_so(
        self, ledger: Accounting, folder: Path, alike: str
    ) -> None:
        party = dataclasses.replace(documents.PARTY, vat_id="DE123456789", company="Doe & Co")
        theirs = self.person_adds(
            folder, "customer", name="J. Doe", **{alike: {"vat": "DE123456789", "email": "Jane@Example.org"}[alike]}
        )
        document = self.invoice(party=party, known=Known(ours="web:C-77"))
        with pytest.raises(Undecided) as caught:
            ledger.book(document)
        (proposal,) = caught.value.proposals
        assert (caught.value.noun, caught.value.ours, proposal.id) == ("customer", "web:C-77", theirs)
        assert proposal.label
        assert proposal.why
        assert ledger.find(document) is None
        ledger.book(self.invoice(party=party, known=Known(ours="web:C-77", make=True)))
        assert self.customer_on(folder, document) not in ("", theirs)

    @pytest.mark.usefixtures("masters")
    def test_a_known_customer_who_is_gone_asks_a_person(self, ledger: Accounting) -> None:
        with pytest.raises(Undecided, match="987654"):
            ledger.book(self.invoice(known=Known(ours="web:C-77", customer="987654")))

    @pytest.mark.usefixtures("masters")
    @pytest.mark.parametrize("items", ["off", "link", "make"])
    def test_items_are_linked_or_made_only_where_that_is_allowed(self, folder: Path, items: str) -> None:
        ledger = self.with_options(folder, items=items)
        theirs = self.person_adds(folder, "item", code="MUG", name="Mug")
        lines = (
            documents.line(1, "10.00", "1.90", chart=self.chart, sku="MUG"),
            documents.line(2, "5.00", "0.95", chart=self.chart, sku="NEW-ONE"),
        )
        booked = ledger.book(self.invoice(lines=lines))
        assert isinstance(booked, Booked)
        bound = {item.ours: item.theirs for item in booked.bound if item.noun == "item"}
        assert set(bound) == {"off": set(), "link": {"MUG"}, "make": {"MUG", "NEW-ONE"}}[items]
        assert bound.get("MUG", theirs) == theirs

    # How the tests say it

    def invoice(self, order: str = "1001", **changes: Any) -> outgoing.Document:
        return documents.invoice(order, chart=self.chart, **changes)

    def book(self, ledger: Accounting, folder: Path, document: outgoing.Document) -> Booked:
        """Book it, and see that the reply, a later look and the ledger's own sums say the same as the document."""
        booked = self.standing(folder, document, ledger.book(document))
        assert ledger.find(document) == booked
        self.agree(folder, [(document, booked)])
        return booked

    @staticmethod
    def calls(ledger: Accounting, made: list[outgoing.Document]) -> list[list[outgoing.Document]]:
        """The documents in as few calls as this ledger allows."""
        size = batch_of(ledger)
        return [made[start : start + size] for start in range(0, len(made), size)]

    @staticmethod
    def good(outcome: Outcome) -> Standing:
        assert not isinstance(outcome, Trouble), outcome.words
        return outcome

    def standing(self, folder: Path, document: outgoing.Document, told: Standing) -> Booked:
        """The document as it stands in the ledger; what a person carries is acknowledged first."""
        if isinstance(told, Booked):
            return told
        self.acknowledge(folder, document)
        found = self.make(folder).find(document)
        assert isinstance(found, Booked)
        return found

    def agree(self, folder: Path, booked: list[tuple[outgoing.Document, Any]]) -> None:
        """Signed + adjustments = booked, for net, tax per code and gross; and the ledger holds these postings and no others."""
        expected: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
        for document, told in booked:
            result = self.standing(folder, document, told)
            _agrees(document, result)
            for account, amount in _rows(document, result):
                expected[account, document.currency] += amount
        assert not money.total(expected.values())
        found = self.sums(folder)
        if found is not None:
            assert {key: amount for key, amount in found.items() if amount} == {
                key: amount for key, amount in expected.items() if amount
            }

    @staticmethod
    def same(found: Standing | None, booked: Standing) -> bool:
        """The same document, whatever was paid in between."""
        if isinstance(booked, HandedOut) or isinstance(found, HandedOut):
            return found == booked
        return found is not None and dataclasses.replace(found, state=booked.state, balance=booked.balance) == booked


def _agrees(document: outgoing.Document, booked: Booked) -> None:
    net = money.total(adjustment.net for adjustment in booked.adjustments)
    tax = money.total(adjustment.tax for adjustment in booked.adjustments)
    signed: dict[str, Decimal] = defaultdict(Decimal)
    for code, amount in [
        *((line.tax_code, line.tax) for line in document.lines if line.tax),
        *((adjustment.tax_code, adjustment.tax) for adjustment in booked.adjustments),
    ]:
        signed[code] += amount
    assert (booked.currency, booked.net, booked.tax) == (document.currency, document.net + net, document.tax + tax)
    assert booked.gross == document.gross
    assert net + tax == 0
    assert {code: amount for code, amount in booked.taxes if amount} == {
        code: amount for code, amount in signed.items() if amount
    }
    assert abs(net) <= document.adjustment_limit


def _rows(document: outgoing.Document, booked: Booked) -> list[tuple[str, Decimal]]:
    rows = [(posting.account, posting.amount) for posting in outgoing.postings(document)]
    assert not money.total(amount for _account, amount in rows)
    side = outgoing.LINE_SIDE[document.kind]
    accounts = {line.tax_code: line.tax_account for line in document.lines}
    for adjustment in booked.adjustments:
        rows.append((adjustment.account, side * adjustment.net))
        rows.append((accounts.get(adjustment.tax_code, adjustment.account), side * adjustment.tax))
    return rows
