"""What a gateway paid to the bank, movement by movement."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from orders.models.reviewed import Reviewed


class Match(models.TextChoices):
    """How a movement found its payment, or why it did not. Nothing is guessed: where several fit, none is taken."""

    NONE = "", _("not found")
    ID = "id", _("by its id")
    NUMBER = "number", _("by order number and amount")
    SEVERAL = "several", _("several payments fit")
    TAKEN = "taken", _("its payment lies in another payout")


class Payout(Reviewed):
    """One deposit: amount = Σ(lines − fees), or the remainder is a finding. `amount` is negative where the gateway took money from the bank."""

    shop = models.ForeignKey("orders.Shop", on_delete=models.PROTECT, related_name="payouts")
    store_id = models.CharField(max_length=200)
    gateway = models.CharField(max_length=100, blank=True)
    amount = models.DecimalField(max_digits=20, decimal_places=6)
    currency = models.CharField(max_length=3)
    paid_on = models.DateField()
    received_at = models.DateTimeField()
    post_on_first_open_day = models.BooleanField(default=False)

    class Meta(Reviewed.Meta):
        verbose_name = _("payout")
        verbose_name_plural = _("payouts")
        constraints = [models.UniqueConstraint(fields=["shop", "store_id"], name="one_payout_per_id")]
        indexes = [models.Index(fields=["state", "progress", "-paid_on"], name="payout_queue")]

    def __str__(self) -> str:
        return f"{self.store_id} {self.amount} {self.currency}"


class PayoutLine(models.Model):
    """One movement: `amount` signed (a charge positive, a refund negative), `fee` what the gateway kept. A payment lies in one movement at most."""

    payout = models.ForeignKey("orders.Payout", on_delete=models.CASCADE, related_name="lines")
    position = models.PositiveIntegerField()
    kind = models.CharField(max_length=20)
    amount = models.DecimalField(max_digits=20, decimal_places=6)
    fee = models.DecimalField(max_digits=20, decimal_places=6, default=0)
    payment = models.ForeignKey(
        "orders.Payment", null=True, blank=True, on_delete=models.SET_NULL, related_name="payout_lines"
    )
    match = models.CharField(max_length=10, choices=Match, blank=True, default=Match.NONE)
    store_payment_id = models.CharField(max_length=200, blank=True)
    order_number = models.CharField(max_length=100, blank=True)

    class Meta:
        verbose_name = _("payout line")
        verbose_name_plural = _("payout lines")
        ordering = ["payout", "position"]
        constraints = [
            models.UniqueConstraint(fields=["payout", "position"], name="one_payout_line_per_position"),
            models.UniqueConstraint(fields=["payment"], name="one_payout_line_per_payment"),
        ]
        indexes = [
            models.Index(fields=["order_number"], name="payout_line_unmatched", condition=Q(payment=None)),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount}"
