"""What is to be written back to a store."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class ErrandKind(models.TextChoices):
    STOCK = "stock", _("stock quantity")
    NUMBER = "number", _("invoice number")
    TRACKING = "tracking", _("tracking number")
    TAG = "tag", _("tag")
    CUSTOMER = "customer", _("customer data")


class Errand(models.Model):
    """Something to write back to a store. `key` makes it once; of those `about` the same thing, a later one waits until the earlier is at its end."""

    connection = models.ForeignKey("integrations.Connection", on_delete=models.PROTECT, related_name="errands")
    kind = models.CharField(max_length=10, choices=ErrandKind)
    key = models.CharField(max_length=300)
    about = models.CharField(max_length=300, blank=True)
    order = models.ForeignKey("orders.Order", null=True, blank=True, on_delete=models.PROTECT, related_name="errands")
    body = models.JSONField(default=dict)
    made_at = models.DateTimeField()

    class Meta:
        verbose_name = _("errand")
        verbose_name_plural = _("errands")
        constraints = [models.UniqueConstraint(fields=["connection", "key"], name="one_errand_per_key")]
        indexes = [models.Index(fields=["connection", "about"], name="errand_about")]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"
