"""Does the order add up? Both ways of summing, by its lines and by its header, against the total that is due."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _

from orders import money
from orders.documents.problem import Problem
from orders.findings.amounts import figure, said
from orders.findings.codes import problem
from orders.models import Adjustment, Order, held
from orders.money import ZERO


@dataclass(frozen=True, slots=True)
class Sum:
    """One way of summing: the total stated, what the way makes of it, in the order's currency."""

    way: str
    stated: Decimal
    computed: Decimal

    @property
    def difference(self) -> Decimal:
        """Stated minus computed."""
        return self.stated - self.computed


def total(order: Order) -> Iterator[Problem]:
    """The total due against lines (with adjustments) and header: what rounding explains warns, more blocks.

    `difference` is stated minus computed of the way that is further off. Adjustments that close the lines' difference are a person's word on the header's too;
    where the lines agree, what a person named is asked beyond the total.
    """
    named = standing(held(order, "adjustments"))
    if not named and order.total_due == order.by_lines and order.by_header in (None, order.total_due):
        return  # as nearly always
    closing = gross(named) if order.total_due != order.by_lines else ZERO
    by_lines = Sum(_("the lines"), order.total_due, order.by_lines + closing)
    off = [by_lines, *_by_header(order, settled=bool(named) and not by_lines.difference)]
    worst = max(off, key=lambda way: abs(way.difference))
    if worst.difference:
        within = abs(worst.difference) <= tolerance(order) and money.is_exact(by_lines.difference, order.currency)
        words = " ".join([*(_words(way, order.currency) for way in _told(off)), *_broken(order)])
        yield problem("rounding" if within else "total_mismatch", words, field="total", difference=worst.difference)


def identities(order: Order) -> Iterator[Problem]:
    """Sums of the store's format that do not hold although the total does."""
    if order.total_due == order.by_lines and order.by_header in (None, order.total_due):
        for broken in order.identities:
            words = _("%(code)s does not hold: %(words)s is off by %(difference)s.") % {
                "code": broken["code"],
                "words": broken["words"],
                "difference": said(Decimal(broken["difference"]), order.currency),
            }
            yield problem("identity_broken", words, field=broken["code"], difference=Decimal(broken["difference"]))


def tolerance(order: Order) -> Decimal:
    """What rounding may explain: a minor unit per line, at most the ledger's cap."""
    lines = sum(not line.removed for line in held(order, "lines"))
    return min(lines, order.shop.ledger.adjustment_cap) * money.minor_unit(order.currency)


def gross(adjustments: Iterable[Adjustment]) -> Decimal:
    """Net and tax of the adjustments."""
    return money.total(row.net + row.tax for row in adjustments)


def standing(rows: Iterable[Adjustment]) -> list[Adjustment]:
    """The adjustments that were not withdrawn."""
    return [row for row in rows if row.withdrawn_at is None]


def _by_header(order: Order, *, settled: bool) -> list[Sum]:
    if order.by_header is None or settled:
        return []
    return [Sum(_("the amounts of its header"), order.total_due, order.by_header)]


def _told(off: list[Sum]) -> list[Sum]:
    """The ways that are off; one sentence for both where they come to the same."""
    told = [way for way in off if way.difference]
    if len(told) == 2 and told[0].computed == told[1].computed:
        return [Sum(_("its lines and its header"), told[0].stated, told[0].computed)]
    return told


def _words(way: Sum, currency: str) -> str:
    words = _("The total is %(difference)s %(more)s than %(way)s make (%(stated)s against %(computed)s).")
    return words % {
        "difference": said(abs(way.difference), currency),
        "more": _("more") if way.difference > ZERO else _("less"),
        "way": way.way,
        "stated": figure(way.stated, currency),
        "computed": figure(way.computed, currency),
    }


def _broken(order: Order) -> Iterator[str]:
    if order.identities:
        named = "; ".join(broken["words"] for broken in order.identities)
        yield _("What does not hold: %s.") % named
