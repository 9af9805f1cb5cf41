"""Who answers for a shop's orders: one owner at every moment, and deputies for a time."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class Appointment(models.Model):
    """The owner from `since` until the next appointment. Each shop's first has `since` null: there is no moment without an owner."""

    shop = models.ForeignKey("orders.Shop", on_delete=models.CASCADE, related_name="appointments")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="appointments")
    since = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("appointment")
        verbose_name_plural = _("appointments")
        ordering = ["shop", F("since").desc(nulls_last=True)]
        constraints = [
            models.UniqueConstraint(fields=["shop", "since"], name="one_owner_at_a_time", nulls_distinct=False)
        ]

    def __str__(self) -> str:
        return f"{self.owner_id} since {self.since or 'the start'}"


class Deputy(models.Model):
    """Somebody who may act for the owner in [from, until), up to a limit in the order's currency (null: none)."""

    shop = models.ForeignKey("orders.Shop", on_delete=models.CASCADE, related_name="deputies")
    deputy = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="deputies")
    from_at = models.DateTimeField()
    until_at = models.DateTimeField()
    limit = models.DecimalField(max_digits=20, decimal_places=6, null=True, blank=True)

    class Meta:
        verbose_name = _("deputy")
        verbose_name_plural = _("deputies")
        constraints = [models.CheckConstraint(name="deputy_time_runs_forward", condition=Q(until_at__gt=F("from_at")))]

    def __str__(self) -> str:
        return f"{self.deputy_id} {self.from_at:%Y-%m-%d} – {self.until_at:%Y-%m-%d}"
