"""Reads tests/scenarios/*.json into typed records, so that a misspelt field or a bad amount fails at once and by name."""

from __future__ import annotations

import dataclasses
import json
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from orders import incoming
from tests import typed_json

FOLDER = Path(__file__).parent / "scenarios"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """`adjustment_cap` is in minor units of the document's currency."""

    currency: str
    zero_total: str
    adjustment_cap: int
    adjustment_account: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    currency: str
    prefix: str
    country: str
    time_zone: str
    recognise_on: str
    fees_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxRow:
    """A tax code and one mapping to it: `rate` is the code's, `match_rate` what the store states. Left out or empty means open."""

    code: str
    account: str
    rate: Decimal
    treatment: incoming.TaxTreatment
    title: str
    country: str = ""
    region: str = ""
    line_kind: incoming.LineKind | None = None
    match_rate: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """`rate` is the ledger's currency per unit of `currency` (in the file: `from`)."""

    on: date
    currency: str = field(metadata={"name": "from"})
    rate: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One document of the journal. `postings`: account and amount, a debit positive; each account once, its lines summed.

    `rate` (the ledger's currency per unit) only where it differs from 1.
    """

    key: str
    revision: int
    reference: str
    kind: str
    posting_on: date
    currency: str
    why: str
    postings: tuple[tuple[str, Decimal], ...]
    rate: Decimal = Decimal(1)

    def sums(self) -> dict[str, Decimal]:
        """Amount by account, without accounts that come to zero: the form in which journals are compared."""
        return {account: amount for account, amount in self.postings if amount}


@dataclass(frozen=True, slots=True, kw_only=True)
class Receive:
    shop: str
    order: incoming.Order


@dataclass(frozen=True, slots=True, kw_only=True)
class Approve:
    """The order, if it waits for approval, and then each of its pending refunds without a blocking finding."""

    shop: str
    number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Correct:
    shop: str
    number: str
    field: str
    value: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjust:
    """Amounts are positive in the direction of the document: charged on an order, given back on a refund."""

    shop: str
    number: str
    account: str
    net: Decimal
    reason: str
    tax: Decimal = Decimal(0)
    tax_code: str = ""
    refund: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reject:
    shop: str
    number: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocked:
    """These blocking findings stand, and approving is refused."""

    shop: str
    number: str
    codes: tuple[str, ...]
    refund: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """Undo time is over and the outbox runs until nothing is left to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """The whole journal at this point."""

    entries: tuple[Entry, ...]


Step = Receive | Approve | Correct | Adjust | Reject | Blocked | Post | Books
_STEPS: dict[str, type[Step]] = {
    "receive": Receive,
    "approve": Approve,
    "correct": Correct,
    "adjust": Adjust,
    "reject": Reject,
    "blocked": Blocked,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One history. `accounts` maps "purpose:value" to an account; `state` and `off_by` are by "SHOP NUMBER".

    `off_by` is the stated total less the lines, where they differ. `open` names what is still owed in the end on the accounts of receivable and
    deposits; what is not named there has come to zero. `target_adjustments` are the amounts by account that the ledger may add to what was signed.
    """

    name: str
    title: str
    why: str
    ledger: Ledger
    shops: dict[str, Shop]
    accounts: dict[str, str]
    taxes: tuple[TaxRow, ...]
    steps: tuple[Step, ...]
    journal: tuple[Entry, ...]
    state: dict[str, str]
    rates: tuple[Rate, ...] = ()
    settings: dict[str, str] = field(default_factory=dict)
    ledger_kind: str = ""
    off_by: dict[str, Decimal] = field(default_factory=dict)
    open: dict[str, Decimal] = field(default_factory=dict)
    target_adjustments: dict[str, Decimal] = field(default_factory=dict)

    def receives(self) -> list[Receive]:
        return [step for step in self.steps if isinstance(step, Receive)]

    def mappings(self) -> list[tuple[str, str, str]]:
        """Purpose, value and account: ("payment", "card:gateway", "Assets:Clearing:Card")."""
        return [(*_split(key), account) for key, account in self.accounts.items()]

    def account_codes(self) -> set[str]:
        """Every account that the ledger must have before the first step."""
        adjusted = {step.account for step in self.steps if isinstance(step, Adjust)}
        return {
            *self.accounts.values(),
            *(row.account for row in self.taxes),
            self.ledger.adjustment_account,
            *adjusted,
        }

    def skus(self, shop: str) -> set[str]:
        """The products that the shop must know, so that no line is of an unknown one."""
        return {line.sku for step in self.receives() if step.shop == shop for line in step.order.lines if line.sku}

    def balances(self) -> dict[str, Decimal]:
        """The end of the journal by account."""
        sums: defaultdict[str, Decimal] = defaultdict(Decimal)
        for entry in self.journal:
            for account, amount in entry.postings:
                sums[account] += amount
        return dict(sums)


def paths() -> list[Path]:
    """Every scenario file, by name."""
    return sorted(FOLDER.glob("*.json"))


def load(path: Path) -> Scenario:
    """The scenario in the file. Raises ValueError that names the place in the file for an unknown or missing field or a value of another type."""
    data = json.loads(path.read_text(encoding="utf-8"))
    steps = tuple(_step(step, f"steps[{n}]") for n, step in enumerate(data.pop("steps")))
    scenario: Scenario = typed_json.record(Scenario, {**data, "name": path.stem, "steps": []}, path.stem)
    return dataclasses.replace(scenario, steps=steps)


def _split(key: str) -> tuple[str, str]:
    purpose, _, value = key.partition(":")
    return purpose, value


def _step(data: dict[str, Any], place: str) -> Step:
    if len(data) != 1:
        raise ValueError(f"{place}: a step has one verb, not {sorted(data)}")
    ((verb, body),) = data.items()
    if verb == "post" and body is True:
        return Post()
    if verb == "books":
        return Books(entries=typed_json.value_of(tuple[Entry, ...], body, f"{place}.books"))
    if verb not in _STEPS:
        raise ValueError(f"{place}: unknown step {verb!r}")
    step: Step = typed_json.record(_STEPS[verb], body, f"{place}.{verb}")
    return step
