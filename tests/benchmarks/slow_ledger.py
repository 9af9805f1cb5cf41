"""An honest ledger that needs its time for each document, and nothing else: what is measured with it is ours."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from integrations.accounting.base import Booked, Bounds, Check, Idempotency
from integrations.registry import adapter
from orders import incoming, outgoing
from tests import crime_ledger


@adapter("slow")
class SlowLedger:
    """It keeps nothing: that each document is sent once is shown elsewhere."""

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Options:
        at_once: int = 1
        latency: Decimal = Decimal(0)

    kinds: ClassVar[frozenset[str]] = frozenset(outgoing.DocumentKind.values)
    idempotency: ClassVar[Idempotency] = Idempotency.LOOK_UP
    bounds: ClassVar[Bounds] = Bounds()

    def __init__(self, options: Options, session: object = None) -> None:
        self.latency, self.concurrency = float(options.latency), options.at_once

    def check(self) -> Sequence[Check]:
        return []

    def choices(self) -> incoming.Choices:
        return incoming.Choices()

    def find(self, document: outgoing.Document) -> Booked | None:
        return None

    def book(self, document: outgoing.Document) -> Booked:
        time.sleep(self.latency)
        return crime_ledger.answer(document, f"S-{document.reference}")

    def read(self, references: Sequence[str]) -> Sequence[incoming.InvoiceState]:
        return []
