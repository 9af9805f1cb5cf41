"""Two orders that may be one, side by side: what they share, what differs, and which of them to reject."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from orders import roles
from orders.admin.desk import frame
from orders.models import Address, Order, State
from orders.templatetags import desk


@dataclass(frozen=True, slots=True)
class Pair:
    """One value of both."""

    label: str
    ours: str
    theirs: str

    @property
    def differs(self) -> bool:
        return self.ours != self.theirs


def page(request: HttpRequest, pk: int, other: int) -> HttpResponse:
    """Both orders, with the way to reject the one that is too many."""
    frame.must(request, "orders.view_order")
    if pk == other:
        raise Http404
    orders = [frame.record_of("order", key) for key in (pk, other)]
    said = [dict(_said(order, request)) for order in orders if isinstance(order, Order)]
    view = frame.view_of(request.GET)
    return frame.page(
        request,
        "admin/desk/beside.html",
        _("Orders %(ours)s and %(theirs)s side by side") % {"ours": orders[0], "theirs": orders[1]},
        pairs=[
            Pair(label, said[0].get(label, ""), said[1].get(label, "")) for label in dict.fromkeys([*said[0], *said[1]])
        ],
        sides=[_side(request, order, twin) for order, twin in (orders, orders[::-1])],
        parts=frame.parts(view),
        kind="order",
    )


def _side(request: HttpRequest, order: Any, twin: Any) -> dict[str, Any]:
    may = roles.may(request.user, "orders.change_order")
    return {
        "record": order,
        "href": reverse("admin:record", args=["order", order.pk]),
        "can_reject": may and order.state in (State.PENDING, State.HELD),
        "note": _("the same as %s") % twin,
    }


def _said(order: Order, request: HttpRequest) -> Iterator[tuple[str, str]]:
    """What an order says, label by label, in words."""
    yield _("State"), str(order.get_progress_display() if order.progress else order.get_state_display())
    yield _("Number"), order.number
    yield _("Id in the store"), order.store_id
    yield _("Shop"), order.shop.name
    yield _("Placed"), desk.short(order.placed_at)
    yield _("Received"), desk.short(order.received_at)
    yield _("Total due"), desk.named(order.total_due, order.currency)
    yield _("Payment"), order.payment_state
    yield _("Fulfilment"), order.fulfilment_state
    for n, line in enumerate(order.lines.filter(removed=False).order_by("position", "pk"), start=1):
        what = line.sku or line.title
        yield (
            _("Line %(n)s") % {"n": n},
            f"{desk.plain(line.quantity)} × {what}, {desk.named(line.amount, order.currency)}",
        )
    for n, payment in enumerate(order.payments.order_by("processed_at", "pk"), start=1):
        amount, at = desk.named(payment.amount, payment.currency), desk.short(payment.processed_at)
        yield _("Payment %(n)s") % {"n": n}, f"{amount} · {payment.gateway} · {at}"
    for n, parcel in enumerate(order.shipments.order_by("shipped_at", "pk"), start=1):
        yield _("Parcel %(n)s") % {"n": n}, f"{parcel.carrier} {parcel.tracking_number}".strip()
    yield _("Customer"), order.customer_name
    if request.user.has_perm("orders.view_customer"):
        yield _("E-mail"), order.email
        yield _("Billing"), _address(order.billing)
        yield _("Shipping"), _address(order.shipping)


def _address(address: Address | None) -> str:
    if address is None:
        return ""
    parts = (address.name, address.street, address.street2, address.postcode, address.city, address.country)
    return ", ".join(part for part in parts if part)
