"""How far polling has come."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Cursor(models.Model):
    """How far polling of one thing has come."""

    connection = models.ForeignKey("integrations.Connection", on_delete=models.CASCADE, related_name="cursors")
    name = models.CharField(max_length=50)
    value = models.CharField(max_length=200, blank=True)
    moved_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("cursor")
        verbose_name_plural = _("cursors")
        constraints = [models.UniqueConstraint(fields=["connection", "name"], name="one_cursor_per_name")]

    def __str__(self) -> str:
        return f"{self.name} {self.value}"
