"""What would keep a new order from becoming documents: drafted like any other, but nothing is asked of the database, and no document is written out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date

from orders import money, outgoing
from orders.documents import invoices, payments, refunds
from orders.documents.books import Books
from orders.documents.plan import Draft
from orders.documents.problem import Problem
from orders.documents.sheet import Loaded, Row, Sheet
from orders.models import Order, Refund
from orders.outgoing import DocumentKind

_NOBODY = outgoing.Party(id="", name="")


class Sketch(Sheet):
    """The sheet of an order that was just made, with its rows held: nothing of it was signed, and its drafts carry amounts and keys alone."""

    def _load(self, books: Books | None) -> Loaded:
        return Loaded(books=books or Books(self.order.shop), signed=[], texts=[], holders=[])

    def draft(
        self,
        kind: DocumentKind,
        source: str,
        *,
        tax_on: date,
        rows: Sequence[Row],
        contra: str,
        sources: dict[str, int],
        memo: Callable[[], str],
        after: Iterable[tuple[str, int]] = (),
        applies_to: str = "",
        due: bool = True,
        when: str = "",
    ) -> Draft:
        """What `Sheet.draft` would find in the way; the reference is the key, which serves as well to tell documents apart."""
        key = self.key(kind, source)
        posting_on = self.posting_day(tax_on, moved=self.order.post_on_first_open_day)
        self.rate(posting_on)
        self.check_kind(kind)
        net, tax = money.total(line.net for line, _ in rows), money.total(line.tax for line, _ in rows)
        document = outgoing.Document(
            ledger="", key=key, revision=1, kind=kind, currency=self.currency, reference=key, base_currency="", rate=money.ZERO, rate_source="",
            issued_on=posting_on, tax_on=tax_on, posting_on=posting_on, net=net, tax=tax, gross=net + tax, contra_account=contra, lines=(), party=_NOBODY,
            hash="", order_number="", shop="", applies_to=applies_to,
        )  # fmt: skip
        return Draft(document=document, due=due, when=when)


def obstacles(order: Order, books: Books) -> tuple[Problem, ...]:
    """The problems that `plan` would name for a new order whose rows are held."""
    page = Sketch(order, books)
    payments.drafts(page, invoices.drafts(page, ""))
    return tuple(page.problems)


def obstacles_of_refund(refund: Refund, books: Books) -> tuple[Problem, ...]:
    """The problems that `plan_refund` would name for a refund of such an order."""
    page = Sketch(refund.order, books)
    refunds.drafts(page, refund)
    return tuple(page.problems)
