"""Payouts: each movement finds its payment or says why not, and the journal empties the clearing account exactly, in a real ledger."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from integrations import connections, outbox
from integrations.models import Delivery
from orders import documents, incoming, intake, outgoing, periods, reconciliation, review
from orders import models as m
from orders.incoming import PaymentKind, PayoutLine
from orders.models import Match, Progress, Severity, State
from tests import factories

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


def charge(amount: str = "11.90", fee: str = "0.40", payment: str = "P1", order: str = "", kind: str = "charge") -> PayoutLine:
    return PayoutLine(kind=kind, amount=Decimal(amount), fee=Decimal(fee), payment_id=payment, order_number=order)


def payout(amount: str, *lines: PayoutLine, id: str = "PO1", **fields: Any) -> incoming.Payout:
    return factories.payout(id, amount=Decimal(amount), lines=lines, **{"paid_on": DAY, "gateway": "examplepay", **fields})


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
