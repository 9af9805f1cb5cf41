"""Rows at the price of a dictionary: those that were fetched with a record, and those that are made as if they had been loaded."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any, TypeVar

from django.contrib.postgres.search import SearchVectorField
from django.db import DEFAULT_DB_ALIAS, models
from django.db.models.base import ModelState

M = TypeVar("M", bound=models.Model)


def held(record: models.Model, name: str) -> Sequence[Any]:
    """`record.NAME.all()`: what was prefetched, or laid there by `hold`, is handed over without a manager in between; else it is asked for."""
    try:
        found: Sequence[Any] = record.__dict__["_prefetched_objects_cache"][name]
    except KeyError:
        found = getattr(record, name).all()
    return found


def hold(record: models.Model, **rows: Sequence[models.Model]) -> None:
    """Lay the rows beside a record that is not read but made, as prefetching would."""
    record.__dict__["_prefetched_objects_cache"] = rows


def made(model: type[M], values: dict[str, Any], related: dict[str, models.Model | None] | None = None) -> M:
    """The row of these column values (by attname; what is left out has its default) with its related rows at hand, as if it had just been loaded."""
    row = model.__new__(model)
    state = ModelState()
    state.db, state.adding, state.fields_cache = DEFAULT_DB_ALIAS, False, related or {}
    row.__dict__ = {**_defaults(model), **values, "_state": state}
    return row


@functools.cache
def _defaults(model: type[models.Model]) -> dict[str, Any]:
    """What a column of a new row is when nothing is said of it; search columns stay unloaded, as intake leaves them."""
    columns = [field for field in model._meta.concrete_fields if not isinstance(field, SearchVectorField)]
    return {field.attname: field.get_default() for field in columns}
