"""The left side of a payout's page: its movements, how each found its payment, and what they come to."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from orders import documents, money
from orders.models import Payout, PayoutLine, held


@dataclass(frozen=True, slots=True)
class Movement:
    """One movement as the page shows it."""

    line: PayoutLine

    def __getattr__(self, name: str) -> Any:
        return getattr(self.line, name)

    @property
    def left(self) -> Decimal:
        return self.line.amount - self.line.fee

    @property
    def of_payment(self) -> bool:
        return self.line.kind in documents.OF_KIND


def of(payout: Payout) -> dict[str, Any]:
    """What the page shows of the payout, by the names that the page knows; its rows lie beside it since its journal was drafted."""
    lines, named = held(payout, "lines"), documents.named(payout)
    sums: defaultdict[str, list[Decimal]] = defaultdict(list)
    for line in lines:
        sums[line.kind].append(line.amount)
    return {
        "movements": [Movement(line) for line in lines],
        "by_kind": [(kind, len(found), money.total(found)) for kind, found in sums.items()],
        "fees": money.total(line.fee for line in lines),
        "made": money.total(line.amount - line.fee for line in lines) + money.total(row.net for row in named),
        "adjustments": named,
    }
