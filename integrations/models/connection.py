"""Where we are connected to: one store or one ledger each, with what it may cost and why it is paused."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orders.models.checks import one_of


class Connection(models.Model):
    """One store or ledger that we are connected to. `secrets` is encrypted text; `options` never holds a secret.

    The budget is shared by all clusters through this row.
    """

    name = models.SlugField(max_length=50, unique=True)
    kind = models.CharField(max_length=30)
    shop = models.ForeignKey("orders.Shop", null=True, blank=True, on_delete=models.PROTECT, related_name="connections")
    ledger = models.ForeignKey(
        "orders.Ledger", null=True, blank=True, on_delete=models.PROTECT, related_name="connections"
    )
    options = models.JSONField(default=dict, blank=True)
    secrets = models.TextField(blank=True, editable=False)
    active = models.BooleanField(default=True)
    on_since = models.DateTimeField(
        null=True,
        blank=True,
        default=timezone.now,
        help_text=_("When it was first switched on; until then it is paused, so that a person looks first."),
    )
    choices_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text=_("When the ledger was last asked for its lists.")
    )
    paused_at = models.DateTimeField(null=True, blank=True)
    paused_why = models.CharField(max_length=500, blank=True)
    paused_fix = models.CharField(max_length=500, blank=True)
    not_before = models.DateTimeField(
        null=True, blank=True, help_text=_("Nothing is sent before (the other side asked us to wait).")
    )
    failures = models.PositiveIntegerField(default=0, editable=False)
    calls_per_minute = models.PositiveIntegerField(null=True, blank=True)
    tokens = models.FloatField(default=0, editable=False)
    refilled_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_success_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("connection")
        verbose_name_plural = _("connections")
        ordering = ["name"]
        constraints = [
            one_of("connection_has_one_end", "shop", "ledger"),
            models.UniqueConstraint(
                fields=["ledger"], condition=Q(active=True), name="one_active_connection_per_ledger"
            ),
        ]

    def __str__(self) -> str:
        return self.name
