"""Document numbers that ordersync gives itself."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from orders.outgoing import DocumentKind


class NumberSeries(models.Model):
    """One gapless series: the next number is taken under the row's lock, with the claim. `pattern` is formatted with `number` ("R-{number:06d}")."""

    ledger = models.ForeignKey("orders.Ledger", on_delete=models.PROTECT, related_name="number_series")
    kind = models.CharField(max_length=15, choices=DocumentKind)
    pattern = models.CharField(max_length=50, default="{number}")
    next_number = models.PositiveBigIntegerField(default=1)

    class Meta:
        verbose_name = _("number series")
        verbose_name_plural = _("number series")
        constraints = [models.UniqueConstraint(fields=["ledger", "kind"], name="one_series_per_kind")]

    def __str__(self) -> str:
        return self.pattern.format(number=self.next_number)
