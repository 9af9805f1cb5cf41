"""Every history of tests/scenarios, through intake, review, signing and the outbox into a real ledger: the journal comes out as worked out by hand."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from integrations import connections, outbox
from integrations.models import Delivery
from orders import documents, incoming, intake, outgoing, reconciliation, review
from orders import models as m
from tests import (
    factories,
    scenario_files,
    statements_of,
    toy_ledger,  # noqa: F401  registers the kind "toy"
)
from tests.scenario_files import Scenario

pytestmark = pytest.mark.django_db(transaction=True)


class Office:
    """One company, set up as the scenario says, and worked step by step."""

    def __init__(self, scenario: Scenario, folder: Path) -> None:
        self.scenario = scenario
        self.owner: User = factories.user("owner")
        told = scenario.ledger
        self.ledger = m.Ledger.objects.create(
            code="books",
            name="Books",
            base_currency=told.currency,
            zero_total=told.zero_total,
            adjustment_cap=told.adjustment_cap,
        )
        self.accounts = {code: factories.account(self.ledger, code) for code in scenario.account_codes()}
        self.ledger.adjustment_account = self.accounts[told.adjustment_account]
        self.ledger.save()
        for purpose, value, account in scenario.mappings():
            m.AccountMapping.objects.create(
                ledger=self.ledger, purpose=purpose, value=value, account=self.accounts[account]
            )
        self._taxes()
        for rate in scenario.rates:
            m.ExchangeRate.objects.create(
                currency=rate.currency, base_currency=told.currency, on=rate.on, rate=rate.rate, source="test"
            )
        self.shops = {code: self._shop(code) for code in scenario.shops}
        folder.mkdir()
        self.connect(folder)
        self.ledger.refresh_from_db()

    def connect(self, folder: Path) -> None:
        """To the ledger that the scenario names, which keeps its books in the folder."""
        kind = self.scenario.ledger_kind or "beancount"
        connections.connect(kind, "books", ledger=self.ledger, options={"folder": str(folder)})

    def _taxes(self) -> None:
        for row in self.scenario.taxes:
            code, _ = m.TaxCode.objects.get_or_create(
                ledger=self.ledger, code=row.code, defaults={"rate": row.rate, "account": self.accounts[row.account]}
            )
            m.TaxMapping.objects.create(
                ledger=self.ledger, tax_code=code, treatment=row.treatment, title=row.title, rate=row.match_rate,
                country=row.country, region=row.region, line_kind=row.line_kind or "",
            )  # fmt: skip

    def _shop(self, code: str) -> m.Shop:
        told = self.scenario.shops[code]
        shop = factories.shop(
            code, ledger=self.ledger, owner=self.owner, currency=told.currency, prefix=told.prefix, country=told.country,
            time_zone=told.time_zone, recognise_on=told.recognise_on, fees_by=told.fees_by,
        )  # fmt: skip
        for sku in self.scenario.skus(code):
            m.ItemMapping.objects.get_or_create(ledger=self.ledger, key=sku, defaults={"item": sku})
        return shop

    def order(self, shop: str, number: str) -> m.Order:
        return m.Order.objects.get(shop=self.shops[shop], number=number)

    def record(self, shop: str, number: str, refund: str) -> m.Order | m.Refund:
        order = self.order(shop, number)
        return order.refunds.get(store_id=refund) if refund else order

    def step(self, step: scenario_files.Step) -> None:
        match step:
            case scenario_files.Receive(shop=shop, order=order):
                source = incoming.Source(name="test", fidelity=incoming.API)
                receipt = intake.receive(self.shops[shop], [order], source=source)
                assert not receipt.refused
            case scenario_files.Approve(shop=shop, number=number):
                self._approve(self.order(shop, number))
            case scenario_files.Correct():
                review.correct(
                    self.order(step.shop, step.number),
                    "order",
                    step.field,
                    step.value,
                    by=self.owner,
                    reason=step.reason,
                )
            case scenario_files.Adjust():
                code = m.TaxCode.objects.filter(ledger=self.ledger, code=step.tax_code).first()
                review.adjust(
                    self.record(step.shop, step.number, step.refund), account=self.accounts[step.account], net=step.net,
                    tax=step.tax, tax_code=code, by=self.owner, reason=step.reason,
                )  # fmt: skip
            case scenario_files.Reject():
                review.reject(self.order(step.shop, step.number), by=self.owner, reason=step.reason)
            case scenario_files.Blocked():
                self._blocked(step)
            case scenario_files.Post():
                self.post()
            case scenario_files.Books(entries=entries):
                assert self.books() == expected(entries)

    def _approve(self, order: m.Order) -> None:
        if order.state == m.State.PENDING:
            review.approve(order, by=self.owner)
        for refund in order.refunds.filter(state=m.State.PENDING, blockers=0).order_by("pk"):
            review.approve(refund, by=self.owner)

    def _blocked(self, step: scenario_files.Blocked) -> None:
        record = self.record(step.shop, step.number, step.refund)
        codes = {finding.code for finding in record.findings.filter(severity=m.Severity.BLOCKING)}
        assert set(step.codes) <= codes
        with pytest.raises(review.Refused):
            review.approve(record, by=self.owner)

    def post(self) -> None:
        m.Booking.objects.filter(taken_at=None, voided_at=None, refused_at=None).update(not_before=timezone.now())
        outbox.tick(20)
        waiting = Delivery.objects.exclude(state__in=["booked", "undone"])
        assert not [(row.document.reference, row.state, row.words) for row in waiting]

    def books(self) -> dict[tuple[str, int], tuple[object, ...]]:
        """What was booked, from the signed text that the ledger was given."""
        booked = m.Document.objects.filter(booking__booked_at__isnull=False)
        found = {}
        for document in booked:
            data = documents.outgoing_of(document)
            sums: defaultdict[str, Decimal] = defaultdict(Decimal)
            for posting in outgoing.postings(data):
                sums[posting.account] += posting.amount
            key = (data.key, data.revision)
            found[key] = (
                data.reference,
                data.kind,
                data.posting_on,
                data.currency,
                data.rate,
                {k: v for k, v in sums.items() if v},
            )
        return found


def expected(entries: tuple[scenario_files.Entry, ...]) -> dict[tuple[str, int], tuple[object, ...]]:
    return {
        (row.key, row.revision): (row.reference, row.kind, row.posting_on, row.currency, row.rate, row.sums())
        for row in entries
    }


@pytest.mark.parametrize("path", scenario_files.paths(), ids=lambda path: path.stem)
def test_the_journal_comes_out_as_worked_out_by_hand(path: Path, tmp_path: Path) -> None:
    scenario = scenario_files.load(path)
    office = Office(scenario, tmp_path / "books")
    for step in scenario.steps:
        office.step(step)
    assert office.books() == expected(scenario.journal)
    for name, state in scenario.state.items():
        order = office.order(*name.split(" ", 1))
        assert (order.progress or order.state) == state
    assert reconciliation.proof().differences == ()
    assert documents.verify(office.ledger) == []
    assert documents.events_verify() == []
    statements_of.agree(office.ledger, scenario)
