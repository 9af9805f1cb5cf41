"""The proof: it holds over what is right, fails for a single changed cent and names the record, and says what waits and why."""

from __future__ import annotations

import dataclasses
import io
import json
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.models import F

from orders import models as m
from orders import reconciliation, review
from orders.reconciliation import Difference, Row, paper
from tests import scenario_files
from tests.test_scenarios import Office

pytestmark = pytest.mark.django_db(transaction=True)
CENT = Decimal("0.01")


def run(name: str, folder: Path) -> Office:
    """The scenario, worked to its end."""
    scenario = scenario_files.load(scenario_files.FOLDER / f"{name}.json")
    office = Office(scenario, folder / name)
    for step in scenario.steps:
        office.step(step)
    return office


def row(rows: tuple[Row, ...], measure: str, day: date | None = None) -> Row:
    (found,) = [item for item in rows if item.measure == measure and day in (None, item.day)]
    return found


def after(tamper: Callable[[], object]) -> tuple[Difference, ...]:
    """The differences that a change makes, which is then taken back."""
    with transaction.atomic():
        tamper()
        found = reconciliation.proof().differences
        transaction.set_rollback(True)
    return found


def test_any_stored_cent_that_changes_is_a_difference_that_names_its_record(tmp_path: Path) -> None:
    run("refund_by_lines", tmp_path)
    assert reconciliation.proof().holds
    invoice = m.Invoice.objects.filter(kind="invoice")
    number = m.Order.objects.get().number
    tampered: dict[str, Callable[[], object]] = {
        "a line's net": lambda: m.OrderLine.objects.filter(pk=_first(m.OrderLine)).update(net=F("net") + CENT),
        "a line's tax": lambda: m.LineTax.objects.filter(pk=_first(m.LineTax)).update(amount=F("amount") + CENT),
        "a refund line's net": lambda: m.RefundLine.objects.filter(pk=_first(m.RefundLine)).update(net=F("net") + 1),
        "a refund line's tax": lambda: m.RefundLineTax.objects.filter(pk=_first(m.RefundLineTax)).update(amount=F("amount") - 1),
        "the stated total": lambda: m.Order.objects.update(total=F("total") + 1, total_due=F("total_due") + 1),
        "the refund": lambda: m.Refund.objects.update(amount=F("amount") + CENT),
        "a payment": lambda: m.Payment.objects.filter(kind="sale").update(amount=F("amount") - CENT),
        "the ledger's net": lambda: invoice.update(net=F("net") + CENT, total=F("total") + CENT),
        "the ledger's tax code": lambda: invoice.update(taxes=[["OTHER", "19"]]),
        "a document that the ledger lost": lambda: m.Invoice.objects.filter(kind="credit_note").delete(),
    }  # fmt: skip
    for what, tamper in tampered.items():
        found = after(tamper)
        assert found, f"nobody noticed that {what} was changed"
        assert all(number in item.record and item.documents for item in found), what
    assert reconciliation.proof().holds


def _first(model: type[m.OrderLine] | type[m.LineTax] | type[m.RefundLine] | type[m.RefundLineTax]) -> int:
    return model._default_manager.order_by("pk").values_list("pk", flat=True)[0]


def test_two_orders_of_a_day_that_cancel_each_other_are_two_differences(tmp_path: Path) -> None:
    office = run("tip", tmp_path)
    told = office.scenario.receives()[0]
    again = dataclasses.replace(told.order, id="again", number="9999", placed_at=told.order.placed_at, payments=())
    for step in (
        scenario_files.Receive(shop=told.shop, order=again),
        scenario_files.Approve(shop=told.shop, number="9999"),
    ):
        office.step(step)

    def tamper() -> None:
        for order, cent in zip(m.Order.objects.order_by("pk"), (CENT, -CENT), strict=True):
            m.OrderLine.objects.filter(pk=order.lines.order_by("pk")[0].pk).update(net=F("net") + cent)

    found = after(tamper)
    assert sorted(item.amount for item in found if item.measure == "net") == [-CENT, CENT]
    assert len({item.record for item in found}) == 2


def test_a_rounding_difference_is_a_source_adjustment_and_not_a_difference(tmp_path: Path) -> None:
    run("rounding_difference_of_a_cent", tmp_path)
    found = reconciliation.proof()
    gross = row(found.sales, "gross")
    assert found.holds
    assert abs(gross.source) == CENT
    assert gross.store + gross.source == gross.approved == gross.booked


def test_what_the_ledger_rounds_otherwise_is_a_target_adjustment(tmp_path: Path) -> None:
    run("ledger_rounds_otherwise", tmp_path)
    found = reconciliation.proof()
    assert found.holds
    assert any(item.target for item in found.sales)
    assert all(item.approved + item.target == item.booked for item in found.sales)
    assert after(lambda: m.Invoice.objects.update(adjustments=[]))


def test_a_named_adjustment_stands_in_its_own_column(tmp_path: Path) -> None:
    run("refund_of_a_bare_amount", tmp_path)
    day = row(reconciliation.proof().sales, "gross", date(2026, 10, 8))
    assert (day.store, day.source, day.named, day.approved, day.booked) == (0, 0, -10, -10, -10)


def test_what_waits_is_told_with_its_reason(tmp_path: Path) -> None:
    run("tip", tmp_path)
    m.Order.objects.update(state=m.State.PENDING, blockers=1)
    m.Finding.objects.create(
        order=m.Order.objects.get(),
        code="sku_unknown",
        severity=m.Severity.BLOCKING,
        cause="sku:NEW",
        words="Not mapped.",
    )
    m.OrderLine.objects.filter(pk=_first(m.OrderLine)).update(net=F("net") + 5)
    waiting = reconciliation.proof()
    assert waiting.holds
    (reason,) = [item for item in waiting.waiting if not item.money]
    assert (reason.why, reason.count, reason.amount) == ("needs review: sku_unknown (sku:NEW)", 1, 5)
    assert any("1 × needs review: Not mapped: 5.00" in line for line in paper.text(waiting))


def test_an_order_on_hold_or_rejected_is_not_in_the_books_and_says_so(tmp_path: Path) -> None:
    scenario = scenario_files.load(scenario_files.FOLDER / "tip.json")
    office = Office(scenario, tmp_path / "books")
    office.step(scenario.steps[0])
    order = m.Order.objects.get()
    review.hold(order, by=office.owner, question="Is this real?")
    held = reconciliation.proof()
    assert [item.why for item in held.waiting if not item.money] == ["on hold"]
    order.refresh_from_db()
    review.reject(order, by=office.owner, reason=m.RejectReason.FRAUD)
    rejected = row(reconciliation.proof().sales, "gross")
    assert rejected.left_out == rejected.store == order.total_due
    assert rejected.difference == 0


def test_what_is_signed_and_not_sent_waits_for_the_ledger(tmp_path: Path) -> None:
    scenario = scenario_files.load(scenario_files.FOLDER / "tip.json")
    office = Office(scenario, tmp_path / "books")
    for step in scenario.steps[:2]:
        office.step(step)
    found = reconciliation.proof()
    gross = row(found.sales, "gross")
    assert found.holds
    assert (gross.unbooked, gross.booked) == (gross.approved, 0)
    assert "approved, can still be undone" in {item.why for item in found.waiting}


def test_the_command_ends_with_1_and_a_sentence_when_something_differs(tmp_path: Path) -> None:
    run("tip", tmp_path)
    assert call("proof").strip().endswith("every difference is zero.")
    m.OrderLine.objects.filter(pk=_first(m.OrderLine)).update(net=F("net") + CENT)
    with pytest.raises(CommandError, match="differences between store, approval and books") as caught:
        call("proof")
    assert caught.value.returncode == 1


def test_the_command_proves_one_shop_and_some_days_and_speaks_json(tmp_path: Path) -> None:
    run("two_shops_with_the_same_order_number", tmp_path)
    codes = list(m.Shop.objects.values_list("code", flat=True))
    told = json.loads(call("proof", "--json", "--shop", codes[0]))
    assert told["holds"] is True
    assert {item["shop"] for item in told["sales"]} == {codes[0]}
    nothing = json.loads(call("proof", "--json", "--from", "2020-01-01", "--to", "2020-01-31"))
    assert nothing["sales"] == nothing["money"] == []
    refusals = {
        "There is no shop": ["--shop", "nowhere"],
        "is not a day": ["--from", "31.10.2026"],
        "lies before the first": ["--from", "2026-10-31", "--to", "2026-10-01"],
    }
    for words, wrong in refusals.items():
        with pytest.raises(CommandError, match=words):
            call("proof", *wrong)


def test_a_month_is_read_through_the_index_of_days(tmp_path: Path) -> None:
    run("tip", tmp_path)
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexname FROM pg_indexes WHERE tablename = 'orders_order'")
        assert {"order_day", "order_placed"} <= {name for (name,) in cursor.fetchall()}
    day = m.Order.objects.get().placed_on
    assert reconciliation.proof(from_on=day, to_on=day).sales


def call(*command: str) -> str:
    out = io.StringIO()
    call_command(*command, stdout=out)
    return out.getvalue()
