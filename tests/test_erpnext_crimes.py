"""What an ERPNext does to whoever is careless, and to us: replies lost, races, processes killed, values filled in, wrong set-ups. Its own log is the judge."""

from __future__ import annotations

import contextlib
import dataclasses
from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from integrations import connections, http, outbox, tokens
from integrations.accounting.erpnext import names
from integrations.errors import Conflict, Misconfigured, Refused, Trouble, Unavailable, Undecided
from integrations.models import Delivery, DeliveryState
from orders import documents, outgoing
from orders.models import Booking, Outcome
from tests import factories, outbox_world
from tests.admin_company import person
from tests.contracts import documents as drafts
from tests.lab import crimes
from tests.lab import erpnext as lab
from tests.outbox_world import World
from tests.test_erpnext import adapter

CHART = lab.NAMES
WRITES = ("insert", "update", "submit")


@pytest.fixture
def erp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[lab.ERPNext]:
    monkeypatch.setattr(http, "READ", 0.3)
    with lab.ERPNext(tmp_path) as running:
        yield running


def invoice(order: str = "1001", **changes: Any) -> outgoing.Document:
    return drafts.invoice(order, chart=CHART, **changes)


def line(n: int, net: str, tax: str = "0", **changes: Any) -> outgoing.Line:
    return drafts.line(n, net, tax, chart=CHART, **changes)


def card(order: str = "1001", amount: str = "124.00") -> outgoing.Document:
    """Without a fee, so that it becomes ERPNext's own payment."""
    return drafts.payment(order, chart=CHART, lines=(line(1, amount, kind="card", account=CHART.clearing),))


def only(erp: lab.ERPNext, doctype: str = "Sales Invoice") -> dict[str, Any]:
    (row,) = erp.rows(doctype)
    return row


# Once


@pytest.mark.parametrize("crime", crimes.DONE)
@pytest.mark.parametrize("call", ["insert", "update", "submit", "read"])
def test_a_reply_lost_at_any_step_leaves_the_document_once(erp: lab.ERPNext, call: str, crime: str) -> None:
    document = invoice(
        lines=(line(1, "100.00", "19.01"), line(2, "4.20", "0.80")), known=drafts.outgoing.Known(ours="web:C-77")
    )
    erp.tables.get("Item", lab.GENERAL)["tax_rates"] = {
        CHART.tax: "18"
    }  # so that the tax has to be stated in a second call
    document = dataclasses.replace(
        document, lines=(line(1, "100.00", "19.00"),), net=Decimal(100), tax=Decimal(19), gross=Decimal(119)
    )
    erp.plan(call, *([crimes.HONEST] if call == "read" else []), crime)
    with pytest.raises(Trouble):
        adapter(erp).book(document)
    after = adapter(erp)
    assert after.find(document) is None or erp.times()["invoice", "WEB1001"] == 1
    assert after.book(document).tax == Decimal(19)
    assert erp.times() == {("invoice", "WEB1001"): 1}
    assert len(erp.rows()) == len(erp.rows("Customer")) == 1


def test_a_race_of_two_processes_makes_one_document_and_one_customer(erp: lab.ERPNext) -> None:
    erp.plan("insert", lab.RACE, lab.RACE)
    adapter(erp).book(invoice())
    assert erp.times() == {("invoice", "WEB1001"): 1}
    assert len(erp.rows()) == len(erp.rows("Customer")) == 1


def test_a_customer_that_another_process_makes_between_two_looks_is_ours_and_no_look_alike(
    erp: lab.ERPNext, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = erp.tables.listed

    def made_meanwhile(doctype: str, asked: Any) -> Any:
        if doctype == "Customer" and "email_id" in asked["filters"]:
            monkeypatch.setattr(erp.tables, "listed", listed)
            person = lab.company.customer(erp.tables, name="Jane Doe", email="jane@example.org")
            erp.tables.get("Customer", person)[names.KEY] = "web:C-77"
        return listed(doctype, asked)

    monkeypatch.setattr(erp.tables, "listed", made_meanwhile)
    adapter(erp).book(invoice(known=outgoing.Known(ours="web:C-77")))
    assert len(erp.rows("Customer")) == 1


def test_a_draft_that_a_person_saves_meanwhile_is_compared_again_before_it_is_submitted(erp: lab.ERPNext) -> None:
    erp.plan("submit", lab.EDITED)
    adapter(erp).book(invoice())
    assert erp.times() == {("invoice", "WEB1001"): 1}
    assert erp.calls("read").count("read Sales Invoice") == 2


def test_a_draft_left_behind_that_says_something_else_is_made_anew(erp: lab.ERPNext) -> None:
    erp.plan("submit", crimes.BROKEN)
    with pytest.raises(Trouble):
        adapter(erp).book(invoice())
    erp.selling.save(only(erp), {"items": [{**only(erp)["items"][0], "rate": 7}]})
    assert adapter(erp).find(invoice()) is None
    assert adapter(erp).book(invoice()).gross == Decimal("124.00")
    assert (len(erp.rows()), erp.times()) == (1, {("invoice", "WEB1001"): 1})


@pytest.mark.parametrize("call", ["insert", "submit"])
def test_a_deadlock_was_rolled_back_and_is_tried_again_later(erp: lab.ERPNext, call: str) -> None:
    erp.plan(call, lab.DEADLOCK)
    with pytest.raises(Unavailable):
        adapter(erp).book(invoice())
    assert not erp.times()
    adapter(erp).book(invoice())
    assert erp.times() == {("invoice", "WEB1001"): 1}


def test_a_breakdown_at_the_submission_is_looked_up(erp: lab.ERPNext) -> None:
    erp.plan("submit", lab.BREAKS)
    with pytest.raises(Trouble, match="Lost connection"):
        adapter(erp).book(invoice())
    assert adapter(erp).book(invoice()).state == "open"
    assert erp.times() == {("invoice", "WEB1001"): 1}


def test_without_the_field_nothing_is_written(erp: lab.ERPNext) -> None:
    """ERPNext drops what it does not know without a word: the document would never be found again."""
    del erp.tables.custom["Sales Invoice"]
    with pytest.raises(Misconfigured, match="ordersync_key") as caught:
        adapter(erp).book(invoice())
    assert "Customize Form" in caught.value.fix
    assert not erp.rows()


def test_what_a_person_cancelled_is_a_conflict_and_never_booked_again(erp: lab.ERPNext) -> None:
    adapter(erp).book(invoice())
    erp.cancel("Sales Invoice", only(erp)["name"])
    for act in (adapter(erp).find, adapter(erp).book):
        with pytest.raises(Conflict, match="cancelled"):
            act(invoice())
    assert [state.state for state in adapter(erp).read(["WEB1001"])] == ["voided"]
    assert len(erp.rows()) == 1


# What it fills in by itself


def test_nothing_is_filled_in_that_was_not_signed(erp: lab.ERPNext) -> None:
    """Today's date, the customer's terms, the price list, a pricing rule, a total rounded to the whole."""
    person = lab.company.customer(erp.tables, name="Jane")
    erp.tables.get("Customer", person)["payment_days"] = 90
    erp.selling.prices[lab.GENERAL] = Decimal(50)
    erp.selling.discounts[lab.GENERAL] = Decimal("0.1")
    lines = (line(1, "99.99", "19.00"), line(2, "0", text="Sample, free"))
    document = invoice(lines=lines, known=outgoing.Known(ours="web:C-77", customer=person))
    booked = adapter(erp).book(document)
    row = only(erp)
    assert (booked.gross, booked.balance) == (document.gross, document.gross)
    assert (row["posting_date"], row["due_date"]) == (document.posting_on.isoformat(), "2026-12-20")
    assert row["rounded_total"] == 0


def test_the_traps_are_there_for_a_careless_caller(erp: lab.ERPNext) -> None:
    erp.selling.prices[lab.GENERAL] = Decimal(50)
    person = lab.company.customer(erp.tables, name="Jane")
    rows = [{"item_code": lab.GENERAL, "qty": 1, "rate": 0, "income_account": CHART.goods}]
    body = {"customer": person, "company": lab.COMPANY, "posting_date": "2026-11-20", "items": rows, "taxes": []}
    taxed = {"charge_type": "On Net Total", "account_head": CHART.tax, "rate": 19.1, "description": "VAT"}
    made = erp.selling.insert({**body, "taxes": [taxed]})
    assert (made["posting_date"], made["grand_total"], made["rounded_total"]) == (
        "2026-11-24",
        Decimal("59.55"),
        Decimal(60),
    )
    with pytest.raises(lab.Fault, match="positive number"):
        erp.selling.insert({**body, "items": [{**rows[0], "rate": -5}]})


@pytest.mark.parametrize("row_wise", [0, 1])
def test_tax_is_what_was_signed_however_erpnext_rounds(erp: lab.ERPNext, row_wise: int) -> None:
    erp.tables.get("Accounts Settings", "Accounts Settings")["round_row_wise_tax"] = row_wise
    for n, more in enumerate(("0", "0.01", "-0.02")):
        lines = tuple(
            line(k, "0.33", str(Decimal("0.06") + (Decimal(more) if k == 8 else 0)), text=f"Pin {k}")
            for k in range(1, 9)
        )
        document = invoice(str(n), lines=lines)
        booked = adapter(erp).book(document)
        assert (booked.net, booked.tax, booked.gross, booked.adjustments) == (
            document.net,
            document.tax,
            document.gross,
            (),
        )


def test_a_tax_by_its_rate_stays_one_and_one_that_an_item_bends_is_stated(erp: lab.ERPNext) -> None:
    adapter(erp).book(invoice("1"))
    erp.tables.get("Item", lab.GENERAL)["tax_rates"] = {CHART.tax: "7"}
    adapter(erp).book(invoice("2"))
    kinds = {row["po_no"]: row["taxes"][0]["charge_type"] for row in erp.rows()}
    assert kinds == {"WEB1": "On Net Total", "WEB2": "Actual"}


def test_a_currency_finer_than_the_site_is_refused_with_both_figures_and_leaves_no_draft(erp: lab.ERPNext) -> None:
    foreign = {"currency": "KWD", "base_currency": "EUR", "rate": Decimal(3)}
    with pytest.raises(Refused, match=r"10\.12.*10\.123") as caught:
        adapter(erp).book(invoice(lines=(line(1, "10.123"),), **foreign))
    assert "Currency Precision" in caught.value.fix
    assert not erp.rows()


def test_a_price_finer_than_a_cent_goes_over_as_one_piece_of_the_whole(erp: lab.ERPNext) -> None:
    assert adapter(erp).book(invoice(lines=(line(1, "10.00", "1.90", quantity=Decimal(3)),))).net == Decimal("10.00")
    assert only(erp)["items"][0]["item_name"] == "3 × T-shirt, red"


def test_the_signed_rate_values_the_document_and_what_is_owed_is_told_in_its_own_currency(erp: lab.ERPNext) -> None:
    foreign = {"currency": "USD", "base_currency": "EUR", "rate": Decimal("0.80")}
    document = invoice(lines=(line(1, "100.00", "19.00"),), **foreign)
    adapter(erp).book(document)
    money = {"net": Decimal("19.00"), "tax": Decimal(0), "gross": Decimal("19.00")}
    adapter(erp).book(
        dataclasses.replace(
            card(), **{**foreign, **money}, lines=(line(1, "19.00", account=CHART.clearing),), hash="ab"
        )
    )
    states = {state.kind: state for state in adapter(erp).read(["WEB1001"])}
    assert (states["invoice"].balance, states["invoice"].currency) == (Decimal("100.00"), "USD")
    assert (states["payment"].total, states["payment"].currency) == (Decimal("19.00"), "USD")
    assert only(erp, "Journal Entry")["total_debit"] == Decimal("15.20")
    assert (only(erp)["base_grand_total"], only(erp)["outstanding_amount"]) == (Decimal("95.20"), Decimal("80.00"))
    only(erp, "Journal Entry")["total_debit"] += 1
    told = next(state for state in adapter(erp).read(["WEB1001"]) if state.kind == "payment")
    assert (told.total, told.currency) == (Decimal("16.20"), "EUR"), "what it comes to by now"


# Money


def test_a_payment_is_made_once_whatever_is_lost_and_settles_its_invoice(erp: lab.ERPNext) -> None:
    adapter(erp).book(invoice())
    for call in ("insert", "submit"):
        erp.plan(call, crimes.LOST)
        with pytest.raises(Trouble):
            adapter(erp).book(card())
    assert adapter(erp).book(card()).gross == Decimal("124.00")
    states = {state.kind: (state.state, state.balance) for state in adapter(erp).read(["WEB1001"])}
    assert states == {"invoice": ("paid", 0), "payment": ("paid", 0)}
    assert erp.times()["payment", "WEB1001"] == 1
    assert only(erp, "Payment Entry")["reference_no"] == "WEB1001"


def test_a_payment_of_what_was_paid_meanwhile_stays_on_the_customers_account(
    erp: lab.ERPNext, monkeypatch: pytest.MonkeyPatch
) -> None:
    adapter(erp).book(invoice())
    insert = erp.money.insert_payment

    def paid_first(body: Any) -> Any:
        monkeypatch.setattr(erp.money, "insert_payment", insert)
        only(erp)["outstanding_amount"] = Decimal("4.00")
        return insert(body)

    monkeypatch.setattr(erp.money, "insert_payment", paid_first)
    adapter(erp).book(card())
    (reference,) = only(erp, "Payment Entry")["references"]
    assert reference["allocated_amount"] == Decimal("4.00")
    assert erp.sums()[CHART.receivable, "EUR"] == 0


def test_a_credit_note_is_set_against_its_open_invoice_and_a_refund_pays_one_of_a_paid_invoice(
    erp: lab.ERPNext,
) -> None:
    ledger = adapter(erp)
    for number in ("1", "2"):
        ledger.book(invoice(number))
    ledger.book(drafts.credit_note("1", chart=CHART))
    ledger.book(drafts.payment("2", chart=CHART))
    ledger.book(drafts.credit_note("2", chart=CHART))
    ledger.book(drafts.refund_payment("2", chart=CHART))
    owed = {(row["po_no"], row["is_return"]): row["outstanding_amount"] for row in erp.rows()}
    assert owed == {("WEB1", 0): Decimal("64.50"), ("WEB1", 1): 0, ("WEB2", 0): 0, ("WEB2", 1): 0}
    assert [row["payment_type"] for row in erp.rows("Payment Entry")] == ["Pay"]
    assert erp.sums()[CHART.receivable, "EUR"] == Decimal("64.50")
    assert len(erp.rows("Customer")) == 1


def test_an_overpayment_leaves_the_rest_on_the_customers_account(erp: lab.ERPNext) -> None:
    adapter(erp).book(invoice())
    adapter(erp).book(
        drafts.payment(
            chart=CHART, lines=(line(1, "130.00", account=CHART.clearing), line(2, "2.10", account=CHART.fees))
        )
    )
    rows = [
        (row.get("reference_name", ""), row["credit"])
        for row in only(erp, "Journal Entry")["accounts"]
        if row["credit"]
    ]
    assert rows == [(only(erp)["name"], Decimal("124.00")), ("", Decimal("8.10"))]


# Words


def _account(name: str, **facts: Any) -> Callable[[lab.ERPNext], object]:
    return lambda erp: erp.tables.get("Account", name).update(facts)


def _company(**facts: Any) -> Callable[[lab.ERPNext], object]:
    return lambda erp: erp.tables.get("Company", lab.COMPANY).update(facts)


def _period(doctype: str, **facts: Any) -> Callable[[lab.ERPNext], object]:
    return lambda erp: erp.tables.add(doctype, "Closed", **facts)


def _drop(doctype: str) -> Callable[[lab.ERPNext], object]:
    return lambda erp: erp.tables.docs[doctype].clear()


def _setting(doctype: str, **facts: Any) -> Callable[[lab.ERPNext], object]:
    return lambda erp: erp.tables.get(doctype, doctype).update(facts)


def _nothing(erp: lab.ERPNext) -> None:
    """As it is."""


REFUSALS: dict[str, tuple[Callable[[lab.ERPNext], object], dict[str, Any], str, str]] = {
    "an account that is gone": (_nothing, {"lines": (line(1, "1.00", account="Gone - DB"),)}, "line 1.*Gone - DB", "Chart of Accounts"),
    "an account that is frozen": (_account(CHART.goods, frozen="Yes"), {}, f"{CHART.goods} is frozen", "Frozen"),
    "a tax that is gone": (_drop("Sales Taxes and Charges Template"), {}, "no sales tax “VAT 19 %”", "map the tax anew"),
    "books in another currency": (_nothing, {"currency": "USD"}, "keeps its books in EUR", "base currency"),
    "no receivable": (_nothing, {"contra_account": CHART.clearing}, "no receivable account", "type Receivable"),
    "a receivable in another currency": (_account(CHART.receivable, account_currency="USD"), {}, "kept in USD", "company's currency"),
    "a frozen day": (_setting("Accounts Settings", acc_frozen_upto="2026-11-20"), {}, "frozen up to", "first open day"),
    "a frozen day in 16": (_company(accounts_frozen_till_date="2026-11-20"), {}, "frozen up to", "Accounts Frozen Till Date"),
    "a closed period": (_period("Accounting Period", start_date="2026-11-01", end_date="2026-11-30"), {}, "closed Accounting Period", "Accounting Period"),
    "a closed year": (_period("Period Closing Voucher", period_end_date="2026-12-31"), {}, "period is closed", "Period Closing Voucher"),
    "no fiscal year": (_drop("Fiscal Year"), {}, "no fiscal year", "Fiscal Year"),
    "due before it is posted": (_nothing, {"due_on": drafts.date(2026, 11, 1)}, "due before the day", "time to pay"),
    "nothing but a discount": (_nothing, {"lines": (line(1, "-5.00", account=CHART.discounts),)}, "no line of goods", "Reject"),
    "nothing at all": (_nothing, {"kind": "journal", "lines": (line(1, "0"),)}, "moves nothing", "nothing to book"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSALS)
def test_a_refusal_says_which_document_why_and_what_to_do_and_leaves_nothing(erp: lab.ERPNext, case: str) -> None:
    spoil, changes, words, fix = REFUSALS[case]
    spoil(erp)
    with pytest.raises(Refused, match=words) as caught:
        adapter(erp).book(invoice(**changes))
    assert "WEB1001" in caught.value.words
    assert fix in caught.value.fix
    assert not caught.value.untranslated
    assert not erp.times()
    assert not [row for name in ("Sales Invoice", "Journal Entry") for row in erp.rows(name)]


def test_a_credit_limit_is_refused_after_the_draft_and_the_draft_is_taken_away(erp: lab.ERPNext) -> None:
    person = lab.company.customer(erp.tables, name="Jane")
    erp.tables.get("Customer", person)["credit_limit"] = Decimal(10)
    with pytest.raises(Refused, match="Credit limit"):
        adapter(erp).book(invoice(known=outgoing.Known(ours="web:C-77", customer=person)))
    assert not erp.rows()


def test_an_unknown_text_is_shown_whole_without_tags(erp: lab.ERPNext) -> None:
    def refuse(_row: Any) -> None:
        raise lab.Fault("ValidationError", "The moon is in<br> the <strong>seventh</strong> house.")

    erp.selling.before_submit = refuse
    with pytest.raises(Refused, match=r"WEB1001.*The moon is in the seventh house\.") as caught:
        adapter(erp).book(invoice())
    assert caught.value.untranslated


def test_a_disabled_customer_asks_a_person(erp: lab.ERPNext) -> None:
    adapter(erp).book(invoice("1"))
    only(erp, "Customer")["disabled"] = 1
    with pytest.raises(Undecided, match="disabled"):
        adapter(erp).book(invoice("2"))


def test_a_new_customer_comes_with_the_address_and_in_one_call(erp: lab.ERPNext) -> None:
    adapter(erp).book(invoice())
    assert only(erp, "Address")["country"] == "Germany"
    assert erp.calls("insert") == ["insert Customer", "insert Sales Invoice"]


def test_a_customer_is_not_taken_for_one_that_differs_in_case_or_accents(erp: lab.ERPNext) -> None:
    """MariaDB finds web:c-77 where web:C-77 was asked for."""
    lab.company.customer(erp.tables, name="Other")
    only(erp, "Customer")[names.KEY] = "wéb:C-77"
    erp.tables.custom["Customer"]["unique"] = 0
    adapter(erp).book(invoice(known=outgoing.Known(ours="web:C-77")))
    assert len(erp.rows("Customer")) == 2


def test_a_preview_says_what_would_stand_where_and_writes_nothing(erp: lab.ERPNext) -> None:
    lines = (
        line(1, "100.00", "19.00", quantity=Decimal(2)),
        line(2, "-10.00", kind="discount", account=CHART.discounts),
    )
    seen = adapter(erp, items="make").preview(invoice(lines=lines))
    facts = dict(seen.facts)
    assert (facts["Document"], facts["Due date"], facts["Reference"]) == ("Sales Invoice", "2026-12-20", "WEB1001")
    assert facts["Customer"].startswith("a new one: Jane Doe")
    assert [row.detail for row in seen.lines] == [
        "",
        "2 × 50, item WEBSHOP",
        "VAT 19 % 19 %",
        "under Taxes and Charges",
    ]
    assert dict(adapter(erp).preview(card()).facts)["Settles"] == "WEB1001, which is not in ERPNext yet"
    assert not erp.calls("insert")


# Connecting


def _role(name: str) -> Callable[[lab.ERPNext], object]:
    return lambda erp: erp.roles.discard(name)


SETUPS: dict[str, tuple[Callable[[lab.ERPNext], object], dict[str, str], str, str]] = {
    "no key": (lambda erp: setattr(erp, "secret", "f" * 15), {}, "key", "Generate Keys"),
    "no ERPNext": (lambda erp: erp.apps.remove("erpnext"), {}, "version", "address"),
    "an old version": (lambda erp: setattr(erp, "version", "13.9.0"), {}, "version", "another version"),
    "no company": (_nothing, {"company": "Elsewhere"}, "company", "option company"),
    "several companies": (lambda erp: erp.tables.add("Company", "Other"), {}, "company", "option company"),
    "no field": (lambda erp: erp.tables.custom.pop("Payment Entry"), {}, "key field of Payment Entry", "Customize Form"),
    "a field that is not unique": (lambda erp: erp.tables.custom["Sales Invoice"].update(unique=0), {}, "key field of Sales Invoice", "Unique"),
    "a field that is copied": (lambda erp: erp.tables.custom["Customer"].update(no_copy=0), {}, "key field of Customer", "No Copy"),
    "no cost center": (_company(cost_center=None), {}, "company's defaults", "Company, Accounts"),
    "no place for rounding": (_company(round_off_account=None), {}, "company's defaults", "Company, Accounts"),
    "no taxes": (_drop("Sales Taxes and Charges Template"), {}, "taxes", "Sales Taxes and Charges Template"),
    "a tax account that is disabled": (_account(CHART.tax, disabled=1), {}, "tax accounts", "disabled"),
    "no item": (_nothing, {"item": "NOPE"}, "item", "Item, New"),
    "an item in stock": (lambda erp: erp.tables.get("Item", lab.GENERAL).update(is_stock_item=1), {}, "item", "Maintain Stock"),
    "orders required": (_setting("Selling Settings", so_required="Yes"), {}, "selling settings", "Selling Settings"),
    "no fiscal year": (_drop("Fiscal Year"), {}, "fiscal year", "Fiscal Year, New"),
    "everything frozen": (_setting("Accounts Settings", acc_frozen_upto="2099-01-01"), {}, "frozen accounts", "Frozen"),
    "everything frozen in 16": (_company(accounts_frozen_till_date="2099-01-01"), {}, "frozen accounts", "Frozen"),
    "no accounts user": (_role("Accounts User"), {}, "right: Journal Entry, right: Payment Entry, right: Sales Invoice", "Accounts User"),
    "no sales user": (_role("Sales User"), {}, "right: Customer", "Sales User"),
    "no items": (_nothing, {"items": "make"}, "right: Item", "Item Manager"),
    "too many rights": (lambda erp: erp.roles.add("System Manager"), {}, "too many rights", "System Manager"),
    "who may lift the freeze": (lambda erp: erp.roles.add("Accounts Manager"), {}, "too many rights", "Accounts Manager"),
    "no warehouse": (_nothing, {"stock": "yes"}, "stock", "Warehouse, New"),
    "no retail customer": (_nothing, {"retail": "web=987654"}, "retail customer of web", "option retail"),
}  # fmt: skip


@pytest.mark.parametrize("case", SETUPS)
def test_a_look_at_the_connection_says_what_is_wrong_and_where_to_click(erp: lab.ERPNext, case: str) -> None:
    spoil, options, name, fix = SETUPS[case]
    spoil(erp)
    failed = {check.name: check for check in adapter(erp, **options).check() if not check.ok}
    assert sorted(failed) == name.split(", "), failed
    assert all(fix in check.fix and check.words for check in failed.values())
    assert lab.SECRET not in str(failed)


def test_what_the_user_may_not_look_at_is_no_fault_of_the_set_up(erp: lab.ERPNext) -> None:
    erp.hides |= {"frappe.utils.change_log.get_versions", "Accounts Settings", "Selling Settings"}
    checks = adapter(erp).check()
    assert [check.words for check in checks if not check.ok] == []
    assert "may not see" in " ".join(check.words for check in checks)


def test_a_look_at_an_address_without_erpnext_says_so(tmp_path: Path) -> None:
    with lab.ERPNext(tmp_path) as erp:
        checks = adapter(erp, url=f"{erp.url}/app").check()
    assert [(check.name, check.ok) for check in checks] == [("address", False)]
    assert "login page" in checks[0].fix


def test_a_key_that_was_made_anew_pauses_the_connection_in_words(erp: lab.ERPNext) -> None:
    ledger = adapter(erp)
    ledger.book(invoice("1"))
    erp.secret = "f" * 15
    with pytest.raises(Misconfigured) as caught:
        ledger.book(invoice("2"))
    assert "Generate Keys" in caught.value.fix


def test_lists_are_asked_for_whole_and_long_ones_in_parts(erp: lab.ERPNext) -> None:
    """A list has 20 rows unless told otherwise, and a request line 4094 signs."""
    for n in range(30):
        lab.company.account(erp.tables, f"Account {n} - DB", "", "Income")
    ledger = adapter(erp)
    ledger.book(invoice())
    assert len(ledger.choices().accounts) > 40
    states = ledger.read(["WEB1001", *(f"A-LONG-REFERENCE-{n:04}" for n in range(200))])
    assert [state.state for state in states] == ["open"] + ["deleted"] * 200


@pytest.mark.django_db
def test_the_form_asks_for_what_it_needs_and_connecting_fetches_accounts_and_taxes(erp: lab.ERPNext) -> None:
    lead = Client()
    lead.force_login(person("IT lead"))
    form = lead.get(reverse("admin:integrations_connection_add"), {"kind": "erpnext"}).content.decode()
    assert "ERPNext 14, 15 or 16" in lead.get(reverse("admin:integrations_connection_add")).content.decode()
    assert all(text in form for text in ("Generate Keys", "not kept in stock", "naming series"))
    ledger = factories.ledger("books", currency="EUR")
    options = {"url": erp.url, "key": lab.API_KEY, "item": lab.GENERAL, "networks": "127.0.0.1/32"}
    there = connections.connect("erpnext", "erp", ledger=ledger, options=options, secrets={"secret": lab.SECRET})
    ledger.refresh_from_db()
    assert "receipt" not in ledger.kinds
    assert set(ledger.accounts.values_list("code", flat=True)) >= {CHART.receivable, CHART.goods}
    assert set(ledger.tax_codes.values_list("code", flat=True)) >= {CHART.tax_code, CHART.second_tax_code}
    assert lab.SECRET not in str(there.options)


# Through the outbox


class Gone(BaseException):
    """The process is gone: nothing of ours catches this."""


class Death:
    """The process dies after its n-th call that changes something took effect."""

    def __init__(self, at: int) -> None:
        self.left = at

    def wrap(self, request: Callable[..., Any]) -> Callable[..., Any]:
        def carried(session: http.Session, verb: str, *args: Any, **options: Any) -> Any:
            answer = request(session, verb, *args, **options)
            if verb != "GET":
                if self.left == 0:
                    raise Gone
                self.left -= 1
            return answer

        return carried


@pytest.mark.outbox
@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_killed_after_any_call_that_changes_something_each_document_stands_there_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Invoice, payment and credit note; the process dies right after each of its calls took effect, in turn, until it lives through all of them."""
    honest = http.Session.request
    with lab.ERPNext(tmp_path, chart=drafts.CHART) as erp:
        options = {"url": erp.url, "key": lab.API_KEY, "item": lab.GENERAL, "networks": "127.0.0.1/32"}
        there = {
            "name": "erpnext",
            "kind": "erpnext",
            "options": options,
            "secrets": tokens.seal({"secret": lab.SECRET}),
        }
        here, at, lived = outbox_world.make(tmp_path / "world", **there), 0, False
        while not lived:
            signed = here.sign(str(at))
            here.sign(str(at), kind="payment", after=(signed,))
            here.sign(str(at), kind="credit_note", after=(signed,))
            monkeypatch.setattr(http.Session, "request", Death(at).wrap(honest))
            lived = not _dies(lambda: outbox.tick(20))
            monkeypatch.setattr(http.Session, "request", honest)
            here.hurry()
            _drained(here)
            at += 1
        assert at > 2 * 3, "each draft and each submission"
        assert erp.times().total() == 3 * at
        _judged(erp)


@pytest.mark.outbox
@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_documents_with_a_fifth_of_the_replies_lost_stand_there_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "READ", 0.3)
    with lab.ERPNext(tmp_path, chart=drafts.CHART) as erp:
        erp.hang = 0.4
        options = {"url": erp.url, "key": lab.API_KEY, "item": lab.GENERAL, "networks": "127.0.0.1/32"}
        there = {
            "name": "erpnext",
            "kind": "erpnext",
            "options": options,
            "secrets": tokens.seal({"secret": lab.SECRET}),
        }
        here = outbox_world.make(tmp_path / "world", **there)
        for n in range(1, 7):
            signed = here.sign(str(n))
            here.sign(str(n), kind="payment", after=(signed,))
        chances = dict.fromkeys((*crimes.DONE, *crimes.UNDONE), 0.02)
        erp.crimes.by_chance(7, chances, *WRITES)
        _drained(here)
        erp.honest()
        assert [crime for _call, _key, crime in erp.requests if crime in chances]
        _judged(erp)


def _dies(act: Callable[[], object]) -> bool:
    try:
        act()
    except Gone:
        return True
    return False


def _drained(here: World) -> None:
    for _ in range(100):
        if not Delivery.objects.exclude(state__in=[DeliveryState.BOOKED, DeliveryState.PARKED]).exists() and not any(
            outbox.glance()
        ):
            return
        with contextlib.suppress(Gone):
            outbox.tick(20)
        here.hurry()
    raise AssertionError(Counter(Delivery.objects.values_list("state", "words")))


def _judged(erp: lab.ERPNext) -> None:
    """ERPNext's log against what was signed: each once, and every account to the cent."""
    assert list(Delivery.objects.filter(state=DeliveryState.PARKED).values_list("words", flat=True)) == []
    assert set(Booking.objects.values_list("outcome", flat=True)) == {Outcome.BOOKED}
    assert set(erp.keys().values()) == {1}
    assert erp.keys().total() == Booking.objects.count()
    assert (
        len(erp.rows()) + len(erp.rows("Payment Entry")) + len(erp.rows("Journal Entry")) == Booking.objects.count()
    ), "no draft is left"
    expected: Counter[tuple[str, str]] = Counter()
    for row in Booking.objects.select_related("document"):
        for posting in outgoing.postings(documents.outgoing_of(row.document)):
            expected[posting.account, "EUR"] += posting.amount  # type: ignore[assignment]
    assert {key: amount for key, amount in erp.sums().items() if amount} == {
        key: amount for key, amount in expected.items() if amount
    }
    assert {row["status"] for row in erp.rows() if not row["is_return"]} == {"Paid"}
