"""An invoice or credit note as ERPNext's Sales Invoice, with everything stated that ERPNext would else fill in by itself: dates, rate, prices, terms, rounding."""

from __future__ import annotations

import html
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from integrations.accounting.erpnext import names
from integrations.accounting.erpnext.company import RECEIVABLE, Company
from integrations.accounting.erpnext.line import Row
from integrations.errors import Refused
from orders import money, outgoing
from orders.outgoing import DocumentKind, Line

DOCTYPE = "Sales Invoice"
KINDS = (DocumentKind.INVOICE, DocumentKind.CREDIT_NOTE)
PRICE = Decimal("0.01")  # a rate has two decimals unless the site says more


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The invoice of ours that a document settles: whose it is, and what is owed on it, in its receivable's currency."""

    name: str
    customer: str
    account: str
    owed: Decimal
    rate: Decimal
    posted_on: str


def body(
    document: outgoing.Document, company: Company, customer: str, items: dict[int, str], origin: Origin | None
) -> Row:
    """What is sent. Tax is left to ERPNext's own rate where that must come out as signed; else it is stated."""
    back = document.kind == DocumentKind.CREDIT_NOTE
    against = _against(document, customer, origin) if back else ""
    head = {
        "company": company.name, "customer": customer, "currency": document.currency, "conversion_rate": document.rate,
        "posting_date": document.posting_on.isoformat(), "posting_time": "23:59:59" if back else "00:00:00", "set_posting_time": 1,
        "due_date": (document.due_on or document.posting_on).isoformat(), "ignore_default_payment_terms_template": 1,
        "ignore_pricing_rule": 1, "disable_rounded_total": 1, "update_stock": 0, "is_pos": 0, "allocate_advances_automatically": 0,
        "debit_to": document.contra_account, "po_no": document.reference, "remarks": names.note(document), names.KEY: names.of(document),
        "is_return": int(back), "update_outstanding_for_self": int(back and not against), "cost_center": company.cost_center,
    }  # fmt: skip
    head |= {"return_against": against} if against else {}
    head |= {"naming_series": company.series} if company.series else {}
    return {
        **head,
        "items": goods(document, company, items),
        "taxes": taxes(document, company, stated=not _by_rate(document)),
    }


def _against(document: outgoing.Document, customer: str, origin: Origin | None) -> str:
    """ERPNext takes a credit note of its invoice only on the same account, at the same rate, and not before it; any other stands by itself."""
    if origin is None or (origin.customer, origin.account) != (customer, document.contra_account):
        return ""
    return origin.name if origin.rate == document.rate and origin.posted_on <= document.posting_on.isoformat() else ""


def goods(document: outgoing.Document, company: Company, items: dict[int, str]) -> list[Row]:
    """A row for each line of goods; a quantity is never positive on a credit note, nor a price ever negative."""
    side = -1 if document.kind == DocumentKind.CREDIT_NOTE else 1
    rows = []
    for line in filter(is_goods, document.lines):
        pieces, price = _per_piece(line)
        text = names.plain(line.text, 1000) or str(line.kind)
        text = text if pieces == line.quantity else f"{line.quantity.normalize():f} × {text}"
        row = {
            "item_code": items[line.n],
            "item_name": text[: names.DATA],
            "description": html.escape(text),
            "qty": side * pieces,
        }
        row |= {"rate": price, "price_list_rate": 0, "discount_percentage": 0, "discount_amount": 0}
        rows.append({**row, "income_account": line.account, "cost_center": company.cost_center})
    return rows


def taxes(document: outgoing.Document, company: Company, *, stated: bool) -> list[Row]:
    """A row for each tax, stated or by its rate, and one for each discount: as a line it would have a negative price, which ERPNext refuses."""
    side = -1 if document.kind == DocumentKind.CREDIT_NOTE else 1
    rows: list[Row] = []
    for code, (account, amount) in _by_code(document).items():
        row = {
            "account_head": account,
            "description": code,
            "included_in_print_rate": 0,
            "cost_center": company.cost_center,
        }
        if stated:
            rows.append({**row, "charge_type": "Actual", "tax_amount": side * amount})
        else:
            rows.append({**row, "charge_type": "On Net Total", "rate": company.taxes[code].rate * 100})
    for line in document.lines:
        if line.net < 0:
            text = names.plain(line.text) or str(line.kind)
            rows.append(
                {
                    "charge_type": "Actual",
                    "account_head": line.account,
                    "description": text,
                    "tax_amount": side * line.net,
                    "cost_center": company.cost_center,
                }
            )
    return rows


def admit(document: outgoing.Document, company: Company) -> None:
    """Raises Refused for what the document names and ERPNext has not, or keeps otherwise."""
    here = document.reference
    contra = company.account(document.contra_account, f"{here}, the other side")
    if contra["account_type"] != RECEIVABLE:
        words = (
            f"{here}: {document.contra_account} is no receivable account in ERPNext, and an invoice stands on no other."
        )
        raise Refused(words, fix="Map the role receivable to an account of the type Receivable.")
    if (contra["account_currency"] or company.currency) not in (company.currency, document.currency):
        words = f"{here}: {document.contra_account} is kept in {contra['account_currency']}, the document in {document.currency}."
        raise Refused(words, fix="Map the role receivable to an account in the company's currency.")
    if not any(map(is_goods, document.lines)):
        raise Refused(
            f"{here}: it has no line of goods, without which ERPNext takes no invoice.",
            fix="Reject the order, or book it in ERPNext by hand.",
        )
    for line in document.lines:
        place = f"{here}, line {line.n} ({line.kind}: {names.plain(line.text)[:60]})"
        if not _is_second(line):
            company.account(line.account, place)
        if line.tax:
            _known_tax(line, place, company)


def _known_tax(line: Line, place: str, company: Company) -> None:
    found = company.taxes.get(line.tax_code)
    if found is None:
        words = f"{place}: ERPNext has no sales tax “{line.tax_code}” in {company.name}, or its template is disabled."
        raise Refused(
            words,
            fix="Fetch the ledger's tax codes again and map the tax anew; in ERPNext they stand under Sales Taxes and Charges Template.",
        )
    if found.account != line.tax_account:
        words = f"{place}: ERPNext books “{line.tax_code}” on {found.account}, signed was {line.tax_account}."
        raise Refused(
            words,
            fix="Fetch the ledger's tax codes again, or correct the account in ERPNext's Sales Taxes and Charges Template.",
        )


def _by_rate(document: outgoing.Document) -> bool:
    """One tax on all goods, without discounts, which makes just what was signed."""
    lines = [line for line in document.lines if line.net or line.tax]
    told = {(line.tax_code, line.tax_rate) for line in lines}
    if len(told) != 1 or any(line.net <= 0 or line.tax_rate is None or not line.tax for line in lines):
        return False
    rate = lines[0].tax_rate or money.ZERO
    return money.rounded(money.total(line.net for line in lines) * rate, document.currency) == document.tax


def _by_code(document: outgoing.Document) -> dict[str, tuple[str, Decimal]]:
    """Account and amount of each tax with an amount."""
    found: dict[str, tuple[str, Decimal]] = {}
    for line in filter(lambda line: line.tax, document.lines):
        found[line.tax_code] = (line.tax_account, found.get(line.tax_code, ("", money.ZERO))[1] + line.tax)
    return {code: row for code, row in found.items() if row[1]}


def _is_second(line: Line) -> bool:
    return bool(line.tax) and not line.net


def is_goods(line: Line) -> bool:
    return line.net >= 0 and not _is_second(line)


def _per_piece(line: Line) -> tuple[Decimal, Decimal]:
    """Whole pieces and a price that make the line's net exactly; one piece of the whole where the price would be finer than ERPNext keeps it."""
    if line.quantity > 0 and line.quantity == line.quantity.to_integral_value():
        price = (line.net / line.quantity).quantize(PRICE)
        if price * line.quantity == line.net:
            return line.quantity, price
    return Decimal(1), line.net


def figures(row: Row, company: Company) -> dict[str, Any]:
    """What a Sales Invoice says, in its own currency and in the natural direction of its kind: net, gross, taxes by code, and each account's sum."""
    side, currency = (-1 if row["is_return"] else 1), str(row["currency"])
    found: dict[str, Decimal] = {row["debit_to"]: exact(row["grand_total"], currency)}
    told: dict[str, Decimal] = {}
    net = money.ZERO

    def put(account: str, amount: Decimal) -> None:
        found[account] = found.get(account, money.ZERO) - amount

    for line in row["items"]:
        put(line["income_account"], exact(line["net_amount"], currency))
        net += side * exact(line["net_amount"], currency)
    for line in row.get("taxes") or []:
        amount = exact(line["tax_amount_after_discount_amount"], currency)
        put(line["account_head"], amount)
        if company.takes_tax(line["account_head"], line["description"]):
            told[line["description"]] = told.get(line["description"], money.ZERO) + side * amount
        else:
            net += side * amount
    gross = side * exact(row["grand_total"], currency)
    return {"net": net, "gross": gross, "taxes": told, "accounts": found}


def exact(value: Any, currency: str) -> Decimal:
    """A JSON float as the amount that it is; finer than the currency it stays as it is, so that a comparison sees it."""
    amount = Decimal(str(value or 0)).quantize(Decimal("1e-6"))
    return money.rounded(amount, currency) if money.is_exact(amount, currency) else amount.normalize()


def owed(row: Row) -> Decimal:
    """What is still owed in the invoice's currency; ERPNext tells it in that of the receivable account."""
    currency, there = str(row["currency"]), str(row["party_account_currency"] or row["currency"])
    rest = exact(row["outstanding_amount"], there)
    if there == currency or not rest:
        return money.rounded(rest, currency)
    if rest == exact(row["base_grand_total"], there):
        return exact(row["grand_total"], currency)
    return money.rounded(rest / Decimal(str(row["conversion_rate"])), currency)
