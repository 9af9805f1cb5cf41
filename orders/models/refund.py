"""Refunds: records of their own, reviewed by themselves, never a rewriting of the order."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from orders.incoming import LineKind
from orders.models.line import Taxed
from orders.models.reviewed import Reviewed
from orders.money import figure


class Refund(Reviewed):
    """One refund of one order. `amount` is the money that goes back; it may have lines or not."""

    order = models.ForeignKey("orders.Order", on_delete=models.PROTECT, related_name="refunds")
    store_id = models.CharField(max_length=200)
    amount = models.DecimalField(max_digits=20, decimal_places=6)
    currency = models.CharField(max_length=3)
    refunded_at = models.DateTimeField(null=True, blank=True)
    refunded_on = models.DateField(null=True, blank=True)
    reason = models.CharField(max_length=500, blank=True)
    received_at = models.DateTimeField()

    class Meta(Reviewed.Meta):
        verbose_name = _("refund")
        verbose_name_plural = _("refunds")
        constraints = [models.UniqueConstraint(fields=["order", "store_id"], name="one_refund_per_id")]
        indexes = [models.Index(fields=["state", "progress", "-refunded_at"], name="refund_queue")]

    def __str__(self) -> str:
        return f"{self.store_id} {figure(self.amount)} {self.currency}"


class RefundLine(models.Model):
    """What is given back: positive amounts, with tax if the order is tax_included; a fee that is kept is negative."""

    refund = models.ForeignKey("orders.Refund", on_delete=models.CASCADE, related_name="lines")
    position = models.PositiveIntegerField()
    order_line = models.ForeignKey(
        "orders.OrderLine", null=True, blank=True, on_delete=models.PROTECT, related_name="refund_lines"
    )
    kind = models.CharField(max_length=20, choices=LineKind)
    title = models.CharField(max_length=1000, blank=True)
    quantity = models.DecimalField(max_digits=18, decimal_places=6, default=0)
    amount = models.DecimalField(max_digits=20, decimal_places=6)
    net = models.DecimalField(max_digits=20, decimal_places=6)
    tax = models.DecimalField(max_digits=20, decimal_places=6, default=0)

    class Meta:
        verbose_name = _("refund line")
        verbose_name_plural = _("refund lines")
        ordering = ["refund", "position"]
        constraints = [models.UniqueConstraint(fields=["refund", "position"], name="one_refund_line_per_position")]

    def __str__(self) -> str:
        return f"{self.title} {figure(self.amount)}"


class RefundLineTax(Taxed):
    line = models.ForeignKey("orders.RefundLine", on_delete=models.CASCADE, related_name="taxes")

    class Meta:
        verbose_name = _("refund line tax")
        verbose_name_plural = _("refund line taxes")

    def __str__(self) -> str:
        return f"{self.title} {figure(self.amount)}"
