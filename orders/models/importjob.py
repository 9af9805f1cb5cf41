"""Files that people bring in, as jobs: what was in them, what became of each record."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class ImportState(models.TextChoices):
    UPLOADED = "uploaded", _("uploaded")
    READING = "reading", _("reading")
    READY = "ready", _("ready to confirm")
    RUNNING = "running", _("running")
    DONE = "done", _("done")
    FAILED = "failed", _("failed")
    CANCELLED = "cancelled", _("cancelled")


class ImportJob(models.Model):
    """One file for one shop. The file's SHA-256 tells when the same one comes again."""

    shop = models.ForeignKey("orders.Shop", on_delete=models.PROTECT, related_name="import_jobs")
    file_name = models.CharField(max_length=255)
    file_hash = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField()
    layout = models.CharField(max_length=50)
    profile = models.JSONField(default=dict, blank=True)
    state = models.CharField(max_length=10, choices=ImportState, default=ImportState.UPLOADED)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    created = models.PositiveIntegerField(default=0)
    updated = models.PositiveIntegerField(default=0)
    same = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    totals = models.JSONField(default=dict, blank=True)
    words = models.CharField(max_length=1000, blank=True)

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        ordering = ["-at"]
        indexes = [models.Index(fields=["shop", "file_hash"], name="import_of_file")]

    def __str__(self) -> str:
        return self.file_name


class ImportRefusal(models.Model):
    """One refused record of an import, by its place in the file."""

    job = models.ForeignKey("orders.ImportJob", on_delete=models.CASCADE, related_name="errors")
    place = models.CharField(max_length=200)
    field = models.CharField(max_length=100, blank=True)
    value = models.CharField(max_length=500, blank=True)
    reason = models.TextField()

    class Meta:
        verbose_name = _("refused record")
        verbose_name_plural = _("refused records")

    def __str__(self) -> str:
        return f"{self.place}: {self.reason}"[:200]
