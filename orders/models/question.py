"""What is asked of a person about a record on hold, and the answer."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from orders.models.subject import SUBJECTS, AboutReviewed, exactly_one


class Question(AboutReviewed):
    """One question; at most one of a record is open. It is closed by its answer, or without one when the record is taken off hold."""

    words = models.CharField(max_length=500)
    of = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="questions")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    answer = models.CharField(max_length=1000, blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("question")
        verbose_name_plural = _("questions")
        ordering = ["-id"]
        constraints = [
            exactly_one("question"),
            *[
                models.UniqueConstraint(
                    fields=[name], condition=Q(closed_at=None), name=f"one_open_question_per_{name}"
                )
                for name in SUBJECTS
            ],
            models.CheckConstraint(
                name="an_answer_has_its_person", condition=Q(answer="") | Q(answered_by__isnull=False)
            ),
        ]
        indexes = [models.Index(fields=["of"], name="question_open", condition=Q(closed_at=None))]

    def __str__(self) -> str:
        return self.words
