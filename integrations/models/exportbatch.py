"""Files that were handed out, numbered."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class ExportBatch(models.Model):
    """A numbered file that was handed out; the same batch is always the same bytes."""

    ledger = models.ForeignKey("orders.Ledger", on_delete=models.PROTECT, related_name="export_batches")
    number = models.PositiveIntegerField()
    profile = models.CharField(max_length=50)
    file_name = models.CharField(max_length=200)
    content = models.BinaryField()
    content_hash = models.CharField(max_length=64)
    rows = models.PositiveIntegerField()
    totals = models.JSONField(default=dict)
    made_at = models.DateTimeField()
    acknowledged_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("export batch")
        verbose_name_plural = _("export batches")
        constraints = [models.UniqueConstraint(fields=["ledger", "number"], name="one_batch_per_number")]

    def __str__(self) -> str:
        return self.file_name
