"""For targets that reckon the tax themselves: what they will come to, and the named adjustment that brings it back to what was signed."""

from __future__ import annotations

from decimal import Decimal

from integrations.accounting.base import Adjustment
from integrations.errors import Refused
from orders import money, outgoing


def is_second_tax(line: outgoing.Line) -> bool:
    """A second tax on goods of another line: no target can reckon it, so it goes as a plain amount to the tax's own account."""
    return bool(line.tax) and not line.net


def second_taxes(document: outgoing.Document) -> Decimal:
    """What of the document's tax goes as a plain amount, so that the target does not show it as tax."""
    return money.total(line.tax for line in document.lines if is_second_tax(line))


def adjustments(document: outgoing.Document, target: str, *, by_document: bool = False) -> tuple[Adjustment, ...]:
    """One adjustment for each tax that the target reckons otherwise: tax as it reckons it, net the other way, so that the total stays the signed one.

    Raises Refused, with both figures, beyond what the document allows.
    """
    off = {code: there - signed for code, (signed, there) in _taxes(document, by_document).items() if there != signed}
    whole = money.total(abs(difference) for difference in off.values())
    if off and (not document.adjustment_account or whole > document.adjustment_limit):
        figures = "; ".join(
            f"{code}: {target} reckons {there}, signed is {signed}"
            for code, (signed, there) in _taxes(document, by_document).items()
            if code in off
        )
        words = (
            f"{document.reference}: {figures} {document.currency}; at most {document.adjustment_limit} may be adjusted."
        )
        raise Refused(words, fix="Raise the ledger's cap, or correct the tax by a named adjustment.")
    return tuple(
        Adjustment(
            account=document.adjustment_account,
            net=-difference,
            tax=difference,
            tax_code=code,
            words=f"{code}: {target} reckons {abs(difference)} {document.currency} {'more' if difference > 0 else 'less'} than was signed.",
        )
        for code, difference in off.items()
    )


def _taxes(document: outgoing.Document, by_document: bool) -> dict[str, tuple[Decimal, Decimal]]:
    """By tax code: what was signed, and what the target makes of net and rate; a tax without a rate is taken as signed."""
    signed: dict[str, Decimal] = {}
    there: dict[str, Decimal] = {}
    for line in document.lines:
        if not line.tax or is_second_tax(line):
            continue
        exact = line.tax if line.tax_rate is None else line.net * line.tax_rate
        signed[line.tax_code] = signed.get(line.tax_code, money.ZERO) + line.tax
        reckoned = exact if by_document else money.rounded(exact, document.currency)
        there[line.tax_code] = there.get(line.tax_code, money.ZERO) + reckoned
    return {code: (signed[code], money.rounded(there[code], document.currency)) for code in signed}
