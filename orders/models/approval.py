"""A person's signature under what a record says."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from orders.models.subject import SUBJECTS, AboutReviewed, exactly_one


class Approval(AboutReviewed):
    """Who approved which content, as what. `content` is the canonical JSON that was seen, `content_hash` its SHA-256. At most one stands per record.

    `second_*`: the second pair of eyes, where the ledger's limit asks for it. Until then the approval is not complete and signs nothing.
    """

    content_hash = models.CharField(max_length=64)
    content = models.TextField()
    amount = models.DecimalField(max_digits=20, decimal_places=6)
    currency = models.CharField(max_length=3)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="approvals")
    acting_for = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    at = models.DateTimeField()
    needs_second = models.BooleanField(default=False)
    second_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    second_at = models.DateTimeField(null=True, blank=True)
    note = models.CharField(max_length=500, blank=True)
    fallen_at = models.DateTimeField(null=True, blank=True)
    fallen_why = models.CharField(max_length=500, blank=True)

    class Meta:
        verbose_name = _("approval")
        verbose_name_plural = _("approvals")
        ordering = ["-at"]
        constraints = [
            exactly_one("approval"),
            *[
                models.UniqueConstraint(fields=[name], condition=Q(fallen_at=None), name=f"one_approval_per_{name}")
                for name in SUBJECTS
            ],
            models.CheckConstraint(name="two_eyes_are_two", condition=Q(second_by=None) | ~Q(second_by=models.F("by"))),
        ]

    def __str__(self) -> str:
        return f"{self.by_id} {self.at:%Y-%m-%d %H:%M}"
