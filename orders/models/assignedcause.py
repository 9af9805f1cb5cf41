"""Who looks after a cause of problems, so that two do not and none is nobody's."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class AssignedCause(models.Model):
    """`cause` as findings name it; where they have no common fix, their code."""

    ledger = models.ForeignKey("orders.Ledger", on_delete=models.CASCADE, related_name="assigned_causes")
    cause = models.CharField(max_length=300)
    to = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="assigned_causes")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("assigned cause")
        verbose_name_plural = _("assigned causes")
        constraints = [models.UniqueConstraint(fields=["ledger", "cause"], name="one_person_per_cause")]

    def __str__(self) -> str:
        return self.cause
