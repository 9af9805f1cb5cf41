"""Letters from stores, raw, until they are understood."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class MessageState(models.TextChoices):
    NEW = "new", _("new")
    DONE = "done", _("done")
    FAILED = "failed", _("needs a person")


class Message(models.Model):
    """A letter as it came, raw. The dedupe key is kept for ever; the body may be erased."""

    shop = models.ForeignKey("orders.Shop", on_delete=models.PROTECT, related_name="messages")
    connection = models.ForeignKey(
        "integrations.Connection", null=True, blank=True, on_delete=models.PROTECT, related_name="messages"
    )
    source = models.CharField(max_length=200)
    layout = models.CharField(max_length=50, blank=True)
    dedupe_key = models.CharField(max_length=200)
    body = models.BinaryField(blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    received_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=MessageState, default=MessageState.NEW)
    not_before = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    words = models.TextField(blank=True)
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["shop", "dedupe_key"], name="one_message_per_letter")]
        indexes = [models.Index(fields=["received_at"], name="message_new", condition=Q(state=MessageState.NEW))]

    def __str__(self) -> str:
        return f"{self.source} {self.received_at:%Y-%m-%d %H:%M}"
