"""Money of an order that moved, or tried to."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from orders.incoming import PaymentKind, PaymentMethod, PaymentStatus
from orders.money import figure


class Payment(models.Model):
    """One transaction. `amount` positive in `currency`; `settled_amount` is what reached us before `fee`. It may stand before any invoice (a deposit)."""

    order = models.ForeignKey("orders.Order", on_delete=models.PROTECT, related_name="payments")
    refund = models.ForeignKey(
        "orders.Refund", null=True, blank=True, on_delete=models.PROTECT, related_name="payments"
    )
    store_id = models.CharField(max_length=200)
    kind = models.CharField(max_length=15, choices=PaymentKind)
    status = models.CharField(max_length=10, choices=PaymentStatus)
    method = models.CharField(max_length=20, choices=PaymentMethod)
    gateway = models.CharField(max_length=100, blank=True)
    amount = models.DecimalField(max_digits=20, decimal_places=6)
    currency = models.CharField(max_length=3)
    settled_amount = models.DecimalField(max_digits=20, decimal_places=6, null=True, blank=True)
    settled_currency = models.CharField(max_length=3, blank=True)
    rate = models.DecimalField(max_digits=20, decimal_places=10, null=True, blank=True)
    fee = models.DecimalField(max_digits=20, decimal_places=6, default=0)
    processed_at = models.DateTimeField(null=True, blank=True)
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="children")
    derived = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("payment")
        verbose_name_plural = _("payments")
        ordering = ["order", "processed_at", "id"]
        constraints = [models.UniqueConstraint(fields=["order", "store_id"], name="one_payment_per_id")]

    def __str__(self) -> str:
        return f"{self.kind} {figure(self.amount)} {self.currency}"
