"""What the company's people have left on each other's desks: questions, something put off, a cause given away, suggestions, and a holiday to come."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils import timezone

from orders import absence, review
from orders.models import Customer, Finding, Order, Severity, Shop, State
from ordersync_site.demo import cast, shelf

if TYPE_CHECKING:
    from django.contrib.auth.models import User

HOLIDAY = (20, 34)
"""In so many days the owner goes away, and comes back."""


def meet(people: Mapping[str, User], say: Callable[[str], None]) -> None:
    """Each does a little of what people do all day; nothing of it moves money."""
    owner, accountant, deputy = people["owner"], people["accountant"], people["deputy"]
    _ask(owner, accountant)
    say(f"{owner.get_full_name()} asks {accountant.get_full_name()} two questions; one is answered.")
    _suggest(accountant, people["deputy"], owner)
    say(f"{accountant.get_full_name()} counted the shelf and corrected a customer: that waits for a decision too.")
    now = timezone.now()
    absence.leave(
        [absence.Stand(shop, deputy, None) for shop in Shop.objects.order_by("code")],
        from_at=now + timedelta(days=HOLIDAY[0]), until_at=now + timedelta(days=HOLIDAY[1]), by=owner,
    )  # fmt: skip
    say(f"{owner.get_full_name()} goes on holiday in {HOLIDAY[0]} days; {deputy.get_full_name()} stands in.")


def _ask(owner: User, accountant: User) -> None:
    """One question waits, one is answered; one order is put off; one cause is given away."""
    review.hold(_waiting("vat_id_missing"), by=owner, question="Do we have their VAT id on file?", of=accountant)
    mistyped = _waiting("vat_id_malformed")
    review.hold(mistyped, by=owner, question="Is a digit missing?", of=accountant)
    review.answer(mistyped, by=accountant, words=f"Yes: it is {cast.DUTCH_FIRM.vat_id}, I called them.")
    later = timezone.now() + timedelta(days=3)
    review.hold(_waiting("total_mismatch"), by=owner, question="The shop looks up what the 5.00 are.", until=later)
    unmapped = Finding.objects.filter(code="tax_unmapped", severity=Severity.BLOCKING).earliest("pk")
    review.causes.give(unmapped.subject.shop.ledger, unmapped.cause, accountant, by=owner)  # type: ignore[attr-defined]


def _suggest(accountant: User, deputy: User, owner: User) -> None:
    """Three counts, one of which is approved, and a change of two customers."""
    shop = Shop.objects.get(code="haus")
    for good, off, why in ((cast.HOUSE[2], 2, "two broken"), (cast.HOUSE[5], -4, "found behind the tea"), (cast.HOUSE[6], 1, "counted")):  # fmt: skip
        level = shop.stock_levels.get(sku=good.sku, location=shelf.PLACES[0])
        made = review.suggest_count(shop, good.sku, level.location, level.quantity - off, by=accountant, reason=why)
    review.approve(made, by=owner)
    for person, field, value, by in (
        (cast.GERMANS[0], "phone", "+49 30 0000000", accountant), (cast.GERMANS[3], "company", "Leerraum GmbH", deputy),
    ):  # fmt: skip
        customer = Customer.objects.get(shop=shop, store_id=str(person.id))
        review.suggest_value(customer, field, value, by=by, reason="asked for by mail")


def _waiting(code: str) -> Order:
    """The newest pending order with this blocking finding alone."""
    rows = Order.objects.filter(state=State.PENDING, blockers=1, findings__code=code)
    return rows.filter(findings__severity=Severity.BLOCKING).latest("placed_at", "pk")
