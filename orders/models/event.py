"""The record of everything that happened: append-only, and sealed into one chain at commit."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Event(models.Model):
    """Who did what to which record, when, from what to what, and why. `by` null: the system.

    `noun` and `object_id` name the record; `order` puts it on that order's timeline. `body` is canonical JSON: {"from": …, "to": …, "why": …, "personal": digest}.
    Personal values stand in `personal` only (with a salt), which erasure may empty. A trigger refuses every other change.
    """

    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    acting_for = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    verb = models.CharField(max_length=40)
    noun = models.CharField(max_length=40)
    object_id = models.CharField(max_length=100)
    order = models.ForeignKey("orders.Order", null=True, blank=True, on_delete=models.PROTECT, related_name="events")
    words = models.CharField(max_length=500, blank=True)
    body = models.TextField()
    personal = models.TextField(blank=True)

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["order", "-id"], name="event_of_order"),
            models.Index(fields=["noun", "object_id", "-id"], name="event_of_record"),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.verb} {self.noun} {self.object_id}"


class EventSeal(models.Model):
    """The event's place in the chain, written by a deferred trigger when its transaction commits: hash = SHA-256(previous + the event's fields as text)."""

    event = models.OneToOneField("orders.Event", on_delete=models.PROTECT, primary_key=True, related_name="seal")
    n = models.PositiveBigIntegerField(unique=True)
    previous = models.CharField(max_length=64, unique=True)
    hash = models.CharField(max_length=64)

    class Meta:
        verbose_name = _("event seal")
        verbose_name_plural = _("event seals")
        ordering = ["n"]

    def __str__(self) -> str:
        return f"{self.n} {self.hash[:12]}"


class EventChain(models.Model):
    """One row: the length and last hash of the chain of events, so that a missing end is noticed too."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    length = models.PositiveBigIntegerField(default=0)
    hash = models.CharField(max_length=64)

    class Meta:
        verbose_name = _("chain of events")
        verbose_name_plural = _("chain of events")
        constraints = [models.CheckConstraint(name="one_chain_of_events", condition=models.Q(id=1))]

    def __str__(self) -> str:
        return f"{self.length} {self.hash[:12]}"
