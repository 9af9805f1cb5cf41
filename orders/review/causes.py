"""Giving a cause of problems to a person, who looks after it until nothing waits for it any more."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from orders import events, roles
from orders.models import AssignedCause, Ledger
from orders.review.refusal import Refused

if TYPE_CHECKING:
    from django.contrib.auth.models import User


@transaction.atomic
def give(ledger: Ledger, cause: str, to: User | None, *, by: User) -> None:
    """Give the cause to a person (None: to nobody). Raises Refused for somebody who may not see orders, or changes nothing."""
    Ledger.objects.select_for_update(no_key=True).get(pk=ledger.pk)
    older = AssignedCause.objects.filter(ledger=ledger, cause=cause).select_related("to").first()
    if to is not None and (not to.is_active or roles.is_auditor(to) or not to.has_perm("orders.view_order")):
        raise Refused(_("%s may not see orders, or changes nothing.") % to, _("Choose somebody who may."))
    if older is not None:
        older.delete()
    if to is not None:
        AssignedCause.objects.create(ledger=ledger, cause=cause, to=to, by=by, at=timezone.now())
    words = (_("Cause given to %s") % to) if to else _("Cause given back")
    before = {"cause": cause, "to": older.to_id} if older else None
    after = {"cause": cause, "to": to.pk if to else None}
    events.record(ledger, "cause given", by=by, before=before, after=after, words=words)


def given(ledgers: Iterable[Ledger]) -> dict[tuple[int, str], AssignedCause]:
    """Who looks after which cause of these ledgers, in one query."""
    rows = AssignedCause.objects.filter(ledger__in=list(ledgers)).select_related("to")
    return {(row.ledger_id, row.cause): row for row in rows}
