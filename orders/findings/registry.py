"""The checks of each kind of record. A check is one function that yields problems; adding one is adding it here."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from orders.documents.problem import Problem
from orders.findings import duplicates, masters, parties, payments, payouts, posted, refunds, state, sums, taxes
from orders.models import Order, Payout, Refund

ORDER: tuple[Callable[[Order], Iterator[Problem]], ...] = (
    sums.total,
    sums.identities,
    masters.lines,
    masters.skus,
    masters.currency,
    masters.presentment,
    parties.customer,
    parties.country,
    parties.billing,
    parties.vat_id,
    taxes.treatment,
    taxes.derived,
    payments.paid,
    duplicates.others,
    state.test,
    state.draft,
    state.cancelled,
    state.changed,
    state.corrections,
    posted.ledger,
    posted.failures,
)
REFUND: tuple[Callable[[Refund], Iterator[Problem]], ...] = (
    refunds.order,
    refunds.lines,
    refunds.beyond,
    refunds.payments,
    refunds.currency,
    refunds.date,
    refunds.changed,
)
PAYOUT: tuple[Callable[[Payout], Iterator[Problem]], ...] = (
    payouts.remainder,
    payouts.unmatched,
    payouts.superfluous,
    payouts.empty,
    payouts.changed,
    payouts.journal,
)
