"""What a ledger offers to be chosen, kept for the pickers: accounts, tax codes, items. What it no longer names is kept as gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from orders import events, incoming
from orders.intake.changes import Changes
from orders.models import Account, Ledger, LedgerItem, TaxCode

if TYPE_CHECKING:
    from django.contrib.auth.models import User

Row = Account | TaxCode | LedgerItem


@transaction.atomic
def receive_choices(ledger: Ledger, choices: incoming.Choices, *, by: User | None = None) -> bool:
    """Bring accounts, tax codes and items up to date; whether something has gone or come back since the last time, which mappings may name.

    What the ledger no longer names becomes inactive; of a kind it names none of, nothing changes. Of items only a whole list says what is gone.
    """
    changes = Changes()
    accounts = _accounts(ledger, choices, changes)
    _tax_codes(ledger, choices, accounts, changes)
    items = _items(ledger, choices)
    if items:
        changes.note("items", None, f"{len(items.open)} changed")
    if changes:
        events.record(
            ledger, "choices changed", by=by, before=changes.before(), after=changes.after(), words=changes.words
        )
    return any(place.endswith(" active") for place in (*changes.open, *items.open))


def _accounts(ledger: Ledger, choices: incoming.Choices, changes: Changes) -> dict[str, Account]:
    rows = {row.code: row for row in Account.objects.filter(ledger=ledger)}
    lying = {item.code for item in choices.payment_accounts}
    for told in choices.accounts:
        values: dict[str, object] = {
            "name": told.name[:200],
            "type": told.type[:30],
            "currency": told.currency[:3],
            "takes_money": told.code in lying if lying else None,
            "active": True,
        }
        row = rows.setdefault(told.code, Account(ledger=ledger, code=told.code))
        if _laid(row, values, told.code, changes):
            row.save()
    _retire({**rows}, {item.code for item in choices.accounts} if choices.complete else set(), changes)
    return rows


def _tax_codes(ledger: Ledger, choices: incoming.Choices, accounts: dict[str, Account], changes: Changes) -> None:
    rows = {row.code: row for row in TaxCode.objects.filter(ledger=ledger).select_related("account")}
    for item in choices.tax_codes:
        row = rows.setdefault(item.code, TaxCode(ledger=ledger, code=item.code))
        account = accounts.get(item.account) or row.account
        if _laid(
            row, {"name": item.name[:200], "rate": item.rate, "account": account, "active": True}, item.code, changes
        ):
            row.save()
    _retire({**rows}, {item.code for item in choices.tax_codes} if choices.complete else set(), changes)


def _items(ledger: Ledger, choices: incoming.Choices) -> Changes:
    """They may be many: new ones are stored in one statement, and the event tells how many changed."""
    changes, fresh = Changes(), list[LedgerItem]()
    rows = {row.their_id: row for row in LedgerItem.objects.filter(ledger=ledger)}
    for item in choices.items:
        row = rows.setdefault(item.id[:200], LedgerItem(ledger=ledger, their_id=item.id[:200]))
        if not _laid(row, {"code": item.code[:200], "name": item.name[:200], "active": True}, row.their_id, changes):
            continue
        if row.pk is None:
            fresh.append(row)
        else:
            row.save()
    LedgerItem.objects.bulk_create(fresh)
    if choices.complete and len(choices.items) < choices.most:
        _retire({**rows}, {item.id[:200] for item in choices.items}, changes)
    return changes


def _laid(row: Row, values: dict[str, object], place: str, changes: Changes) -> bool:
    """Whether it is to be saved."""
    if row.pk is not None:
        return bool(changes.lay(row, values, place=place))
    for name, value in values.items():
        setattr(row, name, value)
    changes.note(place, None, "added")
    return True


def _retire(rows: dict[str, Row], told: set[str], changes: Changes) -> None:
    for key, row in rows.items() if told else ():
        if key not in told and changes.lay(row, {"active": False}, place=key):
            row.save(update_fields=["active"])
