"""Approving many together: a set is frozen as it is shown, confirmed as a whole or not at all, and worked off record by record with its progress."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from orders import events, ownership
from orders.models import Bulk, BulkState, CustomerChange, Order, Payout, Refund, Reviewed, State, StockAdjustment
from orders.review.approval import approve
from orders.review.refusal import Refused

if TYPE_CHECKING:
    from django.contrib.auth.models import User

MOST = 10_000
Decided = Order | Refund | Payout | StockAdjustment | CustomerChange
KINDS: dict[str, type[Decided]] = {
    "order": Order,
    "refund": Refund,
    "payout": Payout,
    "stockadjustment": StockAdjustment,
    "customerchange": CustomerChange,
}
_SHOP = {"refund": "order__shop", "customerchange": "customer__shop"}
log = logging.getLogger(__name__)


def freeze(kind: str, ids: Sequence[int], *, by: User, query: str = "") -> Bulk:
    """The set of these records (at most MOST) as it stands now, and which of them are left out, with the reason. Nothing is approved by it."""
    shop = _SHOP.get(kind, "shop")
    rows = KINDS[kind]._default_manager.filter(pk__in=list(ids)[:MOST]).select_related(f"{shop}__ledger")
    records, sums, left_out, standing = [], dict[str, Decimal](), [], _Standing(by)
    for record in rows.order_by("pk"):
        if why := _why_not(record, standing):
            left_out.append([record.pk, name(record), why])
            continue
        records.append([record.pk, record.version])
        if currency := getattr(record, "currency", ""):
            sums[currency] = sums.get(currency, Decimal(0)) + worth(record)
    shown = {currency: str(total) for currency, total in sums.items()}
    return Bulk.objects.create(
        by=by, kind=kind, query=query, records=records, sums=shown, left_out=left_out, made_at=timezone.now()
    )


def confirm(bulk: Bulk, *, by: User) -> None:
    """Let exactly the frozen set be approved. Raises Refused, and refuses the set for ever, if one of its records is no longer what was shown."""
    with transaction.atomic():
        bulk = Bulk.objects.select_for_update(no_key=True).get(pk=bulk.pk)
        if bulk.by_id != by.pk:
            raise Refused(_("%s chose this set; whoever chose it confirms it.") % bulk.by)
        if bulk.state != BulkState.SHOWN:
            raise Refused(_("This set was decided already: %s.") % bulk.get_state_display())
        stands = _stands(bulk)
        bulk.state = BulkState.RUNNING if stands else BulkState.REFUSED
        bulk.confirmed_at = timezone.now()
        bulk.ended_at = None if stands else timezone.now()
        bulk.save(update_fields=["state", "confirmed_at", "ended_at"])
        verb = "bulk confirmed" if stands else "bulk refused"
        events.record(bulk, verb, by=by, after={"kind": bulk.kind, "count": len(bulk.records), "sums": bulk.sums})
    if not stands:
        raise Refused(
            _("The set has changed since you looked at it; nothing was approved."), _("Look at the list again.")
        )


def stop(bulk: Bulk, *, by: User) -> None:
    """Approve no more of it; what is approved stays. Raises Refused where it is not under way."""
    with transaction.atomic():
        bulk = Bulk.objects.select_for_update(no_key=True).get(pk=bulk.pk)
        if bulk.state != BulkState.RUNNING or bulk.by_id != by.pk:
            raise Refused(_("Only whoever confirmed it can stop it, while it is under way."))
        bulk.state, bulk.ended_at = BulkState.CANCELLED, timezone.now()
        bulk.save(update_fields=["state", "ended_at"])
        events.record(bulk, "bulk stopped", by=by, after={"approved": bulk.approved, "of": len(bulk.records)})


def work(seconds: float, only: int | None = None) -> tuple[int, int]:
    """Approve what is confirmed, for at most that long: how many were approved, and how many left out. Several may be at it: a set is one's at a time."""
    deadline, done, left = time.monotonic() + seconds, 0, 0
    running = Bulk.objects.filter(state=BulkState.RUNNING, **({"pk": only} if only else {})).order_by("pk")
    for pk in running.values_list("pk", flat=True):
        while time.monotonic() < deadline:
            outcome = _step(pk)
            if outcome is None:
                break
            done, left = done + outcome, left + (not outcome)
    return done, left


def _step(pk: int) -> bool | None:
    """Decide the set's next record and its progress in one transaction: whether it was approved; None where nothing is left or another is at it."""
    try:
        return _decide(pk)
    except Exception as error:
        log.exception("Bulk approval %s: a record broke off.", pk)
        return _leave_out(pk, _("ordersync broke off here (%s); look at it by itself.") % type(error).__name__)


@transaction.atomic
def _decide(pk: int) -> bool | None:
    bulk = _locked(pk)
    if bulk is None:
        return None
    key, version = bulk.records[bulk.position]
    record = KINDS[bulk.kind]._default_manager.get(pk=key)
    try:
        approve(record, by=bulk.by, version=version)
    except Refused as refusal:
        return _advance(bulk, [key, name(record), f"{refusal.words} {refusal.fix}".strip()])
    return _advance(bulk, None)


@transaction.atomic
def _leave_out(pk: int, words: str) -> bool | None:
    bulk = _locked(pk)
    if bulk is None:
        return None
    key = bulk.records[bulk.position][0]
    return _advance(bulk, [key, name(KINDS[bulk.kind]._default_manager.get(pk=key)), words])


def _locked(pk: int) -> Bulk | None:
    rows = Bulk.objects.select_for_update(skip_locked=True, no_key=True, of=("self",)).select_related("by")
    return rows.filter(pk=pk, state=BulkState.RUNNING).first()


def _advance(bulk: Bulk, left_out: list[Any] | None) -> bool:
    bulk.position += 1
    changed = ["position", "approved"]
    if left_out is None:
        bulk.approved += 1
    else:
        bulk.left_out.append(left_out)
        changed.append("left_out")
    if bulk.position == len(bulk.records):
        bulk.state, bulk.ended_at = BulkState.DONE, timezone.now()
        changed += ["state", "ended_at"]
    bulk.save(update_fields=changed)
    return left_out is None


def _stands(bulk: Bulk) -> bool:
    """Whether every record of the set is ready still, in the version that was shown."""
    ready = KINDS[bulk.kind]._default_manager.filter(
        pk__in=[pk for pk, _version in bulk.records], state=State.PENDING, blockers=0
    )
    now = dict(ready.values_list("pk", "version"))
    return bool(bulk.records) and all(now.get(pk) == version for pk, version in bulk.records)


class _Standing:
    """As whom the person may decide, asked once a shop."""

    def __init__(self, by: User) -> None:
        self.by, self._limits = by, dict[int, Decimal | str | None]()

    def objection(self, record: Any) -> str:
        """Why the person may not decide on it; "" if he may."""
        shop = ownership.shop_of(record)
        if shop.pk not in self._limits:
            try:
                self._limits[shop.pk] = ownership.authority(self.by, shop).limit
            except ownership.NotAllowed as refused:
                self._limits[shop.pk] = refused.words
        limit = self._limits[shop.pk]
        if isinstance(limit, str):
            return limit
        if limit is not None and abs(worth(record)) > limit:
            return _("It is above your limit as deputy, %s.") % f"{limit.normalize():f}"
        return ""


def _why_not(record: Any, standing: _Standing) -> str:
    if record.state != State.PENDING:
        return str(_("It is %s already.") % record.get_state_display())
    return _("It has problems.") if record.blockers else standing.objection(record)


def worth(record: Decided) -> Decimal:
    """What it is worth in its currency; nothing of a change that moves no money."""
    if isinstance(record, (StockAdjustment, CustomerChange)):
        return Decimal(0)
    amount: Decimal = record.total_due if isinstance(record, Order) else record.amount
    return amount


def name(record: Reviewed) -> str:
    """What it is called in a list: the order's number, the payout's id."""
    if isinstance(record, Refund):
        return str(record.order.number)
    return str(record.number if isinstance(record, Order) else getattr(record, "store_id", record))
