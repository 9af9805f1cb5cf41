"""Files that people bring in, as jobs: the bytes as they came, the records read from them, what became of each, and how the file is written."""

from __future__ import annotations

import json
from datetime import datetime

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
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


ENDED = (ImportState.DONE, ImportState.FAILED, ImportState.CANCELLED)


class ImportJob(models.Model):
    """One file for one shop. The file's SHA-256 tells when the same one comes again.

    `reason` is why a person makes the corrections in it, for rows that state none. `profile` says how the file is written, `asks` what is open about that:
    question → field, value and row. `sample` is its beginning, `totals` are its own: rows, records, sums by currency, and what was foretold.
    `staged` records were read, `done` of them weighed (reading) or taken in (running). `turn_at` is its last turn of work, `attempts` counts those that ended
    their process.
    """

    shop = models.ForeignKey("orders.Shop", on_delete=models.PROTECT, related_name="import_jobs")
    file_name = models.CharField(max_length=255)
    file_hash = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField()
    layout = models.CharField(max_length=50)
    reason = models.CharField(max_length=500, blank=True)
    fingerprint = models.CharField(max_length=64, blank=True)
    profile = models.JSONField(default=dict, blank=True)
    asks = models.JSONField(default=dict, blank=True)
    sample = models.JSONField(default=dict, blank=True)
    state = models.CharField(max_length=10, choices=ImportState, default=ImportState.UPLOADED)
    large = models.BooleanField(default=False)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    confirmed_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    turn_at = models.DateTimeField(null=True, blank=True)
    staged = models.PositiveIntegerField(default=0)
    read = models.BooleanField(default=False)
    done = models.PositiveIntegerField(default=0)
    attempts = models.PositiveSmallIntegerField(default=0)
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
        indexes = [
            models.Index(fields=["shop", "file_hash"], name="import_of_file"),
            models.Index(
                fields=["turn_at"], name="import_at_work", condition=models.Q(state__in=["reading", "running"])
            ),
        ]
        constraints = [
            models.CheckConstraint(condition=models.Q(done__lte=models.F("staged")), name="import_done_within_staged"),
        ]

    def __str__(self) -> str:
        return self.file_name

    @property
    def ended(self) -> bool:
        return self.state in ENDED

    @property
    def work_began_at(self) -> datetime:
        """When the phase at hand began."""
        return self.confirmed_at or self.at


class ImportPiece(models.Model):
    """A piece of an uploaded file, as it came; removed some days after its job has ended."""

    job = models.ForeignKey("orders.ImportJob", on_delete=models.CASCADE, related_name="pieces")
    n = models.PositiveIntegerField()
    body = models.BinaryField()

    class Meta:
        ordering = ["n"]
        constraints = [models.UniqueConstraint(fields=["job", "n"], name="one_piece_of_file_per_number")]

    def __str__(self) -> str:
        return f"{self.job_id} {self.n}"


class ImportRecord(models.Model):
    """A record read from a file and not yet taken in, in the order of the file; `rows` are those of the file that it was made of.

    In a small file `outcome` and `changes` (field, before, after) say what it would do.
    """

    job = models.ForeignKey("orders.ImportJob", on_delete=models.CASCADE, related_name="records")
    n = models.PositiveIntegerField()
    kind = models.CharField(max_length=50)
    body = models.TextField()
    rows = ArrayField(models.PositiveIntegerField(), default=list, blank=True)
    outcome = models.CharField(max_length=10, blank=True)
    changes = models.JSONField(default=list, blank=True)

    class Meta:
        ordering = ["n"]
        constraints = [models.UniqueConstraint(fields=["job", "n"], name="one_record_of_import_per_number")]

    def __str__(self) -> str:
        return f"{self.job_id} {self.n} {self.kind}"

    @property
    def place(self) -> str:
        """Where a person finds the record: "order 1001"."""
        body = json.loads(self.body)
        return f"{self.kind.lower()} {body.get('number') or body.get('sku') or body.get('id') or self.n}"


class ImportRefusal(models.Model):
    """One refused record of an import, by its place in the file and the rows it stands in."""

    job = models.ForeignKey("orders.ImportJob", on_delete=models.CASCADE, related_name="errors")
    place = models.CharField(max_length=200)
    field = models.CharField(max_length=100, blank=True)
    value = models.CharField(max_length=500, blank=True)
    reason = models.TextField()
    rows = ArrayField(models.PositiveIntegerField(), default=list, blank=True)

    class Meta:
        verbose_name = _("refused record")
        verbose_name_plural = _("refused records")

    def __str__(self) -> str:
        return f"{self.place}: {self.reason}"[:200]


class ImportProfile(models.Model):
    """How the files of one kind are written, as somebody said once: its mark before decimals, the order of day and month, its letters, the zone of its times."""

    shop = models.ForeignKey("orders.Shop", on_delete=models.PROTECT, related_name="import_profiles")
    layout = models.CharField(max_length=50)
    fingerprint = models.CharField(max_length=64, blank=True)
    answers = models.JSONField(default=dict)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("file profile")
        verbose_name_plural = _("file profiles")
        constraints = [
            models.UniqueConstraint(fields=["shop", "layout", "fingerprint"], name="one_profile_per_kind_of_file")
        ]

    def __str__(self) -> str:
        return f"{self.layout} ({self.shop_id})"
