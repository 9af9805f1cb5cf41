"""Any sequence of what stores, people and the post can do keeps the promises P1 to P7, held against a small model of one order's life."""

from __future__ import annotations

import os
from datetime import timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import Sum
from django.test import TransactionTestCase
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from orders import corrections, documents, incoming, intake, outgoing, ownership, review
from orders import models as m
from tests import emptied, factories

PRICES = st.sampled_from(["11.90", "23.80", "59.50"])
SETTINGS = settings(
    max_examples=int(os.environ.get("ORDERSYNC_EXAMPLES", "30")),
    stateful_step_count=25,
)
NUMBERS = st.sampled_from(["1", "2"])


class Desk(RuleBasedStateMachine):
    """Two orders, received, decided, sent and answered in any order. `ledger` is what a ledger that obeys would hold, by key and revision."""

    @initialize()
    def open(self) -> None:
        self.owner = factories.user("owner")
        self.shop = factories.shop("eu", owner=self.owner)
        for sku in ("MUG", "TEE"):
            factories.item(self.shop.ledger, sku)
        self.told: dict[str, incoming.Order] = {}
        self.ledger: dict[tuple[str, int], outgoing.Document] = {}
        self.clock = factories.NOON
        self.events = 0

    # What stores do

    @rule(number=NUMBERS, price=PRICES, paid=st.booleans(), newer=st.booleans())
    def receive(self, number: str, price: str, paid: bool, newer: bool) -> None:
        self.clock += timedelta(minutes=1)
        line = factories.line(price, tax=str((Decimal(price) * 19 / 119).quantize(Decimal("0.01"))))
        payments = (factories.payment(price),) if paid else ()
        at = self.clock if newer or number not in self.told else self.clock - timedelta(days=1)
        order = factories.order(number, lines=(line,), payments=payments, updated_at=at)
        receipt = intake.receive(self.shop, [order], source=factories.source())
        assert not receipt.refused
        if number not in self.told or newer:
            self.told[number] = order

    @rule(number=NUMBERS)
    def receive_again(self, number: str) -> None:
        if number in self.told:
            before = m.OrderVersion.objects.count()
            intake.receive(self.shop, [self.told[number]], source=factories.source())
            assert m.OrderVersion.objects.count() == before

    # What people do

    def _attempt(self, number: str, act: str, **values: object) -> None:
        order = self._order(number)
        if order is None:
            return
        try:
            getattr(review, act)(order, by=self.owner, **values)
        except (review.Refused, corrections.Refused, ownership.NotAllowed):
            assert m.Order.objects.get(pk=order.pk).version == order.version

    @rule(number=NUMBERS)
    def approve(self, number: str) -> None:
        self._attempt(number, "approve")

    @rule(number=NUMBERS)
    def approve_from_a_stale_page(self, number: str) -> None:
        order = self._order(number)
        if order is not None:
            documents_before = m.Document.objects.count()
            try:
                review.approve(order, by=self.owner, version=order.version + 1)
                raise AssertionError("a stale page approved")
            except review.Refused:
                assert m.Document.objects.count() == documents_before

    @rule(number=NUMBERS)
    def hold(self, number: str) -> None:
        self._attempt(number, "hold", question="why?")

    @rule(number=NUMBERS)
    def reject(self, number: str) -> None:
        self._attempt(number, "reject", reason=m.RejectReason.OTHER)

    @rule(number=NUMBERS)
    def reopen(self, number: str) -> None:
        self._attempt(number, "reopen")

    @rule(number=NUMBERS, name=st.sampled_from(["Erika Muster", "Max Probe", "Paula Beispiel"]))
    def correct(self, number: str, name: str) -> None:
        self._attempt(number, "correct", target="order", field="customer_name", value=name, reason="misspelt")

    @rule(number=NUMBERS, cents=st.sampled_from(["0.01", "-0.01"]))
    def adjust(self, number: str, cents: str) -> None:
        account = factories.account(self.shop.ledger, "Income:Differences")
        self._attempt(number, "adjust", account=account, net=Decimal(cents), reason="by telephone")

    # What the post does

    def _open(self) -> list[m.Document]:
        rows = m.Document.objects.filter(booking__voided_at=None, booking__refused_at=None, booking__booked_at=None)
        return [row for row in rows.order_by("n") if not self._waits(row)]

    @staticmethod
    def _waits(document: m.Document) -> bool:
        return document.waits_for.filter(after__booking__booked_at=None).exists()

    @rule(answer=st.sampled_from(["booked", "refused", "unknown", "waiting", "stuck"]))
    @precondition(lambda self: m.Document.objects.exists())
    def send(self, answer: str) -> None:
        for document in self._open()[:1]:
            with transaction.atomic():
                (taken,) = documents.take([document.pk])
            assert taken.ok, taken.words
            data = documents.outgoing_of(document)
            name = (data.key, data.revision)
            if answer == "booked" or name in self.ledger:
                assert name not in self.ledger or self.ledger[name].hash == data.hash
                self.ledger[name] = data
                booked = outgoing.Booked(
                    id=data.reference,
                    number=data.reference,
                    currency=data.currency,
                    net=data.net,
                    tax=data.tax,
                    gross=data.gross,
                )
                documents.report(document, documents.Report(outcome="booked", booked=booked))
            else:
                if answer == "unknown":  # the ledger took it, and the answer was lost
                    self.ledger[name] = data
                documents.report(document, documents.Report(outcome=answer, words=answer))

    # What must hold

    def _order(self, number: str) -> m.Order | None:
        return m.Order.objects.filter(store_id=number).first()

    @invariant()
    def nothing_is_lost_or_counted_twice(self) -> None:  # P1
        if not hasattr(self, "told"):
            return
        assert {order.store_id for order in m.Order.objects.all()} == set(self.told)
        for number, told in self.told.items():
            order = self._order(number)
            assert order is not None
            assert order.total == told.totals.total
            assert [line.amount for line in order.lines.filter(removed=False)] == [line.amount for line in told.lines]

    @invariant()
    def what_is_posted_was_approved_and_stands_once(self) -> None:  # P2, P3
        for document in m.Document.objects.filter(booking__taken_at__isnull=False).select_related(
            "approval", "booking"
        ):
            assert document.approval is not None
            assert document.booking.voided_at is None
            assert documents.intact(document)
        taken_invoices = m.Document.objects.filter(
            kind="invoice", booking__taken_at__isnull=False, booking__refused_at=None
        )
        for order in m.Order.objects.all():
            invoiced = self._sum(taken_invoices.filter(order=order))
            back = m.Document.objects.filter(
                order=order, kind="credit_note", booking__voided_at=None, booking__refused_at=None
            )
            assert abs(invoiced - self._sum(back)) <= max(
                (row.gross for row in taken_invoices.filter(order=order)), default=Decimal(0)
            )

    @invariant()
    def every_record_is_accounted_for(self) -> None:  # P4, P5, P6
        if not hasattr(self, "told"):
            return
        count = m.Event.objects.count()
        assert count >= self.events
        self.events = count
        for order in m.Order.objects.all():
            assert ownership.accountable(order) == self.owner
            if order.state == m.State.APPROVED:
                assert order.progress != m.Progress.NONE
            if order.state == m.State.REJECTED:
                assert order.reject_reason

    @invariant()
    def store_and_adjustments_make_what_is_approved(self) -> None:  # P7
        for order in m.Order.objects.filter(state=m.State.APPROVED):
            standing = m.Document.objects.filter(order=order, booking__voided_at=None, booking__refused_at=None)
            invoices, credits = (
                self._sum(standing.filter(kind="invoice")),
                self._sum(standing.filter(kind="credit_note")),
            )
            named = order.adjustments.filter(withdrawn_at=None).aggregate(sum=Sum("net"))["sum"] or Decimal(0)
            if not standing.filter(kind="invoice").exists():
                assert m.Document.objects.filter(order=order, booking__refused_at__isnull=False).exists()
            else:
                refused = m.Document.objects.filter(order=order, booking__refused_at__isnull=False).exists()
                assert refused or invoices - credits == order.total_due + named

    @staticmethod
    def _sum(rows: object) -> Decimal:
        return rows.aggregate(sum=Sum("gross"))["sum"] or Decimal(0)  # type: ignore[attr-defined]

    def teardown(self) -> None:
        for ledger in m.Ledger.objects.all():
            assert documents.verify(ledger) == []
        assert documents.events_verify() == []
        emptied.empty()


class DeskTest(TransactionTestCase):
    def test_every_history_keeps_the_promises(self) -> None:
        run_state_machine_as_test(Desk, settings=SETTINGS)
