"""Finds what a command names, or ends it with a sentence that says what there is."""

from __future__ import annotations

from typing import TypeVar

from django.core.management.base import CommandError
from django.db import models

M = TypeVar("M", bound=models.Model)
LISTED = 20


def named(model: type[M], noun: str, name: str, *, by: str = "code") -> M:
    """The record of that name. Raises CommandError, naming the first that there are."""
    rows = model._default_manager.order_by(by)
    found = rows.filter(**{by: name}).first()
    if found is None:
        known = ", ".join(rows.values_list(by, flat=True)[:LISTED]) or "none yet"
        raise CommandError(f"There is no {noun} “{name}”. There is: {known}.")
    return found
