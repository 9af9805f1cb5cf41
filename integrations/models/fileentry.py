"""What lies ready for, or was handed out in, a file that a person carries to a ledger."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class FileEntry(models.Model):
    """One document of a ledger that takes files. It is laid ready, goes into one numbered batch, and is acknowledged or comes back.

    There is one row a document, and a trigger lets its batch be set once: a document never lies in two batches. `number`, `state`, `total`, `tax` and
    `balance` are what the person who carried the file says of it; empty where nothing was said.
    """

    connection = models.ForeignKey("integrations.Connection", on_delete=models.PROTECT, related_name="file_entries")
    document = models.OneToOneField("orders.Document", on_delete=models.PROTECT, related_name="file_entry")
    batch = models.ForeignKey(
        "orders.ExportBatch", null=True, blank=True, on_delete=models.PROTECT, related_name="file_entries"
    )
    laid_at = models.DateTimeField()
    late_at = models.DateTimeField(
        null=True, blank=True, help_text=_("Since when its acknowledgement has been asked for.")
    )
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    number = models.CharField(max_length=100, blank=True)
    state = models.CharField(max_length=20, blank=True)
    total = models.DecimalField(max_digits=20, decimal_places=6, null=True, blank=True)
    tax = models.DecimalField(max_digits=20, decimal_places=6, null=True, blank=True)
    balance = models.DecimalField(max_digits=20, decimal_places=6, null=True, blank=True)
    returned_at = models.DateTimeField(null=True, blank=True)
    returned_why = models.CharField(max_length=500, blank=True)

    class Meta:
        verbose_name = _("document in a file")
        verbose_name_plural = _("documents in files")
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                name="only_what_was_handed_out_is_acknowledged",
                condition=Q(acknowledged_at=None) | Q(batch__isnull=False),
            ),
            models.CheckConstraint(
                name="acknowledged_is_not_returned", condition=Q(acknowledged_at=None) | Q(returned_at=None)
            ),
            models.CheckConstraint(
                name="returned_with_a_reason",
                condition=Q(returned_at=None, returned_why="") | Q(returned_at__isnull=False) & ~Q(returned_why=""),
            ),
        ]
        indexes = [
            models.Index(
                fields=["connection", "id"], name="file_entry_ready", condition=Q(batch=None, returned_at=None)
            ),
            models.Index(
                fields=["batch"],
                name="file_entry_unanswered",
                condition=Q(batch__isnull=False, acknowledged_at=None, returned_at=None),
            ),
        ]

    def __str__(self) -> str:
        return str(self.document)
