"""Collects what a version changed, for the one event that tells of it: open values from and to, persons apart."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.db import models

from orders import corrections


@dataclass(slots=True)
class Changes:
    """By place ("total", "line MUG amount"): before and after. `personal` holds the same for what names a person."""

    open: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    personal: dict[str, tuple[Any, Any]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.open or self.personal)

    def note(self, place: str, before: Any, after: Any, *, personal: bool = False) -> None:
        (self.personal if personal else self.open)[place] = (before, after)

    def lay(self, row: models.Model, values: dict[str, Any], *, place: str = "") -> list[str]:
        """Set the columns that differ and note each; returns their names."""
        differing = [name for name, value in values.items() if getattr(row, name) != value]
        for name in differing:
            before, after = getattr(row, name), values[name]
            label = name.removesuffix("_id")
            self.note(f"{place} {label}".strip(), _said(before), _said(after), personal=name in corrections.PERSONAL)
            setattr(row, name, after)
        return differing

    @property
    def words(self) -> str:
        """The places in one sentence, at most 500 characters."""
        places = [*self.open, *self.personal]
        listed = ", ".join(places[:8]) + (f" and {len(places) - 8} more" if len(places) > 8 else "")
        return f"{listed}."[:500]

    def before(self) -> dict[str, Any]:
        return {place: pair[0] for place, pair in self.open.items()}

    def after(self) -> dict[str, Any]:
        return {place: pair[1] for place, pair in self.open.items()}

    def persons(self) -> dict[str, Any]:
        return {place: {"from": pair[0], "to": pair[1]} for place, pair in self.personal.items()}


def _said(value: Any) -> Any:
    return value.pk if isinstance(value, models.Model) else value
