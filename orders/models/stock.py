"""How many of each product lie where, as the store and the ledger count them, and differences that wait for approval."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from orders.models.reviewed import Reviewed


class CountedBy(models.TextChoices):
    STORE = "store", _("the store")
    LEDGER = "ledger", _("the ledger")


class StockLevel(models.Model):
    """One count of one SKU at one location by one of the two systems."""

    shop = models.ForeignKey("orders.Shop", on_delete=models.PROTECT, related_name="stock_levels")
    product = models.ForeignKey(
        "orders.Product", null=True, blank=True, on_delete=models.SET_NULL, related_name="stock_levels"
    )
    sku = models.CharField(max_length=200)
    location = models.CharField(max_length=100, blank=True)
    counted_by = models.CharField(max_length=10, choices=CountedBy, default=CountedBy.STORE)
    quantity = models.DecimalField(max_digits=18, decimal_places=6)
    counted_at = models.DateTimeField()

    class Meta:
        verbose_name = _("stock level")
        verbose_name_plural = _("stock levels")
        constraints = [
            models.UniqueConstraint(fields=["shop", "sku", "location", "counted_by"], name="one_count_per_place")
        ]

    def __str__(self) -> str:
        return f"{self.sku} {self.location}: {self.quantity}"


class StockAdjustment(Reviewed):
    """A new quantity for the store, once approved."""

    shop = models.ForeignKey("orders.Shop", on_delete=models.PROTECT, related_name="stock_adjustments")
    sku = models.CharField(max_length=200)
    location = models.CharField(max_length=100, blank=True)
    before = models.DecimalField(max_digits=18, decimal_places=6)
    after = models.DecimalField(max_digits=18, decimal_places=6)
    reason = models.CharField(max_length=300, blank=True)

    class Meta(Reviewed.Meta):
        verbose_name = _("stock adjustment")
        verbose_name_plural = _("stock adjustments")

    def __str__(self) -> str:
        return f"{self.sku}: {self.before} → {self.after}"
