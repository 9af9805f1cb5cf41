"""What people changed: a correction lies over the store's value, and an adjustment adds a named line. Neither ever overwrites what the store said."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from orders.models.subject import AboutReviewed, exactly_one


class Correction(AboutReviewed):
    """`value` in place of the store's `base`, for one field of one target ("order", "line:17", "billing", "shipping").

    Sticky until the store says the same or a person drops it.
    """

    target = models.CharField(max_length=50)
    field = models.CharField(max_length=50)
    base = models.CharField(max_length=1000, blank=True)
    value = models.CharField(max_length=1000, blank=True)
    store_value = models.CharField(max_length=1000, blank=True)
    reason = models.CharField(max_length=500)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("correction")
        verbose_name_plural = _("corrections")
        ordering = ["-at"]
        constraints = [
            exactly_one("correction"),
            models.UniqueConstraint(
                fields=["order", "target", "field"],
                condition=Q(retired_at=None),
                name="one_correction_per_field_of_order",
            ),
            models.UniqueConstraint(
                fields=["refund", "target", "field"],
                condition=Q(retired_at=None),
                name="one_correction_per_field_of_refund",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.target}.{self.field}: {self.base} → {self.value}"


class Adjustment(AboutReviewed):
    """A named line that a person adds to the record's documents: `net` and `tax` signed as the record's own lines, in its currency."""

    account = models.ForeignKey("orders.Account", on_delete=models.PROTECT, related_name="+")
    net = models.DecimalField(max_digits=20, decimal_places=6)
    tax = models.DecimalField(max_digits=20, decimal_places=6, default=0)
    tax_code = models.ForeignKey("orders.TaxCode", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=500)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("adjustment")
        verbose_name_plural = _("adjustments")
        ordering = ["at"]
        constraints = [
            exactly_one("adjustment"),
            models.CheckConstraint(name="adjustment_tax_has_code", condition=Q(tax=0) | Q(tax_code__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.account} {self.net}: {self.reason}"
