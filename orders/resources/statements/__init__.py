"""Statements out of the books: the journal, open items, tax, sales; each handed out as a numbered batch that sums to the cent."""

from __future__ import annotations

from orders.resources.statements.batch import Differs, Made, Nothing, make, preview
from orders.resources.statements.journal import JOURNAL
from orders.resources.statements.open_items import OPEN_ITEMS
from orders.resources.statements.sales import SALES_BY_ACCOUNT
from orders.resources.statements.statement import Asked, Statement, Sums
from orders.resources.statements.tax import TAX

__all__ = ["STATEMENTS", "Asked", "Differs", "Made", "Nothing", "Statement", "Sums", "make", "preview"]

STATEMENTS: dict[str, Statement] = {
    statement.profile: statement for statement in (JOURNAL, OPEN_ITEMS, TAX, SALES_BY_ACCOUNT)
}
