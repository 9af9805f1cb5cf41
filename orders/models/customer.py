"""A store's customers, and changes to them that wait for approval."""

from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.utils.translation import gettext_lazy as _

from orders.models.reviewed import Reviewed


class Customer(models.Model):
    """One customer of one shop, with the current addresses. `store_id` is the store's id; guests have no row."""

    shop = models.ForeignKey("orders.Shop", on_delete=models.PROTECT, related_name="customers")
    store_id = models.CharField(max_length=200)
    name = models.CharField(max_length=200, blank=True)
    email = models.CharField(max_length=254, blank=True)
    phone = models.CharField(max_length=60, blank=True)
    company = models.CharField(max_length=200, blank=True)
    vat_id = models.CharField(max_length=30, blank=True)
    tax_exempt = models.BooleanField(default=False)
    billing = models.ForeignKey("orders.Address", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    shipping = models.ForeignKey("orders.Address", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    updated_at = models.DateTimeField(null=True, blank=True)
    erased_at = models.DateTimeField(null=True, blank=True)
    search = SearchVectorField(null=True, editable=False)

    class Meta:
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        constraints = [models.UniqueConstraint(fields=["shop", "store_id"], name="one_customer_per_id")]
        indexes = [
            GinIndex(fields=["search"], name="customer_search"),
            models.Index(fields=["shop", "email"], name="customer_email"),
        ]

    def __str__(self) -> str:
        return self.name or self.company or self.email or self.store_id


class CustomerChange(Reviewed):
    """A change to a customer's master data, to be carried to the store or the ledger once approved."""

    customer = models.ForeignKey("orders.Customer", on_delete=models.PROTECT, related_name="changes")
    field = models.CharField(max_length=50)
    before = models.CharField(max_length=300, blank=True)
    after = models.CharField(max_length=300, blank=True)

    class Meta(Reviewed.Meta):
        verbose_name = _("customer change")
        verbose_name_plural = _("customer changes")

    def __str__(self) -> str:
        return f"{self.field}: {self.before} → {self.after}"
