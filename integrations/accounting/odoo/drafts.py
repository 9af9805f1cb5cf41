"""A document as the rows that Odoo's `load` takes: invoices and credit notes as such, money as a payment where Odoo has one for its accounts, else as an entry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from integrations.accounting.odoo import texts
from integrations.accounting.odoo.company import RECEIVABLE, Company
from integrations.errors import Refused
from orders import money, outgoing
from orders.outgoing import DocumentKind, Line

MOVE, PAYMENT = "account.move", "account.payment"
TYPE = {DocumentKind.INVOICE: "out_invoice", DocumentKind.CREDIT_NOTE: "out_refund"}
HEAD = ("id", "move_type", "journal_id/.id", "date", "ref")
SALE = (
    *HEAD,
    "partner_id/.id",
    "invoice_date",
    "invoice_date_due",
    "payment_reference",
    "invoice_origin",
    "currency_id/.id",
    "reversed_entry_id/.id",
)
SALE_LINE = ("product_id/.id", "name", "quantity", "price_unit", "account_id/.id", "tax_ids/.id")
ENTRY_LINE = ("account_id/.id", "partner_id/.id", "name", "debit", "credit", "currency_id/.id", "amount_currency")
MONEY = (
    "id",
    "payment_type",
    "partner_type",
    "partner_id/.id",
    "amount",
    "currency_id/.id",
    "date",
    "journal_id/.id",
    "payment_method_line_id/.id",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What goes over for one document: the model, the columns, and its rows. `origin` is the id of the invoice that it settles, 0 for none."""

    document: outgoing.Document
    model: str
    columns: tuple[str, ...]
    rows: Sequence[Sequence[Any]]
    partner: int
    origin: int = 0

    @property
    def xid(self) -> str:
        return str(self.rows[0][0])


def sale(
    document: outgoing.Document, company: Company, partner: int, items: dict[int, int | None], origin: int = 0
) -> Draft:
    """An invoice or credit note; `items` are product ids by line number."""
    day = document.issued_on.isoformat()
    head = [
        texts.of(document), TYPE[DocumentKind(document.kind)], company.sales["id"], document.posting_on.isoformat(), document.reference, partner, day,
        (document.due_on or document.issued_on).isoformat(), texts.plain(document.number or document.reference), texts.plain(document.order_number),
        currency(document, company), origin or "",
    ]  # fmt: skip
    rate = [] if document.currency == company.currency else _rate(document, company)
    columns, head = (*SALE, *(["invoice_currency_rate"] if rate else [])), [*head, *rate]
    lines = [_sale_line(line, document, company, taxes, items.get(line.n)) for line, taxes in taxed(document)]
    rows = [[*(head if n == 0 else [""] * len(head)), *line] for n, line in enumerate(lines)]
    names = (*columns, *(f"invoice_line_ids/{name}" for name in SALE_LINE))
    return Draft(document=document, model=MOVE, columns=names, rows=rows, partner=partner, origin=origin)


def _rate(document: outgoing.Document, company: Company) -> list[str]:
    """From 18 on a document states its rate itself: units of its currency per unit of the company's."""
    return [str((1 / document.rate).quantize(Decimal("1e-12")))] if company.dialect.states_rate else []


def taxed(document: outgoing.Document) -> list[tuple[Line, list[Line]]]:
    """Each line of goods with the lines whose tax is reckoned on it: its own, and a second tax that stands on a line without net."""
    found = [(line, [line] if line.tax_code else []) for line in document.lines if not is_second(line)]
    for line in filter(is_second, document.lines):
        hosts = [
            taxes
            for host, taxes in found
            if host.n < line.n and host.net == line.base and line.tax_code not in {item.tax_code for item in taxes}
        ]
        if not hosts:
            words = f"{document.reference}, line {line.n}: the second tax {line.tax_code} is reckoned on {line.base}, and no line of goods before it has that net."
            raise Refused(words, fix="Map it to no tax code of its own, or book the document by hand.")
        hosts[-1].append(line)
    return found


def is_second(line: Line) -> bool:
    return bool(line.tax) and not line.net


def _sale_line(
    line: Line, document: outgoing.Document, company: Company, taxes: Sequence[Line], item: int | None
) -> list[Any]:
    pieces, price = _per_piece(line, company.decimals)
    name = texts.plain(line.text) or str(line.kind)
    text = name if pieces == line.quantity else f"{line.quantity.normalize():f} × {name}"
    account = company.account(
        line.account, f"{document.reference}, line {line.n} ({line.kind}: {texts.plain(line.text)[:60]})"
    )
    ids = ",".join(str(tax(taxing, document, company)) for taxing in taxes)
    return [item or "", text, f"{pieces.normalize():f}", f"{price:f}", account, ids]


def _per_piece(line: Line, decimals: int) -> tuple[Decimal, Decimal]:
    """Quantity and unit price that make the line's net exactly; one piece of the whole where the price would be finer than Odoo keeps it."""
    unit = Decimal(1).scaleb(-decimals)
    if line.quantity > 0 and line.quantity == line.quantity.quantize(Decimal("0.01")):
        price = (line.net / line.quantity).quantize(unit)
        if price * line.quantity == line.net:
            return line.quantity, price
    return Decimal(1), line.net


def tax(line: Line, document: outgoing.Document, company: Company) -> int:
    """The tax's id. Raises Refused where Odoo has none of that code, one that is part of the price, or one on another account."""
    place, found = f"{document.reference}, line {line.n}", company.taxes.get(line.tax_code)
    cause = f"theirs:tax:{line.tax_code}"
    if found is None:
        words = f"{place}: Odoo has no sales tax “{line.tax_code}” in {company.facts['name']}, or it is archived."
        raise Refused(words, fix="Fetch the ledger's tax codes again and map the tax anew.", cause=cause)
    if found.included:
        words = f"{place}: Odoo's tax “{line.tax_code}” is part of the price, and ordersync signs net amounts."
        raise Refused(
            words,
            fix="In Odoo: Accounting > Configuration > Taxes, duplicate it with “Included in Price” off, and map to that one.",
            cause=cause,
        )
    if line.tax and found.account != line.tax_account:
        words = (
            f"{place}: Odoo books “{line.tax_code}” on {found.account or 'no account'}, signed was {line.tax_account}."
        )
        raise Refused(
            words,
            fix=f"Fetch the ledger's tax codes again, or in Odoo: Accounting > Configuration > Taxes, set its account to {line.tax_account}.",
            cause=cause,
        )
    return found.id


def currency(document: outgoing.Document, company: Company) -> int:
    if document.base_currency != company.currency:
        words = f"{document.reference} was signed for books in {document.base_currency}; {company.facts['name']} keeps its books in {company.currency}."
        raise Refused(words, fix="Correct the ledger's base currency, or connect the right company.")
    if document.currency not in company.currencies:
        words = f"{document.reference}: {document.currency} is not switched on in Odoo."
        raise Refused(words, fix="In Odoo: Accounting > Configuration > Currencies, switch it on; then approve again.")
    return company.currencies[document.currency]


# Money


def payment(document: outgoing.Document, company: Company, partner: int, origin: int = 0) -> Draft | None:
    """As Odoo's own payment, where a journal's payment method stands on exactly the signed account and nothing else is booked; None where it takes an entry."""
    kind = {DocumentKind.PAYMENT: "inbound", DocumentKind.REFUND_PAYMENT: "outbound"}.get(DocumentKind(document.kind))
    if kind is None or len(document.lines) != 1 or document.currency != company.currency or document.gross <= 0:
        return None
    method = company.methods.get((document.lines[0].account, kind))
    if method is None or not _is_receivable(document.contra_account, company):
        return None
    row = [
        texts.of(document), kind, "customer", partner, f"{document.gross:f}", currency(document, company), document.posting_on.isoformat(),
        method["journal_id"][0], method["id"], _memo(document),
    ]  # fmt: skip
    return Draft(
        document=document,
        model=PAYMENT,
        columns=(*MONEY, company.dialect.memo),
        rows=[row],
        partner=partner,
        origin=origin,
    )


def entry(document: outgoing.Document, company: Company, partner: int, origin: int = 0) -> Draft:
    """The document's own postings, in both currencies; the contra account takes what rounding leaves."""
    head = [texts.of(document), "entry", company.general["id"], document.posting_on.isoformat(), document.reference]
    here, postings = currency(document, company), outgoing.postings(document)
    rest = [money.rounded(row.amount * document.rate, company.currency) for row in postings[1:]]
    rows = []
    for n, (row, base) in enumerate(zip(postings, [-money.total(rest), *rest], strict=True)):
        account = company.account(
            row.account, f"{document.reference}, {f'line {row.line}' if row.line else 'the other side'}"
        )
        whose = partner if _is_receivable(row.account, company) else ""
        text = texts.plain(row.text) or _memo(document)
        line = [
            account,
            whose,
            text,
            f"{max(base, money.ZERO):f}",
            f"{max(-base, money.ZERO):f}",
            here,
            f"{row.amount:f}",
        ]
        rows.append([*(head if n == 0 else [""] * len(head)), *line])
    names = (*HEAD, *(f"line_ids/{name}" for name in ENTRY_LINE))
    return Draft(document=document, model=MOVE, columns=names, rows=rows, partner=partner, origin=origin)


def _memo(document: outgoing.Document) -> str:
    return document.reference


def _is_receivable(code: str, company: Company) -> bool:
    return company.accounts.get(code, {}).get("account_type") == RECEIVABLE
