"""How fast documents reach a real Tryton (make tryton), and whether its books say what was signed: `python -m tests.benchmarks.tryton [DOCUMENTS]`.

Against a bare client that creates, posts, reconciles and reads the same documents in calls of as many, looks for nothing before and compares nothing after; and
against the same adapter, one document a call. They take turns, so that whatever else the machine does slows all alike; all have logged in and know the accounts.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import psutil

from tests.benchmarks import instruments
from tests.benchmarks.instruments import Bar

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests"))
SINGLES = 2  # a round, booked one a call: enough to tell, for each takes long
WAYS = {
    "ours": "invoices, ours",
    "bare": "invoices, a bare client",
    "single": "invoices, ours, one a call",
    "ours paid": "payments, ours",
    "bare paid": "payments, a bare client",
}
PAID = (("118.38", "card", "Assets:Clearing:Card"), ("3.00", "fee", "Expenses:Fees"))
Act = Callable[[Sequence[Any]], object]


@dataclass
class Clock:
    """What one way of booking took: documents, seconds by the clock, seconds of Tryton's CPU and of ours."""

    server: psutil.Process
    documents: int = 0
    seconds: float = 0
    theirs: float = 0
    own: float = 0

    def run(self, act: Act, made: Sequence[Any]) -> None:
        theirs, own, begun = _cpu(self.server), process_time(), perf_counter()
        act(made)
        self.seconds += perf_counter() - begun
        self.own += process_time() - own
        self.theirs += _cpu(self.server) - theirs
        self.documents += len(made)

    @property
    def rate(self) -> float:
        return self.documents / self.seconds

    @property
    def row(self) -> tuple[int, float, float, float, float]:
        each = self.seconds / self.documents, self.theirs / self.documents, self.own / self.documents
        return self.documents, self.rate, *each


def main(count: int) -> None:
    from ordersync_site import embedded_tryton

    if why := embedded_tryton.missing():
        raise SystemExit(why)
    with instruments.database("tryton"):
        from tests.tryton_company import ground

        with ground() as there:
            there.empty()
            measured(there, count)


def measured(ground: Any, count: int) -> None:
    ours = ground.adapter()
    race = Race(ours, psutil.Process(ground.running.pid))
    race.run("warm", measured=False)
    for turn in range(max(1, count // ours.batch)):
        race.run(str(turn), bare_first=bool(turn % 2))
    differences = _sums(ground, race.signed)
    titles = (f"Tryton, {ours.batch} a call", "documents", "documents/s", "s each", "Tryton's CPU s each", "ours")
    instruments.table(titles, [(words, *race.clocks[way].row) for way, words in WAYS.items()])
    _tell(race, differences)


def _tell(race: Race, differences: Decimal) -> None:
    rate = {way: clock.rate for way, clock in race.clocks.items()}
    ratios = {
        "invoices, of a bare client": rate["ours"] / rate["bare"],
        "payments, of a bare client": rate["ours paid"] / rate["bare paid"],
        "invoices, of one a call": rate["ours"] / rate["single"],
    }
    instruments.table(("Tryton", "ratio"), list(ratios.items()))
    bars = [
        Bar("0.9 / share of a bare client, invoices", 0.9 / ratios["invoices, of a bare client"], 1),
        Bar("0.9 / share of a bare client, payments", 0.9 / ratios["payments, of a bare client"], 1),
        Bar("2 / gain by batches", 2 / ratios["invoices, of one a call"], 1),
        Bar("differences between signed and booked", float(differences), 0),
    ]
    figures = {way: round(1 / found, 3) for way, found in rate.items()}
    counted = {"documents": len(race.signed), **figures}
    instruments.tell("tryton", counted, {name: round(found, 3) for name, found in ratios.items()}, bars)


class Race:
    """Every way has its turn in each round, ours and the bare client first in turn."""

    def __init__(self, ours: Any, server: psutil.Process) -> None:
        self.ours, self.bare = ours, Bare(ours)
        self.clocks = {way: Clock(server) for way in WAYS}
        self.signed: list[Any] = []

    def run(self, name: str, *, bare_first: bool = False, measured: bool = True) -> None:
        invoices, payments = _documents(f"O{name}-", self.ours.batch)
        theirs, their_payments = _documents(f"B{name}-", self.ours.batch)
        self.bare.prepare(theirs, their_payments)
        pairs = [
            [("ours", invoices, self.book), ("bare", theirs, self.bare.invoices)],
            [("ours paid", payments, self.book), ("bare paid", their_payments, self.bare.payments)],
        ]
        turns = [turn for pair in pairs for turn in (reversed(pair) if bare_first else pair)]
        turns += [("single", [one], self.book) for one in _documents(f"S{name}-", SINGLES)[0]]
        for way, made, act in turns:
            self.clocks[way].run(act, made) if measured else act(made)
            self.signed += made

    def book(self, made: Sequence[Any]) -> None:
        from integrations.accounting import base

        outcomes = base.book_many(self.ours, made)
        if bad := [outcome for outcome in outcomes if not isinstance(outcome, base.Booked)]:
            raise SystemExit(f"Not booked: {bad[0]}")


class Bare:
    """A client that has worked out beforehand what it sends, and trusts the answers."""

    def __init__(self, adapter: Any) -> None:
        self.adapter, self.call = adapter, adapter.books.client
        self.drafts: dict[str, dict[str, Any]] = {}
        self.claims: dict[str, int] = {}

    def prepare(self, *made: Sequence[Any]) -> None:
        from integrations.accounting.tryton import posting

        way = posting.Posting(self.adapter.books, self.adapter.options)
        for documents in made:
            way.parties.gather(documents)
            for document in documents:
                way.work_out(document)
        self.drafts = way.values

    def _written(self, model: str, made: Sequence[Any], fields: list[str]) -> list[dict[str, Any]]:
        ids = self.call(f"model.{model}.create", [self.drafts[f"{row.kind} {row.reference}"] for row in made])
        self.call(f"model.{model}.post", ids)
        rows: list[dict[str, Any]] = self.call(f"model.{model}.read", ids, fields)
        return rows

    def invoices(self, made: Sequence[Any]) -> None:
        fields = ["reference", "number", "state", "total_amount", "lines_to_pay"]
        for row in self._written("account.invoice", made, fields):
            (self.claims[row["reference"]],) = row["lines_to_pay"]

    def payments(self, made: Sequence[Any]) -> None:
        """Reconciled with their invoices, which Tryton offers one at a time."""
        rows = self._written("account.move", made, ["number", "state", "lines.description", "lines.account.code"])
        wizard = "wizard.account.move.reconcile_lines"
        session = self.call(f"{wizard}.create")[0]
        for row in rows:
            (line,) = [line for line in row["lines."] if line["description"] in self.claims]
            ids = [self.claims[line["description"]], line["id"]]
            chosen = {"active_model": "account.move.line", "active_id": ids[0], "active_ids": ids}
            self.call(f"{wizard}.execute", session, {}, "start", **chosen)
        self.call(f"{wizard}.delete", session)


def _documents(prefix: str, count: int) -> tuple[list[Any], list[Any]]:
    """Invoices of three lines, and their payments by card."""
    from tests.contracts import documents

    texts = ("T-shirt, red", "Mug", "Parcel")
    lines = tuple(documents.line(n, "34.00", "6.46", text=text) for n, text in enumerate(texts, 1))
    paid = tuple(
        documents.line(n, amount, kind=kind, text=kind, account=account)
        for n, (amount, kind, account) in enumerate(PAID, 1)
    )
    made = [documents.invoice(f"{prefix}{n}", lines=lines) for n in range(count)]
    return made, [documents.payment(f"{prefix}{n}", lines=paid) for n in range(count)]


def _sums(ground: Any, signed: Sequence[Any]) -> Decimal:
    """Print each account's sum as signed and as Tryton's own tables have it; all differences together."""
    from orders import outgoing

    meant: defaultdict[str, Decimal] = defaultdict(Decimal)
    for document in signed:
        for posting in outgoing.postings(document):
            meant[posting.account] += posting.amount
    found = {account: amount for (account, _currency), amount in ground.sums().items()}
    rows = [(name, meant[name], found.get(name, Decimal(0))) for name in sorted({*meant, *found})]
    titles = (f"{len(signed)} documents", "signed EUR", "in Tryton EUR", "difference")
    instruments.table(titles, [(name, f"{is_:.2f}", f"{there:.2f}", f"{there - is_:.2f}") for name, is_, there in rows])
    return sum((abs(there - is_) for _name, is_, there in rows), Decimal(0))


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
