"""A set of records that one person approves together: frozen when it is shown, worked off one by one."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class BulkState(models.TextChoices):
    SHOWN = "shown", _("not confirmed yet")
    RUNNING = "running", _("being approved")
    DONE = "done", _("done")
    REFUSED = "refused", _("refused: the set had changed")
    CANCELLED = "cancelled", _("stopped")


BULK_ENDED = (BulkState.DONE, BulkState.REFUSED, BulkState.CANCELLED)


class Bulk(models.Model):
    """`records` are [id, version] as they were shown, `sums` their worth by currency; `position` is how many of them were decided.

    `left_out` says [id, number, words] of those that were not approved, from the beginning or in its turn.
    """

    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=20)
    query = models.CharField(max_length=1000, blank=True)
    records: models.JSONField[Any, Any] = models.JSONField(default=list)
    sums: models.JSONField[Any, Any] = models.JSONField(default=dict, blank=True)
    left_out: models.JSONField[Any, Any] = models.JSONField(default=list, blank=True)
    state = models.CharField(max_length=10, choices=BulkState, default=BulkState.SHOWN)
    position = models.PositiveIntegerField(default=0)
    approved = models.PositiveIntegerField(default=0)
    made_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("bulk approval")
        verbose_name_plural = _("bulk approvals")
        ordering = ["-id"]
        indexes = [models.Index(fields=["id"], name="bulk_running", condition=Q(state="running"))]

    def __str__(self) -> str:
        return f"{self.kind} {len(self.records)}"

    @property
    def ended(self) -> bool:
        return self.state in BULK_ENDED
