"""Files that were handed out, numbered: the same batch is always the same bytes."""

from __future__ import annotations

import hashlib

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from orders.models.checks import one_of
from orders.models.ledger import Ledger


class ExportBatch(models.Model):
    """What was handed out once, for a ledger or for a shop. A trigger refuses every change but one: it is acknowledged, or withdrawn with a reason.

    `profile` and `version` name the layout, `parameters` what was asked for ({"from": "2026-09-01", "to": "2026-09-30"}), `totals` sums by currency
    ({"EUR": {"net": "1.00", …}}). Its files are ExportFiles, stored with it in one transaction.
    """

    ledger = models.ForeignKey(
        "orders.Ledger", null=True, blank=True, on_delete=models.PROTECT, related_name="export_batches"
    )
    shop = models.ForeignKey(
        "orders.Shop", null=True, blank=True, on_delete=models.PROTECT, related_name="export_batches"
    )
    number = models.PositiveIntegerField()
    profile = models.CharField(max_length=50)
    version = models.PositiveSmallIntegerField(default=1)
    parameters = models.JSONField(default=dict, blank=True)
    rows = models.PositiveIntegerField()
    totals = models.JSONField(default=dict, blank=True)
    made_at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    withdrawn_why = models.CharField(max_length=500, blank=True)

    class Meta:
        verbose_name = _("handed-out file")
        verbose_name_plural = _("handed-out files")
        ordering = ["-id"]
        constraints = [
            one_of("a_batch_of_one_ledger_or_shop", "ledger", "shop"),
            models.UniqueConstraint(fields=["ledger", "number"], name="one_batch_per_ledger_and_number"),
            models.UniqueConstraint(fields=["shop", "number"], name="one_batch_per_shop_and_number"),
            models.CheckConstraint(
                name="a_batch_is_acknowledged_or_withdrawn",
                condition=Q(acknowledged_at__isnull=True) | Q(withdrawn_at__isnull=True),
            ),
            models.CheckConstraint(
                name="a_batch_is_withdrawn_with_a_reason",
                condition=(Q(withdrawn_at__isnull=True) & Q(withdrawn_why=""))
                | (Q(withdrawn_at__isnull=False) & ~Q(withdrawn_why="")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.profile} {self.number}"

    @classmethod
    def next_number(cls, ledger: Ledger) -> int:
        """The number that follows; the caller holds the ledger's row lock, so that two never take the same."""
        last: int | None = cls.objects.filter(ledger=ledger).aggregate(last=models.Max("number"))["last"]
        return 1 + (last or 0)

    def keep(self, name: str, content: bytes) -> ExportFile:
        """Store one of its files, in the transaction that makes the batch."""
        return ExportFile.objects.create(
            batch=self, name=name, content=content, content_hash=content_hash(content), size=len(content)
        )


def content_hash(content: bytes) -> str:
    """By which a file is told from any other: SHA-256, as hex."""
    return hashlib.sha256(content).hexdigest()


class ExportFile(models.Model):
    """One file of a batch, in a table of its own so that no list reads it by accident. Never changed; erasure alone may empty `content`."""

    batch = models.ForeignKey("orders.ExportBatch", on_delete=models.PROTECT, related_name="files")
    name = models.CharField(max_length=200)
    content = models.BinaryField()
    content_hash = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField()

    class Meta:
        verbose_name = _("file")
        verbose_name_plural = _("files")
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["batch", "name"], name="one_file_per_batch_and_name")]

    def __str__(self) -> str:
        return self.name
