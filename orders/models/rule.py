"""Rules that set a field or route a record, agreed once instead of decided each time."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class RuleAction(models.TextChoices):
    SET_FIELD = "set_field", _("set a field")
    ASSIGN = "assign", _("assign to a person")


class Rule(models.Model):
    """If every `condition` (field → value) holds for an order of the shop, then `action` with `argument` (field → value, or the user's name)."""

    shop = models.ForeignKey("orders.Shop", on_delete=models.CASCADE, related_name="rules")
    name = models.CharField(max_length=100)
    condition = models.JSONField(default=dict)
    action = models.CharField(max_length=10, choices=RuleAction)
    argument = models.JSONField(default=dict)
    active = models.BooleanField(default=False)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        verbose_name = _("rule")
        verbose_name_plural = _("rules")
        ordering = ["shop", "position"]
        constraints = [models.UniqueConstraint(fields=["shop", "name"], name="one_rule_per_name")]

    def __str__(self) -> str:
        return self.name
