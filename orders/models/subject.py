"""What a finding, correction, adjustment or approval is about: exactly one record under review."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models

from orders.models.checks import one_of

if TYPE_CHECKING:
    from orders.models.reviewed import Reviewed

SUBJECTS = ("order", "refund", "payout", "stock_adjustment", "customer_change")


class AboutReviewed(models.Model):
    """Abstract: a foreign key for each kind of record under review, of which exactly one is set (see `about`)."""

    order = models.ForeignKey(
        "orders.Order", null=True, blank=True, on_delete=models.PROTECT, related_name="%(class)ss"
    )
    refund = models.ForeignKey(
        "orders.Refund", null=True, blank=True, on_delete=models.PROTECT, related_name="%(class)ss"
    )
    payout = models.ForeignKey(
        "orders.Payout", null=True, blank=True, on_delete=models.PROTECT, related_name="%(class)ss"
    )
    stock_adjustment = models.ForeignKey(
        "orders.StockAdjustment", null=True, blank=True, on_delete=models.PROTECT, related_name="%(class)ss"
    )
    customer_change = models.ForeignKey(
        "orders.CustomerChange", null=True, blank=True, on_delete=models.PROTECT, related_name="%(class)ss"
    )

    class Meta:
        abstract = True

    @property
    def subject(self) -> Reviewed:
        found: Reviewed = next(getattr(self, name) for name in SUBJECTS if getattr(self, f"{name}_id") is not None)
        return found


def exactly_one(prefix: str) -> models.CheckConstraint:
    return one_of(f"{prefix}_has_one_subject", *SUBJECTS)


def about(record: Reviewed) -> dict[str, Reviewed]:
    """The keyword that names this record as a subject: {"order": order}."""
    return {noun(record): record}


def noun(record: Reviewed) -> str:
    """The record's own field name among SUBJECTS: "order", "stock_adjustment"."""
    name = record._meta.verbose_name_raw.replace(" ", "_")
    if name not in SUBJECTS:
        raise TypeError(f"{name} is not under review")
    return name
