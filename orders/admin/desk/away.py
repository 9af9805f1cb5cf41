"""Going away: one form that names who decides meanwhile, for all of a person's shops or shop by shop, and the list of who does."""

from __future__ import annotations

import itertools
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from orders import absence, ownership, review, roles
from orders.admin.base import person
from orders.admin.desk import frame
from orders.models import Deputy, Shop
from orders.templatetags import desk


class Day(forms.DateInput):
    """A day as the browser's own calendar takes it."""

    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class AwayForm(forms.Form):
    """From, until, by whom, and for each shop somebody else or nobody."""

    from_on = forms.DateField(label=_lazy("First day away"), widget=Day)
    until_on = forms.DateField(label=_lazy("Last day away"), widget=Day)
    deputy = forms.ChoiceField(label=_lazy("Who decides meanwhile"))
    limit = forms.DecimalField(
        label=_lazy("Up to"),
        required=False,
        min_value=Decimal(0),
        max_digits=14,
        decimal_places=2,
        help_text=_lazy("In the order's currency; empty: any amount."),
    )
    hand_over = forms.BooleanField(required=False)

    def __init__(self, data: Any, *, shops: list[Shop], people: list[User]) -> None:
        super().__init__(data, initial={"from_on": timezone.localdate()})
        self.shops, self.people = shops, {str(found.pk): found for found in people}
        named = [(key, found.get_full_name() or found.get_username()) for key, found in self.people.items()]
        self.fields["deputy"].choices = [("", _("Choose")), *named]  # type: ignore[attr-defined]
        for shop in shops if len(shops) > 1 else []:
            choices = [("", _("the same")), ("nobody", _("nobody")), *named]
            self.fields[f"shop_{shop.pk}"] = forms.ChoiceField(label=shop.name, choices=choices, required=False)

    def by_shop(self) -> list[Any]:
        """The fields of the shops, for those who have several."""
        return [self[f"shop_{shop.pk}"] for shop in self.shops] if len(self.shops) > 1 else []

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        first, last = data.get("from_on"), data.get("until_on")
        if first and first < timezone.localdate():
            self.add_error("from_on", _("That day is over: choose today or a later one."))
        if first and last and last < first:
            self.add_error("until_on", _("The last day lies before the first."))
        return data

    def stands(self) -> list[absence.Stand]:
        """Who decides for which shop."""
        chosen = [
            (shop, self.cleaned_data.get(f"shop_{shop.pk}") or self.cleaned_data["deputy"]) for shop in self.shops
        ]
        limit = self.cleaned_data["limit"]
        return [absence.Stand(shop, self.people[key], limit) for shop, key in chosen if key in self.people]


def page(request: HttpRequest) -> HttpResponse:
    """The form and what stands; what is sent names the deputies at once."""
    user = person(request)
    if not roles.may(user, "orders.add_deputy"):
        raise PermissionDenied
    shops = [charge.shop for charge in ownership.charges() if charge.owner == user.get_username()]
    form = AwayForm(request.POST or None, shops=shops, people=list(absence.candidates(user)))
    if request.method == "POST" and form.is_valid():
        try:
            messages.success(request, _left(form, user))
        except (ownership.NotAllowed, review.Refused) as refused:
            form.add_error(None, refused.words)
        else:
            return HttpResponseRedirect(reverse("admin:away"))
    given = len(review.given(user)) + len(review.given_causes(user))
    return frame.page(
        request, "admin/desk/away.html", _("Going away"), form=form, shops=shops, given=given, standing=_standing(user)
    )


@require_POST
def back(request: HttpRequest) -> HttpResponse:
    """End the deputyships that are named."""
    if not roles.may(request.user, "orders.change_deputy"):
        raise PermissionDenied
    ids = [int(pk) for pk in request.POST.getlist("id") if pk.isdecimal()]
    try:
        ended = absence.end(ids, by=person(request))
        words = ngettext("%(n)d deputyship ended.", "%(n)d deputyships ended.", ended) % {"n": ended}
        messages.success(request, words)
    except ownership.NotAllowed as refused:
        messages.error(request, refused.words)
    return HttpResponseRedirect(reverse("admin:away"))


@transaction.atomic
def _left(form: AwayForm, user: User) -> str:
    """Name them, and hand over what the person has by name; what was done, in words."""
    first, last = form.cleaned_data["from_on"], form.cleaned_data["until_on"]
    stands, now = form.stands(), timezone.now()
    absence.leave(stands, from_at=max(_morning(first), now), until_at=_morning(last + timedelta(days=1)), by=user)
    told = ngettext("Deputies are named for %(n)d shop.", "Deputies are named for %(n)d shops.", len(stands))
    moved = (
        review.hand_over(user, {stand.shop: stand.deputy for stand in stands}) if form.cleaned_data["hand_over"] else 0
    )
    given = ngettext("%(n)d thing was handed over.", "%(n)d things were handed over.", moved) if moved else ""
    return f"{told % {'n': len(stands)}} {given % {'n': moved}}".strip()


def _morning(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time()))


def _shops(rows: list[Deputy], owned: int) -> str:
    """The shops by name, or all of them by their number where they are many."""
    if len(rows) == owned and owned > 2:
        return _("all %(n)d shops") % {"n": owned}
    return ", ".join(row.shop.name for row in rows)


def _standing(user: User) -> list[dict[str, Any]]:
    """What stands, one row for those of a person that begin and end together."""
    now = timezone.now()

    def together(row: Deputy) -> tuple[Any, ...]:
        return desk.short(row.from_at), desk.short(row.until_at), row.deputy.get_username(), row.limit

    owned = sum(charge.owner == user.get_username() for charge in ownership.charges())
    return [
        {
            "rows": rows,
            "first": rows[0],
            "shops": _shops(rows, owned),
            "begun": rows[0].from_at <= now,
        }
        for rows in (list(group) for _key, group in itertools.groupby(absence.standing(user), together))
    ]
