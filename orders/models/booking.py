"""How far a signed document has come: the only mutable thing about it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Outcome(models.TextChoices):
    """What became of it so far. Refused and stuck need a person; unknown is asked for before anything is sent again.

    Handed out lies in a file that a person carries to the ledger: it is under way until that person says what became of it.
    """

    WAITING = "", _("waiting")
    BOOKED = "booked", _("booked")
    REFUSED = "refused", _("refused")
    STUCK = "stuck", _("stuck")
    UNKNOWN = "unknown", _("unknown")
    HANDED_OUT = "handed_out", _("waiting for acknowledgement")


class Booking(models.Model):
    """One row per document, made with it. Undo is possible until `taken_at`; `voided_at` and `refused_at` are set once and never taken back (trigger)."""

    document = models.OneToOneField(
        "orders.Document", on_delete=models.PROTECT, primary_key=True, related_name="booking"
    )
    not_before = models.DateTimeField()
    number = models.CharField(max_length=50, blank=True, help_text=_("Our own number, taken with the claim."))
    taken_at = models.DateTimeField(null=True, blank=True)
    voided_at = models.DateTimeField(null=True, blank=True)
    refused_at = models.DateTimeField(null=True, blank=True)
    booked_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=10, choices=Outcome, blank=True, default=Outcome.WAITING)
    outcome_at = models.DateTimeField(null=True, blank=True)
    words = models.CharField(max_length=1000, blank=True)
    fix = models.CharField(max_length=500, blank=True)
    cause = models.CharField(max_length=300, blank=True, default="", db_default="")

    class Meta:
        verbose_name = _("booking")
        verbose_name_plural = _("bookings")
        constraints = [
            models.CheckConstraint(name="taken_is_never_voided", condition=Q(taken_at=None) | Q(voided_at=None)),
            models.CheckConstraint(name="booked_was_taken", condition=Q(booked_at=None) | Q(taken_at__isnull=False)),
            models.CheckConstraint(name="booked_is_not_refused", condition=Q(booked_at=None) | Q(refused_at=None)),
        ]
        indexes = [
            models.Index(fields=["not_before"], name="booking_waiting", condition=Q(taken_at=None, voided_at=None)),
            models.Index(
                fields=["outcome", "outcome_at"],
                name="booking_outcome",
                condition=Q(outcome__in=["refused", "stuck", "unknown"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.document_id} {self.outcome or 'waiting'}"
