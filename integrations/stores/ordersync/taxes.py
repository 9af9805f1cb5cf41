"""The taxes of a typed line: the first in cells of its own, further ones each on a line of one cell: City 1.5% = 0.20."""

from __future__ import annotations

import re
from decimal import Decimal

from integrations.formats.node import Unclear
from integrations.stores.ordersync.rows import SheetRow
from orders import incoming

_FURTHER = re.compile(r"(?P<title>.+?)(?: (?P<rate>\d+(?:\.\d+)?)%)? = (?P<amount>-?\d+(?:\.\d+)?)")


def of(row: SheetRow) -> tuple[incoming.Tax, ...]:
    """Every tax of the line. Raises Unclear for a further tax that is written in another way, or a rate without an amount."""
    title, rate, amount = row.text("tax_title"), row.value("tax_rate"), row.value("tax_amount")
    if amount is None and (rate or row.text("further_taxes")):
        raise Unclear("tax amount", "", "Put in how much tax the line bears, 0 if none.", row.line)
    if amount is None:
        return ()
    country = row.text("tax_country").upper() if "tax_country" in row.layout.sheet.places else ""
    first = incoming.Tax(title=title, rate=None if rate is None else rate / 100, amount=amount, country=country)
    return (first, *(_further(text, row, country) for text in row.text("further_taxes").splitlines() if text.strip()))


def _further(text: str, row: SheetRow, country: str) -> incoming.Tax:
    found = _FURTHER.fullmatch(text.strip())
    if found is None:
        raise Unclear("further taxes", text, "Write each on a line of its own, as in City 1.5% = 0.20.", row.line)
    rate = Decimal(found["rate"]) / 100 if found["rate"] else None
    return incoming.Tax(title=found["title"], rate=rate, amount=Decimal(found["amount"]), country=country)
