"""Real order files from reader to ledger: what adds up is approved and posted, what does not is blocked by exactly its difference, nothing crashes.

Run it with `-s` to see the counts that stand in docs/samples.md.
"""

from __future__ import annotations

import io
import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from beancount import loader
from beancount.core import data as beancount
from django.contrib.auth.models import User

from integrations import connections, inbox, outbox
from orders import findings, money, reconciliation, review
from orders import models as m
from orders.incoming import TaxTreatment
from tests import factories
from tests.test_samples_readers import NO_READER, payload

pytestmark = [pytest.mark.samples, pytest.mark.slow, pytest.mark.django_db(transaction=True)]
METHODS = ("card", "gift_card", "store_credit", "cash_on_delivery", "bank", "other")
LINES = (
    "item",
    "shipping",
    "discount",
    "fee",
    "tip",
    "gift_card",
    "duty",
    "restocking_fee",
    "return_shipping",
    "refund_difference",
)
DOES_NOT_ADD_UP = {"total_mismatch"}


@dataclass(slots=True)
class Run:
    """The whole run: what an independent script found, the books, each order by (file, position), and what is counted."""

    expected: dict[str, Any]
    ledger: m.Ledger
    owner: User
    folder: Path
    orders: list[tuple[dict[str, Any], m.Order]] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)

    def waiting(self) -> Iterator[tuple[dict[str, Any], m.Order]]:
        return ((want, order) for want, order in self.orders if order.state != m.State.APPROVED)

    def posted(self) -> Iterator[tuple[dict[str, Any], m.Order]]:
        return ((want, order) for want, order in self.orders if order.state == m.State.APPROVED)


@pytest.fixture
def run(samples: Path, tmp_path: Path) -> Run:
    expected = json.loads((samples / "expected.json").read_text(encoding="utf-8"))
    ledger = factories.ledger("books", items_required=True, undo_seconds=0, mapped=False)
    folder = tmp_path / "books"
    folder.mkdir()
    connections.connect("beancount", "books", ledger=ledger, options={"folder": str(folder)})
    ledger.refresh_from_db()
    made = Run(expected=expected, ledger=ledger, owner=factories.user("owner"), folder=folder)
    _bring(made, samples)
    _map(made)
    _approve(made)
    while outbox.tick(60).booked:
        pass
    for _want, order in made.orders:
        order.refresh_from_db()
    return made


def test_real_orders_go_from_their_files_to_the_books(run: Run) -> None:
    """One run, looked at from every side, since it takes a while."""
    _every_other_file_is_refused_in_words(run)
    _every_total_is_what_the_independent_script_found(run)
    _what_does_not_add_up_is_blocked_by_exactly_its_difference(run)
    _what_adds_up_is_posted_or_waits_for_another_reason(run)
    _the_books_hold_what_the_orders_said(run)
    _report(run)


def _bring(run: Run, samples: Path) -> None:
    """Each file into a shop of its own: ids repeat across files."""
    for n, file in enumerate(run.expected["files"]):
        wanted = [order for order in run.expected["orders"] if order["file"] == file["file"]]
        currency = wanted[0]["currency"] if wanted else "EUR"
        shop = factories.shop(
            f"shop{n}",
            ledger=run.ledger,
            owner=run.owner,
            currency=currency,
            country="",
            prefix=f"S{n}",
            time_zone="UTC",
        )
        name = file["file"].replace("/", "-")
        job = inbox.receive_file(shop, io.BytesIO(payload(samples, file["file"])), name=name)
        if not wanted or file["file"] in NO_READER:
            assert job.state == m.ImportState.FAILED, f"{name} was read"
            assert job.words.rstrip().endswith("."), f"{name}: {job.words!r}"
            run.refused[file["verdict"]] += 1
            continue
        assert (job.state, job.refused) == (m.ImportState.DONE, 0), (
            f"{name}: {job.words} {list(job.errors.values_list('reason', flat=True))}"
        )
        orders = list(m.Order.objects.filter(shop=shop).order_by("pk"))
        assert len(orders) == len(wanted), name
        run.orders += zip(wanted, orders, strict=True)


def _map(run: Run) -> None:
    """What an accountant would map: every account, every SKU, every tax by its title and rate, every currency."""
    for purpose, values in (
        ("line", LINES),
        ("payment", METHODS),
        ("role", ("receivable", "deposits", "fees", "chargebacks")),
    ):
        for value in values:
            account = factories.account(run.ledger, f"Assets:{purpose.title()}:{value.title().replace('_', '')}")
            m.AccountMapping.objects.create(ledger=run.ledger, purpose=purpose, value=value, account=account)
    run.ledger.adjustment_account = factories.account(run.ledger, "Expenses:Rounding")
    run.ledger.save()
    taxes = set(m.LineTax.objects.values_list("title", "rate")) | set(
        m.RefundLineTax.objects.values_list("title", "rate")
    )
    codes: dict[tuple[str, Decimal | None], m.TaxCode] = {}
    for n, (title, rate) in enumerate(sorted(taxes | {("", Decimal(0))}, key=str)):
        owed = factories.account(run.ledger, f"Liabilities:Tax:T{n}")
        codes[title, rate] = m.TaxCode.objects.create(
            ledger=run.ledger, code=f"T{n}", name=title, rate=rate, account=owed
        )
    m.TaxMapping.objects.bulk_create(
        m.TaxMapping(ledger=run.ledger, treatment=treatment, title=title, rate=rate, tax_code=code)
        for treatment in TaxTreatment for (title, rate), code in codes.items()
    )  # fmt: skip
    keys = {line.item_key for line in m.OrderLine.objects.all()} - {""}
    m.ItemMapping.objects.bulk_create(m.ItemMapping(ledger=run.ledger, key=key, item=key) for key in keys)
    for currency in {order.currency for _want, order in run.orders} - {"EUR"}:
        m.ExchangeRate.objects.create(
            currency=currency, base_currency="EUR", on=date(2000, 1, 1), rate=Decimal("0.5"), source="test"
        )
    for _want, order in run.orders:
        review.refresh(order)


def _approve(run: Run) -> None:
    for _want, order in run.orders:
        order.refresh_from_db()
        if order.ready:
            review.approve(order, by=run.owner)
    for refund in m.Refund.objects.filter(state=m.State.PENDING, blockers=0, order__state=m.State.APPROVED).order_by(
        "pk"
    ):
        review.approve(refund, by=run.owner)
        run.counts["refunds posted"] += 1


def _every_other_file_is_refused_in_words(run: Run) -> None:
    readable = {file["file"] for file in run.expected["files"] if file["verdict"] == "orders"} - NO_READER
    assert sum(run.refused.values()) == len(run.expected["files"]) - len(readable)


def _every_total_is_what_the_independent_script_found(run: Run) -> None:
    wrong = []
    for want, order in run.orders:
        ours = (order.number, order.currency, order.total, order.by_header)
        header = want["total_from_header"]  # none where the table has no sums beside its items
        by_header = order.by_header if header is None else Decimal(header)
        theirs = (want["number"], want["currency"], Decimal(want["total_stated"]), by_header)
        wrong += [f"{want['file']}: {ours} instead of {theirs}"] if ours != theirs else []
        lines = Decimal(want.get("total_per_part", want["total_from_lines"]))
        wrong += (
            [f"{want['file']} {order.number}: lines make {order.by_lines}, not {lines}"]
            if order.by_lines != lines
            else []
        )
        flags = {
            "test": order.test,
            "cancelled": order.cancelled_at is not None,
            "gift_card_redeemed": order.gift_cards_redeemed > 0,
        }
        wrong += [
            f"{want['file']} {order.number}: {flag}"
            for flag, value in flags.items()
            if value != (flag in want["flags"])
        ]
    assert not wrong, "\n".join(wrong)


def _what_does_not_add_up_is_blocked_by_exactly_its_difference(run: Run) -> None:
    for want, order in run.orders:
        found = order.findings.filter(code__in=DOES_NOT_ADD_UP, severity=m.Severity.BLOCKING).first()
        assert (found is not None) == (want["status"] == "off"), f"{want['file']} {order.number}: {want['status']}"
        if found is not None:
            assert found.difference == Decimal(want["difference"]), want["file"]
            assert order.state == m.State.PENDING
            run.counts["blocked by exactly their difference"] += 1


def _what_adds_up_is_posted_or_waits_for_another_reason(run: Run) -> None:
    for want, _order in run.orders:
        run.counts[f"read: {want['status']}"] += 1
    for _want, order in run.posted():
        assert order.progress == m.Progress.POSTED, f"{order.number}: {order.progress}"
        run.counts["posted"] += 1
    for _want, order in run.waiting():
        codes = sorted(order.findings.filter(severity=m.Severity.BLOCKING).values_list("code", flat=True))
        assert codes, f"{order.number} waits without a reason"
        assert set(codes) <= {code.code for code in findings.CODES.values()}
        run.counts[f"waits: {', '.join(codes)}"] += 1
    assert run.counts["posted"] > 100


def _the_books_hold_what_the_orders_said(run: Run) -> None:
    """Gross per currency by the script's totals, net and tax by ours, all against the ledger as Beancount reads it; and the proof holds."""
    gross: defaultdict[str, Decimal] = defaultdict(Decimal)
    taxes: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
    codes = {
        (code.name, code.rate): code.account.code
        for code in m.TaxCode.objects.select_related("account")
        if code.account
    }
    for want, order in run.posted():
        gross[order.currency] += Decimal(want["total_stated"]) + Decimal(want.get("gift_cards") or 0)
        for tax in m.LineTax.objects.filter(line__order=order, line__removed=False):
            taxes[order.currency, codes[tax.title, tax.rate]] += tax.amount
    booked_gross, booked_taxes = _invoices_in(run.folder)
    assert {key: value for key, value in booked_gross.items() if value} == {
        key: value for key, value in gross.items() if value
    }
    assert {key: value for key, value in booked_taxes.items() if value} == {
        key: value for key, value in taxes.items() if value
    }
    found = reconciliation.proof()
    assert found.differences == ()
    run.counts["source adjustments"] = m.DocumentLine.objects.filter(kind="rounding").count()
    run.counts["documents"] = m.Invoice.objects.count()


def _invoices_in(folder: Path) -> tuple[dict[str, Decimal], dict[tuple[str, str], Decimal]]:
    """The invoices' receivables by currency, and their taxes by currency and account."""
    entries, errors, _options = loader.load_file(str(folder / "main.beancount"))
    assert errors == []
    gross: defaultdict[str, Decimal] = defaultdict(Decimal)
    taxes: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for entry in entries:
        if isinstance(entry, beancount.Transaction) and ":invoice:" in entry.meta["ordersync-key"]:
            for posting in entry.postings:
                assert posting.units is not None
                assert posting.units.number is not None
                if posting.account == "Assets:Role:Receivable":
                    gross[posting.units.currency] += posting.units.number
                elif posting.account.startswith("Liabilities:Tax:"):
                    taxes[posting.units.currency, posting.account] -= posting.units.number
    return dict(gross), dict(taxes)


def _report(run: Run) -> None:
    print(f"\nfiles refused: {sum(run.refused.values())} {dict(run.refused)}; orders read: {len(run.orders)}")
    for what, count in sorted(run.counts.items()):
        print(f"  {count:4} {what}")
    total = money.total(
        row.booked for row in reconciliation.proof().sales if row.measure == "gross" and row.currency == "USD"
    )
    print(f"  USD booked: {total}")
