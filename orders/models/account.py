"""The ledger's own accounts, fetched from it or typed."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Account(models.Model):
    """One account of a ledger; documents carry its `code`."""

    ledger = models.ForeignKey("orders.Ledger", on_delete=models.PROTECT, related_name="accounts")
    code = models.CharField(max_length=100)
    name = models.CharField(max_length=200, blank=True)
    type = models.CharField(max_length=30, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    active = models.BooleanField(default=True)
    takes_money = models.BooleanField(
        null=True, blank=True, help_text=_("Whether the ledger says that money may lie on it; empty: it does not say.")
    )

    class Meta:
        verbose_name = _("account")
        verbose_name_plural = _("accounts")
        ordering = ["code"]
        constraints = [models.UniqueConstraint(fields=["ledger", "code"], name="one_account_per_code")]

    def __str__(self) -> str:
        return self.code
