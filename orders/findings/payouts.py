"""What a payout needs: movements that make its amount, each of a payment that is known and in the books."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from orders import documents, money
from orders.documents.problem import Problem
from orders.findings import posted, sums
from orders.findings.amounts import figure, said
from orders.findings.codes import problem
from orders.models import Document, Match, Payout, PayoutLine, Severity

NAMES = 20
"""So many movements are named in one finding; the others are counted."""


def remainder(payout: Payout) -> Iterator[Problem]:
    """The amount is Σ (movements − fees), and what a person named."""
    made, named = _made(payout.lines.all()), _named(payout)
    without = _made(_lost(payout))
    if payout.amount in (made, made + named) or (without and payout.amount == made - without + named):
        return
    words = _("The payout is %(difference)s %(more)s than its movements less fees make (%(stated)s against %(made)s).") % {
        "difference": said(abs(payout.amount - made - named), payout.currency),
        "more": _("more") if payout.amount > made + named else _("less"),
        "stated": figure(payout.amount, payout.currency),
        "made": figure(made + named, payout.currency),
    }  # fmt: skip
    yield problem("payout_remainder", words, field="amount", difference=payout.amount - made - named)


def unmatched(payout: Payout) -> Iterator[Problem]:
    """Movements without a payment here, by what kept them from one; where a person named what they are, they are only told."""
    lost = _lost(payout)
    explained = bool(lost) and payout.amount == _made(payout.lines.all()) - _made(lost) + _named(payout)
    severity = Severity.WARNING if explained else None
    for how, code in (
        (Match.NONE, "payout_unmatched"),
        (Match.SEVERAL, "payout_ambiguous"),
        (Match.TAKEN, "payout_taken"),
    ):
        mine = [line for line in lost if _why(line) == how]
        if mine:
            yield problem(code, _words(how, mine, payout.currency), field="lines", severity=severity)


def superfluous(payout: Payout) -> Iterator[Problem]:
    """Where the movements make the amount by themselves, a named line would put the journal out of balance."""
    named = _named(payout)
    if named and not _lost(payout) and payout.amount == _made(payout.lines.all()):
        words = _("The movements make the payout by themselves, and %s more was named.") % said(named, payout.currency)
        yield problem(
            "payout_remainder", words, field="adjustments", fix=_("Withdraw the adjustment."), difference=-named
        )


def empty(payout: Payout) -> Iterator[Problem]:
    """A deposit without movements says what came, not for what."""
    if payout.amount and not payout.lines.all():
        yield problem("payout_without_lines", _("The payout comes without its movements."), field="lines")


def changed(payout: Payout) -> Iterator[Problem]:
    """It changed after a person approved it."""
    if payout.changed and any(row.booking.taken_at and not row.booking.refused_at for row in _documents(payout)):
        words = _(
            "The payout changed after its journal was sent. Approving takes that journal back and signs a new one."
        )
        yield problem("changed_after_posting", words)
    elif payout.changed:
        yield problem("changed_since_approval", _("The payout changed after it was approved, so the approval fell."))


def journal(payout: Payout) -> Iterator[Problem]:
    """What became of its journal in the ledger."""
    signed = _documents(payout)
    yield from posted.altered(signed)
    yield from posted.failed(signed)


def _why(line: PayoutLine) -> str:
    """What keeps a movement from its payment; one whose payment the store took back since is simply without."""
    return line.match if line.match in (Match.SEVERAL, Match.TAKEN) else Match.NONE


def _documents(payout: Payout) -> list[Document]:
    return list(Document.objects.filter(sources__payout=payout).select_related("booking", "invoice").order_by("pk"))


def _lost(payout: Payout) -> list[PayoutLine]:
    return [line for line in payout.lines.all() if line.kind in documents.OF_KIND and line.payment_id is None]


def _made(lines: Iterable[PayoutLine]) -> Decimal:
    return money.total(line.amount - line.fee for line in lines)


def _named(payout: Payout) -> Decimal:
    return sums.gross(sums.standing(payout.adjustments.all()))


def _words(how: Match, lines: list[PayoutLine], currency: str) -> str:
    names = [line.order_number or line.store_payment_id or f"#{line.position + 1}" for line in lines]
    values = {
        "count": len(lines),
        "amount": said(money.total(line.amount for line in lines), currency),
        "names": ", ".join(names[:NAMES]) + (" …" if len(names) > NAMES else ""),
    }
    if how == Match.SEVERAL:
        words = ngettext(
            "%(count)d movement over %(amount)s fits several payments, and none is guessed: %(names)s.",
            "%(count)d movements over %(amount)s fit several payments, and none is guessed: %(names)s.",
            len(lines),
        )
    elif how == Match.TAKEN:
        words = ngettext(
            "%(count)d movement over %(amount)s belongs to a payment that lies in another payout: %(names)s.",
            "%(count)d movements over %(amount)s belong to payments that lie in another payout: %(names)s.",
            len(lines),
        )
    else:
        words = ngettext(
            "%(count)d movement over %(amount)s belongs to no known payment: %(names)s.",
            "%(count)d movements over %(amount)s belong to no known payment: %(names)s.",
            len(lines),
        )
    return words % values
