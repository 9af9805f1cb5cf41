"""Which record of the other side stands for ours."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Binding(models.Model):
    """Ours ⇄ theirs: which record of the other side stands for ours (documents, customers, items)."""

    connection = models.ForeignKey("integrations.Connection", on_delete=models.PROTECT, related_name="bindings")
    noun = models.CharField(max_length=20)
    ours = models.CharField(max_length=300)
    theirs = models.CharField(max_length=300)
    bound_at = models.DateTimeField()

    class Meta:
        verbose_name = _("binding")
        verbose_name_plural = _("bindings")
        constraints = [
            models.UniqueConstraint(fields=["connection", "noun", "ours"], name="one_binding_per_ours"),
            models.UniqueConstraint(
                fields=["connection", "noun", "theirs"], condition=Q(noun="document"), name="one_document_per_theirs"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.noun} {self.ours} = {self.theirs}"
