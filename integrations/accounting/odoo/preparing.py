"""What is done before anything is sent: documents that cannot go are refused in words, customers and items are found, and rows are made."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from datetime import date

from integrations.accounting.base import Booked, Bounds, Masters, Outcome, add_up
from integrations.accounting.odoo import drafts, masters, settling, texts
from integrations.accounting.odoo.company import Company
from integrations.accounting.odoo.drafts import Draft
from integrations.errors import Refused, Trouble, Uncertain
from orders import outgoing
from orders.outgoing import Bound, DocumentKind


class Tray:
    """Several documents on their way: each keeps its own outcome, and a bad one leaves the others alone."""

    def __init__(self, documents: Sequence[outgoing.Document]) -> None:
        self._documents, self._outcomes = documents, dict[str, Outcome]()

    @property
    def open(self) -> list[outgoing.Document]:
        """Those without an outcome yet."""
        return [document for document in self._documents if texts.of(document) not in self._outcomes]

    def each(self, step: Callable[[outgoing.Document], None]) -> None:
        for document in self.open:
            try:
                step(document)
            except Trouble as error:
                self._outcomes[texts.of(document)] = error

    def settle(self, outcomes: Mapping[str, Outcome]) -> None:
        self._outcomes.update(outcomes)

    def outcomes(self, bound: Mapping[str, tuple[Bound, ...]]) -> list[Outcome]:
        """In the documents' order, each booked one with what was found or made for it."""
        nothing = Uncertain("Odoo was not asked for it.", fix="It is asked before anything is sent again.")
        told = [(texts.of(document), self._outcomes.get(texts.of(document), nothing)) for document in self._documents]
        return [
            dataclasses.replace(item, bound=bound.get(xid, ())) if isinstance(item, Booked) else item
            for xid, item in told
        ]


def admit(document: outgoing.Document, kinds: frozenset[str], bounds: Bounds) -> None:
    """Raises Refused for what is wrong with the document by itself."""
    if document.kind not in kinds:
        words = f"{document.reference}: ordersync books no {DocumentKind(document.kind).label} in Odoo."
        raise Refused(
            words,
            fix="Let the shop's orders become invoices and payments, or book it in Odoo by hand and reject it here.",
        )
    if bounds.lines is not None and len(document.lines) > bounds.lines:
        words = (
            f"{document.reference} has {len(document.lines)} lines; at most {bounds.lines} go to Odoo in one document."
        )
        raise Refused(words, fix="Book it in Odoo by hand and reject it here.")
    add_up(document)


def unlocked(document: outgoing.Document, sales: date | None, taxed: date | None) -> None:
    """Raises Refused for a day that is closed in Odoo, which would move the date in silence."""
    last = taxed if any(line.tax for line in document.lines) else sales
    if last and document.posting_on <= last:
        words = f"{document.reference} is posted on {document.posting_on}, and Odoo's books are locked up to {last}: it would move the date without a word."
        raise Refused(
            words,
            fix="Post it on the first open day, or have the lock date changed in Odoo: Accounting > Accounting > Lock Dates.",
            cause=f"period:{document.posting_on:%Y-%m}",
        )


def drafts_of(company: Company, options: Masters, tray: Tray) -> tuple[list[Draft], dict[str, tuple[Bound, ...]]]:
    """The rows of every document that is still open, and what was found or made for it on the way."""
    if not tray.open:
        return [], {}
    origins = settling.origins(company, tray.open)
    partners, items = masters.Partners(company), masters.Items(company, options)
    fresh = [
        document for document in tray.open if document.applies_to not in origins and needs_customer(document, company)
    ]
    tray.each(lambda document: _possible(document, company))
    partners.gather([document for document in fresh if document in tray.open])
    items.gather([document for document in tray.open if document.kind in drafts.TYPE])
    made: list[Draft] = []

    def make(document: outgoing.Document) -> None:
        origin = origins.get(document.applies_to)
        whose = origin["partner_id"][0] if origin else partners.of(document) if document in fresh else 0
        made.append(drafted(document, company, whose, items, origin["id"] if origin else 0))

    tray.each(make)
    return made, {draft.xid: _bound(draft.document, partners, items) for draft in made}


def needs_customer(document: outgoing.Document, company: Company) -> bool:
    """Only what touches a customer's account has a customer: a payout's journal has none."""
    return any(
        company.accounts.get(row.account, {}).get("account_type") == "asset_receivable"
        for row in outgoing.postings(document)
    )


def _possible(document: outgoing.Document, company: Company) -> None:
    """Everything the document names is looked for before a customer is made for it. Raises Refused."""
    nobody, none = 1, dict[int, int | None]()
    if document.kind in drafts.TYPE:
        drafts.sale(document, company, nobody, none)
        company.account(document.contra_account, f"{document.reference}, the other side")
    else:
        drafts.entry(document, company, nobody)


def drafted(document: outgoing.Document, company: Company, partner: int, items: masters.Items, origin: int) -> Draft:
    """Its rows: as an invoice or credit note, else as Odoo's own payment, else as an entry. Raises Refused, or Undecided for an item."""
    if document.kind in drafts.TYPE:
        products = {line.n: items.of(document, line) for line in document.lines}
        return drafts.sale(
            document, company, partner, products, origin if document.kind == DocumentKind.CREDIT_NOTE else 0
        )
    return drafts.payment(document, company, partner, origin) or drafts.entry(document, company, partner, origin)


def _bound(document: outgoing.Document, partners: masters.Partners, items: masters.Items) -> tuple[Bound, ...]:
    whose = partners.bound.get(masters.ours(document))
    mine = [items.bound[line.sku] for line in document.lines if line.sku in items.bound]
    return (*((whose,) if whose else ()), *dict.fromkeys(mine))
