"""A row without our id: a new record, as a person typed it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Any

from integrations.formats.node import Unclear
from integrations.stores.base import Setting
from integrations.stores.ordersync import additions, taxes
from integrations.stores.ordersync.rows import SheetRow
from orders import incoming
from orders.incoming import LineKind, PaymentState, TaxTreatment
from orders.resources import Sheet

_NAMES = {"orders": ("number",), "refunds": ("order", "refund"), "payouts": ("payout",)}
_ADDRESS = ("name", "company", "street", "street2", "city", "region", "postcode", "country", "phone", "email")
Rows = Sequence[SheetRow]


def name(sheet: Sheet, row: SheetRow) -> str:
    """What the rows of one new record have in common; "" where each row is a record of its own."""
    said = [row.text(column) for column in _NAMES.get(sheet.noun, ())]
    return f"new {'/'.join(said)}" if any(said) else ""


def record(sheet: Sheet, group: Rows, setting: Setting) -> incoming.Record:
    """The record that these rows tell. Raises Unclear, naming row, column, value and fix."""
    for row in group:
        if row.text("version") or row.text("check"):
            fix = "A row with a version or a check was exported and needs its id; a new record has none of the three."
            raise Unclear("id", "", fix, row.line)
        _complete(sheet, row, first=row is group[0])
    _readable(sheet, group)
    return _MAKERS[sheet.noun](group, setting)


def _readable(sheet: Sheet, group: Rows) -> None:
    """Every cell is looked at, so that whatever reads two ways is asked at once. Raises Unclear for the first that cannot be read."""
    unclear = []
    for row in group:
        for column in sheet.columns:
            try:
                row.value(column.name)
            except Unclear as found:
                unclear.append(found)
    if unclear:
        raise unclear[0]


def _complete(sheet: Sheet, row: SheetRow, *, first: bool) -> None:
    for column in sheet.columns:
        if column.required and (first or not column.once) and not row.text(column.name):
            raise Unclear(column.title, "", f"A new record needs it: {column.meaning}", row.line)


def _orders(group: Rows, setting: Setting) -> incoming.Order:
    first = group[0]
    treatment, state = first.value("tax_treatment"), first.value("payment_state")
    texts: dict[str, Any] = {name: first.text(name) for name in _ORDER_TEXTS}
    return incoming.Order(
        id="",
        number=first.text("number"),
        currency=first.text("currency") or setting.currency,
        totals=incoming.Totals(total=first.value("total"), tax=first.value("tax_total")),
        lines=tuple(map(_line, group)),
        placed_at=first.begun("placed_at", "placed_on"),
        tax_included=_tax_included(group),
        tax_treatment=TaxTreatment(treatment) if treatment else None,
        payment_state=PaymentState(state) if state else PaymentState.UNKNOWN,
        customer=incoming.Customer(name=first.text("customer_name"), email=first.text("email")),
        billing=_address(first, "billing"),
        shipping=_address(first, "shipping"),
        due_on=first.value("due_on"),
        **texts,
    )


_ORDER_TEXTS = ("email", "company", "vat_id", "exempt_reason", "po_number", "terms", "channel", "store_invoice_number")


def _tax_included(group: Rows) -> bool:
    said = group[0].value("tax_included")
    if said is None and any(row.text("tax_amount") for row in group):
        raise Unclear("tax included", "", "Say whether the line amounts contain their taxes: yes or no.", group[0].line)
    return bool(said == "yes")


def _line(row: SheetRow) -> incoming.Line:
    return incoming.Line(
        kind=LineKind(row.value("line_kind") or LineKind.ITEM),
        title=row.text("line_title") or row.text("line_sku"),
        sku=row.text("line_sku"),
        amount=row.value("line_amount"),
        quantity=_or(row.value("line_quantity"), Decimal(1)),
        unit_price=row.value("line_unit_price"),
        discount=_or(row.value("line_discount"), Decimal(0)),
        taxes=taxes.of(row),
    )


def _address(row: SheetRow, kind: str) -> incoming.Address | None:
    said = {name: row.text(f"{kind}_{name}") for name in _ADDRESS}
    return incoming.Address(**said) if any(said.values()) else None


def _or(value: Any, otherwise: Decimal) -> Decimal:
    return otherwise if value is None else value


def _customers(group: Rows, setting: Setting) -> incoming.Customer:
    row = group[0]
    texts: dict[str, Any] = {name: row.text(name) for name in ("name", "email", "phone", "company", "vat_id")}
    return incoming.Customer(
        id=row.text("customer"),
        tax_exempt=row.value("tax_exempt") == "yes",
        billing=_address(row, "billing"),
        shipping=_address(row, "shipping"),
        **texts,
    )


def _products(group: Rows, setting: Setting) -> incoming.Product:
    row = group[0]
    return incoming.Product(
        id=row.text("product"),
        product_id=row.text("parent"),
        sku=row.text("sku"),
        title=row.text("title"),
        price=row.value("price"),
        currency=row.text("currency") or setting.currency,
        barcode=row.text("barcode"),
        active=row.value("active") != "no",
    )


def _stock(group: Rows, setting: Setting) -> incoming.StockLevel:
    row = group[0]
    return incoming.StockLevel(
        sku=row.text("sku"),
        quantity=row.value("quantity"),
        location=row.text("location"),
        counted_at=row.instant("counted_at"),
    )


def _payouts(group: Rows, setting: Setting) -> incoming.Payout:
    first = group[0]
    return incoming.Payout(
        id=first.text("payout"),
        currency=first.text("currency") or setting.currency,
        amount=first.value("amount"),
        paid_on=first.value("paid_on"),
        gateway=first.text("gateway"),
        lines=tuple(_movements(group)),
    )


def _movements(group: Rows) -> Iterator[incoming.PayoutLine]:
    for row in group:
        amount, fee = row.value("line_amount"), row.value("line_fee")
        if amount is None and fee is None and not row.text("line_kind"):
            continue
        yield incoming.PayoutLine(
            kind=row.text("line_kind").lower() or "charge",
            amount=_or(amount, Decimal(0)),
            fee=_or(fee, Decimal(0)),
            payment_id=row.text("payment"),
            order_number=row.text("order"),
        )


def _invoices(group: Rows, setting: Setting) -> incoming.InvoiceState:
    row = group[0]
    return incoming.InvoiceState(
        reference=row.text("reference"),
        number=row.text("number"),
        kind=row.value("kind_of_document") or "",
        state=row.text("state").lower(),
        due_on=row.value("due_on"),
        **{name: row.value(name) for name in ("net", "tax", "total", "balance")},
    )


_MAKERS: dict[str, Callable[[Rows, Setting], incoming.Record]] = {
    "orders": _orders,
    "customers": _customers,
    "products": _products,
    "stock": _stock,
    "payouts": _payouts,
    "invoices": _invoices,
    "shipments": additions.shipment,
    "payments": additions.payment,
    "refunds": additions.refund,
}
