"""What waits for one cause and can be decided in one way only is decided together: each record by itself, in the version that was shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from orders import findings
from orders.models import Ledger, Order, Payout, RejectReason, Reviewed, State
from orders.review.changes import post_on_first_open_day
from orders.review.decisions import reject
from orders.review.refusal import Refused

if TYPE_CHECKING:
    from django.contrib.auth.models import User

MOST = 200
WAYS: Mapping[str, str | Promise] = {
    "test_order": _lazy("Reject them as test orders"),
    "cancelled": _lazy("Reject them as cancelled"),
    "period_closed": _lazy("Post them on the first open day"),
}
"""The codes that have one way out, and what it is called."""
REASONS = {"test_order": RejectReason.TEST, "cancelled": RejectReason.CANCELLED}


def settle(
    ledger: Ledger, cause: str, code: str, versions: Mapping[tuple[str, int], int], *, by: User
) -> tuple[int, list[tuple[Reviewed, str]]]:
    """Decide what of these orders and payouts (by kind and id, with the version seen) still waits for the cause: how many were, and why the others were not."""
    if code not in WAYS:
        raise Refused(_("This has no way out that fits them all."), _("Look at them one by one."))
    done, left = 0, list[tuple[Reviewed, str]]()
    for wait in findings.waiting(ledger, cause, most=MOST):
        record = wait.record
        if (
            not isinstance(record, (Order, Payout))
            or record.state != State.PENDING
            or (wait.kind, record.pk) not in versions
        ):
            continue
        try:
            _settled(record, code, versions[wait.kind, record.pk], by)
        except Refused as refused:
            left.append((record, f"{refused.words} {refused.fix}".strip()))
        else:
            done += 1
    return done, left


def _settled(record: Order | Payout, code: str, version: int, by: User) -> None:
    if code in REASONS:
        reject(record, by=by, reason=REASONS[code], version=version)
    else:
        post_on_first_open_day(record, by=by, version=version)
