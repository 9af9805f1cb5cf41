"""From an order's lines to document lines: net, taxes, accounts, items; and a line's share where it is shipped in parts."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from decimal import Decimal
from operator import attrgetter
from typing import Any

from django.utils.translation import gettext as _

from orders import money, outgoing
from orders.documents.chart import gone, tax_key
from orders.documents.plan import Origin
from orders.documents.sheet import Row, Sheet
from orders.incoming import LineKind
from orders.models import Adjustment, OrderLine, Purpose, Severity, TaxCode, held
from orders.models.line import Taxed

UNTAXED = frozenset({LineKind.GIFT_CARD, LineKind.REFUND_DIFFERENCE})
"""Kinds that are no supply, and so carry no tax code unless the store taxed them."""
DIVISIBLE = frozenset({LineKind.ITEM, LineKind.GIFT_CARD_SINGLE})
"""Kinds that are shipped by quantity; everything else stands on the first invoice."""


@dataclass(frozen=True, slots=True)
class Position:
    """One order line as document rows: the first carries the net, each further tax is a row of its own with net 0."""

    line: OrderLine
    rows: tuple[Row, ...]


def positions(sheet: Sheet) -> list[Position]:
    """Every line that the order still has, mapped; what is not mapped becomes a problem and an empty account."""
    lines = [line for line in held(sheet.order, "lines") if not line.removed]
    sheet.chart.prefetch_items(line.item_key for line in lines)
    return [Position(line, tuple(_rows(sheet, line))) for line in lines]


def divisible(line: OrderLine) -> bool:
    """True if parts of the line may be shipped and invoiced by themselves."""
    return line.kind in DIVISIBLE and line.quantity > 0


def _rows(sheet: Sheet, line: OrderLine) -> list[Row]:
    account, item = account_of(sheet, line)
    net, quantity, text = exact(sheet, line, line.net), line.quantity, line.title
    origin, rows = Origin(order_line=line.id), list[Row]()
    for tax in taxes_of(line):
        taxed = tax is not None or line.kind not in UNTAXED
        row = outgoing.Line(
            n=0, kind=line.kind, text=tax.title if rows and tax else text, account=account, net=net, quantity=quantity, sku=line.sku, item=item,
            tax=exact(sheet, line, tax.amount) if tax else money.ZERO, base=tax.base if tax else None,
            **sheet.chart.taxed(tax_code_for(sheet, line.kind, tax) if taxed else None),
        )  # fmt: skip
        rows.append((row, origin))
        net = quantity = money.ZERO
    return rows


def taxes_of(line: OrderLine) -> list[Any]:
    """Its taxes as they came; one None where there is none."""
    found = held(line, "taxes")
    return (sorted(found, key=_by_key) if len(found) > 1 else list(found)) or [None]


_by_key = attrgetter("id")


def account_of(sheet: Sheet, line: OrderLine) -> tuple[str, str]:
    """Account and item of a line; a problem if nothing maps it."""
    if line.kind == LineKind.UNKNOWN:
        sheet.problem(
            code="line_kind_unknown", field=f"line:{line.pk}", words=_("It is not known what the line “%s” stands for.") % line.title,
            fix=_("Choose the line's kind."),
        )  # fmt: skip
        return "", ""
    item = sheet.chart.item(line.item_key) if line.kind in DIVISIBLE and line.item_key else None
    if item is None and line.kind == LineKind.ITEM and line.item_key and sheet.ledger.items_required:
        sheet.problem(
            code="sku_unknown", cause=f"sku:{line.item_key}", field="sku",
            words=_("SKU %s is not mapped to an item.") % line.item_key, fix=_("Map it to an item of the ledger."),
        )  # fmt: skip
    if item is not None and getattr(item, "item_gone", False):
        sheet.problem(
            code="item_gone", cause=f"sku:{line.item_key}", field="sku", severity=Severity.WARNING,
            words=_("SKU %(sku)s is mapped to the item %(item)s, which is not in the ledger any more.") % {"sku": line.item_key, "item": item.item},
            fix=_("Map it to another item; else the line goes without one."),
        )  # fmt: skip
    if item is not None and item.account:
        if not item.account.active and (lost := gone(f"sku:{line.item_key}", item.account.code)) not in sheet.problems:
            sheet.problems.append(lost)
        return item.account.code, item.item
    return sheet.chart.account(Purpose.LINE, line.kind, sheet.problems), item.item if item else ""


def tax_code_for(sheet: Sheet, line_kind: str, tax: Taxed | None) -> TaxCode | None:
    """The ledger's code for a line's tax (None: a line without); a problem if nothing maps it, or if the code has no account."""
    order = sheet.order
    key = tax_key(
        tax, treatment=order.tax_treatment, country=order.tax_country, region=sheet.region, line_kind=line_kind
    )
    code = sheet.chart.tax(key)
    if code is None:
        sheet.problem(
            code="tax_unmapped", cause=key.cause, field="tax", words=_("No tax code is mapped for %s.") % key.words,
            fix=_("Map it to a tax code of the ledger."),
        )  # fmt: skip
    elif not code.active:
        if (lost := gone(key.cause, code.code)) not in sheet.problems:
            sheet.problems.append(lost)
    elif tax is not None and tax.amount and code.account_id is None:
        sheet.problem(
            code="account_unmapped", cause=f"taxcode:{code.code}", field="tax",
            words=_("The tax code %s has no account for its tax.") % code.code, fix=_("Give the tax code an account."),
        )  # fmt: skip
    return code


def with_tax(
    sheet: Sheet, row: outgoing.Line, amount: Decimal, code: TaxCode | None, tax: Taxed | None = None
) -> outgoing.Line:
    """The row with its tax."""
    return dataclasses.replace(row, tax=amount, base=tax.base if tax else None, **sheet.chart.taxed(code))


def exact(sheet: Sheet, line: object, amount: Decimal) -> Decimal:
    """The amount as a document may carry it; a problem if the store stated a part below the minor unit."""
    fine = money.rounded(amount, sheet.currency)
    if fine != amount:
        sheet.problem(
            code="amount_too_fine", field="amount",
            words=_("%(amount)s %(currency)s on “%(line)s” has more decimals than the currency.")
            % {"amount": amount.normalize(), "currency": sheet.currency, "line": line},
            fix=_("Book it by hand and reject it here."),
        )  # fmt: skip
    return fine


def share(position: Position, before: Decimal, until: Decimal, currency: str) -> list[Row]:
    """The part of a line between two cumulated quantities; the parts of a whole line sum to it exactly, net and each tax for itself."""
    whole = position.line.quantity
    return [(_share_of_row(row, before, until, whole, currency), origin) for row, origin in position.rows]


def _share_of_row(row: outgoing.Line, before: Decimal, until: Decimal, whole: Decimal, currency: str) -> outgoing.Line:
    def part(amount: Decimal) -> Decimal:
        return money.rounded(amount * until / whole, currency) - money.rounded(amount * before / whole, currency)

    quantity = until - before if row.quantity else money.ZERO
    return dataclasses.replace(row, net=part(row.net), tax=part(row.tax), quantity=quantity, base=None)


def adjustment_rows(sheet: Sheet, adjustments: list[Adjustment]) -> list[Row]:
    """Lines that a person named."""
    return [
        (
            with_tax(
                sheet,
                outgoing.Line(n=0, kind="adjustment", text=row.reason, account=row.account.code, net=row.net),
                row.tax,
                row.tax_code,
            ),
            Origin(),
        )
        for row in adjustments
    ]


def gross(rows: list[Row]) -> Decimal:
    """Σ net + tax."""
    return money.total(line.net + line.tax for line, _origin in rows)
