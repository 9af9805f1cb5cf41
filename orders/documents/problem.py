"""What keeps a record from becoming documents, or is worth a look: in words, with the fix; findings are made of these."""

from __future__ import annotations

from decimal import Decimal

from orders.frozen import record
from orders.models import Severity


@record
class Problem:
    """One problem. `cause` groups those that one fix solves ("sku:MUG-XL"); `difference` is the exact amount where there is one."""

    code: str
    words: str
    fix: str = ""
    field: str = ""
    cause: str = ""
    severity: str = Severity.BLOCKING
    difference: Decimal | None = None
