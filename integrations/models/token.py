"""The access token of a connection that must be renewed, and who is renewing it."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Token(models.Model):
    """What the token server gave last, encrypted. `generation` rises with each renewal, `seed` tells which secrets the first one was made from.

    `leased_until` is set while somebody asks the server, outside of any transaction.
    """

    connection = models.OneToOneField("integrations.Connection", on_delete=models.CASCADE, related_name="token")
    seed = models.CharField(max_length=64)
    sealed = models.TextField(blank=True, editable=False)
    generation = models.PositiveIntegerField(default=0)
    expires_at = models.DateTimeField(null=True, blank=True)
    refreshed_at = models.DateTimeField(null=True, blank=True)
    leased_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("access token")
        verbose_name_plural = _("access tokens")

    def __str__(self) -> str:
        return f"{self.connection_id} {self.generation}"
