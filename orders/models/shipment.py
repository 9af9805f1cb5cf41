"""Parcels with their tracking numbers."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Shipment(models.Model):
    """One parcel of one order. Without lines it means the whole order."""

    order = models.ForeignKey("orders.Order", on_delete=models.PROTECT, related_name="shipments")
    store_id = models.CharField(max_length=200)
    shipped_at = models.DateTimeField(null=True, blank=True)
    carrier = models.CharField(max_length=100, blank=True)
    tracking_number = models.CharField(max_length=200, blank=True)
    tracking_url = models.CharField(max_length=1000, blank=True)
    cancelled = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("shipment")
        verbose_name_plural = _("shipments")
        ordering = ["order", "shipped_at", "id"]
        constraints = [models.UniqueConstraint(fields=["order", "store_id"], name="one_shipment_per_id")]
        indexes = [models.Index(fields=["tracking_number"], name="shipment_tracking")]

    def __str__(self) -> str:
        return f"{self.carrier} {self.tracking_number}".strip() or self.store_id


class ShipmentLine(models.Model):
    shipment = models.ForeignKey("orders.Shipment", on_delete=models.CASCADE, related_name="lines")
    order_line = models.ForeignKey("orders.OrderLine", on_delete=models.CASCADE, related_name="shipment_lines")
    quantity = models.DecimalField(max_digits=18, decimal_places=6)

    class Meta:
        verbose_name = _("shipment line")
        verbose_name_plural = _("shipment lines")
        constraints = [models.UniqueConstraint(fields=["shipment", "order_line"], name="one_shipment_line_per_line")]

    def __str__(self) -> str:
        return f"{self.quantity}"
