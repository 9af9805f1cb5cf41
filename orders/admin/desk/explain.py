"""Where each value of an order comes from: what the store said, by which rule it was read, what a person corrected, what was signed, and what was read back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from orders import documents, outgoing
from orders.admin.desk import frame
from orders.admin.desk.facts import correctable, standing
from orders.models import Approval, Correction, Invoice, LineTax, Order, OrderLine
from orders.templatetags import desk

# Where the approved content keeps what a correction names.
_SIGNED = {
    "order.customer_name": ("party", "name"),
    "order.email": ("party", "email"),
    "order.company": ("party", "company"),
    "order.vat_id": ("party", "vat_id"),
    "order.tax_treatment": ("treatment",),
    "order.tax_country": ("tax_country",),
    "order.po_number": ("po_number",),
    "order.due_on": ("due_on",),
}
_SALES = (outgoing.DocumentKind.INVOICE, outgoing.DocumentKind.RECEIPT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One value on its way. `place` names it as corrections do, and is the row's anchor."""

    place: str
    label: str
    store: str
    rule: str = ""
    correction: Correction | None = None
    signed: str = ""
    read: str = ""


def page(request: HttpRequest, pk: int) -> HttpResponse:
    """The page of one order; a field's name on the review page leads to its row."""
    frame.must(request, "orders.view_order")
    order = frame.record_of("order", pk)
    if not isinstance(order, Order):
        raise TypeError(order)
    view = frame.view_of(request.GET)
    return frame.page(
        request,
        "admin/desk/explain.html",
        _("Where the values of order %s come from") % order.number,
        order=order,
        back=frame.record_at(view, pk),
        groups=groups(order, customer=request.user.has_perm("orders.view_customer")),
    )


def groups(order: Order, *, customer: bool) -> list[tuple[str, list[Row]]]:
    """The rows in groups: the amounts, the lines, and, for whoever may see customers, what the order says of them."""
    plan = documents.plan(order)
    sales = [draft for draft in plan.drafts if draft.document.kind in _SALES]
    found = [(_("Amounts"), list(_amounts(order, sales))), (_("Lines"), list(_lines(order, sales)))]
    return [*found, *_fields(order)] if customer else found


def _amounts(order: Order, sales: list[documents.Draft]) -> Iterator[Row]:
    read = Invoice.objects.filter(order=order, kind__in=_SALES)
    for label, store, name, theirs in (
        (_("Total due"), order.total_due, "gross", "total"),
        (_("Tax"), order.tax_total, "tax", "tax"),
    ):
        yield Row(
            place=name,
            label=label,
            store=desk.named(store, order.currency),
            rule=_documents(sales, name, order, signed=False),
            signed=_documents(sales, name, order, signed=True),
            read=" · ".join(f"{row}: {desk.named(getattr(row, theirs), row.currency)}" for row in read),
        )


def _documents(sales: list[documents.Draft], name: str, order: Order, *, signed: bool) -> str:
    """The documents that are signed, or would be, with this amount."""
    shown = [draft.document for draft in sales if (draft.signed is not None) == signed]
    return " · ".join(
        f"{document.reference}: {desk.named(getattr(document, name), order.currency)}" for document in shown
    )


def _lines(order: Order, sales: list[documents.Draft]) -> Iterator[Row]:
    by_line: dict[int, list[tuple[documents.Draft, outgoing.Line]]] = {}
    for draft in sales:
        for key, drafted in _origins(draft):
            by_line.setdefault(key, []).append((draft, drafted))
    corrected = {row.target: row for row in standing(order).filter(target__startswith="line:")}
    for line in order.lines.filter(removed=False).prefetch_related("taxes").order_by("position"):
        yield _line(order, line, by_line.get(line.pk, []), corrected.get(f"line:{line.pk}"))


def _origins(draft: documents.Draft) -> Iterator[tuple[int, outgoing.Line]]:
    """Each line of a document with the order line that it is of; a signed one knows that from its own rows."""
    if draft.signed is None:
        keys = {n: origin.order_line for n, origin in enumerate(draft.origins, start=1)}
    else:
        keys = dict(draft.signed.lines.values_list("n", "order_line_id"))
    for n, line in enumerate(draft.document.lines, start=1):
        if (key := keys.get(line.n if draft.signed else n)) is not None:
            yield key, line


def _line(
    order: Order, line: OrderLine, drafted: list[tuple[documents.Draft, outgoing.Line]], correction: Correction | None
) -> Row:
    goods = [pair for _draft, pair in drafted]
    rule = dict.fromkeys(_rule(item) for item in goods)
    signed = [f"{draft.document.reference}: {_worth(item, order)}" for draft, item in drafted if draft.signed]
    taxes = ", ".join(map(_tax, line.taxes.all()))
    sku = correction.store_value if correction and correction.field == "sku" else line.sku
    said = f"{sku or line.title} · {desk.plain(line.quantity)} × · {desk.named(line.amount, order.currency)}"
    return Row(
        place=f"line:{line.pk}",
        label=_("Line %(n)s") % {"n": line.position + 1},
        store=f"{said}{f' · {taxes}' if taxes else ''}",
        rule=" · ".join(rule),
        correction=correction,
        signed=" · ".join(signed),
    )


def _rule(line: outgoing.Line) -> str:
    """The mappings that the line went through, as what they gave."""
    parts = [line.item and _("item %s") % line.item, line.account and _("account %s") % line.account]
    return ", ".join(part for part in [*parts, line.tax_code and _("tax code %s") % line.tax_code] if part)


def _worth(line: outgoing.Line, order: Order) -> str:
    return f"{desk.money(line.net, order.currency)} + {desk.money(line.tax, order.currency)}"


def _tax(tax: LineTax) -> str:
    return f"{tax.title} {desk.percent(tax.rate)}".strip()


def _fields(order: Order) -> list[tuple[str, list[Row]]]:
    """What may be corrected and says something, or was corrected."""
    approval = Approval.objects.filter(order=order).order_by("-at").first()
    content = json.loads(approval.content) if approval else {}
    corrected = {f"{row.target}.{row.field}": row for row in standing(order)}
    found = []
    for title, fields in correctable(order):
        rows = [
            _field(place, label, value, corrected.get(place), content)
            for place, label, value in fields
            if not place.startswith("line:") and (value or place in corrected)
        ]
        if rows:
            found.append((title, rows))
    return found


def _field(place: str, label: str, value: str, correction: Correction | None, content: dict[str, Any]) -> Row:
    target, _dot, name = place.partition(".")
    where = _SIGNED.get(place) or (("party", target, name) if target != "order" else ())
    return Row(
        place=place,
        label=label,
        store=correction.store_value if correction else value,
        correction=correction,
        signed=_at(content, where),
    )


def _at(content: Any, where: tuple[str, ...]) -> str:
    for name in where:
        content = content.get(name) if isinstance(content, dict) else None
    return str(content or "") if where else ""
