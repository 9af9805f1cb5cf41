"""What a person looks at in the queue: a tab, a filter, and the one record that a text names."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import (
    DateTimeField,
    Exists,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    QuerySet,
    Value,
)
from django.utils import timezone

from orders import documents, search
from orders.models import Customer, Finding, Invoice, Order, PayoutLine, Question, Shipment
from orders.queue.kinds import CHANGES, KINDS, MOMENT, SHOP, field_of
from orders.queue.tabs import TABS


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What a person looks at: the kind of record, the tab, and the filter within it."""

    kind: str = "order"
    tab: str = "review"
    shop: str = ""
    text: str = ""
    cause: str = ""
    who: str = ""  # the sign-in name of somebody to whom it was given, or who is asked


def rows(view: View) -> QuerySet[Any]:
    """The records of a view, newest first."""
    found = filtered(view).filter(TABS[view.tab].holds(timezone.now()))
    return found.order_by(moment(view).desc(), F("id").desc())


def moment(view: View) -> Any:
    """What the view is ordered by. Of a search no index is walked: what it finds is rare, and PostgreSQL would read a million of the newest for it."""
    by = F(MOMENT[view.kind])
    if not view.text or view.kind != "order":
        return by
    return ExpressionWrapper(by + Value(timedelta()), output_field=DateTimeField())


def filtered(view: View) -> QuerySet[Any]:
    found: QuerySet[Any] = KINDS[view.kind]._default_manager.all()
    if view.shop:
        found = found.filter(**{f"{SHOP[view.kind]}__code": view.shop})
    if view.who:
        asked = Question.objects.filter(of__username=view.who, closed_at=None, **{field_of(view.kind): OuterRef("pk")})
        found = found.filter(Q(assignee__username=view.who) | Exists(asked))
    if view.cause:
        waiting = Finding.objects.filter(
            Q(cause=view.cause) | Q(cause="", code=view.cause), **{field_of(view.kind): OuterRef("pk")}
        )
        found = found.filter(Exists(waiting))
    if view.text and view.kind == "order":
        found = search.query(found, view.text)
    elif view.text and view.kind == "payout":
        within = PayoutLine.objects.filter(payout=OuterRef("pk"), order_number__in=documents.numbers(view.text))
        named = Q(store_id__iexact=view.text) | Q(gateway__iexact=view.text) | Exists(within)
        found = found.filter(named | _worth_it(view.text))
    elif view.text and view.kind == "stockadjustment":
        found = found.filter(Q(sku__icontains=view.text) | Q(location__iexact=view.text))
    elif view.text and view.kind == "customerchange":
        found = found.filter(customer__in=search.query(Customer.objects.all(), view.text).order_by().values("pk"))
    elif view.text:
        orders = search.query(Order.objects.all(), view.text).order_by().values("pk")
        found = found.filter(Q(order__in=orders) | _worth_it(view.text))
    return found


def _worth_it(text: str) -> Q:
    amount = search.amount(text)
    return Q(pk=None) if amount is None else Q(amount=amount)


def exact(kind: str, text: str) -> int | None:
    """The one record whose number, id, e-mail, parcel or invoice the text is; None where it is none's, or more than one's."""
    if not text:
        return None
    rows = KINDS[kind]._default_manager.filter(_named(kind, text)).order_by().values_list("pk", flat=True)
    found = list(rows.distinct()[:2])
    return found[0] if len(found) == 1 else None


def _named(kind: str, text: str) -> Q:
    if kind == "payout":
        return Q(store_id=text)
    if kind in CHANGES:
        return Q(pk=None)
    whole = Q(number__in=documents.numbers(text)) | Q(store_id=text) | Q(email=text)
    orders = search.query(Order.objects.all(), text).order_by().filter(whole).values("pk")
    by_parcel = Shipment.objects.filter(tracking_number=text).values("order")
    by_invoice = Invoice.objects.filter(number=text).exclude(order=None).values("order")
    ids = orders.union(by_parcel, by_invoice)
    return Q(pk__in=ids) if kind == "order" else Q(order__in=ids)
