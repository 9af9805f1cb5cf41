"""What people suggest the store should have otherwise: a count, a customer's value. Each waits for its owner's decision like everything else."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from orders import changes, events
from orders.models import CountedBy, Customer, CustomerChange, Shop, State, StockAdjustment, StockLevel
from orders.review.refusal import Refused

if TYPE_CHECKING:
    from django.contrib.auth.models import User

_OPEN = (State.PENDING, State.HELD)


def suggest_count(shop: Shop, sku: str, location: str, after: Decimal, *, by: User, reason: str) -> StockAdjustment:
    """Another quantity than the store counts of this SKU at this location. Raises Refused for what the store does not count, or has already."""
    with transaction.atomic():
        level = _counted(shop, sku, location)
        if level.quantity == after:
            raise Refused(_("The store counts just that already."))
        waiting = StockAdjustment.objects.filter(shop=shop, sku=level.sku, location=level.location, state__in=_OPEN)
        if waiting.exists():
            raise Refused(_("Another count of it waits for a decision already."), _("Decide that one first."))
        made = StockAdjustment.objects.create(
            shop=shop, sku=level.sku, location=level.location, before=level.quantity, after=after, reason=reason
        )
        words = _("Suggested: %(after)s in place of %(before)s") % {
            "after": f"{after.normalize():f}",
            "before": f"{level.quantity.normalize():f}",
        }
        events.record(made, "suggested", by=by, before=made.before, after=after, why=reason, words=words)
        return made


def suggest_value(customer: Customer, field: str, after: str, *, by: User, reason: str) -> CustomerChange:
    """Another value of one of `changes.FIELDS` of a customer. Raises Refused where that is nothing new, or too long."""
    longest: int = getattr(Customer._meta.get_field(field), "max_length", 0) if field in changes.FIELDS else 0
    if not longest:
        raise Refused(_("Choose what is to change: %s.") % ", ".join(str(words) for words in changes.FIELDS.values()))
    if len(after) > longest:
        raise Refused(_("That is longer than the %s letters which are kept.") % longest)
    with transaction.atomic():
        before: str = getattr(Customer.objects.select_for_update(no_key=True).get(pk=customer.pk), field)
        if before == after:
            raise Refused(_("The store has just that already."))
        if CustomerChange.objects.filter(customer=customer, field=field, state__in=_OPEN).exists():
            raise Refused(_("Another change of it waits for a decision already."), _("Decide that one first."))
        made = CustomerChange.objects.create(customer=customer, field=field, before=before, after=after)
        words = _("Suggested another %s") % changes.FIELDS[field]
        events.record(made, "suggested", by=by, why=reason, words=words, personal={"from": before, "to": after})
        return made


def _counted(shop: Shop, sku: str, location: str) -> StockLevel:
    """The store's own count, locked. Raises Refused with the places where it counts the SKU."""
    rows = StockLevel.objects.select_for_update(no_key=True).filter(shop=shop, sku=sku, counted_by=CountedBy.STORE)
    found = {row.location: row for row in rows.order_by("location")}
    if location in found:
        return found[location]
    if not found:
        words = _("%(shop)s counts no “%(sku)s”.") % {"shop": shop.name, "sku": sku}
        raise Refused(words, _("Look under Stock how it is written there."))
    places = ", ".join(f"“{place}”" for place in found)
    raise Refused(_("“%(sku)s” is not counted there, but at %(places)s.") % {"sku": sku, "places": places})
