"""Tells those who can mend it that something needs a person: on the desk and by mail, once for each cause."""

from __future__ import annotations

import logging
import smtplib
from collections.abc import Iterable, Mapping

from django.conf import settings
from django.contrib.auth.models import User
from django.core.mail import send_mail
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from integrations import handover, watching
from integrations.models import Connection
from orders import roles
from orders.models import Notification

log = logging.getLogger(__name__)

_OURS = "alert "  # how the causes of these notifications begin
_FILE = f"{_OURS}file "  # those that an accountant mends


class NotTold(Exception):
    """Somebody should know and could not be told; the message says why. It is tried again at the next turn."""


def tell(rhythm: Mapping[str, int]) -> int:
    """Tell what began since the last turn, and take off the desk what is over; how many causes were told. Raises NotTold.

    The mail goes first: a turn that is cut off between the two tells twice rather than never.
    """
    standing = {notice.cause: notice for notice in _standing(rhythm)}
    Notification.objects.filter(cause__startswith=_OURS).exclude(cause__in=standing).delete()
    told = set(Notification.objects.filter(cause__in=standing).values_list("cause", flat=True))
    fresh = [notice for cause, notice in standing.items() if cause not in told]
    if fresh:
        for role, notices in _by_role(fresh):
            people = _people(role)
            _mail(notices, people)
            _keep(notices, people)
    return len(fresh)


def _by_role(notices: list[Notification]) -> Iterable[tuple[roles.Role, list[Notification]]]:
    """What goes to whom: a file that nobody acknowledged to the accountants, all else to the IT leads."""
    files = [notice for notice in notices if notice.cause.startswith(_FILE)]
    rest = [notice for notice in notices if not notice.cause.startswith(_FILE)]
    yield from ((role, told) for role, told in ((roles.IT_LEAD, rest), (roles.ACCOUNTANT, files)) if told)


def _standing(rhythm: Mapping[str, int]) -> Iterable[Notification]:
    for reason in watching.health(rhythm).reasons:
        if reason.cause != "paused":  # each of them is named below
            yield Notification(cause=f"{_OURS}{reason.cause}", words=reason.words, url=reverse("admin:jobs"))
    for there in (
        Connection.objects.filter(active=True, on_since__isnull=False).exclude(paused_at=None).order_by("name")
    ):
        words = _("%(name)s is paused: %(why)s %(fix)s") % {
            "name": there.name,
            "why": there.paused_why,
            "fix": there.paused_fix,
        }
        url = reverse("admin:integrations_connection_change", args=[there.pk])
        yield Notification(cause=f"{_OURS}paused {there.pk} {there.paused_at}", words=words[:500].strip(), url=url)
    for batch in handover.late():
        words = _("%(batch)s was handed out on %(day)s, and nobody said what became of it: acknowledge or withdraw it.")
        url = reverse("admin:filebatch", args=[batch.pk])
        yield Notification(
            cause=f"{_FILE}{batch.pk}", words=words % {"batch": batch, "day": batch.made_at.date()}, url=url
        )


def _people(role: roles.Role) -> list[User]:
    """Those who hold the role; where there is none, the superusers."""
    active = User.objects.filter(is_active=True).order_by("pk")
    found = list(active.filter(groups__name=role.name)) or list(active.filter(is_superuser=True))
    if not found:
        raise NotTold(_("Something needs a person, and nobody holds the role %s: give it to somebody.") % role.name)
    return found


def _mail(notices: list[Notification], people: list[User]) -> None:
    to = settings.ORDERSYNC_ALERTS_TO or [person.email for person in people if person.email]
    if not to:
        return
    subject = _("[%(name)s] %(words)s") % {"name": settings.ORDERSYNC_INSTALLATION, "words": notices[0].words[:80]}
    body = "\n".join(f"- {notice.words}" for notice in notices)
    try:
        send_mail(" ".join(subject.split()), f"{body}\n", None, to)
    except (smtplib.SMTPException, OSError) as error:
        log.warning("An alert could not be mailed: %s", type(error).__name__)
        raise NotTold(_("The alert could not be mailed (%s): see EMAIL_HOST.") % type(error).__name__) from error


def _keep(notices: list[Notification], people: list[User]) -> None:
    at = timezone.now()
    rows = [
        Notification(user=person, cause=notice.cause, words=notice.words, url=notice.url, at=at)
        for person in people
        for notice in notices
    ]
    Notification.objects.bulk_create(rows, ignore_conflicts=True)
