"""One record: the store's facts at the left (facts), what will be posted at the right, and what the person may do at the foot."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from orders import documents, money, outgoing, ownership, queue, roles
from orders.admin import desk
from orders.admin.base import person
from orders.admin.desk import difference, facts, fixes, frame, gathered, payout, timeline
from orders.admin.desk.gathered import Gathered
from orders.models import (
    Approval,
    CustomerChange,
    Finding,
    Order,
    Payout,
    Progress,
    Question,
    Refund,
    RejectReason,
    Severity,
    State,
    StockAdjustment,
)
from orders.review import records

_TEMPLATES = {"payout": "admin/desk/payout.html"} | dict.fromkeys(queue.CHANGES, "admin/desk/change.html")


@dataclass(frozen=True, slots=True)
class Preview:
    """One document of the preview: its postings, and whether it is signed, due, or falls due later."""

    draft: documents.Draft
    postings: list[outgoing.Posting]
    booking: Any

    @property
    def debit(self) -> Decimal:
        return money.total(posting.debit for posting in self.postings)

    @property
    def credit(self) -> Decimal:
        return money.total(posting.credit for posting in self.postings)

    @property
    def balances(self) -> bool:
        return self.debit == self.credit


def page(request: HttpRequest, kind: str, pk: int) -> HttpResponse:
    """The page of a record of any kind."""
    frame.must(request, f"orders.view_{kind}")
    record = frame.record_of(kind, pk)
    view = _view(request, kind, record)
    place = queue.place(view, record)
    plan, known = _plan(record), gathered.of(record, person(request))
    here = frame.record_at(view, record.pk)
    until = known.undo_until if record.state == State.APPROVED else None
    approval = next(iter(known.approvals), None)
    return frame.page(
        request,
        _TEMPLATES.get(kind, "admin/desk/record.html"),
        name_of(record),
        record=record,
        order=order_of(record) if isinstance(record, (Order, Refund)) else None,
        kind=kind,
        view=view,
        parts=frame.parts(view),
        place=place,
        queue_href=frame.queue_at(view),
        explained=_explained(view, record),
        sees_wire=request.user.has_perm("integrations.view_attempt"),
        tab=queue.TABS[view.tab],
        previous=frame.record_at(view, place.previous) if place.previous else "",
        following=frame.record_at(view, place.next) if place.next else "",
        amount=queue.amount(record),
        findings=[_finding(request, record, finding, here, known) for finding in known.findings],
        sheets=[_sheet(draft) for draft in plan.drafts],
        problems=[problem for problem in plan.problems if not known.findings],
        approval=approval,
        changes=_changes(approval, plan),
        until=until,
        troubles=known.troubles,
        refunds=known.refunds,
        invoices=known.invoices,
        attempts=[row for provider in desk.attempts_providers for row in provider(record)],
        events=timeline.of(request, known.events),
        question=_question(request, record, known.questions),
        snoozes=_snoozes(),
        accountable=record.assignee or known.owner,
        reasons=RejectReason.choices,
        colleagues=known.colleagues,
        **_facts(request, record, known),
        **_verbs(request, record, known, until, plan.drafts),
    )


def order_of(record: Order | Refund) -> Order:
    """The order itself, or the one that a refund is of."""
    return record if isinstance(record, Order) else record.order


def name_of(record: queue.Decided) -> str:
    """What the record is called: Order #1001, Refund of order #1001, Payout 90001."""
    if isinstance(record, Payout):
        return _("Payout %s") % record.store_id
    if isinstance(record, StockAdjustment):
        return _("Stock of %s") % record.sku
    if isinstance(record, CustomerChange):
        return _("Change of a customer's %s") % record.field.replace("_", " ")
    return _("Order %s") % record.number if isinstance(record, Order) else _("Refund of order %s") % record.order.number


def _facts(request: HttpRequest, record: queue.Decided, known: Gathered) -> dict[str, Any]:
    if isinstance(record, Payout):
        return payout.of(record)
    if isinstance(record, (StockAdjustment, CustomerChange)):
        return {"shop": ownership.shop_of(record)}
    order = order_of(record)
    return facts.of(request, record, order, known.corrections) | facts.glance(order, known.products, known.earlier)


def _plan(record: queue.Decided) -> documents.Plan:
    if isinstance(record, Payout):
        return documents.plan_payout(record)
    if isinstance(record, (StockAdjustment, CustomerChange)):
        return records.plan_of(record)
    return documents.plan(record) if isinstance(record, Order) else documents.plan_refund(record)


def _view(request: HttpRequest, kind: str, record: queue.Decided) -> queue.View:
    """The view the person came from; without one, the tab in which the record lies."""
    data = request.GET.copy()
    data["kind"] = kind
    if "tab" not in data:
        data["tab"] = getattr(record, "tab")  # noqa: B009  # a column that `frame.record_of` adds
    return frame.view_of(data)


def _finding(request: HttpRequest, record: Any, finding: Finding, here: str, known: Gathered) -> dict[str, Any]:
    query, ledger = "?" + here.partition("?")[2], ownership.shop_of(record).ledger
    fix = fixes.of(request.user, ledger, finding.cause, back=here, tax_codes=known.tax_codes)
    if finding.code == "duplicate" and finding.cause.startswith("order:"):
        twin = int(finding.cause.partition(":")[2])
        fix = fixes.Fix(_("Compare"), reverse("admin:beside", args=[record.pk, twin]) + query)
    if fix is None and not finding.cause and roles.may(request.user, f"orders.change_{record._meta.model_name}"):
        fix = fixes.on_page(finding.code, finding.field)
    tone = {Severity.BLOCKING: "bad", Severity.WARNING: "warn"}.get(Severity(finding.severity), "")
    return {
        "finding": finding,
        "fix": fix,
        "tone": tone,
        "helper": fixes.helper(finding.code),
        "closed": finding.code == "period_closed"
        and isinstance(record, (Order, Payout))
        and not record.post_on_first_open_day,
    }


def _sheet(draft: documents.Draft) -> Preview:
    return Preview(draft, outgoing.postings(draft.document), getattr(draft.signed, "booking", None))


def _changes(approval: Approval | None, plan: documents.Plan) -> list[difference.Change]:
    """What differs from what was approved last, where that approval fell or no longer fits."""
    if approval is None or approval.content_hash == plan.content_hash:
        return []
    return list(difference.between(json.loads(approval.content), plan.content))


def _question(request: HttpRequest, record: queue.Decided, questions: list[Question]) -> dict[str, Any] | None:
    """What was asked last about the record, and whether this person may answer it."""
    asked = next(iter(questions), None)
    if asked is None or (asked.closed_at and not asked.answer):
        return None
    may_decide = roles.may(request.user, f"orders.change_{record._meta.model_name}")
    asks_him = asked.of_id == request.user.pk and not roles.is_auditor(request.user)
    return {"asked": asked, "may_answer": asked.closed_at is None and (asks_him or may_decide)}


def _snoozes() -> list[tuple[str, date]]:
    """The days to which a record is put off most often."""
    today = timezone.localdate()
    return [
        (_("Tomorrow"), today + timedelta(days=1)),
        (_("Monday"), today + timedelta(days=7 - today.weekday())),
        (_("In two weeks"), today + timedelta(days=14)),
    ]


def _explained(view: queue.View, record: queue.Decided) -> str:
    if not isinstance(record, Order):
        return ""
    return reverse("admin:explain", args=[record.pk]) + "?" + frame.record_at(view, record.pk).partition("?")[2]


def _verbs(
    request: HttpRequest,
    record: queue.Decided,
    known: Gathered,
    until: datetime | None,
    drafts: tuple[documents.Draft, ...],
) -> dict[str, Any]:
    """Which verbs the page shows, and in words why approval is not possible now."""
    may = roles.may(request.user, f"orders.change_{record._meta.model_name}")
    blocked, acting_for, shop = "", None, ownership.shop_of(record)
    try:
        acting_for = ownership.authority_of(
            person(request), shop, known.owner, lambda: known.deputyship, amount=queue.amount(record)
        ).acting_for
    except ownership.NotAllowed as refused:
        blocked = refused.words
    if not blocked and record.state == State.PENDING and record.blockers:
        first = next((finding for finding in known.findings if finding.severity == Severity.BLOCKING), None)
        blocked = first.fix or first.words if first else _("Something blocks it.")
    told = isinstance(record, (StockAdjustment, CustomerChange))
    unsent = told and record.progress == Progress.NONE
    undoable = record.state == State.APPROVED and (until is not None or unsent or record.progress == Progress.FAILED)
    return {
        "may_decide": may,
        "blocked": blocked,
        "acting_for": acting_for,
        "can_approve": may and record.state == State.PENDING,
        "can_hold": may and record.state == State.PENDING,
        "can_reject": may and record.state in (State.PENDING, State.HELD),
        "can_reopen": may and (record.state in (State.HELD, State.REJECTED) or undoable),
        "reopen_words": _("Undo approval") if until else _("Reopen"),
        "can_undo": may
        and any(draft.signed and draft.signed.booking.taken_at for draft in drafts)
        and isinstance(record, Order),
        "can_correct": may and isinstance(record, Order) and record.state in (State.PENDING, State.HELD),
        "correctable": facts.correctable(record) if isinstance(record, Order) else [],
        "can_adjust": may and not told and record.state in (State.PENDING, State.HELD),
        "accounts": known.accounts,
        "tax_codes": known.tax_codes,
    }
