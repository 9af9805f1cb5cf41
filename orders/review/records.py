"""What the decisions have in common: the locked record in the version that was seen, its shop, its plan, its standing approval."""

from __future__ import annotations

from typing import Any, TypeVar

from django.db import models
from django.utils.translation import gettext as _

from orders import documents, findings, incoming, money
from orders.models import Approval, Order, Payout, Refund, Reviewed, State, about
from orders.review.refusal import Refused

Record = TypeVar("Record", bound=Reviewed)
_PARTS = ("shop__ledger__adjustment_account", "customer", "billing", "shipping")
_ORDERS = Order.objects.select_related(*_PARTS)
_REFUNDS = Refund.objects.select_related("order", *(f"order__{part}" for part in _PARTS))
_PAYOUTS = Payout.objects.select_related("shop__ledger__adjustment_account")
_OWN = {item.name for item in Reviewed._meta.get_fields()}


def locked(record: Record, version: int | None) -> Record:
    """The record afresh under its row lock. Raises Refused if it is no longer the version that was seen."""
    if isinstance(record, Refund):  # the order first, always: its documents' outcomes are written down under its lock
        Order.objects.select_for_update(no_key=True).filter(pk=record.order_id).values_list("pk").first()
    fresh = type(record)._default_manager.select_for_update(no_key=True, of=("self",)).get(pk=record.pk)
    if version is not None and fresh.version != version:
        raise Refused(
            _("It was changed since you looked at it."), _("Look at what changed and decide again; nothing was done.")
        )
    return fresh


def order_of(record: Reviewed) -> Order | None:
    """The order that a record belongs to, None for what belongs to none."""
    if isinstance(record, Order):
        return record
    return record.order if isinstance(record, Refund) else None


def owner_of(record: Reviewed) -> Order | Payout | None:
    """The record that signed documents belong to: the order, also of a refund, or the payout; None for what is approved without documents."""
    return record if isinstance(record, Payout) else order_of(record)


def plan_of(record: Reviewed) -> documents.Plan:
    """What approving would sign, from the database as it is now; nothing for records without documents, whose content is what they say."""
    with findings.in_office_language():  # the plan's words are kept, in documents and findings
        if isinstance(record, Order):
            return documents.plan(_ORDERS.get(pk=record.pk))
        if isinstance(record, Refund):
            return documents.plan_refund(_REFUNDS.get(pk=record.pk))
        if isinstance(record, Payout):
            return documents.plan_payout(_PAYOUTS.get(pk=record.pk))
    said = {
        item.name: str(getattr(record, item.attname))
        for item in record._meta.concrete_fields
        if item.name not in _OWN and isinstance(item, models.Field)
    }
    amount: Any = getattr(record, "amount", money.ZERO)
    currency: str = getattr(record, "currency", "")
    return documents.Plan(drafts=(), problems=(), content=incoming.plain(said), amount=amount, currency=currency)


def check(record: Reviewed, plan: documents.Plan | None = None) -> None:
    """Find everything about it again, with the plan if there is one already; the counts on the record follow."""
    if isinstance(record, Order):
        findings.check(record, plan)
    elif isinstance(record, Refund):
        findings.check_refund(record, plan)
    elif isinstance(record, Payout):
        findings.check_payout(record, plan)


def check_refunds(record: Reviewed) -> None:
    """Find everything about an order's open refunds again: whether they can be approved hangs on the order's decision."""
    if isinstance(record, Order):
        for refund in record.refunds.filter(state__in=[State.PENDING, State.HELD]):
            check(refund)


def approval_of(record: Reviewed) -> Approval | None:
    """The approval that has not fallen, complete or not."""
    return Approval.objects.filter(**about(record), fallen_at=None).first()


def waits_for_second(record: Reviewed) -> bool:
    """Whether somebody approved it already, and a second person has to as well."""
    waiting = approval_of(record)
    return waiting is not None and not complete(waiting)


def complete(approval: Approval) -> bool:
    return not approval.needs_second or approval.second_by_id is not None


def corrections_by(record: Reviewed, user_id: int) -> bool:
    """True if the user corrected or adjusted what would be signed."""
    related: list[models.Manager[Any]] = [getattr(record, "corrections"), getattr(record, "adjustments")]  # noqa: B009
    ends = ("retired_at", "withdrawn_at")
    return any(rows.filter(by_id=user_id, **{end: None}).exists() for rows, end in zip(related, ends, strict=True))
