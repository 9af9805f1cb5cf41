"""The lines of an order with their taxes."""

from __future__ import annotations

from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Concat
from django.utils.translation import gettext_lazy as _

from orders.incoming import LineKind, Remitter
from orders.money import figure


class OrderLine(models.Model):
    """One line. `amount` after discounts, with tax if the order is tax_included; `net` and `tax` follow from it and its taxes. `removed`: the store took it away."""

    order = models.ForeignKey("orders.Order", on_delete=models.CASCADE, related_name="lines")
    position = models.PositiveIntegerField()
    store_line_id = models.CharField(max_length=200, blank=True)
    kind = models.CharField(max_length=20, choices=LineKind)
    title = models.CharField(max_length=1000, blank=True)
    sku = models.CharField(max_length=200, blank=True)
    store_product_id = models.CharField(max_length=200, blank=True)
    store_variant_id = models.CharField(max_length=200, blank=True)
    product = models.ForeignKey(
        "orders.Product", null=True, blank=True, on_delete=models.SET_NULL, related_name="lines"
    )
    quantity = models.DecimalField(max_digits=18, decimal_places=6)
    unit_price = models.DecimalField(max_digits=24, decimal_places=10, null=True, blank=True)
    discount = models.DecimalField(max_digits=20, decimal_places=6, default=0)
    amount = models.DecimalField(max_digits=20, decimal_places=6)
    net = models.DecimalField(max_digits=20, decimal_places=6)
    tax = models.DecimalField(max_digits=20, decimal_places=6, default=0)
    derived = models.BooleanField(default=False)
    removed = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("order line")
        verbose_name_plural = _("order lines")
        ordering = ["order", "position"]
        constraints = [
            models.UniqueConstraint(
                fields=["order", "position"], name="one_line_per_position", deferrable=models.Deferrable.DEFERRED
            ),
            models.UniqueConstraint(
                fields=["order", "store_line_id"], condition=~Q(store_line_id=""), name="one_line_per_store_id"
            ),
        ]
        indexes = [models.Index(fields=["sku"], name="line_sku")]

    def __str__(self) -> str:
        return f"{figure(self.quantity)} {self.sku or self.title}"

    @property
    def item_key(self) -> str:
        """What an item mapping is looked up by: the SKU, else the store's ids, else ""."""
        if self.sku or not self.store_product_id:
            return self.sku
        return f"id:{self.store_product_id}/{self.store_variant_id}"


ITEM_KEY = Case(
    When(~Q(sku="") | Q(store_product_id=""), then=F("sku")),
    default=Concat(Value("id:"), "store_product_id", Value("/"), "store_variant_id"),
)
"""`item_key` where the database is asked."""


class Taxed(models.Model):
    """Abstract: one tax on one line. `rate` is a fraction; `derived`: allocated by us, not stated per line."""

    title = models.CharField(max_length=100, blank=True)
    rate = models.DecimalField(max_digits=9, decimal_places=6, null=True, blank=True)
    amount = models.DecimalField(max_digits=20, decimal_places=6)
    base = models.DecimalField(max_digits=20, decimal_places=6, null=True, blank=True)
    country = models.CharField(max_length=2, blank=True)
    region = models.CharField(max_length=50, blank=True)
    jurisdiction = models.CharField(max_length=100, blank=True)
    compound = models.BooleanField(default=False)
    remitted_by = models.CharField(max_length=10, choices=Remitter, default=Remitter.US)
    derived = models.BooleanField(default=False)

    class Meta:
        abstract = True


class LineTax(Taxed):
    line = models.ForeignKey("orders.OrderLine", on_delete=models.CASCADE, related_name="taxes")

    class Meta:
        verbose_name = _("line tax")
        verbose_name_plural = _("line taxes")

    def __str__(self) -> str:
        return f"{self.title} {self.amount}"
