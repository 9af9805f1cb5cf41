"""Named views of a list: a person's own, and those that colleagues share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from orders import events
from orders.models import SavedView

if TYPE_CHECKING:
    from django.contrib.auth.models import User

MOST = 30


class Refused(Exception):
    """A view that cannot be kept or forgotten; `words` says why."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words


def listed(user: User, screen: str) -> list[SavedView]:
    """The person's own views of a screen by name, then those that others share; one query."""
    rows = SavedView.objects.filter(Q(user=user) | Q(shared=True), screen=screen).select_related("user")
    return sorted(rows, key=lambda view: (view.user_id != user.pk, view.name.lower()))


@transaction.atomic
def keep(user: User, screen: str, name: str, query: str, *, shared: bool) -> SavedView:
    """Keep a view under a name; under one that the person has already, in its place. Raises Refused for no name, a long one, or one view too many."""
    name = " ".join(name.split())
    if not name or len(name) > 40:
        raise Refused(_("Give the view a name of at most 40 letters."))
    own = SavedView.objects.filter(user=user, screen=screen)
    if own.exclude(name=name).count() >= MOST:
        raise Refused(_("You have %(n)d views already: forget one first.") % {"n": MOST})
    made, _new = SavedView.objects.update_or_create(
        user=user, screen=screen, name=name, defaults={"query": query, "shared": shared}
    )
    events.record(made, "view kept", by=user, after={"name": name, "query": query, "shared": shared})
    return made


@transaction.atomic
def forget(user: User, pk: int) -> str:
    """Forget one of the person's own views; its name. Raises Refused for another person's."""
    view = SavedView.objects.select_for_update(no_key=True).filter(pk=pk).first()
    if view is None or view.user_id != user.pk:
        raise Refused(_("Only whoever made a view may forget it."))
    events.record(view, "view forgotten", by=user, before={"name": view.name, "query": view.query})
    view.delete()
    return view.name
