"""What is wrong or remarkable about a record, in words, with the fix."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from orders.models.subject import AboutReviewed, exactly_one


class Severity(models.TextChoices):
    BLOCKING = "blocking", _("blocking")
    WARNING = "warning", _("warning")
    INFO = "info", _("info")


class Finding(AboutReviewed):
    """One finding. `cause` groups those that one fix solves ("sku:MUG-XL"); `difference` is the exact amount where the finding has one."""

    code = models.CharField(max_length=40)
    severity = models.CharField(max_length=10, choices=Severity)
    field = models.CharField(max_length=50, blank=True)
    cause = models.CharField(max_length=300, blank=True)
    words = models.CharField(max_length=500)
    fix = models.CharField(max_length=500, blank=True)
    difference = models.DecimalField(max_digits=20, decimal_places=6, null=True, blank=True)
    since = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("finding")
        verbose_name_plural = _("findings")
        ordering = ["severity", "code"]
        constraints = [
            exactly_one("finding"),
            models.UniqueConstraint(fields=["order", "code", "field", "cause"], name="one_finding_per_cause_of_order"),
            models.UniqueConstraint(
                fields=["refund", "code", "field", "cause"], name="one_finding_per_cause_of_refund"
            ),
        ]
        indexes = [
            models.Index(fields=["cause"], name="finding_cause"),
            models.Index(fields=["code", "severity"], name="finding_code"),
        ]

    def __str__(self) -> str:
        return self.words
