"""What every record under review has: where it stands, who has it, and what keeps it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class State(models.TextChoices):
    """Where a decision stands. *Ready* is pending without a blocking finding."""

    PENDING = "pending", _("pending")
    HELD = "held", _("on hold")
    APPROVED = "approved", _("approved")
    REJECTED = "rejected", _("rejected")


class Progress(models.TextChoices):
    """How far the documents of an approved record have come."""

    NONE = "", _("not sent")
    WAITING = "waiting", _("waiting to be sent")
    UNKNOWN = "unknown", _("outcome unknown")
    FAILED = "failed", _("failed")
    POSTED = "posted", _("posted")


class RejectReason(models.TextChoices):
    CANCELLED = "cancelled", _("cancelled")
    DUPLICATE = "duplicate", _("duplicate")
    TEST = "test", _("test order")
    FRAUD = "fraud", _("fraud")
    ELSEWHERE = "elsewhere", _("booked elsewhere")
    OTHER = "other", _("other")


class Reviewed(models.Model):
    """Abstract. `version` rises with every change: a decision names the version it saw (compare-and-set)."""

    state = models.CharField(max_length=10, choices=State, default=State.PENDING)
    progress = models.CharField(max_length=10, choices=Progress, default=Progress.NONE, blank=True)
    progress_at = models.DateTimeField(null=True, blank=True)
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    held_until = models.DateTimeField(null=True, blank=True)
    question = models.CharField(max_length=500, blank=True)
    reject_reason = models.CharField(max_length=10, choices=RejectReason, blank=True)
    reject_note = models.CharField(max_length=500, blank=True)
    blockers = models.PositiveSmallIntegerField(default=0)
    warnings = models.PositiveSmallIntegerField(default=0)
    changed = models.BooleanField(default=False, help_text=_("The store changed it after an approval."))
    version = models.PositiveIntegerField(default=1)
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True

    @property
    def ready(self) -> bool:
        return self.state == State.PENDING and not self.blockers
