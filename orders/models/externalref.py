"""Every name under which a store knows a record of ours."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Noun(models.TextChoices):
    ORDER = "order", _("order")
    CUSTOMER = "customer", _("customer")
    PRODUCT = "product", _("product")
    REFUND = "refund", _("refund")
    PAYOUT = "payout", _("payout")


class ExternalRef(models.Model):
    """`value` in a `scheme` of the store (id, number, gid) names one record; two records never share one."""

    shop = models.ForeignKey("orders.Shop", on_delete=models.CASCADE, related_name="external_refs")
    noun = models.CharField(max_length=10, choices=Noun)
    scheme = models.CharField(max_length=20)
    value = models.CharField(max_length=200)
    object_id = models.BigIntegerField()

    class Meta:
        verbose_name = _("external reference")
        verbose_name_plural = _("external references")
        constraints = [
            models.UniqueConstraint(fields=["shop", "noun", "scheme", "value"], name="one_record_per_reference")
        ]
        indexes = [models.Index(fields=["noun", "object_id"], name="external_ref_of_record")]

    def __str__(self) -> str:
        return f"{self.noun} {self.scheme} {self.value}"
