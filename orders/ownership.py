"""Who is accountable for a record at a moment, and who may decide on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone
from django.utils.translation import gettext as _

from orders import events, roles
from orders.models import Appointment, Deputy, Shop

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class NotAllowed(Exception):
    """Somebody may not do what he wants to do; `words` says why and who may."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words


@dataclass(frozen=True, slots=True)
class Authority:
    """As whom somebody decides: the owner himself (`acting_for` None) or a deputy for the owner, up to `limit` (None: any amount)."""

    acting_for: User | None
    limit: Decimal | None


def owner(shop: Shop, at: datetime | None = None) -> User:
    """The one person who owns the shop's orders at that moment (now if not given)."""
    return appointed(shop, at).get().owner


def appointed(shop: Shop, at: datetime | None = None) -> QuerySet[Appointment]:
    """The one appointment that holds at that moment (now if not given), with its person."""
    begun = Appointment.objects.filter(Q(since=None) | Q(since__lte=at or timezone.now()), shop=shop)
    return begun.select_related("owner").order_by(F("since").desc(nulls_last=True))[:1]


@dataclass(frozen=True, slots=True)
class Charge:
    """A shop with whoever owns its orders now, and with the next owner where one is appointed already."""

    shop: Shop
    owner: str
    since: datetime | None
    next_owner: str | None
    next_since: datetime | None


def charges() -> list[Charge]:
    """Every shop with its owner now and the next one, by code; in one query."""
    now, of = timezone.now(), Appointment.objects.filter(shop=OuterRef("pk"))
    begun = of.filter(Q(since=None) | Q(since__lte=now)).order_by(F("since").desc(nulls_last=True))
    coming = of.filter(since__gt=now).order_by("since")
    shops = Shop.objects.select_related("ledger").annotate(
        owner_now=Subquery(begun.values("owner__username")[:1]),
        owner_since=Subquery(begun.values("since")[:1]),
        owner_next=Subquery(coming.values("owner__username")[:1]),
        next_since=Subquery(coming.values("since")[:1]),
    )
    return [
        Charge(shop, shop.owner_now, shop.owner_since, shop.owner_next, shop.next_since)
        for shop in shops.order_by("code")
    ]


def deputies() -> list[Deputy]:
    """The deputyships that run now, in one query."""
    now = timezone.now()
    running = Deputy.objects.filter(from_at__lte=now, until_at__gt=now).select_related("deputy")
    return list(running.order_by("until_at", "pk"))


def accountable(record: Any) -> User:
    """Who has the record under review: its assignee, else the owner of its shop now."""
    assignee: User | None = record.assignee
    return assignee or owner(shop_of(record))


def shop_of(record: Any) -> Shop:
    """The shop of any record under review: its own, its order's or its customer's."""
    holder = record if hasattr(record, "shop") else getattr(record, "order", None) or record.customer
    found: Shop = holder.shop
    return found


@transaction.atomic
def open_shop(shop: Shop, owner: User, *, by: User | None) -> Appointment:
    """Save a new shop together with its first owner, who owns its orders from the start. Raises NotAllowed for a deactivated person."""
    if not owner.is_active:
        raise NotAllowed(_("%(user)s is deactivated. Choose somebody who can sign in.") % {"user": owner})
    shop.save(force_insert=True)
    made = Appointment.objects.create(shop=shop, owner=owner, since=None)
    words = f"{owner} owns the orders of {shop} from the start."
    events.record(made, "appointed", by=by, after={"owner": owner.pk, "since": None}, words=words)
    return made


@transaction.atomic
def appoint(shop: Shop, owner: User, *, since: datetime, by: User | None) -> Appointment:
    """Make somebody the owner of the shop's orders from `since` on. Raises NotAllowed for a moment past, a moment taken, or a deactivated person."""
    if since < timezone.now():
        raise NotAllowed(_("An appointment cannot begin in the past: choose today or a later day."))
    if not owner.is_active:
        raise NotAllowed(_("%(user)s is deactivated. Choose somebody who can sign in.") % {"user": owner})
    if Appointment.objects.filter(shop=shop, since=since).exists():
        raise NotAllowed(_("Somebody is already appointed from that very moment. Choose another one."))
    made = Appointment.objects.create(shop=shop, owner=owner, since=since)
    words = f"{owner} owns the orders of {shop} from {since:%Y-%m-%d %H:%M} on."
    events.record(made, "appointed", by=by, after={"owner": owner.pk, "since": since}, words=words)
    return made


def authority(user: User, shop: Shop, *, amount: Decimal | None = None, at: datetime | None = None) -> Authority:
    """As whom `user` may decide for the shop now, on `amount` in the order's currency. Raises NotAllowed, in words that name who may."""
    at = at or timezone.now()
    return authority_of(user, shop, owner(shop, at), deputyship(user, shop, at).first, amount=amount)


def authority_of(
    user: User, shop: Shop, owner: User, acting: Callable[[], Deputy | None], *, amount: Decimal | None = None
) -> Authority:
    """The same where the owner is known; the user's deputyship is asked for only where it matters."""
    if not user.is_active:
        raise NotAllowed(_("%(user)s is deactivated and may not decide.") % {"user": user})
    if roles.is_auditor(user):
        raise NotAllowed(_("%(user)s is an auditor, who reads everything and decides nothing.") % {"user": user})
    if owner == user:
        return Authority(acting_for=None, limit=None)
    deputy = acting()
    if deputy is None:
        words = _("Only %(owner)s, who owns the orders of %(shop)s, or a deputy may decide here.")
        raise NotAllowed(words % {"owner": owner, "shop": shop})
    if amount is not None and deputy.limit is not None and abs(amount) > deputy.limit:
        words = _("Your limit as deputy is %(limit)s, and this is %(amount)s. Ask %(owner)s.")
        raise NotAllowed(words % {"limit": f"{deputy.limit:f}", "amount": f"{abs(amount):f}", "owner": owner})
    return Authority(acting_for=owner, limit=deputy.limit)


def deputyship(user: User, shop: Shop, at: datetime | None = None) -> QuerySet[Deputy]:
    """The user's widest deputyship at that moment (now if not given): without a limit before any limit; none, if there is none."""
    at = at or timezone.now()
    running = Deputy.objects.filter(shop=shop, deputy=user, from_at__lte=at, until_at__gt=at)
    return running.order_by(F("limit").desc(nulls_first=True))[:1]
