"""A webstore whose orders are mirrored, and the rules by which its sales become documents."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class RecogniseOn(models.TextChoices):
    """When an order's invoice is due to be posted."""

    PLACED = "placed", _("when it is placed")
    PAID = "paid", _("when it is paid")
    FULFILLED = "fulfilled", _("when it is shipped, one invoice per shipment")


class FeesBy(models.TextChoices):
    """What books the gateway's fees: exactly one of the two."""

    PAYMENT = "payment", _("each payment")
    PAYOUT = "payout", _("the payout")


class Shop(models.Model):
    """One webstore; made together with its first Appointment (a deferred trigger refuses it without)."""

    code = models.SlugField(max_length=20, unique=True)
    name = models.CharField(max_length=100)
    ledger = models.ForeignKey("orders.Ledger", on_delete=models.PROTECT, related_name="shops")
    currency = models.CharField(max_length=3)
    time_zone = models.CharField(max_length=50, default="UTC")
    country = models.CharField(max_length=2, blank=True)
    prefix = models.CharField(max_length=6, help_text=_("Begins every reference in the ledger."))
    recognise_on = models.CharField(max_length=10, choices=RecogniseOn, default=RecogniseOn.PLACED)
    fees_by = models.CharField(max_length=10, choices=FeesBy, default=FeesBy.PAYMENT)
    channel = models.CharField(max_length=50, blank=True)
    dimensions = models.JSONField(default=dict, blank=True)
    active = models.BooleanField(default=True)

    class Meta:
        verbose_name = _("shop")
        verbose_name_plural = _("shops")
        ordering = ["code"]
        constraints = [models.UniqueConstraint(fields=["ledger", "prefix"], name="one_shop_per_prefix")]

    def __str__(self) -> str:
        return self.code
