"""Who owns what a page shows, in one sentence: the person's own shops first, for whom he acts, who may act for him, and the others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.contrib.auth.models import User
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from orders import ownership
from orders.models import Deputy
from orders.templatetags import desk


def words(user: User, charges: Sequence[ownership.Charge], shop: str = "") -> str:
    """The sentence about all shops, or about the one with this code; two queries together with `ownership.charges`."""
    shown = [charge for charge in charges if not shop or charge.shop.code == shop]
    mine = [charge for charge in shown if charge.owner == user.get_username()]
    others = [charge for charge in shown if charge.owner != user.get_username()]
    acting = ownership.deputies() if shown else []
    said = [
        *([_mine(mine, of=len(shown))] if mine else []),
        *_for_me([charge.shop.pk for charge in mine], acting),
        *_for_others(user, others, acting),
        *_others(others, of=len(shown)),
    ]
    return " · ".join(said)


def _mine(mine: list[ownership.Charge], of: int) -> str:
    return _("You own %(shops)s%(then)s") % {"shops": _shops(mine, of), "then": _then(mine)}


def _others(others: list[ownership.Charge], of: int) -> Iterable[str]:
    for owner in dict.fromkeys(charge.owner for charge in others):
        theirs = [charge for charge in others if charge.owner == owner]
        yield _("%(owner)s owns %(shops)s%(then)s") % {
            "owner": owner,
            "shops": _shops(theirs, of),
            "then": _then(theirs),
        }


def _for_me(shops: list[int], acting: list[Deputy]) -> Iterable[str]:
    of_mine = [deputy for deputy in acting if deputy.shop_id in shops]
    for name in dict.fromkeys(deputy.deputy.get_username() for deputy in of_mine):
        first = next(deputy for deputy in of_mine if deputy.deputy.get_username() == name)
        yield _("%(name)s may act for you until %(day)s") % {"name": name, "day": desk.short(first.until_at)}


def _for_others(user: User, others: list[ownership.Charge], acting: list[Deputy]) -> Iterable[str]:
    owners = {charge.shop.pk: charge.owner for charge in others}
    own = [deputy for deputy in acting if deputy.deputy_id == user.pk and deputy.shop_id in owners]
    for owner in dict.fromkeys(owners[deputy.shop_id] for deputy in own):
        first = next(deputy for deputy in own if owners[deputy.shop_id] == owner)
        limit = "" if first.limit is None else _(", up to %s") % desk.plain(first.limit)
        yield _("you act for %(owner)s until %(day)s%(limit)s") % {
            "owner": owner,
            "day": desk.short(first.until_at),
            "limit": limit,
        }


def _shops(charges: list[ownership.Charge], of: int) -> str:
    """The shops by name, or all of them by their number where they are many."""
    if len(charges) == of and of > 2:
        return _("all %(n)d shops") % {"n": of}
    if len(charges) > 3:
        return ngettext("%(n)d shop", "%(n)d shops", len(charges)) % {"n": len(charges)}
    return ", ".join(charge.shop.name for charge in charges)


def _then(charges: list[ownership.Charge]) -> str:
    """Until when, and who comes then, where the next owner is appointed already."""
    known = [(charge.next_since, charge.next_owner) for charge in charges if charge.next_since]
    if not known:
        return ""
    since, owner = min(known, key=_since)
    return _(" until %(day)s, then %(owner)s") % {"day": desk.short(since), "owner": owner}


def _since(coming: tuple[datetime, str | None]) -> datetime:
    return coming[0]
