"""Payouts: each movement finds its payment or says why not, and the journal empties the clearing account exactly, in a real ledger."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils import timezone

from integrations import connections, jobs, outbox
from integrations.models import Delivery
from orders import documents, incoming, intake, outgoing, reconciliation, review
from orders import models as m
from orders.incoming import PaymentKind, PayoutLine
from orders.models import Match, Progress, Severity, State
from tests import factories
from tests.races import race

pytestmark = pytest.mark.django_db(transaction=True)
DAY = date(2026, 10, 5)
CLEARING, BANK, FEES = "Assets:Clearing:Card", "Assets:Bank", "Expenses:Fees"


class Office:
    """A shop whose payouts are booked, its books in files."""

    def __init__(self, folder: Path, *, fees_by: str = "payout", currency: str = "EUR", **fields: Any) -> None:
        self.owner = factories.user("owner")
        self.ledger = factories.ledger(undo_seconds=0, items_required=False, **fields)
        self.shop = factories.shop(ledger=self.ledger, owner=self.owner, fees_by=fees_by, currency=currency)
        folder.mkdir()
        connections.connect("beancount", "books", ledger=self.ledger, options={"folder": str(folder)})

    def receive(self, *records: incoming.Record) -> intake.Receipt:
        return intake.receive(self.shop, records, source=factories.source())

    def approve_orders(self) -> None:
        for order in m.Order.objects.filter(state=State.PENDING).order_by("pk"):
            review.approve(order, by=self.owner)
        for refund in m.Refund.objects.filter(state=State.PENDING).order_by("pk"):
            review.approve(refund, by=self.owner)

    def sold(self, *orders: incoming.Order) -> None:
        """The orders come, are approved, and are in the books."""
        assert not self.receive(*orders).refused
        self.approve_orders()
        self.post()

    def payout(self, id: str = "PO1") -> m.Payout:
        return m.Payout.objects.get(store_id=id)

    def approve(self, id: str = "PO1") -> None:
        review.approve(self.payout(id), by=self.owner)

    def post(self) -> None:
        m.Booking.objects.filter(taken_at=None, voided_at=None, refused_at=None).update(not_before=timezone.now())
        outbox.tick(20)
        waiting = Delivery.objects.exclude(state__in=["booked", "undone"])
        assert not [(row.document.reference, row.state, row.words) for row in waiting]

    def codes(self, id: str = "PO1") -> set[str]:
        return set(self.payout(id).findings.filter(severity=Severity.BLOCKING).values_list("code", flat=True))

    def journal(self) -> list[tuple[str, int, str, dict[str, Decimal]]]:
        """What payouts booked, in the order of signing: source in the key, revision, reference, debits by account."""
        rows = []
        for document in m.Document.objects.filter(sources__payout__isnull=False).order_by("n"):
            if getattr(document, "invoice", None) is None:
                continue
            data = documents.outgoing_of(document)
            rows.append((data.key, data.revision, data.reference, debits(data)))
        return rows

    def balances(self) -> dict[str, Decimal]:
        """Every account's end by what was booked."""
        sums: defaultdict[str, Decimal] = defaultdict(Decimal)
        for document in m.Document.objects.filter(booking__booked_at__isnull=False):
            for account, amount in debits(documents.outgoing_of(document)).items():
                sums[account] += amount
        return sums

    def holds(self) -> None:
        assert reconciliation.proof().differences == ()
        assert documents.verify(self.ledger) == []
        assert documents.events_verify() == []


def debits(data: outgoing.Document) -> dict[str, Decimal]:
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    for posting in outgoing.postings(data):
        sums[posting.account] += posting.amount
    return {account: amount for account, amount in sums.items() if amount}


def amounts(**named: str) -> dict[str, Decimal]:
    """Bank, clearing, fees and others by the names of their accounts."""
    accounts = {
        "bank": BANK, "clearing": CLEARING, "fees": FEES, "payouts": "Expenses:Payouts", "disputed": "Expenses:Chargebacks",
        "rounding": "Expenses:Rounding",
    }  # fmt: skip
    return {accounts[name]: Decimal(amount) for name, amount in named.items()}


def charge(
    amount: str = "11.90", fee: str = "0.40", payment: str = "P1", order: str = "", kind: str = "charge"
) -> PayoutLine:
    return PayoutLine(kind=kind, amount=Decimal(amount), fee=Decimal(fee), payment_id=payment, order_number=order)


def payout(amount: str, *lines: PayoutLine, id: str = "PO1", **fields: Any) -> incoming.Payout:
    return factories.payout(
        id, amount=Decimal(amount), lines=lines, **{"paid_on": DAY, "gateway": "examplepay", **fields}
    )


def sale(id: str, **fields: Any) -> incoming.Order:
    """An order of one mug, paid by card; its payment is P and its id."""
    return factories.order(id, payments=(factories.payment(id=f"P{id}"),), **fields)


def returned(id: str) -> incoming.Order:
    """An order of one mug, paid, and given back whole."""
    back = factories.refund(id=f"R{id}")
    return sale(id, refunds=(back,), updated_at=factories.NOON + timedelta(days=2))


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path / "books")


def test_a_payout_of_charges_refunds_and_fees_empties_the_clearing_account(office: Office) -> None:
    office.sold(sale("1"), sale("2"), returned("3"))
    office.receive(
        payout(
            "22.60", charge(), charge(payment="P2"), charge(payment="P3"), charge("-11.90", "0.00", "R3-money", kind="refund"),
        )
    )  # fmt: skip
    assert office.codes() == set()
    office.approve()
    office.post()
    assert office.journal() == [
        ("eu:payout:PO1:journal:1", 1, "EUPPO1", amounts(bank="22.60", fees="1.20", clearing="-23.80")),
    ]
    assert office.balances()[CLEARING] == 0
    assert office.payout().progress == Progress.POSTED
    office.holds()


def test_a_fee_that_the_payment_booked_is_not_booked_again(tmp_path: Path) -> None:
    office = Office(tmp_path / "books", fees_by="payment")
    office.sold(factories.order("1", payments=(factories.payment(fee=Decimal("0.40")),)), sale("2"))
    assert office.balances()[CLEARING] == Decimal("23.40")
    office.receive(payout("23.00", charge(), charge(payment="P2")))
    office.approve()
    office.post()
    assert [row[3] for row in office.journal()] == [amounts(bank="23.00", fees="0.40", clearing="-23.40")]
    assert (office.balances()[CLEARING], office.balances()[FEES]) == (0, Decimal("0.80"))
    office.holds()


def test_a_payout_waits_for_its_orders_and_finds_them_when_they_come(office: Office) -> None:
    office.receive(payout("11.50", charge(payment="", order="#1001")))
    assert office.codes() == {"payout_unmatched"}
    with pytest.raises(review.Refused, match="belongs to no known payment: #1001"):
        office.approve()
    office.receive(sale("1"))
    assert office.payout().lines.get().match == Match.NUMBER
    assert office.codes() == {"payout_payment_open"}
    office.approve_orders()
    assert office.codes() == set()
    office.approve()
    office.post()
    assert office.balances()[CLEARING] == 0
    office.holds()


def test_the_journal_waits_until_its_payments_are_booked(office: Office) -> None:
    office.receive(sale("1"), payout("11.50", charge()))
    office.approve_orders()
    office.approve()
    journal = m.Document.objects.get(sources__payout__isnull=False)
    assert {row.after.kind for row in journal.waits_for.all()} == {"payment"}
    assert office.payout().progress == Progress.WAITING
    office.post()
    assert office.payout().progress == Progress.POSTED


def test_several_payments_that_fit_are_a_finding_and_none_is_taken(office: Office) -> None:
    halves = tuple(factories.payment("5.95", id=f"P{n}") for n in (1, 2))
    office.sold(factories.order("1", payments=halves))
    office.receive(payout("5.95", charge("5.95", "0", payment="", order="1001")))
    assert office.payout().lines.get().match == Match.SEVERAL
    assert office.codes() == {"payout_ambiguous"}


def test_a_payment_lies_in_one_payout_only_and_a_rejected_one_lets_it_go(office: Office) -> None:
    office.sold(sale("1"))
    office.receive(payout("11.50", charge(), id="PO1"), payout("11.50", charge(), id="PO2"))
    assert office.codes("PO2") == {"payout_taken"}
    review.reject(office.payout("PO1"), by=office.owner, reason="duplicate")
    review.reopen(office.payout("PO1"), by=office.owner)
    review.reject(office.payout("PO1"), by=office.owner, reason="duplicate")
    review.reject(office.payout("PO2"), by=office.owner, reason="other")
    review.reopen(office.payout("PO2"), by=office.owner)
    assert office.codes("PO2") == set()
    office.approve("PO2")
    office.post()
    assert office.balances()[CLEARING] == 0
    office.holds()


def test_the_remainder_is_named_with_account_and_reason(office: Office) -> None:
    office.sold(sale("1"))
    office.receive(payout("11.45", charge()))
    assert office.codes() == {"payout_remainder"}
    account = factories.account(office.ledger, "Expenses:Rounding")
    review.adjust(office.payout(), account=account, net=Decimal("-0.05"), by=office.owner, reason="the bank's charge")
    assert office.codes() == set()
    office.approve()
    office.post()
    assert office.journal()[0][3] == amounts(bank="11.45", fees="0.40", rounding="0.05", clearing="-11.90")
    office.holds()


def test_a_movement_of_no_order_here_is_booked_where_a_person_says(office: Office) -> None:
    office.sold(sale("1"))
    office.receive(payout("31.00", charge(), charge("20.00", "0.50", payment="elsewhere")))
    assert office.codes() == {"payout_unmatched"}
    account = factories.account(office.ledger, "Expenses:Payouts")
    named = {"account": account, "by": office.owner, "reason": "a sale of the old shop"}
    review.adjust(office.payout(), net=Decimal("19.50"), **named)  # type: ignore[arg-type]
    assert office.codes() == set()
    office.approve()
    office.post()
    assert office.journal()[0][3] == amounts(bank="31.00", fees="0.40", payouts="-19.50", clearing="-11.90")
    office.holds()


def test_what_is_named_beyond_the_need_blocks(office: Office) -> None:
    office.sold(sale("1"))
    office.receive(payout("11.50", charge()))
    account = factories.account(office.ledger, "Expenses:Payouts")
    review.adjust(office.payout(), account=account, net=Decimal("1.00"), by=office.owner, reason="a slip")
    assert office.codes() == {"payout_remainder"}
    with pytest.raises(review.Refused):
        office.approve()


def test_a_tax_is_not_named_on_a_payout(office: Office) -> None:
    office.receive(payout("11.50", charge()))
    code = m.TaxCode.objects.get(ledger=office.ledger, code="DE19")
    with pytest.raises(review.Refused, match="carries no tax"):
        review.adjust(
            office.payout(), account=factories.account(office.ledger, "Expenses:Payouts"), net=Decimal(1), tax=Decimal("0.19"), tax_code=code,
            by=office.owner, reason="why",
        )  # fmt: skip


def test_the_gateways_own_movements_have_accounts_of_their_own(office: Office) -> None:
    reserve = factories.account(office.ledger, "Assets:Reserve")
    m.AccountMapping.objects.create(ledger=office.ledger, purpose="role", value="payout_reserve", account=reserve)
    office.sold(sale("1"))
    office.receive(
        payout(
            "4.00", charge(), charge("-5.00", "0", "", kind="reserve"), charge("-1.50", "0", "", kind="adjustment"),
            charge("-1.00", "0", "", kind="fee"),
        )
    )  # fmt: skip
    assert office.codes() == set()
    office.approve()
    office.post()
    wanted = amounts(bank="4.00", fees="1.40", payouts="1.50", clearing="-11.90") | {"Assets:Reserve": Decimal(5)}
    assert office.journal()[0][3] == wanted
    office.holds()


def test_a_chargeback_leaves_the_clearing_account_where_it_was_booked(office: Office) -> None:
    office.sold(sale("1"))
    disputed = factories.payment(id="CB1", kind=PaymentKind.CHARGEBACK, parent_id="P1")
    office.receive(
        factories.order("1", payments=(factories.payment(), disputed), updated_at=factories.NOON + timedelta(days=3))
    )
    office.post()
    office.receive(payout("-15.40", charge(), charge("-11.90", "15.00", "CB1", kind="chargeback")))
    assert office.codes() == set()
    office.approve()
    office.post()
    assert office.journal()[0][3] == amounts(bank="-15.40", fees="15.40")
    assert (office.balances()[CLEARING], office.balances()["Expenses:Chargebacks"]) == (0, Decimal("11.90"))
    office.holds()


def test_a_payout_that_takes_money_from_the_bank_credits_the_bank(office: Office) -> None:
    office.sold(sale("1"), returned("2"))
    office.receive(
        payout("11.50", charge()), payout("-12.00", charge("-11.90", "0.10", "R2-money", kind="refund"), id="PO2")
    )
    office.approve("PO1")
    office.approve("PO2")
    office.post()
    assert office.journal()[1][3] == amounts(bank="-12.00", fees="0.10", clearing="11.90")
    assert office.balances()[CLEARING] == Decimal("11.90")  # the charge of the second order, not paid out yet
    office.holds()


def test_a_payout_changed_after_posting_is_taken_back_and_booked_anew(office: Office) -> None:
    office.sold(sale("1"), sale("2"))
    office.receive(payout("11.50", charge()))
    office.approve()
    office.post()
    office.receive(payout("22.90", charge(), charge(fee="0.50", payment="P2")))
    assert office.payout().state == State.PENDING
    assert set(office.payout().findings.values_list("code", flat=True)) == {"changed_after_posting"}
    office.holds()
    office.approve()
    office.post()
    assert office.journal() == [
        ("eu:payout:PO1:journal:1", 1, "EUPPO1", amounts(bank="11.50", fees="0.40", clearing="-11.90")),
        ("eu:payout:PO1:journal:r1", 1, "EUPPO1-2", amounts(bank="-11.50", fees="-0.40", clearing="11.90")),
        ("eu:payout:PO1:journal:1", 2, "EUPPO1r2", amounts(bank="22.90", fees="0.90", clearing="-23.80")),
    ]
    assert office.balances()[CLEARING] == 0
    office.holds()


def test_a_payout_changed_before_it_was_sent_loses_its_approval_and_its_journal(office: Office) -> None:
    m.Ledger.objects.update(undo_seconds=300)
    office.sold(sale("1"))
    office.receive(payout("11.50", charge()))
    office.approve()
    office.receive(payout("11.40", charge(fee="0.50")))
    assert set(office.payout().findings.values_list("code", flat=True)) == {"changed_since_approval"}
    office.approve()
    office.post()
    assert [row[1:] for row in office.journal()] == [
        (2, "EUPPO1r2", amounts(bank="11.40", fees="0.50", clearing="-11.90"))
    ]
    office.holds()


def test_the_same_payout_again_changes_nothing(office: Office) -> None:
    office.sold(sale("1"))
    told = payout("11.50", charge())
    office.receive(told)
    office.approve()
    assert len(office.receive(told).same) == 1
    assert office.payout().state == State.APPROVED


def test_an_approval_is_taken_back_before_it_is_sent(office: Office) -> None:
    m.Ledger.objects.update(undo_seconds=300)
    office.sold(sale("1"))
    office.receive(payout("11.50", charge()))
    office.approve()
    review.reopen(office.payout(), by=office.owner)
    assert (office.payout().state, office.payout().progress) == (State.PENDING, Progress.NONE)
    office.post()
    assert office.journal() == []
    office.holds()


def test_a_payout_goes_back_to_review_when_its_hold_is_over(office: Office) -> None:
    office.receive(payout("11.50", charge()))
    review.hold(office.payout(), by=office.owner, until=timezone.now() + timedelta(hours=1))
    jobs.run("settle")
    assert office.payout().state == State.HELD
    m.Payout.objects.update(held_until=timezone.now() - timedelta(seconds=1))
    jobs.run("settle")
    assert office.payout().state == State.PENDING


def test_a_payout_goes_back_to_review_where_its_payment_is_undone(office: Office) -> None:
    m.Ledger.objects.update(undo_seconds=300)
    office.receive(sale("1"), payout("11.50", charge()))
    office.approve_orders()
    office.approve()
    review.reopen(m.Order.objects.get(), by=office.owner)
    assert (office.payout().state, office.codes()) == (State.PENDING, {"payout_payment_open"})
    office.holds()


def test_a_payment_of_another_amount_than_the_payout_says_is_held(office: Office) -> None:
    office.sold(sale("1"))
    office.receive(payout("10.50", charge("10.90")))
    assert office.codes() == {"payout_amount_differs"}
    finding = office.payout().findings.get(code="payout_amount_differs")
    assert finding.words == "1001 is 10.90 in the payout and 11.90 in the books."
    assert finding.difference == Decimal("-1.00")


def test_a_payout_in_another_currency_than_its_payments_is_held(office: Office) -> None:
    m.ExchangeRate.objects.create(currency="USD", base_currency="EUR", on=DAY, rate=Decimal("0.9"), source="ECB")
    office.sold(sale("1"))
    office.receive(payout("11.50", charge(), currency="USD"))
    assert "payout_currency" in office.codes()


def test_a_foreign_payout_carries_the_rate_of_its_day(tmp_path: Path) -> None:
    office = Office(tmp_path / "books", currency="USD")
    office.receive(
        factories.order("1", currency="USD", payments=(factories.payment(currency="USD"),)),
        payout("11.50", charge(), currency="USD"),
    )
    assert "rate_missing" in office.codes()
    for day, rate in ((date(2026, 10, 1), "0.90"), (DAY, "0.92")):
        m.ExchangeRate.objects.create(currency="USD", base_currency="EUR", on=day, rate=Decimal(rate), source="ECB")
    review.refresh(m.Order.objects.get())
    office.approve_orders()
    office.approve()
    office.post()
    signed = m.Document.objects.get(sources__payout__isnull=False)
    assert (signed.currency, signed.rate.normalize(), signed.rate_source) == ("USD", Decimal("0.92"), "ECB 2026-10-05")
    assert office.balances()[CLEARING] == 0
    office.holds()


def test_a_payout_of_a_closed_month_is_posted_on_the_first_open_day(office: Office) -> None:
    office.sold(sale("1"))
    month = DateRange(date(2026, 10, 1), date(2026, 11, 1))
    m.Period.objects.create(ledger=office.ledger, period=month, state=m.PeriodState.CLOSED)
    office.receive(payout("11.50", charge()))
    assert office.codes() == {"period_closed"}
    review.post_on_first_open_day(office.payout(), by=office.owner)
    office.approve()
    office.post()
    signed = m.Document.objects.get(sources__payout__isnull=False)
    assert (signed.tax_on, signed.posting_on) == (DAY, date(2026, 11, 1))
    office.holds()


def test_a_summary_without_movements_is_held_and_never_wipes_them_out(office: Office) -> None:
    office.sold(sale("1"))
    office.receive(payout("11.50"))
    assert office.codes() == {"payout_without_lines", "payout_remainder"}
    office.receive(payout("11.50", charge()))
    assert office.codes() == set()
    assert len(office.receive(payout("11.50")).same) == 1
    assert office.payout().lines.count() == 1


def test_the_ledgers_refusal_is_shown_at_the_payout(office: Office) -> None:
    office.sold(sale("1"))
    office.receive(payout("11.50", charge()))
    office.approve()
    document = m.Document.objects.get(sources__payout__isnull=False)
    intake.receive_outcome(document, documents.Report(outcome="refused", words="No such account.", fix="Open it."))
    assert office.payout().progress == Progress.FAILED
    assert office.payout().findings.get().words == "Journal EUPPO1 was not booked: No such account."
    review.reopen(office.payout(), by=office.owner)
    office.approve()
    office.post()
    assert [row[1:3] for row in office.journal()] == [(2, "EUPPO1r2")]
    office.holds()


def test_the_proof_names_a_payout_that_the_ledger_holds_otherwise(office: Office) -> None:
    office.sold(sale("1"))
    office.receive(payout("11.50", charge()))
    office.approve()
    office.post()
    m.Invoice.objects.filter(document__sources__payout__isnull=False).update(
        net=Decimal("11.80"), total=Decimal("11.80")
    )
    found = reconciliation.proof().differences
    assert {(row.record, row.measure, row.amount) for row in found} == {
        ("payout PO1", "deposit", Decimal("0.10")),
        ("payout PO1", "clearing", Decimal("0.10")),
    }


def test_the_proof_says_what_waits(office: Office) -> None:
    office.sold(sale("1"))
    office.receive(payout("11.50", charge()))
    proof = reconciliation.proof()
    assert proof.holds
    assert [(row.why, row.amount) for row in proof.waiting] == [("ready for approval", Decimal("11.50"))]
    rows = {row.measure: (row.store, row.unsigned) for row in proof.payouts}
    assert rows == {"deposit": (Decimal("11.50"),) * 2, "clearing": (Decimal("11.90"),) * 2}


def test_a_payment_that_the_store_corrects_after_its_payout_was_booked_is_told_there(office: Office) -> None:
    office.sold(sale("1"))
    office.receive(payout("11.50", charge()))
    office.approve()
    office.post()
    less = (factories.payment("11.40"),)
    office.receive(factories.order("1", payments=less, updated_at=factories.NOON + timedelta(days=3)))
    office.post()
    assert office.payout().findings.get().words == "1001 is 11.90 in the payout and 11.40 in the books."
    office.receive(payout("11.00", charge("11.40")))
    office.approve()
    office.post()
    assert office.balances()[CLEARING] == 0
    office.holds()


def test_a_journal_not_sent_yet_falls_where_the_store_corrects_a_payment_in_it(office: Office) -> None:
    office.sold(sale("1"))
    m.Ledger.objects.update(undo_seconds=300)
    office.receive(payout("11.50", charge()))
    office.approve()
    less = (factories.payment("11.40"),)
    office.receive(factories.order("1", payments=less, updated_at=factories.NOON + timedelta(days=3)))
    assert (office.payout().state, office.codes()) == (State.PENDING, {"payout_amount_differs"})
    office.post()
    assert office.journal() == []


def test_of_two_payouts_that_tell_the_same_money_at_once_one_has_the_payment(office: Office) -> None:
    office.sold(sale("1"))
    told = [payout("11.50", charge(), id=id) for id in ("PO1", "PO2")]
    receipts = race([lambda one=one: office.receive(one) for one in told])  # type: ignore[misc]
    assert [len(receipt.created) for receipt in receipts if isinstance(receipt, intake.Receipt)] == [1, 1]
    assert sorted(m.PayoutLine.objects.values_list("match", flat=True)) == [Match.ID, Match.TAKEN]


def test_approving_a_payout_while_its_order_is_undone_never_leaves_a_journal_without_its_payment(
    office: Office,
) -> None:
    m.Ledger.objects.update(undo_seconds=300)
    for n in range(4):
        id = str(n + 1)
        office.receive(sale(id), payout("11.50", charge(payment=f"P{id}"), id=f"PO{id}"))
        order = m.Order.objects.get(store_id=id)
        review.approve(order, by=office.owner)
        results = race(
            [lambda: office.approve(f"PO{id}"), lambda: review.reopen(order, by=office.owner)]  # noqa: B023
        )
        assert [item for item in results if item is not None and not isinstance(item, review.Refused)] == []
        made = office.payout(f"PO{id}")
        assert made.state == State.PENDING, results
        assert not documents.documents_of(made).filter(booking__voided_at=None).exists()
