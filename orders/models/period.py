"""Accounting periods of a ledger; they never overlap."""

from __future__ import annotations

from datetime import timedelta

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import BigIntegerRangeField, DateRangeField
from django.db import models
from django.db.models import F, Func, Q, Value
from django.utils.translation import gettext_lazy as _


class PeriodState(models.TextChoices):
    OPEN = "open", _("open")
    SOFT_CLOSED = "soft_closed", _("soft-closed")
    CLOSED = "closed", _("closed")


class Period(models.Model):
    """A half-open range of days [from, until). A day without a period is open."""

    ledger = models.ForeignKey("orders.Ledger", on_delete=models.PROTECT, related_name="periods")
    period = DateRangeField()
    state = models.CharField(max_length=12, choices=PeriodState, default=PeriodState.OPEN)

    class Meta:
        verbose_name = _("period")
        verbose_name_plural = _("periods")
        ordering = ["ledger", "period"]
        constraints = [
            ExclusionConstraint(
                name="periods_do_not_overlap",
                index_type="GIST",
                expressions=[
                    (
                        Func(
                            F("ledger"),
                            F("ledger"),
                            Value("[]"),
                            function="int8range",
                            output_field=BigIntegerRangeField(),
                        ),
                        "&&",
                    ),
                    ("period", "&&"),
                ],
            ),
            models.CheckConstraint(name="period_not_empty", condition=Q(period__isempty=False)),
        ]

    def __str__(self) -> str:
        """First to last day, as people count them; the range itself ends before its upper day."""
        if not self.period:
            return "?"
        last = self.period.upper and self.period.upper - timedelta(days=1)
        return f"{self.period.lower or '…'} – {last or '…'}"
