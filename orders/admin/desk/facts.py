"""The left side of a record's page: what the store says, what people laid over it, and which of it may be corrected."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _

from orders import corrections, documents, roles
from orders.models import Address, Correction, Order, Product, Refund, held

SAME_DAY = timedelta(days=1)


def of(request: HttpRequest, record: Order | Refund, order: Order, corrected: list[Correction]) -> dict[str, Any]:
    """What the page shows of the record and of its order, by the names that the page knows; most lies beside them since their documents were drafted."""
    lines = [line for line in held(record, "lines") if not getattr(line, "removed", False)]
    return {
        "lines": lines,
        "taxes": {line.pk: held(line, "taxes") for line in lines},
        "payments": held(record, "payments"),
        "shipments": held(order, "shipments"),
        "adjustments": documents.named(record),
        "corrected": {f"{row.target}.{row.field}": row for row in corrected},
        "sees_customer": request.user.has_perm("orders.view_customer"),
        "addresses": [
            (title, _address(target, subject, corrected))
            for target, title, subject in _subjects(order)
            if target != "order"
        ],
    }


def glance(order: Order, products: list[Product], earlier: list[Order]) -> dict[str, Any]:
    """What makes an order look odd before any rule says so: prices unlike the shop's, a parcel to another country, the same customer just before."""
    prices = {product.pk: product.price for product in products if product.currency in ("", order.currency)}
    usual = {line.pk: prices.get(line.product_id) for line in held(order, "lines") if line.product_id}
    told = [address.country for address in (order.billing, order.shipping) if address and address.country]
    return {
        "usual": {
            line.pk: usual[line.pk]
            for line in held(order, "lines")
            if usual.get(line.pk) not in (None, line.unit_price)
        },
        "route": " → ".join(dict.fromkeys(told)),
        "abroad": len(set(told)) > 1,
        "earlier": next(iter(earlier), None),
        "close": any(_shortly(before, order) for before in earlier),
    }


def _shortly(before: Order, order: Order) -> bool:
    """Whether the one was placed within a day of the other."""
    if order.placed_at is None or before.placed_at is None:
        return False
    return order.placed_at - before.placed_at < SAME_DAY


def standing(record: Any) -> QuerySet[Correction]:
    """What people corrected of an order, and stands."""
    rows = (
        Correction.objects.filter(order=record, retired_at=None)
        if isinstance(record, Order)
        else Correction.objects.none()
    )
    return rows.select_related("by")


def colleagues() -> QuerySet[User, str]:
    """Who can be given a record or asked about it, by name: whoever may see orders and is no auditor."""
    sees = User.objects.with_perm("orders.view_order", backend="orders.roles.Backend")
    people = sees.filter(is_staff=True).exclude(groups__name=roles.AUDITOR.name).order_by("username")
    return people.values_list("username", flat=True)[:200]


def correctable(order: Order) -> list[tuple[str, list[tuple[str, str, str]]]]:
    """The fields a person may correct, in groups: (place, label, value now)."""
    listed = []
    for target, title, subject in _subjects(order):
        if subject is not None:
            listed.append((title, [_field(target, name, subject) for name in corrections.CORRECTABLE[target]]))
    for line in (line for line in held(order, "lines") if not line.removed):
        names = corrections.CORRECTABLE["line"]
        listed.append(
            (_("Line %(n)s") % {"n": line.position + 1}, [_field(f"line:{line.pk}", name, line) for name in names])
        )
    return listed


def _field(target: str, name: str, subject: Any) -> tuple[str, str, str]:
    label = str(subject._meta.get_field(name).verbose_name)
    value = getattr(subject, name)
    return f"{target}.{name}", label, "" if value is None else str(value)


def _subjects(order: Order) -> list[tuple[str, str, Any]]:
    return [
        ("order", _("Order"), order),
        ("billing", _("Billing"), order.billing),
        ("shipping", _("Shipping"), order.shipping),
    ]


def _address(target: str, address: Address | None, standing: list[Correction]) -> dict[str, Any] | None:
    if address is None:
        return None
    city = " ".join(part for part in (address.postcode, address.city) if part)
    parts = [
        address.name,
        address.company,
        address.street,
        address.street2,
        city,
        address.region,
        address.country,
        address.phone,
    ]
    return {"parts": [part for part in parts if part], "corrected": [row for row in standing if row.target == target]}
