"""The scenarios are held against plain bookkeeping before they are held against the program."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from orders import incoming, money, outgoing
from tests import scenario_files
from tests.scenario_files import Approve, Books, Entry, Receive, Scenario

SCENARIOS = [scenario_files.load(path) for path in scenario_files.paths()]
KEY = re.compile(r"(?P<shop>\w+):order:(?P<order>\w+):(?P<kind>\w+):(?P<source>[\w-]+)")
MOVES = ("sale", "capture", "refund", "chargeback", "reversal")

every = pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)


def entries(scenario: Scenario) -> list[Entry]:
    """The journal and every interim state of it."""
    interim = [entry for step in scenario.steps if isinstance(step, Books) for entry in step.entries]
    return [*scenario.journal, *interim]


def last(scenario: Scenario) -> list[Receive]:
    """The newest version of each order."""
    return list({(step.shop, step.order.number): step for step in scenario.receives()}.values())


def stated(order: incoming.Order) -> Decimal:
    """What the customer owes by the store's total."""
    return order.totals.total + order.totals.taken_off


def by_lines(order: incoming.Order) -> Decimal:
    """What the customer owes by the lines and, where they are on top, their taxes."""
    taxes = money.total(tax.amount for line in order.lines for tax in line.taxes)
    return money.total(line.amount for line in order.lines) + (Decimal(0) if order.tax_included else taxes)


def payments(order: incoming.Order) -> list[incoming.Payment]:
    """Every payment of the order, those of its refunds too."""
    return [*order.payments, *(payment for refund in order.refunds for payment in refund.payments)]


def amounts(record: object) -> list[Decimal]:
    """Every amount of money in a line, a tax, a payment, a refund or the totals."""
    names = ("amount", "discount", "total", "subtotal", "shipping", "fees", "tax", "tip", "duties", "refunded", "fee")
    return [value for name in names if isinstance(value := getattr(record, name, None), Decimal)]


def money_records(order: incoming.Order) -> list[object]:
    """Every record of the order that holds money in its currency."""
    sold = [record for line in order.lines for record in (line, *line.taxes)]
    returned = [record for refund in order.refunds for line in refund.lines for record in (line, *line.taxes)]
    return [order.totals, *sold, *order.refunds, *returned, *payments(order)]


def days(receive: Receive, zone: ZoneInfo) -> set[date]:
    """The shop's days on which anything of the order happened."""
    order = receive.order
    instants = [
        order.placed_at,
        *(payment.processed_at for payment in payments(order)),
        *(refund.refunded_at for refund in order.refunds),
        *(shipment.shipped_at for shipment in order.shipments),
    ]
    return {instant.astimezone(zone).date() for instant in instants if instant}


def sources(scenario: Scenario, shop: str, order_id: str, kind: str) -> set[str]:
    """What a key of this kind may end with, from what the order holds."""
    found: set[str] = set()
    for order in (step.order for step in scenario.receives() if step.shop == shop and step.order.id == order_id):
        moved = {payment.id for payment in payments(order) if payment.kind in MOVES}
        shipments = {shipment.id for shipment in order.shipments}
        found |= {
            "invoice": {"1"} | shipments,
            "payment": moved,
            "journal": {f"{payment}-{invoice}" for payment in moved for invoice in {"1"} | shipments},
            "credit_note": {refund.id for refund in order.refunds} | {"r1"},
            "refund_payment": moved | {f"{payment}-r1" for payment in moved},
        }[kind]
    return found


def test_there_is_a_file_for_every_rule() -> None:
    assert len(SCENARIOS) >= 35
    assert len({scenario.title for scenario in SCENARIOS}) == len(SCENARIOS)


def test_an_order_number_belongs_to_one_scenario() -> None:
    numbers = Counter(number for scenario in SCENARIOS for number in scenario.state)
    assert [number for number, times in numbers.items() if times > 1] == []


@every
def test_every_entry_sums_to_zero_in_amounts_of_its_currency(scenario: Scenario) -> None:
    for entry in entries(scenario):
        figures = [amount for _account, amount in entry.postings]
        assert money.total(figures) == 0, entry.key
        exponents = {-int(amount.as_tuple().exponent) for amount in figures}
        assert exponents == {money.exponent(entry.currency)}, f"{entry.key}: decimals of {entry.currency}"
        assert max(Counter(account for account, _amount in entry.postings).values()) == 1, (
            f"{entry.key}: an account twice"
        )


@every
def test_every_entry_gives_its_reason(scenario: Scenario) -> None:
    assert all([scenario.title, scenario.why, *(entry.why for entry in scenario.journal)])


@every
def test_keys_are_unique_and_name_what_the_order_holds(scenario: Scenario) -> None:
    keys = Counter((entry.key, entry.revision) for entry in scenario.journal)
    assert [key for key, times in keys.items() if times > 1] == []
    for entry in scenario.journal:
        match = KEY.fullmatch(entry.key)
        assert match, entry.key
        assert entry.kind == match["kind"]
        assert entry.kind in outgoing.DocumentKind.values
        assert match["source"] in sources(scenario, match["shop"], match["order"], entry.kind), entry.key


@every
def test_references_are_short_unique_and_in_order(scenario: Scenario) -> None:
    seen = Counter((entry.kind, entry.reference) for entry in scenario.journal)
    assert [reference for reference, times in seen.items() if times > 1] == []
    for entry in scenario.journal:
        shop, _, order_id, _, _ = entry.key.split(":")
        number = next(
            step.order.number for step in scenario.receives() if (step.shop, step.order.id) == (shop, order_id)
        )
        prefix = re.escape(scenario.shops[shop].prefix + number)
        assert re.fullmatch(prefix + r"(-[2-9])?(r[2-9])?", entry.reference), entry.reference
        assert len(entry.reference) <= 21


@every
def test_accounts_are_mapped_or_named_by_the_owner(scenario: Scenario) -> None:
    used = {account for entry in scenario.journal for account, _amount in entry.postings}
    assert used <= scenario.account_codes()


@every
def test_an_entry_stands_on_a_day_of_its_order(scenario: Scenario) -> None:
    for entry in scenario.journal:
        shop, _, order_id, _, _ = entry.key.split(":")
        zone = ZoneInfo(scenario.shops[shop].time_zone)
        received = [step for step in scenario.receives() if (step.shop, step.order.id) == (shop, order_id)]
        assert entry.posting_on in set().union(*(days(step, zone) for step in received)), entry.key
        assert entry.currency == received[-1].order.currency


@every
def test_interim_books_are_the_beginning_of_the_journal(scenario: Scenario) -> None:
    for step in scenario.steps:
        if isinstance(step, Books):
            assert step.entries == scenario.journal[: len(step.entries)]


@every
def test_a_document_over_the_order_comes_to_its_stated_total(scenario: Scenario) -> None:
    receivable = scenario.accounts["role:receivable"]
    for step in last(scenario):
        key = f"{step.shop}:order:{step.order.id}:"
        billed = [entry for entry in scenario.journal if entry.key.startswith(f"{key}invoice:")]
        newest = {entry.key: entry for entry in billed}.values()
        gross = money.total(entry.sums().get(receivable, Decimal(0)) for entry in newest)
        assert gross == (stated(step.order) if billed else 0)


@every
def test_lines_and_taxes_come_to_the_stated_total(scenario: Scenario) -> None:
    for step in scenario.receives():
        off_by = scenario.off_by.get(f"{step.shop} {step.order.number}", Decimal(0))
        assert stated(step.order) - by_lines(step.order) == off_by
        taxes = money.total(tax.amount for line in step.order.lines for tax in line.taxes)
        assert step.order.totals.tax in (None, taxes + off_by)


@every
def test_the_taxes_of_lines_are_those_of_their_rate_to_the_minor_unit(scenario: Scenario) -> None:
    for step in scenario.receives():
        for line in step.order.lines:
            for tax in line.taxes:
                assert tax.rate is not None
                share = tax.rate / (1 + tax.rate) if step.order.tax_included else tax.rate
                assert money.rounded(line.amount * share, step.order.currency) == tax.amount, line.title


@every
def test_a_store_states_amounts_of_its_currency(scenario: Scenario) -> None:
    for step in scenario.receives():
        assert step.order.currency == scenario.shops[step.shop].currency
        for record in money_records(step.order):
            for amount in amounts(record):
                assert money.is_exact(amount, step.order.currency), f"{record}: {amount}"


@every
def test_instants_carry_their_zone_and_versions_grow_newer(scenario: Scenario) -> None:
    newest: dict[tuple[str, str], datetime] = {}
    for step in scenario.receives():
        order = step.order
        assert order.placed_at is not None
        assert order.updated_at is not None
        assert order.placed_at.tzinfo is not None
        assert order.updated_at.tzinfo is not None
        before = newest.get((step.shop, order.number))
        assert before is None or before < order.updated_at
        newest[step.shop, order.number] = order.updated_at


@every
def test_people_and_addresses_are_fictional(scenario: Scenario) -> None:
    for step in scenario.receives():
        assert step.order.email.endswith("@example.org")
        assert step.order.customer is not None
        assert step.order.customer.email.endswith("@example.org")


@every
def test_every_order_has_an_outcome_and_a_decision(scenario: Scenario) -> None:
    assert set(scenario.state) == {f"{step.shop} {step.order.number}" for step in scenario.receives()}
    approved = {f"{step.shop} {step.number}" for step in scenario.steps if isinstance(step, Approve)}
    assert approved == {order for order, state in scenario.state.items() if state != "rejected"}


@every
def test_what_customers_owe_comes_to_zero_unless_the_scenario_says_otherwise(scenario: Scenario) -> None:
    ends = scenario.balances()
    for role in ("receivable", "deposits"):
        account = scenario.accounts.get(f"role:{role}", "")
        assert ends.get(account, Decimal(0)) == scenario.open.get(account, Decimal(0)), account
