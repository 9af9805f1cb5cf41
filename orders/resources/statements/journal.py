"""The journal: every posting of every booked document, what the ledger's own arithmetic added included; debit and credit are equal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

from django.utils.translation import gettext_lazy as _

from orders import outgoing
from orders.models import Account, TaxCode
from orders.outgoing import Posting
from orders.resources.statements.statement import Asked, Booked, Row, Statement, Sums, booked, sums_of
from orders.resources.table import AMOUNT, DAY, NUMBER, TEXT, Table

TABLE = Table(
    "journal",
    (
        "date", "kind", "reference", "revision", "number", "posting", "account", "account name", "debit", "credit", "currency", "rate", "base currency",
        "tax code", "text", "order", "shop", "applies to", "issued on", "tax point", "document hash",
    ),
    (
        DAY, TEXT, TEXT, NUMBER, TEXT, NUMBER, TEXT, TEXT, AMOUNT, AMOUNT, TEXT, NUMBER, TEXT,
        TEXT, TEXT, TEXT, TEXT, TEXT, DAY, DAY, TEXT,
    ),
    currency=10,
)  # fmt: skip

CONTROLLED = ["debit", "credit"]
_CONTROL = """
WITH booked AS (
    SELECT d.*, CASE d.kind WHEN 'credit_note' THEN 1 WHEN 'payment' THEN 1 WHEN 'journal' THEN 1 ELSE -1 END AS side
      FROM orders_document d JOIN orders_booking b ON b.document_id = d.id AND b.booked_at IS NOT NULL
     WHERE d.ledger_id = %(ledger)s AND d.posting_on BETWEEN %(first)s AND %(last)s
), postings (currency, amount) AS (
    SELECT currency, -side * gross FROM booked
    UNION ALL SELECT d.currency, d.side * x.net FROM booked d JOIN orders_documentline x ON x.document_id = d.id
    UNION ALL SELECT d.currency, d.side * x.tax FROM booked d JOIN orders_documentline x ON x.document_id = d.id
    UNION ALL SELECT d.currency, v.amount FROM booked d JOIN orders_invoice i ON i.document_id = d.id,
              jsonb_to_recordset(i.adjustments) a (net numeric, tax numeric),
              LATERAL (VALUES (d.side * a.net), (d.side * coalesce(a.tax, 0)), (-d.side * (a.net + coalesce(a.tax, 0)))) v (amount)
)
SELECT currency, sum(greatest(amount, 0)), -sum(least(amount, 0)) FROM postings GROUP BY currency
"""


def rows(asked: Asked) -> Iterator[Row]:
    names = dict(Account.objects.filter(ledger=asked.ledger).values_list("code", "name"))
    taxed = dict(TaxCode.objects.filter(ledger=asked.ledger).values_list("code", "account__code"))
    for item in booked(asked):
        for n, posting in enumerate([*outgoing.postings(item.document), *_added(item, taxed)], start=1):
            yield _row(item, n, posting, names.get(posting.account, ""))


def _added(item: Booked, taxed: Mapping[str, str | None]) -> Iterator[Posting]:
    """What the ledger's own arithmetic made the adapter add, posted to where that amount lies in the ledger."""
    side = outgoing.LINE_SIDE[item.document.kind]
    accounts = {line.tax_code: line.tax_account for line in item.document.lines if line.tax_code and line.tax_account}
    for account, net, tax, code, words in item.adjustments:
        for where, amount in ((account, net), (accounts.get(code) or taxed.get(code) or account, tax)):
            if amount:
                yield Posting(account=where, amount=side * amount, text=words, tax_code=code)
        if net + tax:
            yield Posting(account=item.document.contra_account, amount=-side * (net + tax), text=words)


def _row(item: Booked, n: int, posting: Posting, account: str) -> Row:
    document = item.document
    debit, credit = posting.debit or None, posting.credit or None
    return [
        document.posting_on, str(document.kind), document.reference, document.revision, item.number, n, posting.account, account,
        debit if debit or credit else Decimal(0), credit, document.currency, document.rate, document.base_currency,
        posting.tax_code, posting.text, document.order_number, document.shop, document.applies_to, document.issued_on, document.tax_on, document.hash,
    ]  # fmt: skip


def control(asked: Asked) -> Sums:
    return sums_of(_CONTROL, asked.values, CONTROLLED)


JOURNAL = Statement(
    profile="journal",
    title=_("Journal"),
    words=_(
        "Every posting of the documents that the ledger has booked: date, account, debit, credit, tax code, document and its hash."
    ),
    version=1,
    table=TABLE,
    rows=rows,
    control=control,
    controlled=CONTROLLED,
)
