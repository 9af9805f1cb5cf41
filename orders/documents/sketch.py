"""What would keep a new order from becoming documents: looked up part by part for most, drafted like any other else; nothing is asked of the database."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from decimal import Decimal

from orders import money, outgoing
from orders.documents import invoices, lines, payments, refunds
from orders.documents.books import Books
from orders.documents.plan import Draft
from orders.documents.problem import Problem
from orders.documents.sheet import Loaded, Row, Sheet
from orders.incoming import PaymentKind
from orders.models import Order, OrderLine, RecogniseOn, Refund, held
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
    if not _looked_up(page):
        page = Sketch(order, books)
        payments.drafts(page, invoices.drafts(page, ""))
    return tuple(page.problems)


def obstacles_of_refund(refund: Refund, books: Books) -> tuple[Problem, ...]:
    """The problems that `plan_refund` would name for a refund of such an order."""
    page = Sketch(refund.order, books)
    refunds.drafts(page, refund)
    return tuple(page.problems)


def _looked_up(page: Sketch) -> bool:
    """Note what drafting would, without a draft: of an order that becomes one invoice on its day, in the currency of the books, with payments that fit on it.

    False for every other order, which is to be drafted; what was noted by then says nothing.
    """
    order, day = page.order, page.order.placed_on
    if page.shop.recognise_on != RecogniseOn.PLACED or day is None or page.currency != page.ledger.base_currency:
        return False
    sold = money.total([_line(page, line) for line in held(order, "lines")])
    if not sold or sold != order.total_due or held(order, "adjustments"):
        return False
    _stand(page, DocumentKind.INVOICE, day)
    return _fit(page, sold)


def _line(page: Sketch, line: OrderLine) -> Decimal:
    """What the line makes on the invoice."""
    lines.account_of(page, line)
    worth = lines.exact(page, line, line.net)
    for tax in lines.taxes_of(line):
        worth += lines.exact(page, line, tax.amount) if tax else money.ZERO
        if tax or line.kind not in lines.UNTAXED:
            lines.tax_code_for(page, line.kind, tax)
    return worth


def _fit(page: Sketch, left: Decimal) -> bool:
    """Whether everything that came in fits on the invoice, and nothing was disputed."""
    for payment in invoices.successful(page):
        payments.money_rows(page, payment)
        _stand(page, DocumentKind.PAYMENT, page.day(payment.processed_at))
        left -= payment.amount
    disputed = any(payment.kind in _DISPUTED for payment in held(page.order, "payments"))
    return left >= 0 and not disputed


def _stand(page: Sketch, kind: DocumentKind, day: date) -> None:
    page.role("receivable")
    page.posting_day(day, moved=page.moved)
    page.check_kind(kind)


_DISPUTED = (PaymentKind.CHARGEBACK, PaymentKind.REVERSAL)
