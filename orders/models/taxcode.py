"""The ledger's own tax codes, fetched from it or typed."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class TaxCode(models.Model):
    """One tax code of a ledger: `rate` is a fraction (0.19), `account` takes the tax."""

    ledger = models.ForeignKey("orders.Ledger", on_delete=models.PROTECT, related_name="tax_codes")
    code = models.CharField(max_length=50)
    name = models.CharField(max_length=200, blank=True)
    rate = models.DecimalField(max_digits=9, decimal_places=6, null=True, blank=True)
    account = models.ForeignKey("orders.Account", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    active = models.BooleanField(default=True)

    class Meta:
        verbose_name = _("tax code")
        verbose_name_plural = _("tax codes")
        ordering = ["code"]
        constraints = [models.UniqueConstraint(fields=["ledger", "code"], name="one_tax_code_per_code")]

    def __str__(self) -> str:
        return self.code
