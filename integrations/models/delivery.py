"""What is on its way out, and who carries it."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from orders.models.checks import one_of


class DeliveryState(models.TextChoices):
    WAITING = "waiting", _("waiting")
    LEASED = "leased", _("being sent")
    UNKNOWN = "unknown", _("outcome unknown")
    HANDED_OUT = "handed_out", _("waiting for acknowledgement")
    BOOKED = "booked", _("booked")
    PARKED = "parked", _("needs a person")
    UNDONE = "undone", _("undone")


class Delivery(models.Model):
    """One document or errand on its way. A claim raises `fence` and sets the lease; whoever writes back must hold the same fence.

    `leased_until` is in the time of the database.
    """

    connection = models.ForeignKey("integrations.Connection", on_delete=models.PROTECT, related_name="deliveries")
    document = models.OneToOneField(
        "orders.Document", null=True, blank=True, on_delete=models.PROTECT, related_name="delivery"
    )
    errand = models.OneToOneField(
        "integrations.Errand", null=True, blank=True, on_delete=models.PROTECT, related_name="delivery"
    )
    state = models.CharField(max_length=10, choices=DeliveryState, default=DeliveryState.WAITING)
    not_before = models.DateTimeField()
    leased_until = models.DateTimeField(null=True, blank=True)
    worker = models.CharField(max_length=100, blank=True)
    fence = models.PositiveIntegerField(default=0)
    tries = models.PositiveIntegerField(default=0)
    idempotency_key = models.UUIDField(default=uuid.uuid4)
    sent = models.BooleanField(default=False, help_text=_("It was sent at least once: look before sending again."))
    unknown_since = models.DateTimeField(null=True, blank=True)
    words = models.CharField(max_length=1000, blank=True)
    fix = models.CharField(max_length=500, blank=True)
    made_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        constraints = [
            one_of("delivery_has_one_load", "document", "errand"),
            models.CheckConstraint(
                name="leased_has_an_end", condition=~Q(state=DeliveryState.LEASED) | Q(leased_until__isnull=False)
            ),
            models.UniqueConstraint(fields=["connection", "idempotency_key"], name="one_delivery_per_idempotency_key"),
        ]
        indexes = [
            models.Index(
                fields=["connection", "not_before", "id"],
                name="delivery_open",
                condition=Q(state__in=["waiting", "unknown"]),
            ),
            models.Index(fields=["leased_until"], name="delivery_leased", condition=Q(state=DeliveryState.LEASED)),
            models.Index(fields=["ended_at"], name="delivery_ended", condition=Q(state=DeliveryState.BOOKED)),
        ]

    def __str__(self) -> str:
        return f"{self.document_id or self.errand_id} {self.state}"
