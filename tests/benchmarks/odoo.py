"""How fast documents reach an Odoo that is as slow as a real one was: `python -m tests.benchmarks.odoo [DOCUMENTS]`.

Against a bare client that loads, posts and reads the same documents in batches of as many and compares nothing; and against the same adapter, one document a call.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

from tests.benchmarks import instruments
from tests.benchmarks.instruments import Bar

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests"))


def main(count: int) -> None:
    with instruments.database("odoo"):
        measured(count)


def measured(count: int) -> None:
    from tests.lab import odoo as lab

    with tempfile.TemporaryDirectory() as folder, lab.Odoo(Path(folder)) as server:
        retail = str(lab.partner(server.books, {"name": "Web customers"}))
        server.pace = 1.0
        bare = count / _timed(lambda: _bare(server, _documents("B", count, retail)))
        ours = count / _timed(lambda: _ours(server, _documents("O", count, retail)))
        few = max(10, count // 10)
        single = few / _timed(lambda: _single(server, _documents("S", few, retail)))
        booked = server.times()
    if set(booked.values()) != {1} or booked.total() != 2 * count + few:
        raise SystemExit("Not every document was posted once.")
    rows = [
        ("batches, against a bare batching client", ours, bare, ours / bare),
        ("batches, against one a call", ours, single, ours / single),
    ]
    instruments.table(("Odoo", "documents/s", "yardstick/s", "ratio"), rows)
    bars = [
        Bar("0.9 / share of a bare batching client", 0.9 / rows[0][3], 1),
        Bar("2 / gain by batches", 2 / rows[1][3], 1),
    ]
    instruments.tell("odoo", {"documents": count}, {row[0]: round(row[3], 3) for row in rows}, bars)


def _documents(prefix: str, count: int, retail: str) -> list[Any]:
    from orders.outgoing import Known
    from tests.contracts import documents
    from tests.lab import odoo as lab

    def lines() -> tuple[Any, ...]:
        return tuple(documents.line(n, "10.00", "1.90", chart=lab.NUMBERS, text=f"Item {n}") for n in (1, 2, 3))

    known = Known(ours="web:guest:1", customer=retail)
    return [
        documents.invoice(f"{prefix}{n}", chart=lab.NUMBERS, lines=lines(), known=known, shop="web")
        for n in range(count)
    ]


def _ours(server: Any, made: Sequence[Any]) -> None:
    from integrations.accounting import base
    from tests.test_odoo import adapter

    ledger = adapter(server)
    for n in range(0, len(made), ledger.batch):
        base.book_many(ledger, made[n : n + ledger.batch])


def _single(server: Any, made: Sequence[Any]) -> None:
    from tests.test_odoo import adapter

    ledger = adapter(server)
    for document in made:
        ledger.book(document)


def _bare(server: Any, made: Sequence[Any]) -> None:
    """Three calls a batch: what it needs to know of accounts and taxes it knows already."""
    from integrations.accounting.odoo import Odoo, drafts
    from integrations.accounting.odoo.line import SAFE
    from tests.test_odoo import adapter

    ledger = adapter(server)
    rows = [drafts.sale(document, ledger.company, int(document.known.customer), {}) for document in made]
    for n in range(0, len(rows), Odoo.batch):
        batch = rows[n : n + Odoo.batch]
        data = [list(row) for draft in batch for row in draft.rows]
        ids = ledger.line.call("account.move", "load", context=SAFE, fields=list(batch[0].columns), data=data)["ids"]
        ledger.line.call("account.move", "action_post", ids)
        ledger.line.call("account.move", "read", ids, fields=["name", "state", "amount_total"])


def _timed(act: Any) -> float:
    begun = perf_counter()
    act()
    return perf_counter() - begun


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
