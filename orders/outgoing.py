"""What any ledger is given: a signed document as frozen data, and its postings; nothing a ledger adapter needs lies outside of it.

How amounts are signed. A document has lines and one contra account. Amounts are positive in the natural direction of the kind; `LINE_SIDE` says on which side
its lines stand, and the contra account always takes the other side with the document's gross. A discount line of an invoice is negative, and so stands as a debit.

| kind           | lines                               | contra                       |
|----------------|-------------------------------------|------------------------------|
| invoice        | credit: income, tax                 | debit: receivable            |
| credit note    | debit: income, tax                  | credit: receivable           |
| receipt        | credit: income, tax                 | debit: where the money lies  |
| payment        | debit: where the money lies, fees   | credit: receivable, deposits |
| refund payment | credit: where the money left        | debit: receivable            |
| journal        | debit                               | credit                       |
"""

from __future__ import annotations

import json
from dataclasses import field
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from orders import incoming
from orders.frozen import record
from orders.money import ZERO


class DocumentKind(TextChoices):
    """The kinds of document a ledger may be able to take."""

    INVOICE = "invoice", _("invoice")
    CREDIT_NOTE = "credit_note", _("credit note")
    RECEIPT = "receipt", _("receipt")
    PAYMENT = "payment", _("payment")
    REFUND_PAYMENT = "refund_payment", _("refund payment")
    JOURNAL = "journal", _("journal")


DEBIT, CREDIT = 1, -1
LINE_SIDE: dict[str, int] = {
    DocumentKind.INVOICE: CREDIT,
    DocumentKind.CREDIT_NOTE: DEBIT,
    DocumentKind.RECEIPT: CREDIT,
    DocumentKind.PAYMENT: DEBIT,
    DocumentKind.REFUND_PAYMENT: CREDIT,
    DocumentKind.JOURNAL: DEBIT,
}
SALES = (DocumentKind.INVOICE, DocumentKind.RECEIPT, DocumentKind.CREDIT_NOTE)
"""The kinds that say what was sold or given back; the others move money."""


@record
class Party:
    """The customer of a document: personal data, kept apart from the body and erasable. `id` is ours: stable, for the ledger's reference."""

    id: str = ""
    name: str = ""
    company: str = ""
    email: str = ""
    vat_id: str = ""
    billing: incoming.Address | None = None
    shipping: incoming.Address | None = None


@record
class Line:
    """One line: `net` and `tax` in the document's currency. A second tax on the same goods is a line of its own with net 0.

    `account` takes the net. `tax_account` takes the tax; `tax_code` and `tax_rate` (a fraction) are the ledger's own; `base` is what the tax was reckoned on.
    `credits` is "REFERENCE/n": the invoice's line that a credit line takes back.
    """

    n: int
    kind: str
    text: str
    account: str
    net: Decimal
    tax: Decimal = ZERO
    quantity: Decimal = Decimal(1)
    sku: str = ""
    item: str = ""
    tax_code: str = ""
    tax_rate: Decimal | None = None
    tax_account: str = ""
    base: Decimal | None = None
    credits: str = ""
    dimensions: tuple[tuple[str, str], ...] = ()


@record
class Known:
    """Which records of the ledger are known to stand for ours; what was decided or found earlier, handed in with a document and never signed.

    `ours` is our reference for the customer, which a record made over there carries. `customer` is the ledger's own id of it ("" not known yet); `make`: a
    person said that none of the records that look alike is the one. `items` holds the ledger's ids by our SKU; an empty one stands for "make it".
    """

    ours: str = ""
    customer: str = ""
    make: bool = False
    items: tuple[tuple[str, str], ...] = ()


@record
class Document:
    """A signed document. `key` + `revision` identify it for ever; `reference` (at most 21 characters) is what a ledger shows and is searched by.

    `rate` is the base currency per unit of `currency` (1 where they are the same). `applies_to` is the reference of the invoice that a payment, refund payment
    or credit note settles ("" if none). `adjustment_account` and `adjustment_limit` (in the document's currency, in all) are what an adapter may
    use where the ledger computes differently. `number` is ours where the ledger's numbering is ours, else ""; neither it nor `known` is signed.
    """

    ledger: str
    key: str
    revision: int
    reference: str
    kind: str
    currency: str
    base_currency: str
    rate: Decimal
    issued_on: date
    tax_on: date
    posting_on: date
    net: Decimal
    tax: Decimal
    gross: Decimal
    contra_account: str
    lines: tuple[Line, ...]
    party: Party
    hash: str
    order_number: str = ""
    shop: str = ""
    due_on: date | None = None
    applies_to: str = ""
    number: str = ""
    memo: str = ""
    rate_source: str = ""
    adjustment_account: str = ""
    adjustment_limit: Decimal = ZERO
    dimensions: tuple[tuple[str, str], ...] = ()
    known: Known = Known()


@record
class Posting:
    """One row of the journal: `amount` positive is a debit, negative a credit, in the document's currency."""

    account: str
    amount: Decimal
    text: str = ""
    tax_code: str = ""
    kind: str = ""
    line: int | None = None

    @property
    def debit(self) -> Decimal:
        return max(self.amount, ZERO)

    @property
    def credit(self) -> Decimal:
        return max(-self.amount, ZERO)


@record
class Adjustment:
    """A target adjustment: what the ledger's own arithmetic made the adapter add, so that its total is the signed one. Signed as the document's lines.

    Signed + adjustments = booked, for net, for tax per code and for gross; `tax_code` says whose tax is off.
    """

    account: str
    net: Decimal
    tax: Decimal = ZERO
    words: str = ""
    tax_code: str = ""


@record
class Bound:
    """A record of the ledger that was found or made for ours on the way: `noun` is customer or item, `ours` as in Known, `theirs` the ledger's own id."""

    noun: str
    ours: str
    theirs: str


@record
class Booked:
    """A document as it stands in the ledger, read back from there: amounts are what the ledger computed, adjustments included.

    `id` is the ledger's own id, `number` the number it shows; `taxes` holds (tax code, amount) in the document's currency.
    `bound` tells which customer and items this call found or made that were not known yet; it says nothing about the document.
    """

    id: str
    number: str
    currency: str
    net: Decimal
    tax: Decimal
    gross: Decimal
    taxes: tuple[tuple[str, Decimal], ...] = ()
    adjustments: tuple[Adjustment, ...] = ()
    state: str = "open"
    balance: Decimal = ZERO
    bound: tuple[Bound, ...] = field(default=(), compare=False)


def postings(document: Document) -> list[Posting]:
    """The document as debits and credits: the contra account first, then each line's net and tax; they sum to exactly zero."""
    side = LINE_SIDE[document.kind]
    rows = [Posting(account=document.contra_account, amount=-side * document.gross, text=document.memo, kind="contra")]
    for line in document.lines:
        if line.net or not line.tax:
            rows.append(
                Posting(account=line.account, amount=side * line.net, text=line.text, kind=line.kind, line=line.n)
            )
        if line.tax:
            rows.append(
                Posting(
                    account=line.tax_account,
                    amount=side * line.tax,
                    text=line.tax_code,
                    tax_code=line.tax_code,
                    kind="tax",
                    line=line.n,
                )
            )
    return rows


def turnover(document: Document) -> Decimal:
    """What stands at the debit of its accounts, each by its balance: the total of an entry, for ledgers that know entries by their lines alone."""
    sums: dict[str, Decimal] = {}
    for row in postings(document):
        sums[row.account] = sums.get(row.account, ZERO) + row.amount
    return sum((max(amount, ZERO) for amount in sums.values()), ZERO)


def body(document: Document) -> dict[str, Any]:
    """The document as JSON-ready data, but for party, hash, number and what is known of it: what is signed (the party is signed by its salted digest)."""
    data: dict[str, Any] = incoming.plain(document)
    return {key: value for key, value in data.items() if key not in ("party", "hash", "number", "known")}


def restore(text: str, *, party: str, hash: str, number: str) -> Document:
    """The document again from its stored body and party (both JSON text); the reverse of `body`. Raises KeyError or TypeError for a foreign text."""
    data = json.loads(text)
    data["lines"] = tuple(_line(item) for item in data["lines"])
    data["dimensions"] = _pairs(data["dimensions"])
    for name in ("rate", "net", "tax", "gross", "adjustment_limit"):
        data[name] = Decimal(data[name])
    for name in ("issued_on", "tax_on", "posting_on", "due_on"):
        data[name] = date.fromisoformat(data[name]) if data[name] else None
    return Document(**data, party=_party(party), hash=hash, number=number)


def _line(data: dict[str, Any]) -> Line:
    amounts = {name: Decimal(data[name]) for name in ("net", "tax", "quantity")}
    optional = {name: None if data[name] is None else Decimal(data[name]) for name in ("tax_rate", "base")}
    return Line(**{**data, **amounts, **optional, "dimensions": _pairs(data["dimensions"])})


def _pairs(data: list[list[str]]) -> tuple[tuple[str, str], ...]:
    return tuple((key, value) for key, value in data)


def _party(text: str) -> Party:
    data = json.loads(text) if text else {}
    for name in ("billing", "shipping"):
        data[name] = incoming.Address(**data[name]) if data.get(name) else None
    return Party(**data)
