"""What a record's page shows beside its documents, asked for in one statement."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db.models import QuerySet

from orders import ownership, queue
from orders.admin.desk import facts, timeline
from orders.models import (
    Account,
    Appointment,
    Approval,
    Booking,
    Correction,
    Deputy,
    Event,
    Finding,
    Invoice,
    Order,
    Payout,
    Product,
    Question,
    Refund,
    TaxCode,
    together,
)
from orders.models.subject import about

CHOICES = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """The rows by what they are; approvals and questions with the last first, bookings those that are not at their end."""

    findings: list[Finding]
    approvals: list[Approval]
    questions: list[Question]
    bookings: list[Booking]
    events: list[Event]
    corrections: list[Correction]
    refunds: list[Refund]
    invoices: list[Invoice]
    appointed: list[Appointment]
    deputyships: list[Deputy]
    accounts: list[Account]
    tax_codes: list[TaxCode]
    colleagues: list[str]
    products: list[Product]
    earlier: list[Order]

    @property
    def owner(self) -> User:
        return self.appointed[0].owner

    @property
    def deputyship(self) -> Deputy | None:
        """That of the person who looks, for this shop."""
        return next(iter(self.deputyships), None)

    @property
    def troubles(self) -> list[Booking]:
        return [booking for booking in self.bookings if booking.outcome in queue.LOST]

    @property
    def undo_until(self) -> datetime | None:
        """Until when the approval can be taken back, as long as a document was not taken for sending."""
        return min((booking.not_before for booking in self.bookings if booking.taken_at is None), default=None)


def of(record: queue.Decided, user: User) -> Gathered:
    """All of it, as this person may be told."""
    asked = _asked(record, user)
    return Gathered(**dict(zip(asked, together.fetched(*asked.values()), strict=True)))


def _asked(record: queue.Decided, user: User) -> dict[str, QuerySet[Any, Any]]:
    shop, mine = ownership.shop_of(record), about(record)
    ledger = shop.ledger
    return {
        "findings": Finding.objects.filter(**mine).order_by("severity", "code", "id"),
        "approvals": Approval.objects.filter(**mine)
        .select_related("by", "acting_for", "second_by")
        .order_by("-at")[:1],
        "questions": Question.objects.filter(**mine).select_related("of", "by", "answered_by")[:1],
        "bookings": queue.unsettled([record], record._meta.model_name or ""),
        "events": timeline.asked(record),
        "corrections": facts.standing(record),
        "refunds": record.refunds.order_by("refunded_at", "id") if isinstance(record, Order) else Refund.objects.none(),
        "invoices": _invoices(record),
        "appointed": ownership.appointed(shop),
        "deputyships": ownership.deputyship(user, shop),
        "accounts": ledger.accounts.filter(active=True).order_by("code")[:CHOICES],
        "tax_codes": ledger.tax_codes.filter(active=True).order_by("code")[:CHOICES],
        "colleagues": facts.colleagues(),
        "products": _products(record),
        "earlier": _earlier(record),
    }


def _invoices(record: queue.Decided) -> QuerySet[Invoice]:
    if isinstance(record, Payout):
        return Invoice.objects.filter(document__sources__payout=record).order_by("id")
    if isinstance(record, (Order, Refund)):
        order = record.pk if isinstance(record, Order) else record.order_id
        return Invoice.objects.filter(order=order).order_by("id")
    return Invoice.objects.none()


def _products(record: queue.Decided) -> QuerySet[Product]:
    """The products that an order's lines name, for what they cost in the shop."""
    rows = Product.objects.defer("search")
    return rows.filter(pk__in=record.lines.values("product")) if isinstance(record, Order) else rows.none()


def _earlier(record: queue.Decided) -> QuerySet[Order]:
    """The order that came just before from the same e-mail."""
    rows = Order.objects.only("number", "placed_at")
    if not isinstance(record, Order) or not record.email or record.placed_at is None:
        return rows.none()
    same = rows.filter(shop=record.shop_id, email=record.email, placed_at__lte=record.placed_at).exclude(pk=record.pk)
    return same.order_by("-placed_at", "-pk")[:1]
