"""Records that could not be taken in: each with where it stood, why, and what to do; none of them stops the others."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Quarantine(models.Model):
    """One refused record; `raw` is the record as it came (personal data: emptied by erasure)."""

    shop = models.ForeignKey("orders.Shop", on_delete=models.PROTECT, related_name="quarantine")
    source = models.CharField(max_length=200)
    place = models.CharField(max_length=200)
    number = models.CharField(max_length=100, blank=True)
    field = models.CharField(max_length=100, blank=True)
    value = models.CharField(max_length=500, blank=True)
    reason = models.TextField()
    raw = models.TextField(blank=True)
    digest = models.CharField(max_length=64)
    received_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    resolution = models.CharField(max_length=300, blank=True)

    class Meta:
        verbose_name = _("quarantined record")
        verbose_name_plural = _("quarantine")
        ordering = ["-received_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["shop", "digest"], condition=Q(resolved_at=None), name="one_open_quarantine_per_record"
            )
        ]

    def __str__(self) -> str:
        """Without what was refused, which may name a person."""
        return f"{self.number} {self.source}".strip()
