"""The approval queue: which records lie in which tab, how many, worth how much, and which one comes next."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import (
    Case,
    Count,
    DateTimeField,
    Exists,
    ExpressionWrapper,
    F,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Sum,
    Value,
    When,
)
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from orders import documents, search
from orders.models import (
    Customer,
    Finding,
    Invoice,
    Order,
    PayoutLine,
    Progress,
    Question,
    Shipment,
    State,
)
from orders.queue.kinds import AMOUNT, CHANGES, KINDS, MOMENT, SHOP, Decided, field_of

UNKNOWN_FOR = timedelta(minutes=15)
COUNTED_UP_TO = 10_000
Scalar = tuple[str, Sequence[Any]]  # SQL that finds one value, and what is put into it
_OPEN = [progress for progress in Progress if progress != Progress.POSTED]


@dataclass(frozen=True, slots=True)
class Tab:
    """One tab: `holds` says which records lie in it at a moment; `counted` exactly, or up to a cap."""

    name: str
    title: str | Promise
    holds: Callable[[datetime], Q]
    counted: bool = True


def _lost(now: datetime) -> Q:
    """Failed, or nobody knows for too long."""
    return Q(progress=Progress.FAILED) | Q(progress=Progress.UNKNOWN, progress_at__lt=now - UNKNOWN_FOR)


def _under_way(now: datetime) -> Q:
    """Neither posted nor lost; said by what it is, since an index finds no "not"."""
    known = Q(progress__in=[Progress.NONE, Progress.WAITING])
    return known | Q(progress=Progress.UNKNOWN) & (Q(progress_at=None) | Q(progress_at__gte=now - UNKNOWN_FOR))


TABS = {
    tab.name: tab
    for tab in (
        Tab("review", _("Needs review"), lambda now: Q(state=State.PENDING, blockers__gt=0)),
        Tab("ready", _("Ready"), lambda now: Q(state=State.PENDING, blockers=0)),
        Tab("held", _("On hold"), lambda now: Q(state=State.HELD)),
        Tab("approved", _("Approved"), lambda now: Q(state=State.APPROVED) & _under_way(now)),
        Tab("failed", _("Failed"), lambda now: Q(state=State.APPROVED) & _lost(now)),
        Tab("posted", _("Posted"), lambda now: Q(state=State.APPROVED, progress=Progress.POSTED), counted=False),
        Tab("rejected", _("Rejected"), lambda now: Q(state=State.REJECTED), counted=False),
    )
}


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What a person looks at: the kind of record, the tab, and the filter within it."""

    kind: str = "order"
    tab: str = "review"
    shop: str = ""
    text: str = ""
    cause: str = ""
    who: str = ""  # the sign-in name of somebody to whom it was given, or who is asked


class Place(NamedTuple):
    """Where a record stands in a view: the ids beside it, its number counted from 1 (None where the record is not in the view), and how many there are."""

    previous: int | None
    next: int | None
    position: int | None
    among: int


def rows(view: View) -> QuerySet[Any]:
    """The records of a view, newest first."""
    found = _filtered(view).filter(TABS[view.tab].holds(timezone.now()))
    return found.order_by(_moment(view).desc(), F("id").desc())


def _moment(view: View) -> Any:
    """What the view is ordered by. Of a search no index is walked: what it finds is rare, and PostgreSQL would read a million of the newest for it."""
    moment = F(MOMENT[view.kind])
    if not view.text or view.kind != "order":
        return moment
    return ExpressionWrapper(moment + Value(timedelta()), output_field=DateTimeField())


def _filtered(view: View) -> QuerySet[Any]:
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


def counts(view: View) -> dict[str, int]:
    """How many records lie in each tab under the view's filter. Exact for open states, else at most COUNTED_UP_TO + 1."""
    return tally(view).counts


class Tally(NamedTuple):
    """The counts by tab, the sums of the view's own tab by currency (none of a tab that is counted up to a cap only), and what is pending of other kinds."""

    counts: dict[str, int]
    sums: dict[str, Decimal]
    pending: dict[str, int]


def tally(view: View) -> Tally:
    """What the queue's frame shows; two statements."""
    if view.text:
        return Tally(*_tally_of_search(view), pending())
    now = timezone.now()
    found = _filtered(view).order_by()
    still_open = Q(state__in=[State.PENDING, State.HELD]) | Q(state=State.APPROVED, progress__in=_OPEN)
    exact, sums = _summed(found.filter(still_open), view, [tab for tab in TABS.values() if tab.counted])
    newest = F(MOMENT[view.kind]).desc(), F("id").desc()  # in an index's order, else PostgreSQL reads the table for it
    capped = {tab.name: found.filter(tab.holds(now)).order_by(*newest) for tab in TABS.values() if not tab.counted}
    found_capped = _capped(capped | _pending())
    beside = {kind: found_capped.pop(kind) for kind in _pending()}
    return Tally(exact | found_capped, sums if TABS[view.tab].counted else {}, beside)


def _tally_of_search(view: View) -> tuple[dict[str, int], dict[str, Decimal]]:
    """What a search finds is little, or the search is stopped: counted tab by tab without looking at what else is open."""
    counted, sums = _summed(_filtered(view).order_by(), view, list(TABS.values()))
    return {name: min(n, COUNTED_UP_TO + 1) for name, n in counted.items()}, sums


def _summed(found: QuerySet[Any], view: View, tabs: Sequence[Tab]) -> tuple[dict[str, int], dict[str, Decimal]]:
    """How many of these lie in each tab, and what the view's own are worth by currency; answered by `order_open` alone where nothing is filtered."""
    now = timezone.now()
    counts = {tab.name: Count("state", filter=tab.holds(now)) for tab in tabs}
    if view.kind in CHANGES:
        return dict(found.aggregate(**counts)), {}
    worth = Sum(AMOUNT[view.kind], filter=TABS[view.tab].holds(now))
    by_currency = list(found.values("currency").annotate(**counts, worth=worth))
    sums = {row["currency"]: row["worth"] for row in by_currency if row["worth"] is not None}
    return {name: sum(row[name] for row in by_currency) for name in counts}, sums


def pending() -> dict[str, int]:
    """How many records of each kind but orders wait for a decision; one statement."""
    return _capped(_pending())


def _pending() -> dict[str, QuerySet[Any]]:
    return {
        kind: model._default_manager.filter(state=State.PENDING).order_by()
        for kind, model in KINDS.items()
        if model is not Order
    }


def _capped(asked: dict[str, QuerySet[Any]]) -> dict[str, int]:
    """How many records each finds, at most COUNTED_UP_TO + 1; one statement for all."""
    return dict(zip(asked, _scalars(*map(_counted, asked.values())), strict=True))


def _counted(records: QuerySet[Any]) -> Scalar:
    """How many they are, at most COUNTED_UP_TO + 1."""
    sql, values = records.values("id")[: COUNTED_UP_TO + 1].query.sql_with_params()
    return f"SELECT count(*) FROM ({sql}) counted", values  # noqa: S608  # the SQL is the ORM's own


def _first(records: QuerySet[Any]) -> Scalar:
    """The id of the first."""
    return records.values("id")[:1].query.sql_with_params()


def _scalars(*asked: Scalar) -> tuple[Any, ...]:
    """The one value of each, in one statement."""
    statement = ", ".join(f"({sql})" for sql, _values in asked)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {statement}", [value for _sql, values in asked for value in values])
        found: tuple[Any, ...] = cursor.fetchone()
    return found


def waiting() -> int:
    """How many orders need a person's look."""
    return Order.objects.filter(TABS["review"].holds(timezone.now())).count()


def oldest(view: View) -> datetime | None:
    """Since when the oldest record of a view has been with us; None if there is none."""
    found: datetime | None = rows(view).order_by().aggregate(oldest=Min("received_at"))["oldest"]
    return found


def amounts(records: QuerySet[Any], kind: str) -> dict[str, Decimal]:
    """The sums of these records by currency."""
    summed = records.order_by().values_list("currency").annotate(Sum(AMOUNT[kind]))
    return dict(summed)


def place(view: View, record: Decided) -> Place:
    """The record's place in the view and its neighbours, also where it has just left the view; one statement."""
    found = rows(view)
    before, after = (found.filter(side) for side in _sides(view.kind, record))
    nearest = before.order_by(_moment(view).asc(), F("id").asc())
    inside, ahead, among = found.filter(pk=record.pk), before, found
    counted = (_counted(records.order_by()) for records in (inside, ahead, among))
    previous, following, is_inside, count_ahead, count = _scalars(_first(nearest), _first(after), *counted)
    return Place(previous, following, count_ahead + 1 if is_inside else None, count)


def _sides(kind: str, record: Any) -> tuple[Q, Q]:
    """What stands before and after the record when the newest comes first; a record without a moment counts as newest."""
    name = MOMENT[kind]
    moment = getattr(record, name)
    if moment is None:
        nameless = Q(**{f"{name}__isnull": True})
        return nameless & Q(pk__gt=record.pk), nameless & Q(pk__lt=record.pk) | ~nameless
    same = Q(**{name: moment})
    before = Q(**{f"{name}__gt": moment}) | Q(**{f"{name}__isnull": True}) | same & Q(pk__gt=record.pk)
    return before, Q(**{f"{name}__lt": moment}) | same & Q(pk__lt=record.pk)


def in_tab() -> Case:
    """As a column of a record: the name of the tab in which it lies now."""
    now = timezone.now()
    return Case(*(When(tab.holds(now), then=Value(tab.name)) for tab in TABS.values()), default=Value("review"))


def tab_of(record: Decided) -> str:
    """The tab in which the record lies now."""
    return str(type(record)._default_manager.filter(pk=record.pk).values_list(in_tab(), flat=True).get())
