"""A store's products, one row per variant."""

from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.utils.translation import gettext_lazy as _


class Product(models.Model):
    """A variant as the store sells it; SKUs may be empty or repeat, so the store's id is the key."""

    shop = models.ForeignKey("orders.Shop", on_delete=models.PROTECT, related_name="products")
    store_id = models.CharField(max_length=200)
    store_product_id = models.CharField(max_length=200, blank=True)
    sku = models.CharField(max_length=200, blank=True)
    title = models.CharField(max_length=500, blank=True)
    price = models.DecimalField(max_digits=20, decimal_places=6, null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    barcode = models.CharField(max_length=50, blank=True)
    active = models.BooleanField(default=True)
    updated_at = models.DateTimeField(null=True, blank=True)
    search = SearchVectorField(null=True, editable=False)

    class Meta:
        verbose_name = _("product")
        verbose_name_plural = _("products")
        constraints = [models.UniqueConstraint(fields=["shop", "store_id"], name="one_product_per_id")]
        indexes = [
            GinIndex(fields=["search"], name="product_search"),
            models.Index(fields=["shop", "sku"], name="product_sku"),
        ]

    def __str__(self) -> str:
        return f"{self.sku} {self.title}".strip()
