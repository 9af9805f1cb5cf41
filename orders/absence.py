"""An owner goes away and comes back: who decides meanwhile, shop by shop, for a time and up to a limit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from orders import events, ownership, roles
from orders.models import Deputy, Shop

if TYPE_CHECKING:
    from django.contrib.auth.models import User as Person


@dataclass(frozen=True, slots=True)
class Stand:
    """Somebody who is to decide for a shop, up to `limit` in an order's currency (None: any amount)."""

    shop: Shop
    deputy: Person
    limit: Decimal | None


def candidates(owner: Person) -> QuerySet[User]:
    """Who may be named: everybody else who may decide on orders at all."""
    may = Q(groups__name__in=[roles.OWNER.name, roles.DEPUTY.name]) | Q(is_superuser=True)
    people = User.objects.filter(may, is_active=True).exclude(groups__name=roles.AUDITOR.name).exclude(pk=owner.pk)
    return people.distinct().order_by("username")


@transaction.atomic
def leave(stands: Iterable[Stand], *, from_at: datetime, until_at: datetime, by: Person) -> list[Deputy]:
    """Name these deputies of shops that `by` owns, all or none. Raises NotAllowed, in words that name the shop."""
    return [name(stand, from_at=from_at, until_at=until_at, by=by) for stand in stands]


@transaction.atomic
def name(stand: Stand, *, from_at: datetime, until_at: datetime, by: Person) -> Deputy:
    """Name one deputy. Raises NotAllowed unless `by` owns the shop (or is a superuser), and the deputy may decide."""
    _refuse(stand, from_at, until_at, by)
    made = Deputy.objects.create(
        shop=stand.shop, deputy=stand.deputy, from_at=from_at, until_at=until_at, limit=stand.limit
    )
    words = _("%(deputy)s may decide for %(shop)s") % {"deputy": stand.deputy, "shop": stand.shop}
    after = {"from": from_at, "until": until_at, "limit": stand.limit, "deputy": stand.deputy.pk}
    events.record(made, "named", by=by, after=after, words=words)
    return made


def must_own(shop: Shop, by: Person, at: datetime | None = None) -> Person:
    """Who owns the shop's orders then; raises NotAllowed unless that is `by`, or a superuser asks."""
    owner = ownership.owner(shop, at)
    if by != owner and not (by.is_superuser and not roles.is_auditor(by)):
        words = _("%(owner)s owns the orders of %(shop)s and says who stands in.")
        raise ownership.NotAllowed(words % {"owner": owner, "shop": shop.name})
    return owner


def _refuse(stand: Stand, from_at: datetime, until_at: datetime, by: Person) -> None:
    if until_at <= from_at or until_at <= timezone.now():
        raise ownership.NotAllowed(_("The last day lies before the first, or is over: choose a later one."))
    owner = must_own(stand.shop, by, from_at)
    if stand.deputy == owner:
        raise ownership.NotAllowed(_("%s owns the orders then and needs no deputyship.") % owner)
    if not candidates(owner).filter(pk=stand.deputy.pk).exists():
        words = _("%s may not decide on orders: give him or her the role deputy first.")
        raise ownership.NotAllowed(words % stand.deputy)


def standing(owner: Person) -> list[Deputy]:
    """The deputyships, running or to come, of the shops that this person owns now."""
    shops = [charge.shop.pk for charge in ownership.charges() if charge.owner == owner.get_username()]
    rows = Deputy.objects.filter(shop__in=shops, until_at__gt=timezone.now()).select_related("shop", "deputy")
    return list(rows.order_by("deputy__username", "from_at", "shop__code"))


@transaction.atomic
def end(ids: Iterable[int], *, by: Person) -> int:
    """End these deputyships of shops that `by` owns, now; one that has not begun is withdrawn. How many. Raises NotAllowed."""
    now, ended = timezone.now(), 0
    rows = Deputy.objects.select_for_update(no_key=True, of=("self",)).select_related("shop", "deputy")
    for row in rows.filter(pk__in=list(ids), until_at__gt=now).order_by("pk"):
        must_own(row.shop, by)
        _end(row, now, by)
        ended += 1
    return ended


def _end(row: Deputy, now: datetime, by: Person) -> None:
    begun, before = row.from_at < now, {"until": row.until_at, "from": row.from_at}
    words = _("%(deputy)s no longer decides for %(shop)s") % {"deputy": row.deputy, "shop": row.shop}
    events.record(row, "ended" if begun else "withdrawn", by=by, before=before, after={"until": now}, words=words)
    if begun:
        row.until_at = now
        row.save(update_fields=["until_at"])
    else:
        row.delete()  # it never had any effect; the event keeps it
