"""From the store's words to the ledger's: taxes, accounts and items. The most specific row wins; what has no row is a finding, never a guess."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from orders.incoming import LineKind, TaxTreatment

ANY_TITLE = "*"


class TaxMapping(models.Model):
    """A store's tax → the ledger's tax code. Open columns: country, region, line kind (empty), title (`*`), rate (null). The empty title is a line without tax."""

    ledger = models.ForeignKey("orders.Ledger", on_delete=models.CASCADE, related_name="tax_mappings")
    treatment = models.CharField(max_length=20, choices=TaxTreatment)
    title = models.CharField(
        max_length=100, blank=True, help_text=_("As the store writes it; empty: a line without tax; *: any title.")
    )
    rate = models.DecimalField(
        max_digits=9, decimal_places=6, null=True, blank=True, help_text=_("A fraction, 0.19; empty: any rate.")
    )
    country = models.CharField(max_length=2, blank=True)
    region = models.CharField(max_length=50, blank=True)
    line_kind = models.CharField(max_length=20, choices=LineKind, blank=True)
    tax_code = models.ForeignKey("orders.TaxCode", on_delete=models.PROTECT, related_name="mappings")

    class Meta:
        verbose_name = _("tax mapping")
        verbose_name_plural = _("tax mappings")
        constraints = [
            models.UniqueConstraint(
                fields=["ledger", "treatment", "title", "rate", "country", "region", "line_kind"],
                name="one_tax_mapping_per_tax",
                nulls_distinct=False,
            )
        ]

    def __str__(self) -> str:
        return f"{self.treatment} {self.title or 'no tax'} {self.country}"


class Purpose(models.TextChoices):
    LINE = "line", _("line kind")
    PAYMENT = "payment", _("payment method")
    ROLE = "role", _("role")


class AccountMapping(models.Model):
    """A purpose of ours → the ledger's account; a shop's own row wins. Purposes and values are listed in docs/accounting.md."""

    ledger = models.ForeignKey("orders.Ledger", on_delete=models.CASCADE, related_name="account_mappings")
    shop = models.ForeignKey(
        "orders.Shop", null=True, blank=True, on_delete=models.CASCADE, related_name="account_mappings"
    )
    purpose = models.CharField(max_length=10, choices=Purpose)
    value = models.CharField(
        max_length=100, help_text=_("A line kind, a payment method (or method:gateway), or a role.")
    )
    account = models.ForeignKey("orders.Account", on_delete=models.PROTECT, related_name="mappings")

    class Meta:
        verbose_name = _("account mapping")
        verbose_name_plural = _("account mappings")
        constraints = [
            models.UniqueConstraint(
                fields=["ledger", "shop", "purpose", "value"], name="one_account_per_purpose", nulls_distinct=False
            )
        ]

    def __str__(self) -> str:
        return f"{self.purpose}:{self.value}"


class ItemMapping(models.Model):
    """A product → the ledger's item, and an account of its own where it has one. `key` is the SKU, or `id:PRODUCT/VARIANT` for products without."""

    ledger = models.ForeignKey("orders.Ledger", on_delete=models.CASCADE, related_name="item_mappings")
    shop = models.ForeignKey(
        "orders.Shop", null=True, blank=True, on_delete=models.CASCADE, related_name="item_mappings"
    )
    key = models.CharField(max_length=200)
    item = models.CharField(max_length=200, help_text=_("The ledger's item."))
    account = models.ForeignKey("orders.Account", null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("item mapping")
        verbose_name_plural = _("item mappings")
        constraints = [
            models.UniqueConstraint(fields=["ledger", "shop", "key"], name="one_item_per_key", nulls_distinct=False)
        ]

    def __str__(self) -> str:
        return self.key
