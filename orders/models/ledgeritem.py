"""The ledger's own items, fetched from it for the picker of item mappings."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class LedgerItem(models.Model):
    """One item of a ledger: `their_id` is its own, `code` what people call it by and mappings name. An inactive one was there once, and is gone."""

    ledger = models.ForeignKey("orders.Ledger", on_delete=models.CASCADE, related_name="items")
    their_id = models.CharField(max_length=200)
    code = models.CharField(max_length=200, blank=True)
    name = models.CharField(max_length=200, blank=True)
    active = models.BooleanField(default=True)

    class Meta:
        verbose_name = _("ledger's item")
        verbose_name_plural = _("ledger's items")
        ordering = ["code", "their_id"]
        constraints = [models.UniqueConstraint(fields=["ledger", "their_id"], name="one_ledger_item_per_id")]
        indexes = [models.Index(fields=["ledger", "code"], name="ledger_item_code")]

    def __str__(self) -> str:
        return self.code or self.their_id
