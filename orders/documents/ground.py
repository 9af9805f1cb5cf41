"""The ground that drafting stands on, whatever is drafted: shop, ledger and mappings, open days, rates, and what is in the way."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from orders import periods
from orders.documents import reference
from orders.documents.books import Books
from orders.documents.problem import Problem
from orders.models import Document, PeriodState, Purpose, Shop
from orders.outgoing import DocumentKind


class Ground:
    """One shop's side of the books in one currency. `problems` collects what is in the way, each once."""

    def __init__(self, shop: Shop, currency: str, books: Books | None = None) -> None:
        self.shop, self.ledger, self.currency = shop, shop.ledger, currency
        self.books = books or Books(shop)
        self.chart = self.books.chart
        self.zone = self.books.zone
        self.problems: list[Problem] = []
        self.references: dict[str, set[str]] = {}  # those that were looked up: the kinds of which a document holds it

    def role(self, name: str) -> str:
        """The account of a role, "" with a problem."""
        return self.chart.account(Purpose.ROLE, name, self.problems)

    def problem(self, **values: object) -> None:
        """Note a problem, once."""
        found = Problem(**values)  # type: ignore[arg-type]
        if found not in self.problems:
            self.problems.append(found)

    def posting_day(self, day: date, *, moved: bool) -> date:
        """The day of the books: the document's own, or the first open day after a closed one if the owner chose so (`moved`)."""
        if self.books.period(day) != PeriodState.CLOSED:
            return day
        open_on = self.books.first_open_day(day)
        if isinstance(open_on, periods.Refused):
            fix = open_on.words
        elif moved:
            return open_on
        else:
            fix = _("Post on the first open day (%s).") % open_on
        self.problem(
            code="period_closed", cause=f"period:{day:%Y-%m}", field="posting_on",
            words=_("%(day)s lies in a closed period of the ledger %(ledger)s.") % {"day": day, "ledger": self.ledger.code},
            fix=fix,
        )  # fmt: skip
        return day

    def rate(self, day: date) -> tuple[Decimal, str]:
        """The base currency per unit on that day, and where the rate is from; 1 with a problem where none is known."""
        if self.currency == self.ledger.base_currency:
            return Decimal(1), ""
        row = self.books.rate(self.currency, day)
        if row is None:
            self.problem(
                code="rate_missing", cause=f"rate:{self.currency}", field="currency",
                words=_("There is no exchange rate from %(ours)s to %(base)s on or before %(day)s.")
                % {"ours": self.currency, "base": self.ledger.base_currency, "day": day},
                fix=_("Enter the rate."),
            )  # fmt: skip
            return Decimal(1), ""
        return row.rate.normalize(), f"{row.source} {row.on}"

    def check_kind(self, kind: DocumentKind) -> None:
        """Note where the ledger cannot take such a document."""
        if kind not in self.ledger.kinds:
            self.problem(
                code="kind_unsupported", cause=f"kind:{kind}",
                words=_("The ledger %(ledger)s cannot take a %(kind)s.") % {"ledger": self.ledger.code, "kind": kind.label},
                fix=_("Book it there by hand and reject it here, or connect a ledger that can."),
            )  # fmt: skip

    def unused(self, kind: str, text: str, key: str, revision: int) -> str:
        """The reference, in its hashed form where another document of the kind holds it."""
        if text not in self.references:
            self.look_up([text], holders([text], self.shop))
        taken = kind in self.references[text]
        return reference.hashed(self.shop.prefix, key, revision) if taken else text

    def look_up(self, texts: Iterable[str], rows: Iterable[tuple[str, str]]) -> None:
        """Take these (reference, kind) as all that hold one of these texts."""
        self.references |= {text: set() for text in texts}
        for text, kind in rows:
            self.references[text].add(kind)


def holders(texts: list[str], shop: Shop) -> QuerySet[Document, tuple[str, str]]:
    """The references of the shop's ledger that are among these, each with the kind of its document."""
    rows = Document.objects.filter(ledger=shop.ledger_id, kind__in=DocumentKind.values, reference__in=texts)
    return rows.order_by().values_list("reference", "kind")
