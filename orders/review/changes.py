"""What people change on a record: corrections, named adjustments, the day of posting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from orders import corrections, events, money, ownership
from orders.models import Account, Adjustment, Correction, Order, Payout, Refund, Reviewed, State, TaxCode, about
from orders.review import records
from orders.review.refresh import refresh
from orders.review.refusal import Refused, in_words

if TYPE_CHECKING:
    from django.contrib.auth.models import User


@dataclass(frozen=True, slots=True)
class Change:
    """One field of a set of corrections; see orders.corrections.correct."""

    target: str
    field: str
    value: str
    reason: str


def correct(
    record: Reviewed, target: str, field: str, value: str, *, by: User, reason: str, version: int | None = None
) -> Correction:
    """Correct a field that may be corrected (orders.corrections); everything is checked again. Raises Refused."""
    return correct_all(record, [Change(target, field, value, reason)], by=by, version=version)[0]


def correct_all(
    record: Reviewed, changes: Sequence[Change], *, by: User, version: int | None = None
) -> list[Correction]:
    """Correct several fields of one record, all or none; what was found about it is found again once. Raises Refused, naming the field."""
    with transaction.atomic(), in_words():
        record = records.locked(record, version)
        _refuse_rejected(record)
        made = [
            corrections.correct(record, change.target, change.field, change.value, by=by, reason=change.reason)
            for change in changes
        ]
        _changed(record)
        return made


def drop_correction(correction: Correction, *, by: User) -> None:
    """Put the store's value back. Raises Refused."""
    with transaction.atomic(), in_words():
        record = records.locked(correction.subject, None)
        corrections.drop(correction, by=by)
        _changed(record)


def adjust(
    record: Reviewed,
    *,
    account: Account,
    net: Decimal,
    tax: Decimal = money.ZERO,
    tax_code: TaxCode | None = None,
    by: User,
    reason: str,
    version: int | None = None,
) -> Adjustment:
    """Add a named line with account and reason to the record's documents; amounts signed as the record's own lines. Raises Refused."""
    with transaction.atomic(), in_words():
        record = records.locked(record, version)
        _refuse_rejected(record)
        if not isinstance(record, (Order, Refund, Payout)):
            raise Refused(_("Only orders, refunds and payouts have lines to adjust."))
        authority = ownership.authority(by, ownership.shop_of(record))
        _refuse_adjustment(record, account, net, tax, tax_code, reason)
        made = Adjustment.objects.create(
            **about(record),
            account=account,
            net=net,
            tax=tax,
            tax_code=tax_code,
            reason=reason,
            by=by,
            at=timezone.now(),
        )
        words = _("Adjustment of %(gross)s %(currency)s on %(account)s")
        events.record(
            made, "adjusted", by=by, acting_for=authority.acting_for, order=records.order_of(record), why=reason,
            after={"net": net, "tax": tax, "account": account.code},
            words=words % {"gross": f"{net + tax:f}", "currency": record.currency, "account": account.code},
        )  # fmt: skip
        _changed(record)
        return made


def withdraw(adjustment: Adjustment, *, by: User) -> None:
    """Take a named line back before it is signed anew. Raises Refused."""
    with transaction.atomic(), in_words():
        record = records.locked(adjustment.subject, None)
        authority = ownership.authority(by, ownership.shop_of(record))
        adjustment.withdrawn_at = timezone.now()
        adjustment.save(update_fields=["withdrawn_at"])
        events.record(
            adjustment,
            "withdrawn",
            by=by,
            acting_for=authority.acting_for,
            order=records.order_of(record),
            words=_("Adjustment withdrawn"),
        )
        _changed(record)


def post_on_first_open_day(record: Order | Payout, *, by: User, version: int | None = None) -> None:
    """Let documents whose day lies in a closed period be posted on the first open day after it. Raises Refused."""
    with transaction.atomic(), in_words():
        record = records.locked(record, version)
        authority = ownership.authority(by, record.shop)
        type(record)._default_manager.filter(pk=record.pk).update(post_on_first_open_day=True)
        record.post_on_first_open_day = True
        events.record(
            record, "redated", by=by, acting_for=authority.acting_for, words=_("To be posted on the first open day")
        )
        _changed(record)


def _changed(record: Reviewed) -> None:
    type(record)._default_manager.filter(pk=record.pk).update(version=record.version + 1)
    record.refresh_from_db()
    refresh(record, why=_("it was corrected"))


def _refuse_rejected(record: Reviewed) -> None:
    if record.state == State.REJECTED:
        raise Refused(_("It is rejected."), _("Reopen it first."))


def _refuse_adjustment(
    record: Order | Refund | Payout, account: Account, net: Decimal, tax: Decimal, tax_code: TaxCode | None, reason: str
) -> None:
    ledger = ownership.shop_of(record).ledger
    if not reason.strip():
        raise Refused(_("Say why: an adjustment needs a reason."))
    if not net and not tax:
        raise Refused(_("An adjustment of zero changes nothing."))
    if account.ledger_id != ledger.pk or (tax_code is not None and tax_code.ledger_id != ledger.pk):
        raise Refused(_("The account or tax code is another ledger's."), _("Choose one of %s.") % ledger)
    for amount in (net, tax):
        if not money.is_exact(amount, record.currency):
            raise Refused(
                _("%(amount)s has more decimals than %(currency)s.") % {"amount": amount, "currency": record.currency}
            )
    if tax and isinstance(record, Payout):
        raise Refused(
            _("A payout's journal carries no tax."),
            _("Name the net on the account, and book the tax from the gateway's invoice."),
        )
    if tax and (tax_code is None or tax_code.account is None):
        raise Refused(_("A tax needs a tax code with an account."), _("Choose the tax code."))
