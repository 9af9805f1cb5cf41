"""Findings by what causes them: one fix, every record that waits for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Count, F, Min, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from orders.findings import checks
from orders.findings.codes import CODES
from orders.models import Finding, Ledger, Order, Payout, Refund, Reviewed, Severity, Shop, State

OPEN = (State.PENDING, State.HELD)
CHUNK = 100
_SHOP = {"order": "order__shop", "refund": "refund__order__shop", "payout": "payout__shop"}
_CURRENCY = Coalesce("order__currency", "refund__currency", "payout__currency")
_AMOUNT = Coalesce("order__total_due", "refund__amount", "payout__amount")
_CHECKS: dict[str, tuple[type[Reviewed], Callable[[Any], object]]] = {
    "order": (Order, checks.check),
    "refund": (Refund, checks.check_refund),
    "payout": (Payout, checks.check_payout),
}


@dataclass(frozen=True, slots=True)
class Affected:
    """How many open records wait for one fix, and what they are worth by currency."""

    records: int
    sums: dict[str, Decimal]


@dataclass(slots=True)
class Group:
    """Open records with the same problem. `cause` "" groups what has no common fix by its code; `oldest` is since when the first of them waits."""

    cause: str
    code: str
    severity: str
    words: str
    fix: str
    oldest: datetime
    records: int = 0
    sums: dict[str, Decimal] = field(default_factory=dict)


def groups(shops: Iterable[Shop]) -> list[Group]:
    """The problems of the shops' open records by cause, the most frequent first; in one query. Mere notes are left out."""
    waiting = _open("__in", list(shops)).exclude(severity=Severity.INFO)
    found: dict[tuple[str, str], Group] = {}
    for row in _worth(waiting, "cause", "code"):
        group = found.setdefault((row["cause"], row["code"]), _group(row))
        group.records += row["records"]
        group.sums[row["currency"]] = row["sum"]
        group.oldest = min(group.oldest, row["oldest"])
    return sorted(found.values(), key=lambda group: (-group.records, group.oldest))


def affected(ledger: Ledger, cause: str) -> Affected:
    """What waits for the fix of this cause, in one query. A cause that ends in ":" means all that begin with it ("tax:")."""
    rows = list(_worth(_of(ledger, cause)))
    return Affected(sum(row["records"] for row in rows), {row["currency"]: row["sum"] for row in rows})


@dataclass(frozen=True, slots=True)
class Wait:
    """One open record with a cause, and in words what else blocks it: nothing, if removing the cause makes it ready."""

    kind: str
    record: Any
    others: list[str]


def waiting(ledger: Ledger, cause: str, *, most: int) -> list[Wait]:
    """The open records, at most so many of each kind, that wait for a cause; where it names a code, for what has this code and no common fix."""
    found = []
    for kind in _SHOP:
        ids = _named(ledger, cause).exclude(**{kind: None}).values(kind)
        rows: QuerySet[Any] = _CHECKS[kind][0]._default_manager.filter(pk__in=ids)
        if kind == "refund":
            rows = rows.select_related("order")
        records = list(rows.order_by("pk")[:most])
        others = _others(kind, [record.pk for record in records], cause)
        found += [Wait(kind, record, others.get(record.pk, [])) for record in records]
    return found


def _others(kind: str, ids: list[int], cause: str) -> dict[int, list[str]]:
    """What blocks these records besides the cause, in words."""
    rows = Finding.objects.filter(**{f"{kind}__in": ids}, severity=Severity.BLOCKING).exclude(_is(cause))
    found: dict[int, list[str]] = {}
    for key, words in rows.order_by("pk").values_list(f"{kind}_id", "words"):
        found.setdefault(key, []).append(words)
    return found


def released(ledger: Ledger, cause: str) -> int:
    """How many pending orders the cause alone blocks: what becomes ready once it is removed."""
    mine = Count("findings", filter=Q(findings__severity=Severity.BLOCKING) & _is(cause, "findings__"))
    pending = Order.objects.filter(state=State.PENDING, blockers__gt=0, shop__ledger=ledger).annotate(mine=mine)
    return pending.filter(mine__gt=0, blockers=F("mine")).count()


def _is(cause: str, prefix: str = "") -> Q:
    return Q(**{f"{prefix}cause": cause}) | Q(**{f"{prefix}cause": "", f"{prefix}code": cause})


def _named(ledger: Ledger, cause: str) -> QuerySet[Finding]:
    return _open("__ledger", ledger).filter(_is(cause)).exclude(severity=Severity.INFO)


def recheck(ledger: Ledger, cause: str) -> int:
    """Check again every open record of the ledger with a finding of this cause (see `affected`); how many they were.

    In chunks: each a transaction of its own, unless the caller has one.
    """
    done = 0
    for name, (model, check) in _CHECKS.items():
        waiting = _of(ledger, cause).exclude(**{name: None}).values_list(f"{name}_id", flat=True)
        ids = sorted(set(waiting))
        for start in range(0, len(ids), CHUNK):
            done += _recheck(model, check, ids[start : start + CHUNK])
    return done


def recheck_all(ledger: Ledger) -> int:
    """Check every open record of the ledger's shops again; how many they were. In chunks, as above."""
    done = 0
    for name, (model, check) in _CHECKS.items():
        shop = {"order": "shop", "refund": "order__shop", "payout": "shop"}[name]
        rows = model._default_manager.filter(**{f"{shop}__ledger": ledger}, state__in=OPEN)
        ids = sorted(rows.values_list("pk", flat=True))
        for start in range(0, len(ids), CHUNK):
            done += _recheck(model, check, ids[start : start + CHUNK])
    return done


@transaction.atomic
def _recheck(model: type[Reviewed], check: Callable[[Any], object], ids: list[int]) -> int:
    rows = model._default_manager.select_for_update(of=("self",), no_key=True).filter(pk__in=ids, state__in=OPEN)
    return len([check(record) for record in rows.order_by("pk")])


def _of(ledger: Ledger, cause: str) -> QuerySet[Finding]:
    match = {"cause__startswith" if cause.endswith(":") else "cause": cause}
    return _open("__ledger", ledger).filter(**match)


def _open(lookup: str, value: object) -> QuerySet[Finding]:
    """Findings of the pending and held records of the shops for which `lookup` holds."""
    condition = Q()
    for name, shop in _SHOP.items():
        condition |= Q(**{f"{name}__state__in": OPEN, f"{shop}{lookup}": value})
    return Finding.objects.filter(condition)


def _worth(findings: QuerySet[Finding], *by: str) -> Iterable[dict[str, Any]]:
    """The records that have these findings, counted and summed by currency: one finding a record speaks for those that share `by`."""
    record = (*(f"{name}_id" for name in _SHOP), *by)
    speaking = findings.order_by(*record, "pk").distinct(*record).values("pk")
    rows = Finding.objects.filter(pk__in=speaking).order_by().annotate(currency=_CURRENCY, amount=_AMOUNT)
    worth: Iterable[dict[str, Any]] = rows.values("currency", *by).annotate(
        records=Count("pk"),
        sum=Sum("amount"),
        oldest=Min("since"),
        gravest=Min("severity"),
        said=Min("words"),
        help=Min("fix"),
    )
    return worth


def _group(row: dict[str, Any]) -> Group:
    """What has no common fix is named by its code: its words differ from record to record."""
    entry = CODES.get(row["code"])
    words = row["said"] if row["cause"] or entry is None else str(entry.title)
    fix = row["help"] if row["cause"] or entry is None else str(entry.fix)
    return Group(row["cause"], row["code"], row["gravest"], words, fix, row["oldest"])
