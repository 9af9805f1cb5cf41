"""A person's own named filter of a list."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class SavedView(models.Model):
    """`query` is the list's query string without page; `shared` shows it to everybody who may see the list."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_views")
    screen = models.CharField(max_length=50)
    name = models.CharField(max_length=100)
    query = models.CharField(max_length=1000, blank=True)
    shared = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("saved view")
        verbose_name_plural = _("saved views")
        constraints = [models.UniqueConstraint(fields=["user", "screen", "name"], name="one_view_per_name")]

    def __str__(self) -> str:
        return self.name
