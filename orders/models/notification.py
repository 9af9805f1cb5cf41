"""Something a person should know, once per cause."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Notification(models.Model):
    """`cause` keeps one cause from being told twice while it is unread."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notifications")
    cause = models.CharField(max_length=200)
    words = models.CharField(max_length=500)
    url = models.CharField(max_length=300, blank=True)
    at = models.DateTimeField()
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("notification")
        verbose_name_plural = _("notifications")
        constraints = [
            models.UniqueConstraint(
                fields=["user", "cause"], condition=Q(read_at=None), name="one_unread_notification_per_cause"
            )
        ]

    def __str__(self) -> str:
        return self.words
