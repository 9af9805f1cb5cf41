"""The verbs of a record's page: each a form sent, each one call of a service; what is refused is said in words with the fix."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, time, timedelta
from decimal import Decimal, InvalidOperation

from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from orders import ownership, queue, review, roles
from orders.admin import stepup
from orders.admin.base import person
from orders.admin.desk import frame
from orders.admin.desk.record import name_of
from orders.admin.desk.timeline import events_of
from orders.models import Account, Adjustment, Correction, Event, Order, Payout, RejectReason, State, TaxCode

Record = queue.Decided
DECIDES = {"approve", "hold", "reject"}
ANSWERS = {"answer"}  # whoever is asked may, whatever else he may not


@require_POST
def act(request: HttpRequest, kind: str, pk: int, verb: str) -> HttpResponse:
    """Do one verb on one record, then show the next one of the same view after a decision, else the same again."""
    if verb not in VERBS:
        raise Http404
    if not roles.may(request.user, f"orders.{'view' if verb in ANSWERS else 'change'}_{kind}"):
        raise PermissionDenied
    record, view = frame.record_of(kind, pk), replace(frame.view_of(request.POST), kind=kind)
    if verb == "approve" and review.waits_for_second(record) and not stepup.is_fresh(request):
        return stepup.ask(frame.record_at(view, pk))
    following = queue.place(view, record).next  # before the state changes: afterwards the record stands elsewhere
    try:
        words = VERBS[verb](record, person(request), request.POST)
    except (review.Refused, Unclear) as refused:
        messages.error(request, f"{refused.words} {refused.fix} {_meanwhile(record, request.POST)}".strip())
        return HttpResponseRedirect(frame.record_at(view, pk))
    if verb not in DECIDES:
        messages.success(request, words)
        return HttpResponseRedirect(frame.record_at(view, pk))
    messages.success(
        request,
        format_html(
            '<a href="{}">{}</a> {}', frame.record_at(view, pk).partition("?")[0] + f"?kind={kind}", words, _left(view)
        ),
    )
    return HttpResponseRedirect(frame.record_at(view, following) if following else frame.queue_at(view))


class Unclear(Exception):
    """What was typed cannot be read; `words` names it and what is expected, which is the fix."""

    fix = ""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words


def _meanwhile(record: Record, data: QueryDict) -> str:
    """What happened since the page was loaded, for a tab that has become stale; "" if nothing did."""
    if data.get("version") == str(record.version) or not data.get("seen", "").isdigit():
        return ""
    told = Event.objects.filter(events_of(record), pk__gt=data["seen"]).order_by("pk").values_list("words", "verb")[:5]
    return _("Meanwhile: %s") % " · ".join(words or verb for words, verb in told) if told else ""


def _left(view: queue.View) -> str:
    count = queue.rows(view).values("pk")[: queue.COUNTED_UP_TO].count()
    return _("%(n)s left here.") % {"n": count} if count else _("Nothing left here.")


def _approve(record: Record, by: User, data: QueryDict) -> str:
    review.approve(record, by=by, version=_version(data), note=data.get("note", ""))
    record.refresh_from_db()
    if record.state != State.APPROVED:
        return _("%s signed; a second person must approve too.") % _name(record)
    return _("%s approved.") % _name(record)


def _hold(record: Record, by: User, data: QueryDict) -> str:
    of, until = _colleague(data.get("of", "")), _morning(data.get("until", ""))
    review.hold(record, by=by, question=data.get("question", ""), until=until, of=of, version=_version(data))
    return (
        (_("%(name)s on hold; %(of)s is asked.") % {"name": _name(record), "of": of})
        if of
        else (_("%s on hold.") % _name(record))
    )


def _answer(record: Record, by: User, data: QueryDict) -> str:
    review.answer(record, by=by, words=data.get("answer", ""))
    return _("Answered; %s is back in review.") % _name(record)


def _colleague(name: str) -> User | None:
    """The person of this sign-in name, None for no name."""
    found = User.objects.filter(username=name, is_active=True).first()
    if name and found is None:
        raise Unclear(_("Nobody is called “%s”.") % name)
    return found


def _reject(record: Record, by: User, data: QueryDict) -> str:
    if data.get("reason") not in RejectReason.values:
        raise Unclear(_("Choose a reason for the rejection."))
    review.reject(
        record, by=by, reason=RejectReason(data.get("reason", "")), note=data.get("note", ""), version=_version(data)
    )
    return _("%s rejected.") % _name(record)


def _reopen(record: Record, by: User, data: QueryDict) -> str:
    review.reopen(record, by=by, why=data.get("why", ""), version=_version(data))
    return _("%s is open again.") % _name(record)


def _undo(record: Record, by: User, data: QueryDict) -> str:
    if not isinstance(record, Order):
        raise Unclear(_("Only an order is taken back as a whole."))
    review.undo(record, by=by, why=data.get("why", ""), version=_version(data))
    return _("%s is taken back: what answers its documents is signed and on its way.") % _name(record)


def _correct(record: Record, by: User, data: QueryDict) -> str:
    target, _dot, field = data.get("place", "").rpartition(".")
    review.correct(
        record, target, field, data.get("value", ""), by=by, reason=data.get("reason", ""), version=_version(data)
    )
    return _("Corrected.")


def _drop(record: Record, by: User, data: QueryDict) -> str:
    correction = Correction.objects.filter(order=record.pk, pk=_id(data, "correction")).first()
    if correction is None:
        raise Unclear(_("This correction does not stand any more."))
    review.drop_correction(correction, by=by)
    return _("The store's value stands again.")


def _adjust(record: Record, by: User, data: QueryDict) -> str:
    ledger = ownership.shop_of(record).ledger
    account = Account.objects.filter(ledger=ledger, pk=_id(data, "account")).first()
    if account is None:
        raise Unclear(_("Choose the account of the adjustment."))
    code = TaxCode.objects.filter(ledger=ledger, pk=_id(data, "tax_code")).first()
    amounts = {"net": _amount(data, "net"), "tax": _amount(data, "tax")}
    review.adjust(
        record, account=account, tax_code=code, by=by, reason=data.get("reason", ""), version=_version(data), **amounts
    )
    return _("Adjusted.")


def _withdraw(record: Record, by: User, data: QueryDict) -> str:
    adjustment = Adjustment.objects.filter(pk=_id(data, "adjustment"), withdrawn_at=None).first()
    if adjustment is None or adjustment.subject != record:
        raise Unclear(_("This adjustment does not stand any more."))
    review.withdraw(adjustment, by=by)
    return _("Adjustment withdrawn.")


def _assign(record: Record, by: User, data: QueryDict) -> str:
    found = _colleague(data.get("to", ""))
    review.assign(record, found, by=by, version=_version(data))
    return _("Given to %s.") % found if found else _("Given back to the owner.")


def _postpone(record: Record, by: User, data: QueryDict) -> str:
    if not isinstance(record, (Order, Payout)):
        raise Unclear(_("A refund is posted with its order's day: choose it there."))
    review.post_on_first_open_day(record, by=by, version=_version(data))
    return _("It will be posted on the first open day.")


VERBS: dict[str, Callable[[Record, User, QueryDict], str]] = {
    "approve": _approve,
    "hold": _hold,
    "answer": _answer,
    "reject": _reject,
    "reopen": _reopen,
    "undo": _undo,
    "correct": _correct,
    "drop": _drop,
    "adjust": _adjust,
    "withdraw": _withdraw,
    "assign": _assign,
    "postpone": _postpone,
}


def _name(record: Record) -> str:
    return name_of(record)


def _version(data: QueryDict) -> int:
    """The version the person saw; a form without it decides nothing."""
    try:
        return int(data.get("version", ""))
    except ValueError as error:
        raise Unclear(_("The page was incomplete. Load it again.")) from error


def _id(data: QueryDict, name: str) -> int:
    """The id a form names; 0, which nothing has, where it names none."""
    text = data.get(name, "")
    return int(text) if text.isdecimal() else 0


def _amount(data: QueryDict, name: str) -> Decimal:
    text = data.get(name, "").strip().replace("−", "-") or "0"
    try:
        amount = Decimal(text)
    except InvalidOperation as error:
        raise Unclear(
            _("%(name)s: “%(text)s” is not an amount; write it as in -12.50.") % {"name": name, "text": text}
        ) from error
    if not amount.is_finite():
        raise Unclear(_("%(name)s: “%(text)s” is not an amount; write it as in -12.50.") % {"name": name, "text": text})
    return amount


def _morning(text: str) -> datetime | None:
    """The beginning of the day on which a held record comes back."""
    if not text:
        return None
    try:
        day = datetime.fromisoformat(text).date()
    except ValueError as error:
        raise Unclear(_("“%s” is not a day; write it as in 2026-12-31.") % text) from error
    moment = timezone.make_aware(datetime.combine(day, time()))
    return moment if moment > timezone.now() else timezone.now() + timedelta(hours=1)
