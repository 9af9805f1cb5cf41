"""Holds the statements of a ledger against what was worked out by hand, against the proof, and against each other."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from decimal import Decimal
from typing import Any

from orders import models as m
from orders import reconciliation
from orders.resources.statements import STATEMENTS, Asked, Nothing, make
from tests.scenario_files import Scenario

EVER = (date(2000, 1, 1), date(2100, 1, 1))


def rows(profile: str, ledger: m.Ledger, first: date = EVER[0], last: date = EVER[1]) -> list[dict[str, Any]]:
    """A statement's rows by title."""
    statement = STATEMENTS[profile]
    found = statement.rows(Asked(ledger, first, last))
    return [dict(zip(statement.table.titles, row, strict=True)) for row in found]


def balances(ledger: m.Ledger) -> dict[str, Decimal]:
    """The end of the journal by account."""
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    for row in rows("journal", ledger):
        sums[row["account"]] += (row["debit"] or 0) - (row["credit"] or 0)
    return {account: amount for account, amount in sums.items() if amount}


def summed(found: list[dict[str, Any]], *titles: str) -> dict[str, list[Decimal]]:
    """The sums of these columns by currency."""
    sums: dict[str, list[Decimal]] = {}
    for row in found:
        before = sums.get(row["currency"], [Decimal(0)] * len(titles))
        sums[row["currency"]] = [one + (row[title] or 0) for one, title in zip(before, titles, strict=True)]
    return sums


def proved(measure: str) -> dict[str, Decimal]:
    """What the proof says is booked, by currency; tax of every code together."""
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    for row in reconciliation.proof().sales:
        if row.measure.startswith(measure):
            sums[row.currency] += row.booked
    return sums


def agree(ledger: m.Ledger, scenario: Scenario) -> None:
    """Every statement of the ledger is right to the cent."""
    by_hand = {account: amount for account, amount in scenario.balances().items() if amount}
    stands = balances(ledger)
    if not m.Invoice.objects.exclude(adjustments=[]).exists():
        assert stands == by_hand
    assert sum(stands.values()) == 0
    receivable = scenario.accounts["role:receivable"]
    owed: dict[str, list[Decimal]] = summed(rows("open-items", ledger), "balance")
    assert sum(sums[0] for sums in owed.values()) == stands.get(receivable, 0)
    for currency, (net, tax, gross) in summed(rows("tax", ledger), "net", "tax", "gross").items():
        assert (net, tax, gross) == tuple(proved(measure)[currency] for measure in ("net", "tax", "gross"))
        assert summed(rows("sales", ledger), "net")[currency] == [net]
    _handed_out(ledger)


def _handed_out(ledger: m.Ledger) -> None:
    """Each is handed out, which holds it against its control totals; only what was never booked is not."""
    by = m.Event.objects.exclude(by=None)[0].by
    assert by is not None
    for statement in STATEMENTS.values():
        try:
            assert make(statement, Asked(ledger, *EVER), by).new
        except Nothing:
            assert not rows(statement.profile, ledger)
