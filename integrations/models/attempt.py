"""Every call of the other side, written before it is sent: what *unknown* rests on."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class AttemptOutcome(models.TextChoices):
    OPEN = "", _("never closed")
    BOOKED = "booked", _("booked")
    FOUND = "found", _("found")
    HANDED_OUT = "handed_out", _("waiting for acknowledgement")
    ABSENT = "absent", _("not there")
    REFUSED = "refused", _("refused")
    CONFLICT = "conflict", _("conflict")
    UNAVAILABLE = "unavailable", _("unavailable")
    MISCONFIGURED = "misconfigured", _("misconfigured")
    UNKNOWN = "unknown", _("unknown")
    BUG = "bug", _("bug")
    UNSENT = "unsent", _("not sent")


class Attempt(models.Model):
    """One call, written before it is sent and closed once after; then a trigger freezes it. `request` and `reply` are redacted; persons stand in `personal` only."""

    delivery = models.ForeignKey("integrations.Delivery", on_delete=models.PROTECT, related_name="attempts")
    fence = models.PositiveIntegerField()
    call = models.CharField(max_length=10)  # find, book
    request_hash = models.CharField(max_length=64)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=15, choices=AttemptOutcome, blank=True)
    words = models.CharField(max_length=1000, blank=True)
    reply = models.JSONField(default=dict, blank=True)
    personal = models.TextField(blank=True)

    class Meta:
        verbose_name = _("attempt")
        verbose_name_plural = _("attempts")
        ordering = ["delivery", "id"]
        indexes = [models.Index(fields=["id"], name="attempt_untranslated", condition=Q(reply__has_key="untranslated"))]

    def __str__(self) -> str:
        return f"{self.call} {self.outcome or 'never closed'}"
